//! Where the database is.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::PeopleError;

/// Where the database is. Written without the password, so that it can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// One file of SQLite; its folder must exist, it need not.
    File(PathBuf),
    /// PostgreSQL, as `postgres://user:password@host:port/database`.
    Postgres(String),
}

impl Location {
    /// Reads `postgres://...`, `postgresql://...`, `sqlite:PATH`, or the path of a file.
    ///
    /// # Errors
    /// [`PeopleError::Location`] for another scheme, and for what names no file.
    pub fn parse(url: &str) -> Result<Location, PeopleError> {
        let wrong = |why| Err(PeopleError::Location { url: without_password(url), why });
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Location::Postgres(url.to_owned()));
        }
        let path = match url.strip_prefix("sqlite:") {
            Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
            None if url.contains("://") => return wrong("sqlite: and postgres:// are known"),
            None => url,
        };
        if path.is_empty() || path.ends_with('/') {
            return wrong("no file is named");
        }
        Ok(Location::File(path.into()))
    }

    /// The URL by which the driver knows it.
    pub(crate) fn url(&self) -> Result<String, PeopleError> {
        match self {
            Location::Postgres(url) => Ok(url.clone()),
            Location::File(path) => match std::path::absolute(path) {
                Ok(path) => Ok(format!("sqlite://{}?mode=rwc", encoded(&path))),
                Err(source) => Err(PeopleError::File { path: path.clone(), source }),
            },
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::File(path) => write!(f, "{}", path.display()),
            Location::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

/// A path as a part of a URL: all but letters, digits and `/._-` by number, so that no byte of it means anything else.
fn encoded(path: &Path) -> String {
    let mut encoded = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => encoded.push(char::from(*byte)),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// The URL without its user, password and settings: those may hold a password too.
fn without_password(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    match bare.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host)),
        None => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_told_without_their_password() {
        let told = |url| Location::parse(url).map(|place| place.to_string()).map_err(|error| error.to_string());
        assert_eq!(told("postgres://u:p@ss@h:5/d?password=q").unwrap(), "postgres://h:5/d");
        assert_eq!(told("sqlite:a/b.sqlite").unwrap(), "a/b.sqlite");
        assert_eq!(told("sqlite:///b.sqlite").unwrap(), "/b.sqlite");
        assert_eq!(told("data/people.sqlite").unwrap(), "data/people.sqlite");
        assert_eq!(
            told("mysql://u:p@h/d").unwrap_err(),
            "\"mysql://h/d\" is no database: sqlite: and postgres:// are known"
        );
        assert_eq!(told("sqlite:").unwrap_err(), "\"sqlite:\" is no database: no file is named");
        assert_eq!(Location::File("/a ?#%".into()).url().unwrap(), "sqlite:///a%20%3F%23%25?mode=rwc");
    }
}

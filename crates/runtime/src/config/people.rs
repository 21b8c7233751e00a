//! Where the people's own state is kept, and the head of its audit log.

use std::path::PathBuf;

use super::section::Section;
use super::{ConfigError, ConfigProblem, StoreLocation, read};

/// From what a test waits for to a day: so much of the log may be cut off at its end without showing.
const ANCHOR_S: std::ops::RangeInclusive<u64> = 1..=86_400;
const ANCHOR_S_DEFAULT: u64 = 60;

/// Where the people's own state is kept: triage, keys, sessions, the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeopleDatabase {
    /// A file of SQLite, or a URL without a password.
    Url(String),
    /// A secret: the URL is what the file holds, less a newline at its end.
    File(PathBuf),
}

/// A file that keeps the head of the audit log outside the database: how many entries there are, and the last one's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorSettings {
    /// The file. It proves something where whoever may write to the database cannot write to it.
    pub file: PathBuf,
    /// Seconds between two writes.
    pub every_s: u32,
}

impl PeopleDatabase {
    /// Name of SQLite's file where nothing else is said: beside a local store, or where the process was started if the
    /// store is elsewhere.
    pub const FILE: &str = "people.sqlite";

    /// The URL, read from its file where it is a secret.
    ///
    /// # Errors
    /// [`ConfigError::Read`] names the file that cannot be read.
    pub fn url(&self) -> Result<String, ConfigError> {
        match self {
            PeopleDatabase::Url(url) => Ok(url.clone()),
            PeopleDatabase::File(path) => Ok(read(path)?.trim_end_matches(['\n', '\r']).to_owned()),
        }
    }
}

/// Reads `[people]`.
pub(super) fn settings(
    root: &mut Section,
    store: &StoreLocation,
    problems: &mut Vec<ConfigProblem>,
) -> (PeopleDatabase, Option<AnchorSettings>) {
    let mut section = root.section("people", problems);
    let url = section.text("url", problems);
    let file = section.text("url_file", problems);
    if let Some(found) = &url {
        let known = match found.value.split_once("://") {
            Some((scheme, rest)) => ["postgres", "postgresql", "sqlite"].contains(&scheme) && !rest.is_empty(),
            None => !found.value.trim_start_matches("sqlite:").is_empty(),
        };
        // None repeats the URL: a password may stand in it.
        let message = if has_password(&found.value) {
            "holds a password: give the file that holds the URL as `url_file`"
        } else if !known {
            "is no file, sqlite: or postgres:// with a host"
        } else if file.is_some() {
            "is given twice, as itself and by `url_file`"
        } else {
            ""
        };
        if !message.is_empty() {
            section.wrong("url", found.place.clone(), message.into(), problems);
        }
    }
    if let Some(empty) = file.as_ref().filter(|found| found.value.is_empty()) {
        section.wrong("url_file", empty.place.clone(), "is empty".into(), problems);
    }
    let anchor = section.text("anchor", problems);
    if let Some(empty) = anchor.as_ref().filter(|found| found.value.is_empty()) {
        section.wrong("anchor", empty.place.clone(), "is empty".into(), problems);
    }
    let every_s = section.integer("anchor_s", ANCHOR_S_DEFAULT, ANCHOR_S, problems) as u32;
    section.finish(problems);
    let anchor = anchor.map(|found| AnchorSettings { file: found.value.into(), every_s });
    let database = match (file, url, store) {
        (Some(file), _, _) => PeopleDatabase::File(file.value.into()),
        (None, Some(url), _) => PeopleDatabase::Url(url.value),
        (None, None, StoreLocation::Folder(folder)) => {
            let beside = folder.with_file_name(PeopleDatabase::FILE);
            PeopleDatabase::Url(beside.to_string_lossy().into_owned())
        }
        (None, None, StoreLocation::Objects(_)) => PeopleDatabase::Url(PeopleDatabase::FILE.into()),
    };
    (database, anchor)
}

/// Whether a URL says a password, before its host or among its settings.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let (place, settings) = rest.split_once('?').unwrap_or((rest, ""));
    let user = place.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || settings.split('&').any(|setting| setting.starts_with("password="))
}

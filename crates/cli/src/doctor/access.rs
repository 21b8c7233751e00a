//! Who is let in: the people's database, the sign-in service, the keys of other systems' tokens.

use std::future::Future;
use std::io;

use headwater_people::{Location, People, PeopleError};
use headwater_runtime::{AuthMode, AuthSettings, Config, KeyPlace};

use super::finding::Finding;
use crate::failure::Failure;
use crate::serving::{claims, sign_in, tokens};

/// Looks at the people's database. Nothing is made or changed.
pub fn database(config: &Config) -> Finding {
    let check = "people";
    let location = match crate::serving::location(config) {
        Ok(location) => location,
        Err(failure) => {
            return Finding::fail(check, "[people]", failure.to_string(), "correct [people]");
        }
    };
    let target = location.to_string();
    if let Location::File(file) = &location
        && !file.exists()
    {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        return match folder.filter(|folder| !folder.is_dir()) {
            Some(folder) => Finding::fail(check, &target, format!("no folder {}", folder.display()), "make the folder"),
            None => Finding::ok(check, &target, "not there yet: the first start makes it"),
        };
    }
    let looked = wait(async {
        People::look(&location).await?.close().await;
        Ok::<(), PeopleError>(())
    });
    match looked {
        Err(error) => Finding::fail(check, &target, error.to_string(), "see the limits of the process"),
        Ok(Ok(())) => Finding::ok(check, &target, "answers; its tables are those of this version"),
        Ok(Err(PeopleError::OlderSchema { found: 0, .. })) => {
            Finding::ok(check, &target, "answers; no tables yet: the first start makes them")
        }
        Ok(Err(PeopleError::OlderSchema { found, known, .. })) => {
            let value = format!("answers; its tables are of version {found}, {known} is known");
            Finding::warn(check, &target, value, "the next start brings them up to date: make a copy before")
        }
        Ok(Err(error @ PeopleError::NewerSchema { .. })) => {
            Finding::fail(check, &target, error.to_string(), "a later version wrote it: start that version")
        }
        Ok(Err(error)) => {
            let remedy = match location {
                Location::File(_) => "give the process's user the right to write it, or name another file in [people]",
                Location::Postgres(_) => "start it, or correct host, user, password and database in [people]",
            };
            Finding::fail(check, &target, error.to_string(), remedy)
        }
    }
}

/// Looks at the services that say who people and programs are, as far as the configuration names some.
pub fn services(auth: &AuthSettings) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let (AuthMode::Oidc, Some(oidc)) = (auth.mode, &auth.oidc) {
        let service = claims(&auth.claims).and_then(|claims| sign_in(oidc, claims));
        let looked = service.and_then(|service| Ok(wait(service.look())?));
        let remedy = "people cannot sign in: see [serve.auth.oidc], the way to the service, and its certificate";
        findings.push(judge("sign-in", &oidc.issuer, looked, remedy));
    }
    if let Some(jwt) = &auth.jwt {
        let target = match &jwt.keys {
            KeyPlace::Url(url) => url.clone(),
            KeyPlace::File(path) => path.display().to_string(),
        };
        let looked = tokens(jwt).and_then(|tokens| Ok(wait(tokens.look())?));
        let remedy = "programs' tokens are refused: see [serve.auth.jwt], the way to its keys, and their kind";
        findings.push(judge("token keys", &target, looked, remedy));
    }
    findings
}

fn judge(check: &'static str, target: &str, looked: Result<Result<usize, String>, Failure>, remedy: &str) -> Finding {
    match looked {
        Ok(Ok(1)) => Finding::ok(check, target, "answers; 1 key"),
        Ok(Ok(keys)) => Finding::ok(check, target, format!("answers; {keys} keys")),
        Ok(Err(words)) => Finding::fail(check, target, words, remedy),
        Err(failure) => Finding::fail(check, target, failure.to_string(), remedy),
    }
}

fn wait<T>(looking: impl Future<Output = T>) -> io::Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(looking))
}

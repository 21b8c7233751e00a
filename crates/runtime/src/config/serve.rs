//! The API's address, and who is let in there.

use std::net::{IpAddr, SocketAddr};

use super::section::Section;
use super::{AuthMode, AuthSettings, ConfigProblem, Place, auth, check};

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// The API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// Its address.
    pub listen: SocketAddr,
    /// Proxies whose word is taken for whom they ask.
    pub trusted_proxies: Vec<IpAddr>,
    /// Who is let in.
    pub auth: AuthSettings,
}

/// Reads `[serve]`; none where its address is none.
pub(super) fn settings(root: &mut Section, problems: &mut Vec<ConfigProblem>) -> Option<ServeSettings> {
    let mut section = root.section("serve", problems);
    let place = section.place_of("listen");
    let listen = check::address(&mut section, DEFAULT_LISTEN, problems);
    let found = section.text("trusted_proxies", problems);
    let words =
        found.as_ref().map_or("", |found| &found.value).split(',').map(str::trim).filter(|word| !word.is_empty());
    let mut trusted_proxies = Vec::new();
    for word in words {
        match word.parse() {
            Ok(address) => trusted_proxies.push(address),
            Err(_) => {
                let place = found.as_ref().map_or(Place::Absent, |found| found.place.clone());
                section.wrong("trusted_proxies", place, format!("{word:?} is no IP address"), problems);
            }
        }
    }
    let auth = auth::settings(&mut section, problems);
    if let Some(address) = listen.filter(|address| auth.mode == AuthMode::None && !address.ip().is_loopback()) {
        let message = format!(
            "{address} may be reached from other machines, and serve.auth.mode = \"none\" lets everybody in: give an \
             address of this machine alone, as in {DEFAULT_LISTEN:?}, or serve.auth.mode = \"keys\" or \"oidc\""
        );
        section.wrong("listen", place, message, problems);
    }
    section.finish(problems);
    Some(ServeSettings { listen: listen?, trusted_proxies, auth })
}

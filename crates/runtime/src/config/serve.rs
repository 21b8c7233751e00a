//! The API's address, and who is let in there.

use std::net::SocketAddr;

use super::section::Section;
use super::{ConfigProblem, check};

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// The labels of the Traffic Light Protocol 2.0; the first is what a record without one counts as.
const LABELS: [&str; 5] = ["TLP:AMBER", "TLP:CLEAR", "TLP:GREEN", "TLP:AMBER+STRICT", "TLP:RED"];

/// Organisations of a list: more than a process's reader speaks for.
const ORGANISATIONS_MAX: usize = 100;

/// The API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// Its address.
    pub listen: SocketAddr,
    /// Who is let in.
    pub auth: AuthSettings,
}

/// Who is let in, and what they may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthSettings {
    /// How readers show who they are.
    pub mode: AuthMode,
    /// The narrowest label that the local reader may see.
    pub clearance: &'static str,
    /// The organisations for which the local reader reads; `*` = every one.
    pub organisations: Vec<String>,
}

/// How readers show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Not at all: whoever reaches the address is the local reader. It has to be an address of this machine alone.
    None,
    /// By API key alone.
    Keys,
}

impl AuthMode {
    /// The word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthMode::None => "none",
            AuthMode::Keys => "keys",
        }
    }
}

/// Reads `[serve]`; none where its address is none.
pub(super) fn settings(root: &mut Section, problems: &mut Vec<ConfigProblem>) -> Option<ServeSettings> {
    let mut section = root.section("serve", problems);
    let place = section.place_of("listen");
    let listen = check::address(&mut section, DEFAULT_LISTEN, problems);
    let mut auth = section.section("auth", problems);
    let mode = auth.choice("mode", &[AuthMode::None, AuthMode::Keys].map(|mode| (mode.as_str(), mode)), problems);
    let clearance = auth.choice("clearance", &LABELS.map(|label| (label, label)), problems);
    let found = auth.text("organisations", problems);
    let text = found.as_ref().map_or("", |found| &found.value);
    let organisations: Vec<String> =
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if let Some(found) = found.filter(|_| organisations.len() > ORGANISATIONS_MAX) {
        let message = format!("{} organisations are named, {ORGANISATIONS_MAX} are allowed", organisations.len());
        auth.wrong("organisations", found.place, message, problems);
    }
    auth.finish(problems);
    if let Some(address) = listen.filter(|address| mode == AuthMode::None && !address.ip().is_loopback()) {
        let message = format!(
            "{address} may be reached from other machines, and serve.auth.mode = \"none\" lets everybody in: give an \
             address of this machine alone, as in {DEFAULT_LISTEN:?}, or serve.auth.mode = \"keys\""
        );
        section.wrong("listen", place, message, problems);
    }
    section.finish(problems);
    Some(ServeSettings { listen: listen?, auth: AuthSettings { mode, clearance, organisations } })
}

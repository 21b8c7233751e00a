//! The API's address, and who is let in there.

use std::net::{IpAddr, SocketAddr};

use super::section::Section;
use super::{AuthMode, AuthSettings, ConfigProblem, Place, auth, check};

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Bytes of what whoever comes to sign in is told: a screen of text.
const NOTICE_BYTES_MAX: usize = 2_000;

/// The API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// Its address.
    pub listen: SocketAddr,
    /// Proxies whose word is taken for whom they ask.
    pub trusted_proxies: Vec<IpAddr>,
    /// What the organisation tells whoever comes to sign in: plain text.
    pub notice: Option<String>,
    /// Whether all that is served is simulated.
    pub simulated: bool,
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
    let notice = notice(&mut section, problems);
    let simulated = section.flag("simulated", problems);
    let auth = auth::settings(&mut section, problems);
    if let Some(address) = listen.filter(|address| auth.mode == AuthMode::None && !address.ip().is_loopback()) {
        let message = format!(
            "{address} may be reached from other machines, and serve.auth.mode = \"none\" lets everybody in: give an \
             address of this machine alone, as in {DEFAULT_LISTEN:?}, or serve.auth.mode = \"keys\" or \"oidc\""
        );
        section.wrong("listen", place, message, problems);
    }
    section.finish(problems);
    Some(ServeSettings { listen: listen?, trusted_proxies, notice, simulated, auth })
}

/// The text of the page of the sign-in, with its lines and nothing that is no text.
fn notice(section: &mut Section, problems: &mut Vec<ConfigProblem>) -> Option<String> {
    let found = section.text("notice", problems)?;
    let text = found.value.replace("\r\n", "\n").trim().to_owned();
    let wrong = match text.len() {
        0 => "is empty".to_owned(),
        bytes if bytes > NOTICE_BYTES_MAX => format!("has {bytes} bytes, {NOTICE_BYTES_MAX} are allowed"),
        _ if text.contains(|char: char| char.is_control() && !matches!(char, '\n' | '\t')) => {
            "holds a control character: plain text is wanted".to_owned()
        }
        _ => return Some(text),
    };
    section.wrong("notice", found.place, wrong, problems);
    None
}

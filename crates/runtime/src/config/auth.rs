//! Who is let in, and what they may see.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use super::section::{Found, Section};
use super::tree::{Node, Value};
use super::{ConfigError, ConfigProblem};

/// The labels of the Traffic Light Protocol 2.0; the first is what a record without one counts as.
const LABELS: [&str; 5] = ["TLP:AMBER", "TLP:CLEAR", "TLP:GREEN", "TLP:AMBER+STRICT", "TLP:RED"];

/// What somebody may be told to do.
const ROLES: [&str; 4] = ["viewer", "analyst", "admin", "service"];

/// Algorithms by which whoever verifies a token cannot make one; the first is what most issuers sign by.
const ALGORITHMS: [&str; 9] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// Organisations of a list: more than a process's reader speaks for.
const ORGANISATIONS_MAX: usize = 100;

/// Words of an issuer that stand for roles or labels: more groups than a ministry has.
const WORDS_MAX: usize = 500;

/// Seconds by which clocks may differ: up to what RFC 7519 calls "no more than a few minutes".
const LEEWAY_S: std::ops::RangeInclusive<u64> = 0..=300;
const LEEWAY_S_DEFAULT: u64 = 60;

/// Seconds without a request after which a session ends: from what a test waits for to the longest session.
const IDLE_S: std::ops::RangeInclusive<u64> = 1..=31 * 86_400;
const IDLE_S_DEFAULT: u64 = 1_800;

/// Seconds after which a session ends in any case, up to what the people's database keeps: a working day by default.
const LIFE_S: std::ops::RangeInclusive<u64> = 1..=31 * 86_400;
const LIFE_S_DEFAULT: u64 = 43_200;

/// Who is let in, and what they may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthSettings {
    /// How readers show who they are.
    pub mode: AuthMode,
    /// The narrowest label that the local reader may see.
    pub clearance: &'static str,
    /// The organisations for which the local reader reads; `*` = every one.
    pub organisations: Vec<String>,
    /// What the claims of tokens stand for.
    pub claims: ClaimSettings,
    /// Tokens that programs may show in any mode.
    pub jwt: Option<JwtSettings>,
    /// Where people sign in; there where the mode is [`AuthMode::Oidc`].
    pub oidc: Option<OidcSettings>,
}

/// How readers show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Not at all: whoever reaches the address is the local reader. It has to be an address of this machine alone.
    None,
    /// By API key alone.
    Keys,
    /// At a sign-in service (OpenID Connect).
    Oidc,
}

impl AuthMode {
    /// The word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthMode::None => "none",
            AuthMode::Keys => "keys",
            AuthMode::Oidc => "oidc",
        }
    }
}

/// Which claims of a token say what its bearer may do and see, and in which words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimSettings {
    /// The claim with the roles, by its name or, where that begins with `/`, as a JSON Pointer.
    pub roles: String,
    /// The claim with the clearance.
    pub clearance: String,
    /// The claim with the organisations.
    pub organisations: String,
    /// The label of whom no claim gives one.
    pub default_clearance: &'static str,
    /// Words of the issuer for roles; none: its words are the roles' own.
    pub role: BTreeMap<String, &'static str>,
    /// Words of the issuer for labels; none: its words are the labels' own.
    pub label: BTreeMap<String, &'static str>,
}

/// Tokens (JWT) of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtSettings {
    /// `iss`.
    pub issuer: String,
    /// One of `aud`.
    pub audience: String,
    /// The one `alg`.
    pub algorithm: &'static str,
    /// Seconds by which clocks may differ.
    pub leeway_s: u32,
    /// Where its public keys are.
    pub keys: KeyPlace,
}

/// A sign-in service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcSettings {
    /// The service, by the name that it gives itself.
    pub issuer: String,
    /// What it knows this program as.
    pub client_id: String,
    /// A secret: what this program shows the service is what the file holds, less a newline at its end.
    pub client_secret: Option<PathBuf>,
    /// Where people's browsers reach this program: scheme, host and port.
    pub url: String,
    /// What is asked for.
    pub scopes: String,
    /// The one `alg` of its tokens.
    pub algorithm: &'static str,
    /// Seconds by which clocks may differ.
    pub leeway_s: u32,
    /// Seconds without a request after which a session ends.
    pub idle_s: u32,
    /// Seconds after which it ends in any case.
    pub life_s: u32,
}

impl OidcSettings {
    /// The client's secret, read from its file.
    ///
    /// # Errors
    /// [`ConfigError::Read`] names the file that cannot be read.
    pub fn client_secret(&self) -> Result<Option<String>, ConfigError> {
        let read = |path: &PathBuf| Ok(super::read(path)?.trim_end_matches(['\n', '\r']).to_owned());
        self.client_secret.as_ref().map(read).transpose()
    }
}

/// Where public keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// A JSON Web Key Set at an address.
    Url(String),
    /// A file: PEM, or a JSON Web Key Set.
    File(PathBuf),
}

/// Reads `[serve.auth]`.
pub(super) fn settings(section: &mut Section, problems: &mut Vec<ConfigProblem>) -> AuthSettings {
    let mut auth = section.section("auth", problems);
    let mode = auth.choice(
        "mode",
        &[AuthMode::None, AuthMode::Keys, AuthMode::Oidc].map(|mode| (mode.as_str(), mode)),
        problems,
    );
    let clearance = auth.choice("clearance", &LABELS.map(|label| (label, label)), problems);
    let found = auth.text("organisations", problems);
    let text = found.as_ref().map_or("", |found| &found.value);
    let organisations: Vec<String> =
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if let Some(found) = found.filter(|_| organisations.len() > ORGANISATIONS_MAX) {
        let message = format!("{} organisations are named, {ORGANISATIONS_MAX} are allowed", organisations.len());
        auth.wrong("organisations", found.place, message, problems);
    }
    let claims = claims(auth.section("claims", problems), problems);
    let jwt = auth.has("jwt").then(|| auth.section("jwt", problems)).and_then(|section| jwt(section, problems));
    let has_oidc = auth.has("oidc");
    let section = auth.section("oidc", problems);
    if mode == AuthMode::Oidc && !has_oidc {
        section.wrong_itself("is required: serve.auth.mode is \"oidc\"".into(), problems);
    }
    let oidc = if has_oidc { oidc(section, problems) } else { None };
    auth.finish(problems);
    AuthSettings { mode, clearance, organisations, claims, jwt, oidc }
}

fn claims(mut section: Section, problems: &mut Vec<ConfigProblem>) -> ClaimSettings {
    let [roles, clearance, organisations] = ["roles", "clearance", "organisations"]
        .map(|key| stated(&mut section, key, problems).map_or_else(|| key.to_owned(), |found| found.value));
    // The widest audience: whoever is to see more is told so by the issuer.
    let labels = [&["TLP:CLEAR"], &LABELS[..]].concat();
    let labels: Vec<(&str, &str)> = labels.into_iter().map(|label| (label, label)).collect();
    let default_clearance = section.choice("default_clearance", &labels, problems);
    let role = words(section.section("role", problems), &ROLES, problems);
    let label = words(section.section("label", problems), &LABELS, problems);
    section.finish(problems);
    ClaimSettings { roles, clearance, organisations, default_clearance, role, label }
}

/// What an issuer's words stand for.
fn words(
    mut section: Section,
    allowed: &[&'static str],
    problems: &mut Vec<ConfigProblem>,
) -> BTreeMap<String, &'static str> {
    let named = section.named();
    if named.len() > WORDS_MAX {
        section.wrong_itself(format!("{} words, {WORDS_MAX} are allowed", named.len()), problems);
    }
    let word = |(name, Node { place, value }): (String, Node)| {
        let found = match &value {
            Value::Text(text) | Value::Untyped(text) => allowed.iter().find(|word| *word == text).copied(),
            _ => None,
        };
        if found.is_none() {
            section.wrong(&name, place, format!("is none of {}", allowed.join(", ")), problems);
        }
        Some((name, found?))
    };
    named.into_iter().filter_map(word).collect()
}

fn jwt(mut section: Section, problems: &mut Vec<ConfigProblem>) -> Option<JwtSettings> {
    let issuer = required(&mut section, "issuer", problems);
    let audience = required(&mut section, "audience", problems);
    let algorithm = section.choice("algorithm", &ALGORITHMS.map(|name| (name, name)), problems);
    let leeway_s = section.integer("leeway_s", LEEWAY_S_DEFAULT, LEEWAY_S, problems);
    let url = stated(&mut section, "keys_url", problems);
    let file = stated(&mut section, "keys_file", problems);
    let keys = match (url, file) {
        (Some(url), None) => {
            may_be_asked(&section, "keys_url", &url, problems);
            Some(KeyPlace::Url(url.value))
        }
        (None, Some(file)) => Some(KeyPlace::File(file.value.into())),
        (None, None) => {
            section.wrong_itself("needs the issuer's public keys: `keys_url` or `keys_file`".into(), problems);
            None
        }
        (Some(_), Some(file)) => {
            section.wrong("keys_file", file.place, "is given beside `keys_url`: give one".into(), problems);
            None
        }
    };
    section.finish(problems);
    Some(JwtSettings { issuer: issuer?, audience: audience?, algorithm, leeway_s: leeway_s as u32, keys: keys? })
}

fn oidc(mut section: Section, problems: &mut Vec<ConfigProblem>) -> Option<OidcSettings> {
    let place = section.place_of("issuer");
    let issuer = required(&mut section, "issuer", problems).map(|value| Found { value, place });
    if let Some(issuer) = &issuer {
        may_be_asked(&section, "issuer", issuer, problems);
    }
    let client_id = required(&mut section, "client_id", problems);
    let client_secret = stated(&mut section, "client_secret_file", problems).map(|found| found.value.into());
    let place = section.place_of("url");
    let url = required(&mut section, "url", problems).map(|value| Found { value, place });
    if let Some(url) = &url {
        may_be_asked(&section, "url", url, problems);
        let (_, rest) = url.value.split_once("://").unwrap_or_default();
        if rest.trim_end_matches('/').contains(['/', '?']) {
            let message = format!("{:?} has a path: scheme, host and port alone are wanted", url.value);
            section.wrong("url", url.place.clone(), message, problems);
        }
    }
    let scopes = stated(&mut section, "scopes", problems);
    if let Some(scopes) = scopes.as_ref().filter(|scopes| !scopes.value.split(' ').any(|scope| scope == "openid")) {
        let message = format!("{:?} lacks \"openid\", without which nobody is told who signs in", scopes.value);
        section.wrong("scopes", scopes.place.clone(), message, problems);
    }
    let algorithm = section.choice("algorithm", &ALGORITHMS.map(|name| (name, name)), problems);
    let leeway_s = section.integer("leeway_s", LEEWAY_S_DEFAULT, LEEWAY_S, problems) as u32;
    let idle_s = section.integer("idle_s", IDLE_S_DEFAULT, IDLE_S, problems) as u32;
    let life_s = section.integer("life_s", LIFE_S_DEFAULT, LIFE_S, problems) as u32;
    section.finish(problems);
    let scopes = scopes.map_or_else(|| "openid".to_owned(), |scopes| scopes.value);
    let url = url?.value.trim_end_matches('/').to_owned();
    let (issuer, client_id) = (issuer?.value, client_id?);
    Some(OidcSettings { issuer, client_id, client_secret, url, scopes, algorithm, leeway_s, idle_s, life_s })
}

/// A text that is not empty where it is there.
fn stated(section: &mut Section, key: &'static str, problems: &mut Vec<ConfigProblem>) -> Option<Found<String>> {
    let found = section.text(key, problems)?;
    if found.value.is_empty() {
        section.wrong(key, found.place, "is empty".into(), problems);
        return None;
    }
    Some(found)
}

/// A text that must be there and say something.
fn required(section: &mut Section, key: &'static str, problems: &mut Vec<ConfigProblem>) -> Option<String> {
    if section.has(key) {
        return stated(section, key, problems).map(|found| found.value);
    }
    section.required(key, problems).map(|found| found.value)
}

/// Refuses an address that is neither https nor on this machine.
fn may_be_asked(section: &Section, key: &str, found: &Found<String>, problems: &mut Vec<ConfigProblem>) {
    let secure = found.value.strip_prefix("https://").is_some_and(|rest| !host(rest).is_empty());
    let here = found.value.strip_prefix("http://").is_some_and(|rest| is_this_machine(host(rest)));
    if found.value.contains(['@', '#', ' ']) || !secure && !here {
        let message = format!("{:?} is no https:// address, nor an http:// one of this machine", found.value);
        section.wrong(key, found.place.clone(), message, problems);
    }
}

/// The host of what follows a scheme, without its port.
fn host(rest: &str) -> &str {
    let place = rest.split(['/', '?']).next().unwrap_or_default();
    match place.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

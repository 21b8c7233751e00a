//! People sign in at a service of their own: OpenID Connect, the authorization code flow with PKCE.
//!
//! * [`Oidc`]: what is asked of the service: its description, a token for a code. Nothing of a token reaches a browser.
//! * [`SessionGate`]: whoever has a session is let in; the browser holds its secret in a cookie, the database its hash.
//! * [`routes`]: the way to the service and back, and out.
//!
//! Written over the client and the verifier that tokens of programs need anyway: the flow is one redirection, one form
//! and one token. The crate `openidconnect` would bring a second set of RSA and curves, and a second one of HTTP.

mod cookie;
mod gate;
mod provider;
pub(crate) mod routes;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use headwater_people::{Login, Moment};
use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::token::{ClaimRules, Claims, Fault, Http, text};
use provider::{Down, Provider, Providers};

pub(crate) use cookie::Cookies;
pub use gate::SessionGate;
pub(crate) use routes::routes;

/// How people sign in.
pub struct OidcRules {
    /// The service: its description is at `ISSUER/.well-known/openid-configuration`.
    pub issuer: String,
    /// What it knows this program as.
    pub client_id: String,
    /// What this program shows it; none: it trusts PKCE alone.
    pub client_secret: Option<String>,
    /// Where people's browsers reach this program, without a path: `https://headwater.example.org`.
    pub url: String,
    /// What is asked for, `openid` among it.
    pub scopes: String,
    /// The one algorithm of its tokens.
    pub algorithm: String,
    /// Seconds by which clocks may differ.
    pub leeway_s: u32,
    /// Milliseconds without a request after which a session ends.
    pub idle_ms: i64,
    /// Milliseconds after which it ends in any case.
    pub life_ms: i64,
    /// What the claims of the ID token stand for.
    pub claims: ClaimRules,
}

/// A sign-in service, as this program uses it.
pub struct Oidc {
    rules: OidcRules,
    http: Http,
    providers: Providers,
}

/// Why somebody did not come back from the service as who they are.
pub(crate) enum NotSignedIn {
    /// It does not answer: ask again after so many seconds.
    Down(u32),
    /// It does not take the code: too old, or used before.
    Code,
    /// Its token is none that is good.
    Token(Fault),
}

impl From<Down> for NotSignedIn {
    fn from(down: Down) -> NotSignedIn {
        NotSignedIn::Down(down.again_s)
    }
}

impl Oidc {
    /// A service by its rules. It is not asked before somebody signs in.
    pub fn new(rules: OidcRules, http: Http) -> Oidc {
        let providers = Providers::new(&rules, http.clone());
        Oidc { rules, http, providers }
    }

    /// Asks the service for its description and its keys, and says how many of them are for the algorithm. Nothing that
    /// is held changes by it.
    ///
    /// # Errors
    /// A sentence that names the place and what is wrong there.
    pub async fn look(&self) -> Result<usize, String> {
        self.providers.ask().await?.tokens.look().await
    }

    pub(crate) fn rules(&self) -> &OidcRules {
        &self.rules
    }

    pub(crate) fn cookies(&self) -> Cookies {
        Cookies::of(&self.rules.url)
    }

    fn redirect_uri(&self) -> String {
        format!("{}{}", self.rules.url, routes::CALLBACK)
    }

    /// Where to send a browser that begins a sign-in.
    pub(crate) async fn authorization(&self, state: &str, login: &Login, now: Moment) -> Result<String, Down> {
        let provider = self.providers.at(now).await?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, login.verifier.as_bytes()));
        let redirect_uri = self.redirect_uri();
        let pairs = [
            ("response_type", "code"),
            ("client_id", &self.rules.client_id),
            ("redirect_uri", &redirect_uri),
            ("scope", &self.rules.scopes),
            ("state", state),
            ("nonce", &login.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Ok(with_query(&provider.authorization, &pairs))
    }

    /// The claims of whoever brings a code, once everything that Core 1.0, section 3.1.3.7 asks of an ID token holds.
    pub(crate) async fn claims(&self, code: &str, login: &Login, now: Moment) -> Result<Claims, NotSignedIn> {
        let provider = self.providers.at(now).await?;
        let redirect_uri = self.redirect_uri();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &login.verifier),
        ];
        let authorization = match &self.rules.client_secret {
            Some(secret) if provider.basic => Some(basic(&self.rules.client_id, secret)),
            secret => {
                form.push(("client_id", &self.rules.client_id));
                form.extend(secret.as_deref().map(|secret| ("client_secret", secret)));
                None
            }
        };
        let answer = self.http.post(&provider.token, &form, authorization).await;
        let token = match answer {
            Ok((200, answer)) => answer.get("id_token").and_then(Value::as_str).map(str::to_owned),
            Ok((400, answer)) if answer.get("error").and_then(Value::as_str) == Some("invalid_grant") => {
                return Err(NotSignedIn::Code);
            }
            Ok((status, answer)) => {
                let error = answer.get("error").and_then(Value::as_str).filter(|error| is_word(error));
                return Err(provider::failed(&format!(
                    "{}: status {status}, {}",
                    provider.token,
                    error.unwrap_or("without a reason")
                ))
                .into());
            }
            Err(error) => return Err(provider::failed(&error).into()),
        };
        let token = token.ok_or(NotSignedIn::Token(Fault::Malformed))?;
        let claims = provider.tokens.claims(&token, now).await.map_err(|fault| match fault {
            Fault::NoKeys => NotSignedIn::Down(provider::AGAIN_S),
            fault => NotSignedIn::Token(fault),
        })?;
        if text(&claims, "nonce") != Some(&login.nonce) {
            return Err(NotSignedIn::Token(Fault::Nonce));
        }
        if claims.get("azp").is_some_and(|party| party.as_str() != Some(&self.rules.client_id)) {
            return Err(NotSignedIn::Token(Fault::Audience));
        }
        Ok(claims)
    }

    /// Where a browser ends what it has at the service, where that can be said without asking it.
    pub(crate) async fn end_session(&self, now: Moment) -> Option<String> {
        let provider: Arc<Provider> = self.providers.at(now).await.ok()?;
        let back = format!("{}/", self.rules.url);
        let pairs = [("client_id", &*self.rules.client_id), ("post_logout_redirect_uri", &back)];
        provider.end_session.as_ref().map(|end| with_query(end, &pairs))
    }
}

/// `client_secret_basic`: both parts are encoded as in a form first (RFC 6749, section 2.3.1).
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

/// An address with more in its query.
fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{address}{}{query}", if address.contains('?') { '&' } else { '?' })
}

/// Whether a text is the word of an error (RFC 6749): it may be repeated.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_told_apart_as_the_standard_says() {
        // RFC 6749, section 2.3.1, and a secret with what a form encodes.
        assert_eq!(basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"), "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
        assert_eq!(basic("a", "b:c"), format!("Basic {}", STANDARD.encode("a:b%3Ac")));
        assert_eq!(with_query("https://i/a", &[("b", "c d")]), "https://i/a?b=c+d");
        assert_eq!(with_query("https://i/a?x=1", &[("b", "&")]), "https://i/a?x=1&b=%26");
        assert!(is_word("access_denied") && !is_word("<script>") && !is_word("") && !is_word(&"a".repeat(65)));
    }
}

//! What a sign-in service says of itself (OpenID Connect Discovery 1.0), kept for a while.

use std::sync::{Arc, Mutex, PoisonError};

use headwater_log::SignInServiceFailing;
use headwater_people::Moment;
use serde_json::Value;

use super::OidcRules;
use crate::token::{Http, KeySource, TokenRules, Tokens};

/// How long a description counts as fresh.
const FRESH_MS: i64 = 3_600_000;
/// How long it is used when the service does not answer.
const STALE_MS: i64 = 86_400_000;
/// Seconds after the first failure before the service is asked again; each further one doubles them, up to the last.
pub(super) const AGAIN_S: u32 = 1;
const AGAIN_S_MAX: u32 = 60;

/// The service does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Down {
    /// Seconds after which to ask again.
    pub again_s: u32,
}

/// Where a service does what.
pub(super) struct Provider {
    pub authorization: String,
    pub token: String,
    pub end_session: Option<String>,
    /// Whether a client's secret goes into the head of a question.
    pub basic: bool,
    pub tokens: Tokens,
}

#[derive(Default)]
struct Held {
    provider: Option<(Arc<Provider>, Moment)>,
    failures: u32,
    tried: Option<Moment>,
}

/// The description, asked for when it is old.
pub(super) struct Providers {
    rules: TokenRules,
    http: Http,
    held: Mutex<Held>,
    /// One asks at a time.
    asking: tokio::sync::Mutex<()>,
}

impl Providers {
    pub fn new(rules: &OidcRules, http: Http) -> Providers {
        let rules = TokenRules {
            issuer: rules.issuer.clone(),
            audience: rules.client_id.clone(),
            algorithm: rules.algorithm.clone(),
            leeway_s: rules.leeway_s,
        };
        Providers { rules, http, held: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// The service as it is known at a time.
    pub async fn at(&self, now: Moment) -> Result<Arc<Provider>, Down> {
        if let Some(known) = self.known(now) {
            return known;
        }
        let _asking = self.asking.lock().await;
        // Somebody else may have asked meanwhile.
        if let Some(known) = self.known(now) {
            return known;
        }
        let asked = self.ask().await;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.tried = Some(now);
        match asked {
            Ok(provider) => {
                let provider = Arc::new(provider);
                held.provider = Some((Arc::clone(&provider), now));
                held.failures = 0;
                Ok(provider)
            }
            Err(error) => {
                SignInServiceFailing { error: &error }.log();
                held.failures = held.failures.saturating_add(1);
                let again_s = wait_s(held.failures);
                usable(&held, now).ok_or(Down { again_s })
            }
        }
    }

    /// What can be said without asking.
    fn known(&self, now: Moment) -> Option<Result<Arc<Provider>, Down>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((provider, _)) =
            held.provider.as_ref().filter(|(_, read)| (0..FRESH_MS).contains(&(now.0 - read.0)))
        {
            return Some(Ok(Arc::clone(provider)));
        }
        let waits_ms = held.tried.filter(|_| held.failures > 0).map(|tried| {
            let passed_ms = (now.0 - tried.0).max(0);
            i64::from(wait_s(held.failures)) * 1_000 - passed_ms
        });
        let again_s =
            waits_ms.filter(|ms| *ms > 0).map(|ms| u32::try_from((ms + 999) / 1_000).unwrap_or(AGAIN_S_MAX))?;
        Some(usable(&held, now).ok_or(Down { again_s }))
    }

    /// What the service says of itself now.
    pub async fn ask(&self) -> Result<Provider, String> {
        let issuer = &self.rules.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let told = self.http.get(&url).await?;
        let text = |name: &str| told.get(name).and_then(Value::as_str);
        if text("issuer") != Some(issuer) {
            return Err(format!("{url}: it is the description of another issuer than serve.auth.oidc.issuer"));
        }
        let place = |name: &str| -> Result<Option<String>, String> {
            match text(name) {
                Some(place) if !Http::may_ask(place) => {
                    Err(format!("{url}: {name} is neither https nor an address of this machine"))
                }
                place => Ok(place.map(str::to_owned)),
            }
        };
        let wanted = |name: &str| place(name)?.ok_or_else(|| format!("{url}: it says no {name}"));
        let methods = told.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        let keys = KeySource::Url(wanted("jwks_uri")?);
        Ok(Provider {
            authorization: wanted("authorization_endpoint")?,
            token: wanted("token_endpoint")?,
            end_session: place("end_session_endpoint")?,
            basic: methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")),
            tokens: Tokens::new(self.rules.clone(), keys, self.http.clone())?,
        })
    }
}

/// Says that a question failed; when to ask again.
pub(super) fn failed(error: &str) -> Down {
    SignInServiceFailing { error: &error }.log();
    Down { again_s: AGAIN_S }
}

fn usable(held: &Held, now: Moment) -> Option<Arc<Provider>> {
    let (provider, read) = held.provider.as_ref()?;
    (now.0 - read.0 < STALE_MS).then(|| Arc::clone(provider))
}

fn wait_s(failures: u32) -> u32 {
    AGAIN_S.checked_shl(failures.saturating_sub(1)).unwrap_or(AGAIN_S_MAX).clamp(AGAIN_S, AGAIN_S_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_each_failure_it_waits_longer_up_to_a_minute() {
        assert_eq!([1, 2, 3, 6, 7, 8, 40, u32::MAX].map(wait_s), [1, 2, 4, 32, 60, 60, 60, 60]);
    }
}

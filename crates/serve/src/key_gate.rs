//! Programs that show a key, or a token of an issuer.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use futures_util::future::BoxFuture;
use headwater_people::{ApiKey, Denied, Moment, People, PeopleError};
use std::sync::Arc;

use crate::api::Clock;
use crate::oidc::Oidc;
use crate::refusals::Refusals;
use crate::token::{ClaimRules, Fault, Tokens, handle};
use crate::{Gate, Problem, Reader};

/// What the handle of a program begins with that an issuer vouches for.
const TOKEN: &str = "token";

/// Seconds after which to ask again where the keys of tokens cannot be had.
const NO_KEYS_AGAIN_S: u32 = 10;

/// Lets in whoever shows a key that is good, or a token of an issuer where there is one, as `Authorization: Bearer
/// TOKEN`; others as the gate behind it says, where there is one.
pub struct KeyGate {
    people: People,
    clock: Clock,
    tokens: Option<(Tokens, ClaimRules)>,
    otherwise: Option<Box<dyn Gate>>,
    refusals: Refusals,
}

impl KeyGate {
    /// Only who shows a key is let in.
    pub fn new(people: People, clock: Clock) -> KeyGate {
        let refusals = Refusals::new(people.clone());
        KeyGate { people, clock, tokens: None, otherwise: None, refusals }
    }

    /// Who shows a token of an issuer is let in too, with what its claims say.
    pub fn or_tokens(self, tokens: Tokens, rules: ClaimRules) -> KeyGate {
        KeyGate { tokens: Some((tokens, rules)), ..self }
    }

    /// Who shows neither is another gate's business.
    pub fn or(self, otherwise: impl Gate) -> KeyGate {
        KeyGate { otherwise: Some(Box::new(otherwise)), ..self }
    }

    async fn with(&self, shown: Option<&str>) -> Result<Reader, Problem> {
        let now = (self.clock)();
        match (shown, &self.tokens) {
            (Some(shown), Some((tokens, rules))) if !ApiKey::is_one(shown) => {
                self.with_token(shown, tokens, rules, now).await
            }
            _ => self.with_key(shown, now).await,
        }
    }

    async fn with_key(&self, shown: Option<&str>, now: Moment) -> Result<Reader, Problem> {
        let denied = match shown {
            None => Denied::Unknown,
            Some(key) => match self.people.key(key, now).await {
                Ok(key) => return Ok(reader(key)),
                Err(PeopleError::Denied(denied)) => denied,
                Err(other) => return Err(other.into()),
            },
        };
        self.refusals.write("", &format!("a key: {}", denied.as_str()), now).await?;
        Err(Problem::unknown_caller("the key is none that is good: ask an admin for another"))
    }

    async fn with_token(
        &self,
        shown: &str,
        tokens: &Tokens,
        rules: &ClaimRules,
        now: Moment,
    ) -> Result<Reader, Problem> {
        let claims = match tokens.claims(shown, now).await {
            Err(Fault::NoKeys) => {
                let detail = "the keys of the issuer of tokens cannot be had: ask again, or show a key";
                return Err(Problem::busy(detail, NO_KEYS_AGAIN_S));
            }
            claims => claims.and_then(|claims| Ok((handle(TOKEN, &claims)?, claims))),
        };
        match claims {
            Err(fault) => {
                self.refusals.write("", &format!("a token: {}", fault.as_str()), now).await?;
                Err(Problem::unknown_caller("the token is none that is good here: have another issued"))
            }
            Ok((handle, claims)) => match rules.grant(&claims) {
                None => {
                    self.refusals.write("", "a token: no role", now).await?;
                    let detail = "the token is good, and names no role: have one given where it is issued";
                    Err(Problem::forbidden(detail))
                }
                Some(grant) => Ok(Reader {
                    handle: handle.into(),
                    roles: grant.roles().to_vec(),
                    clearance: Arc::new(grant.clearance().clone()),
                }),
            },
        }
    }
}

fn reader(key: ApiKey) -> Reader {
    Reader {
        handle: format!("key:{}", key.id).into(),
        roles: key.grant.roles().to_vec(),
        clearance: Arc::new(key.grant.clearance().clone()),
    }
}

impl Gate for KeyGate {
    fn admit<'a>(&'a self, head: &'a Parts) -> BoxFuture<'a, Result<Reader, Problem>> {
        Box::pin(async move {
            match (head.headers.get(AUTHORIZATION), &self.otherwise) {
                (Some(shown), _) => self.with(shown.to_str().ok().and_then(|text| text.strip_prefix("Bearer "))).await,
                (None, Some(otherwise)) => otherwise.admit(head).await,
                (None, None) => Err(Problem::unknown_caller("send a key or a token, as `Authorization: Bearer TOKEN`")),
            }
        })
    }

    fn mode(&self) -> &'static str {
        self.otherwise.as_ref().map_or("keys", |otherwise| otherwise.mode())
    }

    fn sign_in(&self) -> Option<Arc<Oidc>> {
        self.otherwise.as_ref().and_then(|otherwise| otherwise.sign_in())
    }
}

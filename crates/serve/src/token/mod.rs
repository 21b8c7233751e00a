//! Signed tokens (JWT, RFC 7519): what a program shows that another system has signed in, and what a sign-in service
//! says of a person.
//!
//! One algorithm is taken, the one that was configured, and keys of its kind alone; what a token's head says chooses
//! among the keys and nothing else (RFC 8725, sections 3.1 to 3.4). Nothing of a token is written down or answered: only
//! which check it failed.

mod claims;
mod http;
mod keys;
mod verifier;

#[cfg(test)]
pub(crate) mod tests;

use headwater_people::Moment;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};

pub use claims::ClaimRules;
pub use http::Http;
pub use keys::{KeySource, Keys};

/// Claims of a token.
pub(crate) type Claims = Map<String, Value>;

/// Bytes of a token: those of a head's line, less what else stands in it.
const TOKEN_BYTES_MAX: usize = 12 << 10;

/// What a token must say to be taken.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// `iss`, letter for letter.
    pub issuer: String,
    /// One of `aud`.
    pub audience: String,
    /// `alg`, by its name in RFC 7518 or RFC 8037: one of [`TokenRules::ALGORITHMS`].
    pub algorithm: String,
    /// Seconds by which clocks may differ: a token is taken so long before `nbf` and after `exp`.
    pub leeway_s: u32,
}

impl TokenRules {
    /// Algorithms that may be configured: those by which whoever verifies a token cannot make one.
    pub const ALGORITHMS: [&str; 9] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
}

/// Why a token is not taken. The word is for the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is no token in three parts, or too long, or demands what is not known here.
    Malformed,
    /// Its algorithm is not the configured one.
    Algorithm,
    /// No key goes by the name that it gives.
    UnknownKey,
    /// It was not signed by the key, or changed since.
    Signature,
    /// Somebody else issued it.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// It has ended, or does not say when it ends.
    Expired,
    /// It is not good yet.
    NotYet,
    /// It does not say whom it is of, or not in a way that can be written down.
    Subject,
    /// It belongs to another sign-in.
    Nonce,
    /// The keys cannot be had.
    NoKeys,
}

impl Fault {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::Malformed => "malformed",
            Fault::Algorithm => "algorithm",
            Fault::UnknownKey => "unknown key",
            Fault::Signature => "signature",
            Fault::Issuer => "issuer",
            Fault::Audience => "audience",
            Fault::Expired => "expired",
            Fault::NotYet => "not yet good",
            Fault::Subject => "subject",
            Fault::Nonce => "nonce",
            Fault::NoKeys => "no keys",
        }
    }
}

/// Takes tokens of one issuer.
pub struct Tokens {
    rules: TokenRules,
    algorithm: Algorithm,
    keys: Keys,
}

impl Tokens {
    /// Tokens that keep to the rules, signed by one of the keys.
    ///
    /// # Errors
    /// A sentence that names the algorithm, where it is none that may be configured, or what is wrong with a file of
    /// keys.
    pub fn new(rules: TokenRules, source: KeySource, http: Http) -> Result<Tokens, String> {
        verifier::install();
        let known = TokenRules::ALGORITHMS.contains(&rules.algorithm.as_str());
        let algorithm = rules.algorithm.parse().ok().filter(|_| known);
        let algorithm = algorithm.ok_or_else(|| {
            format!("{:?} is none of the algorithms {}", rules.algorithm, TokenRules::ALGORITHMS.join(", "))
        })?;
        let keys = Keys::new(source, algorithm, http)?;
        Ok(Tokens { rules, algorithm, keys })
    }

    /// Asks for the keys, and says how many of them are for the algorithm. Nothing that is held changes by it.
    ///
    /// # Errors
    /// A sentence that names the place and what is wrong there.
    pub async fn look(&self) -> Result<usize, String> {
        self.keys.count().await
    }

    /// The claims of a token that is good at a time.
    pub(crate) async fn claims(&self, token: &str, now: Moment) -> Result<Claims, Fault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Fault::Malformed);
        }
        // A head that names no known algorithm, `none` included, cannot be read at all.
        let head = decode_header(token).map_err(|_| Fault::Malformed)?;
        if head.alg != self.algorithm {
            return Err(Fault::Algorithm);
        }
        if head.crit.is_some() {
            return Err(Fault::Malformed);
        }
        let keys = self.keys.of(head.kid.as_deref(), now).await?;
        let mut only_signature = Validation::new(self.algorithm);
        // The claims are held against our own clock below.
        only_signature.required_spec_claims.clear();
        only_signature.validate_exp = false;
        only_signature.validate_aud = false;
        let verified = keys.iter().find_map(|key| decode::<Claims>(token, key, &only_signature).ok());
        let claims = verified.ok_or(Fault::Signature)?.claims;
        self.check(&claims, now)?;
        Ok(claims)
    }

    /// RFC 7519, section 4.1.
    fn check(&self, claims: &Claims, now: Moment) -> Result<(), Fault> {
        if text(claims, "iss") != Some(&self.rules.issuer) {
            return Err(Fault::Issuer);
        }
        let audience = Some(self.rules.audience.as_str());
        let is_for_us = match claims.get("aud") {
            Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == audience),
            one => one.and_then(Value::as_str) == audience,
        };
        if !is_for_us {
            return Err(Fault::Audience);
        }
        let (now_s, leeway_s) = (now.0 as f64 / 1_000.0, f64::from(self.rules.leeway_s));
        let time = |name| claims.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
        // Written so that what is no number is refused.
        if !time("exp").is_some_and(|expires| now_s < expires + leeway_s) {
            return Err(Fault::Expired);
        }
        if !time("nbf").is_none_or(|begins| begins <= now_s + leeway_s) {
            return Err(Fault::NotYet);
        }
        Ok(())
    }
}

/// A claim that is a text.
pub(crate) fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Whom a token is of, after a word for the kind of caller: no two kinds share a handle.
pub(crate) fn handle(kind: &str, claims: &Claims) -> Result<String, Fault> {
    let subject = text(claims, "sub").filter(|subject| !subject.is_empty() && !subject.chars().any(char::is_control));
    let handle = format!("{kind}:{}", subject.ok_or(Fault::Subject)?);
    if handle.len() > headwater_people::HANDLE_BYTES_MAX { Err(Fault::Subject) } else { Ok(handle) }
}

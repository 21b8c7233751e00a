//! Who is let in, as the settings say.

use std::sync::Arc;

use headwater_model::{Clearance, Marking};
use headwater_people::{People, Role};
use headwater_runtime::{AuthMode, AuthSettings, ClaimSettings, JwtSettings, KeyPlace, OidcSettings};
use headwater_serve::{
    ClaimRules, Clock, Gate, Http, KeyGate, KeySource, Oidc, OidcRules, OpenGate, SessionGate, TokenRules, Tokens,
};

use crate::failure::Failure;

/// The gate. What is wrong with a file that it needs is said now; a service that does not answer may come back.
pub fn gate(auth: &AuthSettings, people: &People, clock: &Clock) -> Result<Arc<dyn Gate>, Failure> {
    let mut keys = KeyGate::new(people.clone(), Arc::clone(clock));
    if let Some(jwt) = &auth.jwt {
        keys = keys.or_tokens(tokens(jwt)?, claims(&auth.claims)?);
    }
    Ok(Arc::new(match auth.mode {
        AuthMode::None => {
            let organisations = auth.organisations.iter().map(String::as_str);
            keys.or(OpenGate::new(Clearance::new(label(auth.clearance)?, organisations)))
        }
        AuthMode::Keys => keys,
        AuthMode::Oidc => {
            let oidc = auth.oidc.as_ref().ok_or_else(|| Failure::Usage("serve.auth.oidc: is required".into()))?;
            let oidc = sign_in(oidc, claims(&auth.claims)?)?;
            keys.or(SessionGate::new(people.clone(), Arc::clone(clock), oidc))
        }
    }))
}

/// Whose tokens are taken.
pub fn tokens(jwt: &JwtSettings) -> Result<Tokens, Failure> {
    let refused = |words| Failure::Usage(format!("serve.auth.jwt: {words}"));
    let source = match &jwt.keys {
        KeyPlace::Url(url) => KeySource::Url(url.clone()),
        KeyPlace::File(path) => KeySource::File(path.clone()),
    };
    let rules = TokenRules {
        issuer: jwt.issuer.clone(),
        audience: jwt.audience.clone(),
        algorithm: jwt.algorithm.to_owned(),
        leeway_s: jwt.leeway_s,
    };
    Tokens::new(rules, source, Http::new().map_err(refused)?).map_err(refused)
}

/// How people sign in.
pub fn sign_in(oidc: &OidcSettings, claims: ClaimRules) -> Result<Oidc, Failure> {
    let secret = oidc.client_secret().map_err(|error| Failure::Usage(format!("serve.auth.oidc: {error}")))?;
    let http = Http::new().map_err(|words| Failure::Usage(format!("serve.auth.oidc: {words}")))?;
    let rules = OidcRules {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: secret,
        url: oidc.url.clone(),
        scopes: oidc.scopes.clone(),
        algorithm: oidc.algorithm.to_owned(),
        leeway_s: oidc.leeway_s,
        idle_ms: i64::from(oidc.idle_s) * 1_000,
        life_ms: i64::from(oidc.life_s) * 1_000,
        claims,
    };
    Ok(Oidc::new(rules, http))
}

/// What claims stand for.
pub fn claims(claims: &ClaimSettings) -> Result<ClaimRules, Failure> {
    let role = |(word, role): (&String, &&'static str)| {
        let known = Role::parse(role).ok_or_else(|| Failure::Usage(format!("serve.auth.claims.role: {role:?}")))?;
        Ok((word.clone(), known))
    };
    let marking = |(word, name): (&String, &&'static str)| Ok((word.clone(), label(name)?));
    Ok(ClaimRules {
        roles_claim: claims.roles.clone(),
        roles: claims.role.iter().map(role).collect::<Result<_, Failure>>()?,
        clearance_claim: claims.clearance.clone(),
        clearances: claims.label.iter().map(marking).collect::<Result<_, Failure>>()?,
        clearance: label(claims.default_clearance)?,
        organisations_claim: claims.organisations.clone(),
    })
}

fn label(name: &str) -> Result<Marking, Failure> {
    Marking::parse(name).ok_or_else(|| Failure::Usage(format!("serve.auth: {name:?} is no label")))
}

//! The way to the sign-in service and back, and out.

#![allow(unused_qualifications, reason = "the descriptions of routes are written by a macro that qualifies its words")]

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::http::header::{ACCEPT, LOCATION, SET_COOKIE};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use headwater_people::{By, Login, PeopleError};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{NotSignedIn, Oidc, is_word};
use crate::Problem;
use crate::api::{Api, ProblemAnswer, same_site};
use crate::params::Params;
use crate::token::handle;

/// Where a sign-in begins.
pub(super) const SIGN_IN: &str = "/auth/sign-in";
/// Where the service sends people back to.
pub(super) const CALLBACK: &str = "/auth/callback";
/// Where a session ends.
const SIGN_OUT: &str = "/auth/sign-out";

/// What the handle of a person begins with.
const USER: &str = "user";

/// Bytes of a way back: a view with many filters.
const RETURN_TO_BYTES_MAX: usize = 2_048;

/// Bytes of what the service sends a browser back with.
const ANSWER_BYTES_MAX: usize = 4_096;

/// The routes.
pub(crate) fn routes() -> Router<Api> {
    Router::new().route(SIGN_IN, get(sign_in)).route(CALLBACK, get(callback)).route(SIGN_OUT, post(sign_out))
}

/// Parameters of a sign-in.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct SignInQuery {
    /// Where to go afterwards: a path of this address, with its query. Without it `/`.
    return_to: Option<String>,
}

/// Sends a browser to the sign-in service. There is none where `serve.auth.mode` is not `oidc`.
#[utoipa::path(
    get, path = "/auth/sign-in", tag = "access", params(SignInQuery), security(()),
    responses((status = 303, description = "To the sign-in service"), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    from: Extensions,
) -> Result<Response, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let allowed = "a path of this address, as in /api/v1/me";
    let return_to = params.one("return_to", allowed, |path| is_own_path(path).then(|| path.to_owned()))?;
    params.finish()?;
    let (oidc, now) = (service(&api)?, api.now());
    api.step(&from)?;
    let (state, login) = Login::draw(&return_to.unwrap_or_else(|| "/".to_owned()))?;
    let to = oidc.authorization(&state, &login, now).await.map_err(|down| away(down.again_s))?;
    api.people().begin_login(&state, &login, now).await?;
    let mut response = see_other(&to)?;
    set(&mut response, [oidc.cookies().set_login(&state)])?;
    Ok(response)
}

/// Parameters of a return.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what is read")]
pub(crate) struct CallbackQuery {
    /// What the sign-in was begun with.
    state: Option<String>,
    /// What the service gives for a token.
    code: Option<String>,
    /// Who the service says that it is.
    iss: Option<String>,
    /// Why it gives none.
    error: Option<String>,
}

/// Why somebody who came back is not signed in, and the word by which the page tells it.
struct NotIn(&'static str, Problem);

impl<E: Into<Problem>> From<E> for NotIn {
    fn from(error: E) -> NotIn {
        let problem = error.into();
        let word = match problem.status {
            401 | 429 => "again",
            503 => "down",
            _ => "refused",
        };
        NotIn(word, problem)
    }
}

/// Where the sign-in service sends a browser back to: from here on it has a session. Whoever asks for a page and cannot be
/// signed in is sent to `/?sign_in=REASON` (`again`, `down`, `no_role`, `refused`), which says so.
#[utoipa::path(
    get, path = "/auth/callback", tag = "access", params(CallbackQuery), security(()),
    responses(
        (status = 303, description = "To where the sign-in was begun, or to the page that says why not"),
        (status = "default", response = ProblemAnswer)
    )
)]
pub(crate) async fn callback(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    from: Extensions,
) -> Result<Response, Problem> {
    let oidc = service(&api)?;
    match signed_in(&api, &oidc, query, &headers, &from).await {
        Ok(response) => Ok(response),
        Err(NotIn(word, _)) if wants_page(&headers) => see_other(&format!("/?sign_in={word}")),
        Err(NotIn(_, problem)) => Err(problem),
    }
}

/// Whether it is a browser that goes somewhere, and no program.
fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

async fn signed_in(
    api: &Api,
    oidc: &Oidc,
    query: Option<String>,
    headers: &HeaderMap,
    from: &Extensions,
) -> Result<Response, NotIn> {
    api.step(from)?;
    let (now, cookies) = (api.now(), oidc.cookies());
    // A service may send more than is read here.
    let query = query.filter(|query| query.len() <= ANSWER_BYTES_MAX).unwrap_or_default();
    let given = |name: &str| {
        let mut found = form_urlencoded::parse(query.as_bytes()).filter(|(given, _)| given == name);
        let value = found.next().map(|(_, value)| value.into_owned());
        value.filter(|_| found.next().is_none())
    };
    let again =
        || Problem::unknown_caller(format!("this sign-in is over or was begun elsewhere: begin again at {SIGN_IN}"));
    // Begun by this browser: else somebody's page could sign a person in as somebody else.
    let state = given("state").filter(|state| cookies.login(headers) == Some(state)).ok_or_else(again)?;
    let login = match api.people().take_login(&state, now).await {
        Err(PeopleError::Denied(_)) => return Err(again().into()),
        taken => taken?,
    };
    if given("iss").is_some_and(|issuer| issuer != oidc.rules().issuer) {
        return Err(refused(api, "", "another issuer answered", again()).await.into());
    }
    if let Some(error) = given("error") {
        let word = if is_word(&error) { &*error } else { "an error" };
        let problem = Problem::forbidden(format!("the sign-in service says: {word}; begin again at {SIGN_IN}"));
        return Err(refused(api, "", &format!("the service says: {word}"), problem).await.into());
    }
    let Some(code) = given("code") else { return Err(again().into()) };
    let claims = match oidc.claims(&code, &login, now).await {
        Ok(claims) => claims,
        Err(NotSignedIn::Down(again_s)) => return Err(away(again_s).into()),
        Err(NotSignedIn::Code) => {
            return Err(refused(api, "", "the service does not take the code", again()).await.into());
        }
        Err(NotSignedIn::Token(fault)) => {
            let detail =
                "the sign-in service gave a token that is none that is good here; its operator can see why in the log";
            let problem = Problem::forbidden(detail);
            return Err(refused(api, "", &format!("an ID token: {}", fault.as_str()), problem).await.into());
        }
    };
    let Ok(who) = handle(USER, &claims) else {
        let problem = Problem::forbidden("the sign-in service does not say who you are in a way that can be kept");
        return Err(refused(api, "", "an ID token: subject", problem).await.into());
    };
    let Some(grant) = oidc.rules().claims.grant(&claims) else {
        let detail = "you are signed in, and have no role here: ask whoever runs the sign-in service for one";
        return Err(NotIn("no_role", refused(api, &who, "no role", Problem::forbidden(detail)).await));
    };
    // What the browser had before ends with this: a secret that somebody else planted is worth nothing.
    if let Some(before) = cookies.session(headers) {
        end(api, before).await?;
    }
    let by = By { who: &who, at: now };
    let rules = oidc.rules();
    let (_, secret) = api.people().start_session(&grant, rules.idle_ms, rules.life_ms, by).await?;
    let mut response = see_other(&login.return_to)?;
    let [_, forget_login] = cookies.forget();
    set(&mut response, [cookies.set_session(&secret), forget_login])?;
    Ok(response)
}

/// That a session has ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedOut {
    /// Where to go so that the sign-in service forgets the person too; null where it has no such place.
    next: Option<String>,
}

/// Ends the caller's session, here at once.
#[utoipa::path(
    post, path = "/auth/sign-out", tag = "access", security(()),
    responses((status = 200, body = SignedOut), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn sign_out(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let oidc = service(&api)?;
    let (head, _) = request.into_parts();
    same_site(&head)?;
    let had = match oidc.cookies().session(&head.headers) {
        Some(secret) => end(&api, secret).await?,
        None => false,
    };
    let next = if had { oidc.end_session(api.now()).await } else { None };
    let mut response = Json(SignedOut { next }).into_response();
    set(&mut response, oidc.cookies().forget())?;
    Ok(response)
}

fn service(api: &Api) -> Result<Arc<Oidc>, Problem> {
    api.gate().sign_in().ok_or_else(|| Problem::absent("people do not sign in here: serve.auth.mode is not oidc"))
}

/// Ends the session of a secret. Whether it was one.
async fn end(api: &Api, secret: &str) -> Result<bool, Problem> {
    let now = api.now();
    match api.people().session(secret, now).await {
        Ok(session) => Ok(api.people().end_session(&session.id, By { who: &session.subject, at: now }).await?),
        Err(PeopleError::Denied(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// Writes down that somebody could not sign in, as far as the log is not filled by it.
async fn refused(api: &Api, who: &str, detail: &str, problem: Problem) -> Problem {
    match api.refused(who, detail).await {
        Ok(()) => problem,
        Err(error) => error.into(),
    }
}

fn away(again_s: u32) -> Problem {
    let detail =
        format!("the sign-in service does not answer: again in {again_s} s; keys and open sessions work meanwhile");
    Problem::busy(detail, again_s)
}

/// Whether a text is a path of this address and leads nowhere else, also in a browser that reads `\` as `/`.
fn is_own_path(path: &str) -> bool {
    let mut bytes = path.bytes();
    let begins = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    begins && plain && path.len() <= RETURN_TO_BYTES_MAX && !path.starts_with("/auth/")
}

fn see_other(to: &str) -> Result<Response, Problem> {
    let to = HeaderValue::from_str(to).map_err(|_| Problem::internal("an address that no header can hold"))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response())
}

fn set<const N: usize>(response: &mut Response, cookies: [Option<HeaderValue>; N]) -> Result<(), Problem> {
    for cookie in cookies {
        let cookie = cookie.ok_or_else(|| Problem::internal("a cookie that no header can hold"))?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_a_path_of_this_address() {
        for own in ["/", "/alerts?family=opioids&since=2025-01-01#x", "/a//b"] {
            assert!(is_own_path(own), "{own}");
        }
        for other in [
            "",
            "alerts",
            "//evil.example.org",
            "/\\evil.example.org",
            "\\/evil.example.org",
            "https://evil.example.org/",
            "/a\nb",
            "/a\tb",
            "/\u{e9}",
            "/a\\b",
            "/auth/sign-in",
            &format!("/{}", "a".repeat(2_048)),
        ] {
            assert!(!is_own_path(other), "{other:?}");
        }
    }
}

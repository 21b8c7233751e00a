//! What the page of the sign-in tells before anybody is known.

#![allow(unused_qualifications, reason = "the descriptions of routes are written by a macro that qualifies its words")]

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::Extensions;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::openapi::ProblemAnswer;
use crate::Problem;
use crate::params::Params;

/// Where it is asked for.
pub(crate) const PATH: &str = "/auth/notice";

/// What whoever runs this tells those who come to sign in. It holds what the configuration says and nothing else: anybody
/// who reaches the address reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SignInNotice {
    /// The organisation's own text, plain, with its lines; null where it has none.
    pub notice: Option<String>,
    /// Whether all that is served here is simulated.
    pub simulated: bool,
}

/// What the organisation tells whoever comes to sign in, and whether all that is served here is simulated. Nobody has to
/// say who they are.
#[utoipa::path(
    get, path = "/auth/notice", tag = "access", security(()),
    responses((status = 200, body = SignInNotice), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn notice(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    from: Extensions,
) -> Result<Json<SignInNotice>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    api.one_address(&api.notices, &from, "your address asks too often")?;
    Ok(Json((*api.notice).clone()))
}

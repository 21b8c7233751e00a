//! Who the caller is to this process.

use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use crate::params::Params;
use crate::{Problem, Reader};

/// The caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// A handle, no person's name.
    handle: String,
    /// viewer, analyst, admin, service.
    roles: Vec<&'static str>,
    /// The narrowest label that they may see.
    marking: &'static str,
    /// The organisations for which they read; `*` = every one.
    organisations: Vec<String>,
    /// How they were let in: the word of `serve.auth.mode`.
    auth: &'static str,
    /// Whether anything of what they may see is simulated: a source of theirs, or all of it by `serve.simulated`.
    simulated: bool,
    /// Version of the program.
    build: String,
    /// Version of the reference data.
    catalog: String,
    /// Version of the statistic.
    model: String,
}

/// Who the caller is, what they may do and see, and what answers them.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "people",
    responses((status = 200, body = Me), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn me(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<Me>>, Problem> {
    Params::new(query.as_deref())?.finish()?;
    let (clearance, versions) = (&reader.clearance, &api.versions);
    let me = Me {
        handle: reader.handle.to_string(),
        roles: reader.roles.iter().map(|role| role.as_str()).collect(),
        marking: clearance.marking().as_str(),
        organisations: clearance.organisations().iter().map(ToString::to_string).collect(),
        auth: api.gate.mode(),
        simulated: api.notice.simulated || api.sees_simulated(&reader).await?,
        build: versions.build.clone(),
        catalog: versions.catalog.clone(),
        model: versions.model.clone(),
    };
    Ok(Answer(Shown::nothing(), Json(me)))
}

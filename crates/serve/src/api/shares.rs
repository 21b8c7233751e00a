//! Shares inside a family: what part of the reported flow each substance, or route, has.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{RawQuery, State};
use headwater_model::{Day, Evidence, Marking};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use super::{Api, volumes};
use crate::params::Params;
use crate::read::{Granularity, RollUp, VolumeLine};
use crate::{Problem, Reader};

/// Points of an answer.
const POINTS_MAX: usize = 50_000;

/// Parameters of shares. Lists are separated by commas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct SharesQuery {
    /// A precursor or market family.
    #[param(required)]
    family: Option<String>,
    /// Of these members alone.
    substance: Option<String>,
    /// ISO 3166 alpha-2 codes of the last country of a route.
    market: Option<String>,
    /// Of the first.
    origin: Option<String>,
    /// Routes, written `CN>MX>US`.
    route: Option<String>,
    /// Reporting organisations.
    source: Option<String>,
    /// Kinds of evidence; each has its own shares.
    evidence: Option<String>,
    /// Figures whose last day is this or later.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Day>,
    /// Or earlier.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Day>,
    /// Only what was known by the end of that day.
    #[param(value_type = Option<String>, format = Date)]
    as_of: Option<Day>,
    /// Only what became known after that day.
    #[param(value_type = Option<String>, format = Date)]
    since: Option<Day>,
    /// What shares are of: `substance` (default) or `route`.
    of: Option<String>,
    /// `mass` (default) or `incidents`.
    measure: Option<String>,
    /// `week` (default), `month`, `quarter` or `year`.
    granularity: Option<String>,
}

/// What one member has of one span.
#[derive(Serialize, ToSchema)]
pub(crate) struct SharePoint {
    /// Last day of the span.
    #[schema(value_type = String, format = Date)]
    day: Day,
    #[schema(value_type = String)]
    evidence: Evidence,
    /// Catalog id, or the route.
    id: String,
    /// Milligrams, or incidents.
    amount: i64,
    /// Of all members, the same.
    total: i64,
    /// `amount` over `total`; absent where the total is not above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
}

/// Shares.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShareList {
    /// By kind of evidence, day and member. Reporters of one kind are added; kinds never are.
    shares: Vec<SharePoint>,
    /// The narrowest label of what was added up; absent where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    marking: Option<&'static str>,
    /// The caller's own: nothing here was made from more.
    computed_up_to: &'static str,
    /// Up to which day figures have most likely all arrived.
    #[schema(value_type = Option<String>, format = Date)]
    complete_to: Option<Day>,
    /// The source that sets it.
    complete_to_set_by: Option<String>,
    simulated: bool,
}

/// Shares of the members of a family, over exactly the records that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/shares", tag = "volumes", params(SharesQuery),
    responses((status = 200, body = ShareList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn shares(
    State(api): State<Api>,
    reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<ShareList>>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let mut selection = volumes::common(&mut params)?;
    let by_route = params.word("of", &[("substance", false), ("route", true)])?.unwrap_or_default();
    let incidents = params.word("measure", &[("mass", false), ("incidents", true)])?.unwrap_or_default();
    selection.granularity = params.word("granularity", &Granularity::ALL[1..])?.unwrap_or(Granularity::Week);
    selection.roll_up = if by_route { RollUp::Route } else { RollUp::Market };
    params.finish()?;
    match &selection.families[..] {
        [family] if api.model.catalog().family(family).is_some() => {}
        given => {
            let known: Vec<&str> = api.model.catalog().families().iter().map(|family| &*family.id).collect();
            return Err(Problem::field("family", &given.join(","), format!("one of {}", known.join(", "))));
        }
    }
    let computed_up_to = reader.clearance.marking().as_str();
    let (sheet, reporters) = volumes::sheet(&api, &reader, selection).await?;
    let amount = |line: &VolumeLine| i128::from(line.sums[if incidents { 2 } else { 0 }]);
    let mut spans: BTreeMap<(&str, Day), BTreeMap<&str, i128>> = BTreeMap::new();
    for line in &sheet.lines {
        let id = if by_route { line.route.as_deref().unwrap_or_default() } else { &line.substance };
        *spans.entry((line.evidence.as_str(), line.day)).or_default().entry(id).or_default() += amount(line);
    }
    if spans.values().map(BTreeMap::len).sum::<usize>() > POINTS_MAX {
        return Err(Problem::too_much(format!("more than {POINTS_MAX} points: ask for fewer days or longer spans")));
    }
    let mut shares = Vec::new();
    for ((evidence, day), members) in spans {
        let total: i128 = members.values().sum();
        let narrow = |sum: i128| {
            i64::try_from(sum).map_err(|_| Problem::too_much(format!("a sum on {day} leaves 64 bits: ask for less")))
        };
        for (id, amount) in members {
            shares.push(SharePoint {
                day,
                evidence: Evidence::parse(evidence).ok_or_else(|| Problem::internal("a kind that is none"))?,
                id: id.to_owned(),
                amount: narrow(amount)?,
                total: narrow(total)?,
                share: (total > 0).then(|| amount as f64 / total as f64),
            });
        }
    }
    let list = ShareList {
        shares,
        marking: sheet.marking.map(Marking::as_str),
        computed_up_to,
        complete_to: reporters.complete.overall,
        complete_to_set_by: reporters.complete.set_by.clone(),
        simulated: sheet.simulated,
    };
    Ok(Answer(Shown::of(sheet.marking), Json(list)))
}

//! The reference data: substances and control facts, as public lists give them.

use axum::Json;
use axum::extract::{RawQuery, State};
use headwater_model::{Day, Jurisdiction, Substance, SubstanceKind};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use crate::params::Params;
use crate::{Problem, Reader};

/// Parameters of the list of substances. Lists are separated by commas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct SubstancesQuery {
    /// Catalog ids.
    id: Option<String>,
    /// Precursor or market families.
    family: Option<String>,
    /// precursor, drug, adulterant, equipment.
    kind: Option<String>,
}

/// A substance, or a piece of equipment: identity alone.
#[derive(Serialize, ToSchema)]
pub(crate) struct CatalogSubstance {
    id: String,
    name: String,
    /// Of at most 24 characters.
    short_name: String,
    /// precursor, drug, adulterant, equipment.
    kind: &'static str,
    /// CAS numbers, the main one first.
    cas: Vec<String>,
    /// Subheadings of the Harmonized System.
    hs: Vec<String>,
    /// Precursor families, the main one first.
    families: Vec<String>,
    market_family: Option<String>,
    /// What amounts are kept in: mass, pieces.
    unit: &'static str,
    synonyms: Vec<String>,
    /// Where its identity is written.
    sources: Vec<String>,
}

/// A family.
#[derive(Serialize, ToSchema)]
pub(crate) struct CatalogFamily {
    id: String,
    name: String,
    /// precursor, market.
    kind: &'static str,
    /// Whether its members are tested for substitution.
    tested: bool,
}

/// Substances and families.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubstanceList {
    /// By id.
    substances: Vec<CatalogSubstance>,
    /// All families, by id.
    families: Vec<CatalogFamily>,
    /// Version of the reference data.
    catalog: String,
}

/// The substances of the catalog.
#[utoipa::path(
    get, path = "/api/v1/catalog/substances", tag = "catalog", params(SubstancesQuery),
    responses((status = 200, body = SubstanceList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn substances(
    State(api): State<Api>,
    _reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<SubstanceList>>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let (ids, families) = (params.texts("id")?, params.texts("family")?);
    let kinds = params.words("kind", &SubstanceKind::ALL.map(|kind| (kind.as_str(), kind)))?;
    params.finish()?;
    let catalog = api.model.catalog();
    let own = |substance: &Substance| -> (Vec<String>, Option<String>) {
        let id = |ix| catalog.family_at(ix).id.to_string();
        (substance.families.iter().copied().map(id).collect(), substance.market_family.map(id))
    };
    let takes = |substance: &&Substance| {
        let (precursor, market) = own(substance);
        (ids.is_empty() || ids.iter().any(|id| **id == *substance.id))
            && (kinds.is_empty() || kinds.contains(&substance.kind))
            && (families.is_empty() || precursor.iter().chain(&market).any(|family| families.contains(family)))
    };
    let texts = |list: &[Box<str>]| list.iter().map(ToString::to_string).collect();
    let substances = catalog.substances().iter().filter(takes).map(|substance| {
        let (families, market_family) = own(substance);
        CatalogSubstance {
            id: substance.id.to_string(),
            name: substance.name.to_string(),
            short_name: substance.short_name.to_string(),
            kind: substance.kind.as_str(),
            cas: texts(&substance.cas),
            hs: substance.hs.iter().map(ToString::to_string).collect(),
            families,
            market_family,
            unit: substance.unit.as_str(),
            synonyms: substance.synonyms.iter().map(|synonym| synonym.text.to_string()).collect(),
            sources: texts(&substance.sources),
        }
    });
    let families = catalog.families().iter().map(|family| CatalogFamily {
        id: family.id.to_string(),
        name: family.name.to_string(),
        kind: family.kind.as_str(),
        tested: family.tested,
    });
    let list =
        SubstanceList { substances: substances.collect(), families: families.collect(), catalog: catalog.version() };
    Ok(Answer(Shown::nothing(), Json(list)))
}

/// Parameters of the list of control facts. Lists are separated by commas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct ControlsQuery {
    /// Catalog ids.
    substance: Option<String>,
    /// `UN`, `EU` or ISO 3166 alpha-2 codes: whose list it is.
    jurisdiction: Option<String>,
    /// In force from this day on, or later; facts without a day are left out.
    #[param(value_type = Option<String>, format = Date)]
    since: Option<Day>,
}

/// One dated fact of control.
#[derive(Serialize, ToSchema)]
pub(crate) struct Control {
    substance: String,
    jurisdiction: String,
    /// As the list words it.
    status: String,
    /// First day in force.
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<Day>,
    /// Whether a source gives that very day. Not confirmed is unknown, not uncontrolled.
    day_confirmed: bool,
    /// Last day in force; absent: still.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Day>,
    /// What the date is, where it is not plainly a day in force.
    note: Option<String>,
    /// Where it is written.
    source: String,
}

/// Control facts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ControlList {
    /// By substance, jurisdiction and date.
    controls: Vec<Control>,
    /// Version of the reference data.
    catalog: String,
}

/// The dated control facts of the catalog.
#[utoipa::path(
    get, path = "/api/v1/catalog/controls", tag = "catalog", params(ControlsQuery),
    responses((status = 200, body = ControlList), (status = "default", response = ProblemAnswer))
)]
pub(crate) async fn controls(
    State(api): State<Api>,
    _reader: Reader,
    RawQuery(query): RawQuery,
) -> Result<Answer<Json<ControlList>>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let ids = params.texts("substance")?;
    let jurisdictions = params.list("jurisdiction", "UN, EU or an ISO 3166 alpha-2 code", Jurisdiction::parse)?;
    let since = params.day("since")?;
    params.finish()?;
    let catalog = api.model.catalog();
    let mut controls = Vec::new();
    for substance in catalog.substances().iter().filter(|s| ids.is_empty() || ids.iter().any(|id| **id == *s.id)) {
        for fact in &substance.controls {
            let wanted = jurisdictions.is_empty() || jurisdictions.contains(&fact.jurisdiction);
            if wanted && since.is_none_or(|since| fact.date.is_some_and(|date| date >= since)) {
                controls.push(Control {
                    substance: substance.id.to_string(),
                    jurisdiction: fact.jurisdiction.to_string(),
                    status: fact.status.to_string(),
                    date: fact.date,
                    day_confirmed: fact.day_confirmed,
                    until: fact.until,
                    note: fact.note.as_ref().map(ToString::to_string),
                    source: fact.source.to_string(),
                });
            }
        }
    }
    Ok(Answer(Shown::nothing(), Json(ControlList { controls, catalog: catalog.version() })))
}

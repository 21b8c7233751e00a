//! Exact volumes, as JSON or as a table.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headwater_model::{Day, Evidence, Marking, WINDOW_DAYS};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::openapi::ProblemAnswer;
use super::shown::{Answer, Shown};
use super::table::{Column, Format, Table};
use crate::params::{Params, words};
use crate::read::{Granularity, Refused, Reporters, RollUp, Selection, SourceState, VolumeLine, VolumeSheet};
use crate::{Problem, Reader};

/// Lines of one page of JSON.
const LIMIT: usize = 1_000;
const LIMIT_MAX: usize = 10_000;

/// Lines of a table: some 200 MB as CSV.
const TABLE_LINES_MAX: usize = 1_000_000;

/// Parameters of volumes. Lists are separated by commas.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct VolumesQuery {
    /// Catalog ids, or `unmapped:...`.
    substance: Option<String>,
    /// Precursor or market families.
    family: Option<String>,
    /// ISO 3166 alpha-2 codes of the last country of a route.
    market: Option<String>,
    /// Of the first.
    origin: Option<String>,
    /// Routes, written `CN>MX>US`.
    route: Option<String>,
    /// Reporting organisations.
    source: Option<String>,
    /// Kinds of evidence. They are never added to each other.
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
    /// Only what became known after that day: lines are changes then, and may be negative.
    #[param(value_type = Option<String>, format = Date)]
    since: Option<Day>,
    /// `day` (default: each figure under its own last day and length), `week`, `month`, `quarter`, `year`.
    granularity: Option<String>,
    /// `route` (default), `ends` (origin and destination), `market`.
    roll_up: Option<String>,
    /// 7, 28, 91 or 364: adds `window_mass_mg` and `window_incidents`, sums of the days that end with each line's day.
    window: Option<u16>,
    /// `json` (default), `csv`, `arrow` (IPC stream), `parquet`; or by the header Accept.
    format: Option<String>,
    /// Lines of a page of JSON, 1 to 10,000; 1,000 without it.
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same other parameters.
    cursor: Option<String>,
}

/// One line. Columns and their order are the same in every format; in a table those that are absent here are empty.
#[derive(Serialize, ToSchema)]
pub(crate) struct VolumeRow {
    /// The last day of the figure's period, or of the span.
    #[schema(value_type = String, format = Date)]
    day: Day,
    /// Days of the period, or of the span.
    period_days: u16,
    /// Catalog id, or `unmapped:...`.
    substance: String,
    /// Main precursor family.
    family: Option<String>,
    /// Market family.
    market_family: Option<String>,
    /// Absent where routes are rolled up.
    route: Option<String>,
    /// Absent where they are rolled up to markets.
    origin: Option<String>,
    market: String,
    /// Reporting organisation.
    source: String,
    #[schema(value_type = String)]
    evidence: Evidence,
    /// Milligrams.
    mass_mg: i64,
    pieces: i64,
    incidents: i64,
    /// Signed count of observations.
    events: i64,
    /// Milligrams of the window that ends on `day`.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_mass_mg: Option<i64>,
    /// And incidents.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_incidents: Option<i64>,
}

/// How much of what a source reports of a day has most likely arrived.
#[derive(Serialize, ToSchema)]
pub(crate) struct Arrived {
    /// A day of these lines.
    #[schema(value_type = String, format = Date)]
    day: Day,
    source: String,
    /// From 0 to 1, from how long the source's reports of the last 364 days took.
    arrived_share: f64,
}

/// Volumes.
#[derive(Serialize, ToSchema)]
pub(crate) struct VolumeList {
    /// By day, length, substance, route, source and kind. A line whose every sum is 0 is left out.
    volumes: Vec<VolumeRow>,
    /// By day and source, of these lines: below 1 the figures are provisional.
    arrived: Vec<Arrived>,
    /// Lines in all.
    lines: u64,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
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

/// Exact volumes by substance, route, reporter and kind of evidence, over exactly the records that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/volumes", tag = "volumes", params(VolumesQuery),
    responses(
        (status = 200, content(
            (VolumeList = "application/json"), (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"), (Vec<u8> = "application/vnd.apache.parquet")
        )),
        (status = "default", response = ProblemAnswer)
    )
)]
pub(crate) async fn volumes(
    State(api): State<Api>,
    reader: Reader,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Answer<Response>, Problem> {
    let mut params = Params::new(query.as_deref())?;
    let selection = selection(&mut params)?;
    let format = Format::of(&mut params, &headers)?;
    let limit = params.limit(LIMIT, LIMIT_MAX)?;
    let cursor = params.one("cursor", "`next_cursor` of an answer", Place::read)?;
    params.finish()?;
    let computed_up_to = reader.clearance.marking();
    let as_of = selection.as_of;
    let (sheet, reporters) = sheet(&api, &reader, selection).await?;
    let row = |line: &VolumeLine| VolumeRow::of(&api, line);
    let Format::Json = format else {
        if sheet.lines.len() > TABLE_LINES_MAX {
            let lines = sheet.lines.len();
            return Err(Problem::too_much(format!(
                "{lines} lines: a table has at most {TABLE_LINES_MAX}; ask for less"
            )));
        }
        let rows: Vec<VolumeRow> = sheet.lines.iter().map(row).collect();
        let file = table(&rows, sheet.marking.unwrap_or(Marking::Clear), &api).answer(format, "volumes")?;
        return Ok(Answer(Shown { file: Some(format), ..Shown::of(sheet.marking) }, file));
    };
    let from = cursor.map_or(0, |cursor| sheet.lines.partition_point(|line| cursor.cmp_line(line) != Ordering::Less));
    let page = &sheet.lines[from..sheet.lines.len().min(from + limit)];
    let more = from + page.len() < sheet.lines.len();
    let list = VolumeList {
        arrived: arrived(page, &reporters.sources, as_of),
        volumes: page.iter().map(row).collect(),
        lines: sheet.lines.len() as u64,
        next_cursor: page.last().filter(|_| more).map(|line| Place::of(line).write()),
        marking: sheet.marking.map(Marking::as_str),
        computed_up_to: computed_up_to.as_str(),
        complete_to: reporters.complete.overall,
        complete_to_set_by: reporters.complete.set_by.clone(),
        simulated: sheet.simulated,
    };
    Ok(Answer(Shown::of(sheet.marking), Json(list).into_response()))
}

fn arrived(page: &[VolumeLine], sources: &[SourceState], as_of: Option<Day>) -> Vec<Arrived> {
    let mut shares = BTreeMap::new();
    for line in page {
        let source = sources.binary_search_by(|state| state.source.as_str().cmp(&line.source));
        if let Some(share) = source.ok().and_then(|at| sources[at].arrived_share(line.day, as_of)) {
            shares.insert((line.day, line.source.as_str()), share);
        }
    }
    let row =
        |((day, source), arrived_share): ((Day, &str), f64)| Arrived { day, source: source.to_owned(), arrived_share };
    shares.into_iter().map(row).collect()
}

/// The sheet of a selection, and the sources.
pub(super) async fn sheet(api: &Api, reader: &Reader, of: Selection) -> Result<(VolumeSheet, Arc<Reporters>), Problem> {
    let asked = api.ask(reader, move |view, given_up| {
        let sheet = view.volumes(&of, given_up).map_err(refused)?;
        Ok((sheet, view.reporters()))
    });
    asked.await
}

/// Why a question to the read model has no answer.
pub(super) fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::TooMuch { at_most } => Problem::too_much(format!(
            "the question adds up more than {at_most} figures: name substances, markets, sources or kinds"
        )),
        Refused::Overflow(day) => Problem::too_much(format!("a sum on {day} leaves 64 bits: ask for less at a time")),
        Refused::GivenUp => Problem::timed_out("nobody waited for the answer"),
    }
}

fn selection(params: &mut Params) -> Result<Selection, Problem> {
    let roll_ups = [("route", RollUp::Route), ("ends", RollUp::Ends), ("market", RollUp::Market)];
    let mut selection = common(params)?;
    selection.roll_up = params.word("roll_up", &roll_ups)?.unwrap_or_default();
    selection.granularity = params.word("granularity", &Granularity::ALL)?.unwrap_or_default();
    selection.window_days = window(params)?;
    Ok(selection)
}

/// What every question to volumes may narrow by.
pub(super) fn common(params: &mut Params) -> Result<Selection, Problem> {
    let selection = Selection {
        substances: params.texts("substance")?,
        families: params.texts("family")?,
        markets: params.countries("market")?,
        origins: params.countries("origin")?,
        routes: params.texts("route")?,
        sources: params.texts("source")?,
        evidence: params.words("evidence", words!(Evidence))?,
        from: params.day("from")?,
        to: params.day("to")?,
        as_of: params.day("as_of")?,
        since: params.day("since")?,
        ..Selection::default()
    };
    if let (Some(from), Some(to)) = (selection.from, selection.to)
        && from > to
    {
        return Err(Problem::field("from", &from.to_string(), format!("a day that is not after `to`, {to}")));
    }
    Ok(selection)
}

/// The length of the window that is asked for.
pub(super) fn window(params: &mut Params) -> Result<Option<i32>, Problem> {
    let allowed = format!("one of {}", WINDOW_DAYS.map(|days| days.to_string()).join(", "));
    params.one("window", &allowed, |value| value.parse().ok().filter(|days| WINDOW_DAYS.contains(days)))
}

impl VolumeRow {
    fn of(api: &Api, line: &VolumeLine) -> VolumeRow {
        let catalog = api.model.catalog();
        let known = catalog.get(&line.substance);
        let family = |ix| catalog.family_at(ix).id.to_string();
        let [mass_mg, pieces, incidents, events] = line.sums;
        VolumeRow {
            day: line.day,
            period_days: line.period_days,
            substance: line.substance.clone(),
            family: known.and_then(|substance| substance.families.first().copied()).map(family),
            market_family: known.and_then(|substance| substance.market_family).map(family),
            route: line.route.clone(),
            origin: line.origin.map(|country| country.to_string()),
            market: line.market.to_string(),
            source: line.source.clone(),
            evidence: line.evidence,
            mass_mg,
            pieces,
            incidents,
            events,
            window_mass_mg: line.window.map(|[mass_mg, _]| mass_mg),
            window_incidents: line.window.map(|[_, incidents]| incidents),
        }
    }
}

fn table(rows: &[VolumeRow], marking: Marking, api: &Api) -> Table {
    let text = |get: fn(&VolumeRow) -> Option<&str>| {
        Column::Text(rows.iter().map(|row| get(row).map(str::to_owned)).collect())
    };
    let number = |get: fn(&VolumeRow) -> Option<i64>| Column::Number(rows.iter().map(get).collect());
    let columns = vec![
        ("day", Column::Day(rows.iter().map(|row| row.day).collect())),
        ("period_days", number(|row| Some(row.period_days.into()))),
        ("substance", text(|row| Some(&row.substance))),
        ("family", text(|row| row.family.as_deref())),
        ("market_family", text(|row| row.market_family.as_deref())),
        ("route", text(|row| row.route.as_deref())),
        ("origin", text(|row| row.origin.as_deref())),
        ("market", text(|row| Some(&row.market))),
        ("source", text(|row| Some(&row.source))),
        ("evidence", text(|row| Some(row.evidence.as_str()))),
        ("mass_mg", number(|row| Some(row.mass_mg))),
        ("pieces", number(|row| Some(row.pieces))),
        ("incidents", number(|row| Some(row.incidents))),
        ("events", number(|row| Some(row.events))),
        ("window_mass_mg", number(|row| row.window_mass_mg)),
        ("window_incidents", number(|row| row.window_incidents)),
    ];
    Table { columns, marking, versions: (*api.versions).clone() }
}

/// Where a line stands among all.
struct Place {
    day: i32,
    period_days: u16,
    /// Substance, route, source and kind.
    texts: [String; 4],
}

/// What a line's route is in the order of lines.
fn way(line: &VolumeLine) -> String {
    match (&line.route, line.origin) {
        (Some(route), _) => route.clone(),
        (None, Some(origin)) => format!("{origin}>{}", line.market),
        (None, None) => line.market.to_string(),
    }
}

impl Place {
    fn of(line: &VolumeLine) -> Place {
        let texts = [line.substance.clone(), way(line), line.source.clone(), line.evidence.as_str().to_owned()];
        Place { day: line.day.0, period_days: line.period_days, texts }
    }

    /// Where a line stands beside this place.
    fn cmp_line(&self, line: &VolumeLine) -> Ordering {
        let own = (line.day.0, line.period_days, &line.substance, way(line), &line.source, line.evidence.as_str());
        let [substance, way, source, evidence] = &self.texts;
        (self.day, self.period_days, substance, way.clone(), source, evidence.as_str()).cmp(&own)
    }

    fn write(&self) -> String {
        let Place { day, period_days, texts } = self;
        URL_SAFE_NO_PAD.encode(format!("{day}\n{period_days}\n{}", texts.join("\n")))
    }

    fn read(text: &str) -> Option<Place> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(6, '\n').map(str::to_owned);
        let (day, period_days) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Place { day, period_days, texts: [parts.next()?, parts.next()?, parts.next()?, parts.next()?] })
    }
}

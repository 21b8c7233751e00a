//! Questions to the archive: how they are asked, narrowed, refused and answered.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use headwater_history::{
    Bounds, DayRange, Deadline, Filter, Format as FileFormat, History, HistoryError, Page, Seen, Table,
};
use headwater_model::{Clearance, Day, EventRef, Evidence, KnownDay};
use serde::Serialize;

use super::shown::{Answer, Shown};
use super::table::Format;
use super::{AGAIN_AFTER_S, Api, QUESTION_AT_MOST};
use crate::Problem;
use crate::params::{Params, words};

/// Rows of one page of JSON.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// Rows of a file: some 60 MB of observations as CSV.
const FILE_ROWS_MAX: usize = 100_000;

/// Days of an open end: what [`Bounds`] allow.
const DAYS: i32 = 40_000;

/// In what an answer comes, and which part of it.
pub(super) struct Wanted {
    pub format: Format,
    pub page: Page,
}

impl Wanted {
    pub fn of(params: &mut Params, headers: &HeaderMap) -> Result<Wanted, Problem> {
        let format = Format::of(params, headers)?;
        let size = params.limit(LIMIT, LIMIT_MAX)?;
        let after = params.one("cursor", "`next_cursor` of an answer", |cursor| Some(cursor.to_owned()))?;
        let page = match format {
            Format::Json => Page { size, after },
            _ => Page { size: FILE_ROWS_MAX, after: None },
        };
        Ok(Wanted { format, page })
    }

    /// Of an answer that has no further pages, with a limit.
    pub fn whole(params: &mut Params, headers: &HeaderMap) -> Result<Wanted, Problem> {
        let Wanted { format, page } = Wanted::all(params, headers)?;
        let size = params.limit(LIMIT, LIMIT_MAX)?;
        Ok(Wanted { format, page: if format == Format::Json { Page { size, after: None } } else { page } })
    }

    /// Of an answer that comes whole.
    pub fn all(params: &mut Params, headers: &HeaderMap) -> Result<Wanted, Problem> {
        Ok(Wanted { format: Format::of(params, headers)?, page: Page { size: FILE_ROWS_MAX, after: None } })
    }

    /// The rows as a file of that name, or as the JSON that they are made into.
    ///
    /// # Errors
    /// Where there are more rows than a file may have.
    pub fn answer<T: Table, L: Serialize>(
        &self,
        name: &str,
        rows: Vec<T>,
        all: u64,
        seen: &Seen,
        list: impl FnOnce(Vec<T>) -> L,
    ) -> Result<Answer<Response>, Problem> {
        if let Some(file) = self.file(name, &rows, all, seen)? {
            return Ok(file);
        }
        Ok(Answer(Shown::of(seen.marking), Json(list(rows)).into_response()))
    }

    /// The rows as a file of that name; none for JSON.
    ///
    /// # Errors
    /// Where there are more rows than a file may have.
    pub fn file<T: Table>(
        &self,
        name: &str,
        rows: &[T],
        all: u64,
        seen: &Seen,
    ) -> Result<Option<Answer<Response>>, Problem> {
        let format = match self.format {
            Format::Json => return Ok(None),
            Format::Csv => FileFormat::Csv,
            Format::Arrow => FileFormat::Arrow,
            Format::Parquet => FileFormat::Parquet,
        };
        if all > rows.len() as u64 {
            return Err(Problem::too_much(format!("{all} rows: a file has at most {FILE_ROWS_MAX}; ask for less")));
        }
        let body = headwater_history::export(rows, seen, format).map_err(refused)?;
        let headers = [
            (CONTENT_TYPE, format.media_type().to_owned()),
            (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{}\"", format.as_str())),
        ];
        let shown = Shown { file: Some(self.format), ..Shown::of(seen.marking) };
        Ok(Some(Answer(shown, (headers, body).into_response())))
    }
}

/// Which rows of the archive, as the parameters say.
pub(super) fn filter(params: &mut Params) -> Result<Filter, Problem> {
    let sources = params.texts("source")?;
    let ids = params.texts("event_id")?;
    let events = match &sources[..] {
        _ if ids.is_empty() => Vec::new(),
        [source] => ids.into_iter().map(|event_id| EventRef { source: source.clone(), event_id }).collect(),
        _ => return Err(Problem::field("event_id", &ids.join(","), "ids of events of the one `source` that is given")),
    };
    Ok(Filter {
        substances: params.texts("substance")?,
        routes: params.texts("route")?,
        origins: params.countries("origin")?,
        markets: params.countries("market")?,
        sources,
        evidence: params.words("evidence", words!(Evidence))?,
        place_countries: params.countries("place_country")?,
        subdivisions: params.texts("subdivision")?,
        offices: params.texts("office")?,
        event_days: days(params.day("from")?, params.day("to")?),
        flagged: params.word("flagged", &[("true", true), ("false", false)])?,
        events,
    })
}

/// Days from one to another; an end that is open lies as far off as may be asked for.
pub(super) fn days(from: Option<Day>, to: Option<Day>) -> Option<DayRange> {
    match (from, to) {
        (None, None) => None,
        (Some(from), Some(to)) => Some(DayRange { from, to }),
        (Some(from), None) => Some(DayRange { from, to: from + (DAYS - 1) }),
        (None, Some(to)) => Some(DayRange { from: to + (1 - DAYS), to }),
    }
}

/// A day up to which something was known.
pub(super) fn known(params: &mut Params, name: &'static str) -> Result<Option<KnownDay>, Problem> {
    Ok(params.day(name)?.map(KnownDay))
}

impl Api {
    /// Asks the archive on behalf of a reader, off the threads that serve connections, as many at a time as may be.
    pub(super) async fn dig<R: Send + 'static>(
        &self,
        reader: Arc<Clearance>,
        question: impl FnOnce(&History, &Clearance, &Bounds) -> Result<R, HistoryError> + Send + 'static,
    ) -> Result<R, Problem> {
        let history = self.history.clone();
        let work = move |given_up: Arc<AtomicBool>| {
            let deadline = Deadline::after(QUESTION_AT_MOST).or_when(given_up);
            let bounds = Bounds { deadline, page_rows_max: FILE_ROWS_MAX, ..Bounds::default() };
            question(&history, &reader, &bounds).map_err(refused)
        };
        self.work(&self.digs, work).await
    }
}

/// Why a question to the archive has no answer. Which objects it would have read is nobody's business.
fn refused(error: HistoryError) -> Problem {
    let said = error.to_string();
    let parameter = match error.field() {
        Some("substances") => "substance",
        Some("routes") => "route",
        Some("origins") => "origin",
        Some("markets") => "market",
        Some("sources") => "source",
        Some("place_countries") => "place_country",
        Some("subdivisions") => "subdivision",
        Some("offices") => "office",
        Some("events") => "event_id",
        Some("event_days") => "from",
        Some("page.size") => "limit",
        Some("page.after") => "cursor",
        Some(other) => other,
        None => "",
    };
    match &error {
        HistoryError::TooManyRows { .. } | HistoryError::TooMuchMemory { .. } | HistoryError::Overflow { .. } => {
            Problem::too_much(said)
        }
        HistoryError::TooManyFiles { .. } => Problem::too_much(said),
        HistoryError::Deadline { .. } => Problem::timed_out(format!("{said}: ask for less, or ask again")),
        _ if error.field().is_some() => {
            Problem::field(parameter, &error.value().unwrap_or_default(), "what is described").saying(said)
        }
        _ if error.is_passing() => Problem::busy("the store does not answer; ask again", AGAIN_AFTER_S),
        _ => Problem::internal("the archive could not be read: see `headwater archive verify`"),
    }
}

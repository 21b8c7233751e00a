//! One row of the table and the event that it becomes.

use headwater_model::{
    Day, Decimal, EventPlace, Evidence, INCIDENTS_MAX, Marking, Quantity, SeizedItem, SeizureEvent, Unit, days_in_month,
};
use xxhash_rust::xxh3::Xxh3;

use super::{CbpOptions, offices};
use crate::error::{ImportError, RowError, RowProblem};
use crate::lines::Row;

/// The columns of the table; their order in a file is free.
pub const COLUMNS: [&str; 9] = [
    "FY",
    "Month (abbv)",
    "Component",
    "Region",
    "Land Filter",
    "Area of Responsibility",
    "Drug Type",
    "Count of Event",
    "Sum Qty (lbs)",
];
// Places in COLUMNS.
const FY: usize = 0;
const MONTH: usize = 1;
const COMPONENT: usize = 2;
const REGION: usize = 3;
const LAND_FILTER: usize = 4;
const OFFICE: usize = 5;
const DRUG: usize = 6;
const COUNT: usize = 7;
const POUNDS: usize = 8;

/// The `source` of every event.
pub const SOURCE: &str = "US-CBP";

/// In the order of the calendar year.
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const COMPONENTS: [&str; 2] = ["Office of Field Operations", "U.S. Border Patrol"];
const REGIONS: [&str; 3] = ["Coastal/Interior", "Northern Border", "Southwest Border"];
const LAND_FILTERS: [&str; 2] = ["Land Only", "Other"];

/// Fiscal years: the service was founded in 2003, and a year past this one is a typing error.
const FISCAL_YEARS: std::ops::RangeInclusive<i32> = 2003..=2100;
/// 100,000 tonnes, the most that a record of the contract may weigh, in whole pounds.
const POUNDS_MAX: f64 = 220_462_262.0;
/// Longest drug name, in bytes: the longest seen is 18, and the contract's text fields are short.
const DRUG_BYTES_MAX: usize = 128;

type Fault = (&'static str, RowProblem);

/// When a row's figure became known, and as which revision of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    /// So many days after the end of its month, as the only revision.
    Lag(u32),
    /// By the edition of a day.
    Edition(Day, u32),
}

/// Where each column stands in a file.
pub(super) struct Header([usize; 9]);

/// A row that is an event.
pub(super) struct Taken {
    pub event: SeizureEvent,
    /// Which of the tables.
    pub table: usize,
    pub file: String,
    pub line: u64,
    /// The first day of its month.
    pub first: Day,
    raw: String,
}

impl Taken {
    /// The order of the output, then of the rows that stand for one event.
    pub fn order(&self) -> (&str, &str, &str, usize, u64) {
        (&self.event.reported_at, &self.event.event_id, &self.file, self.table, self.line)
    }

    /// Count and pounds as people read them.
    pub fn figures(&self) -> String {
        format!("{} seizures, {} lb", self.incidents(), self.pounds())
    }

    pub fn incidents(&self) -> u32 {
        self.event.incidents.unwrap_or(1)
    }

    /// Pounds as written.
    pub fn pounds(&self) -> &str {
        self.event.items[0].quantity.as_ref().map_or("", |q| q.value.as_str())
    }

    pub fn error(self, column: &'static str, problem: RowProblem) -> RowError {
        RowError { file: self.file, line: self.line, column, problem, raw: self.raw }
    }
}

impl Header {
    pub fn read(file: &str, row: Option<Row>) -> Result<Header, ImportError> {
        let (line, names, raw) = row.map_or((1, csv::ByteRecord::new(), &b""[..]), |r| (r.line, r.fields, r.raw));
        let mut places = [None; 9];
        for (place, name) in names.iter().enumerate() {
            let name = String::from_utf8_lossy(name);
            match COLUMNS.iter().position(|c| *c == name.trim()) {
                Some(column) if places[column].is_none() => places[column] = Some(place),
                _ => {
                    let known = listed(&COLUMNS);
                    let (file, column) = (file.to_owned(), name.into_owned());
                    return Err(ImportError::UnknownColumn { file, line, number: place + 1, column, known });
                }
            }
        }
        let mut found = [0; 9];
        for (column, place) in places.into_iter().enumerate() {
            found[column] = place.ok_or_else(|| ImportError::MissingColumn {
                file: file.to_owned(),
                line,
                column: COLUMNS[column],
                header: String::from_utf8_lossy(raw).into_owned(),
            })?;
        }
        Ok(Header(found))
    }

    /// The event of a row, or the column at fault and what is wrong.
    pub fn take(
        &self,
        table: usize,
        file: &str,
        row: &Row,
        known: Known,
        options: &CbpOptions,
    ) -> Result<Taken, Fault> {
        if row.fields.len() != COLUMNS.len() {
            return Err(("", RowProblem::Fields { found: row.fields.len(), expected: COLUMNS.len() }));
        }
        let mut fields = [""; 9];
        for (column, place) in self.0.into_iter().enumerate() {
            let bytes = &row.fields[place];
            let text = std::str::from_utf8(bytes)
                .map_err(|_| (COLUMNS[column], RowProblem::Utf8(String::from_utf8_lossy(bytes).into_owned())))?;
            fields[column] = text.trim();
            if fields[column].is_empty() {
                return Err((COLUMNS[column], RowProblem::Empty));
            }
        }
        let first = first_of_month(fiscal_year(fields[FY])?, member(&fields, MONTH, "month", &MONTHS)?);
        let event = event(&fields, first, known, options)?;
        let raw = String::from_utf8_lossy(row.raw).into_owned();
        Ok(Taken { event, table, file: file.to_owned(), line: row.line, first, raw })
    }
}

fn event(fields: &[&str; 9], first: Day, known: Known, options: &CbpOptions) -> Result<SeizureEvent, Fault> {
    let (year, month, _) = first.ymd();
    let days = days_in_month(year, month) as i32;
    member(fields, COMPONENT, "component", &COMPONENTS)?;
    member(fields, REGION, "region", &REGIONS)?;
    member(fields, LAND_FILTER, "land filter", &LAND_FILTERS)?;
    let office = fields[OFFICE];
    if !offices::is_known(office) && !options.more_offices.contains(office) {
        let problem = RowProblem::UnknownOffice { value: office.into(), nearest: offices::nearest(office) };
        return Err((COLUMNS[OFFICE], problem));
    }
    if fields[DRUG].len() > DRUG_BYTES_MAX {
        let range = format!("a name of at most {DRUG_BYTES_MAX} bytes");
        return Err((COLUMNS[DRUG], RowProblem::OutOfRange { value: fields[DRUG].into(), range }));
    }
    let incidents = incidents(fields[COUNT])?;
    let pounds = pounds(fields[POUNDS])?;
    let (known_on, revision) = match known {
        // The lag is checked to be at most LAG_DAYS_MAX, so it fits.
        Known::Lag(days_after) => (first + (days - 1) + days_after as i32, 0),
        Known::Edition(day, _) if first > day => {
            return Err((COLUMNS[MONTH], RowProblem::AfterEdition { first, edition: day }));
        }
        Known::Edition(day, revision) => (day, revision),
    };
    let reported_at = midnight(known_on);
    Ok(SeizureEvent {
        revision: Some(revision),
        period_days: Some(days as u16),
        place: EventPlace::Parts {
            country: "US".into(),
            subdivision: Some(fields[REGION].into()),
            office: Some(office.into()),
        },
        items: vec![SeizedItem {
            name: Some(fields[DRUG].into()),
            quantity: Some(Quantity::new(pounds, Unit::Pound)),
            ..SeizedItem::default()
        }],
        incidents: Some(incidents),
        marking: Some(Marking::Clear),
        ..SeizureEvent::new(SOURCE, &event_id(fields), Evidence::Seizure, first, &reported_at)
    })
}

/// The beginning of a day, UTC, as the contract writes times.
pub(super) fn midnight(day: Day) -> String {
    format!("{day}T00:00:00Z")
}

/// The first day of a month (index in [`MONTHS`]) of a US fiscal year, which begins in October of the year before.
fn first_of_month(fiscal_year: i32, month: usize) -> Day {
    let year = if month >= 9 { fiscal_year - 1 } else { fiscal_year };
    // A first of the month in FISCAL_YEARS always exists.
    Day::from_ymd(year, month as u32 + 1, 1).unwrap_or(Day(0))
}

/// Names the row for ever: a hash of its seven dimensions, so that a later edition gives it the same id.
fn event_id(fields: &[&str; 9]) -> String {
    let mut hash = Xxh3::with_seed(0);
    for dimension in &fields[FY..=DRUG] {
        hash.update(&(dimension.len() as u64).to_le_bytes()); // or ("ab", "c") and ("a", "bc") would be one row
        hash.update(dimension.as_bytes());
    }
    format!("{:032x}", hash.digest128())
}

fn member(fields: &[&str; 9], column: usize, what: &'static str, list: &[&str]) -> Result<usize, Fault> {
    let value = fields[column];
    let unknown = || (COLUMNS[column], RowProblem::Unknown { what, value: value.into(), known: listed(list) });
    list.iter().position(|known| *known == value).ok_or_else(unknown)
}

fn listed(list: &[&str]) -> String {
    list.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn fiscal_year(text: &str) -> Result<i32, Fault> {
    let fault = |problem| (COLUMNS[FY], problem);
    if text.len() != 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault(RowProblem::NotANumber { what: "a fiscal year of four digits", value: text.into() }));
    }
    let year = text.parse().unwrap_or(0); // four digits always parse
    if !FISCAL_YEARS.contains(&year) {
        let range = format!("fiscal years {} to {}", FISCAL_YEARS.start(), FISCAL_YEARS.end());
        return Err(fault(RowProblem::OutOfRange { value: text.into(), range }));
    }
    Ok(year)
}

fn incidents(text: &str) -> Result<u32, Fault> {
    let fault = |problem| (COLUMNS[COUNT], problem);
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault(RowProblem::NotANumber { what: "a whole number", value: text.into() }));
    }
    let count = text.parse::<u32>().ok().filter(|n| i64::from(*n) <= INCIDENTS_MAX);
    count.ok_or_else(|| fault(RowProblem::OutOfRange { value: text.into(), range: format!("0 to {INCIDENTS_MAX}") }))
}

fn pounds(text: &str) -> Result<Decimal, Fault> {
    let fault = |problem| (COLUMNS[POUNDS], problem);
    let what = "a decimal number (digits, a point, no separators)";
    let value = Decimal::parse(text).ok_or_else(|| fault(RowProblem::NotANumber { what, value: text.into() }))?;
    let float: f64 = text.parse().unwrap_or(f64::NAN); // to compare only; the figure stays as written
    if text.starts_with('-') || !(0.0..=POUNDS_MAX).contains(&float) {
        return Err(fault(RowProblem::OutOfRange { value: text.into(), range: format!("0 to {POUNDS_MAX} lb") }));
    }
    Ok(value)
}

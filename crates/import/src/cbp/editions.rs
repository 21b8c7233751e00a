//! Editions of the table: what each changed, known on the day on which it was published.
//!
//! An edition speaks of the months from the first to the last that it names. Inside them it is the whole truth: a row
//! that it has and earlier ones lack is new, a row with other figures is changed, and a row that it lacks is withdrawn.
//! About other months it says nothing. So the files of single fiscal years, which are brought up to date each by itself,
//! can be given beside those of many.
//!
//! The outcome is sorted by day, so that a further edition of a later day only appends lines to it: a file of events that
//! is read as it grows can be written again with one edition more.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use headwater_model::{Day, SeizureEvent, Status, Withdrawal};
use serde::Serialize;

use super::row::{Known, SOURCE, Taken, midnight};
use super::{CbpOptions, read_table, repeat_of};
use crate::error::{ImportError, RowError};
use crate::write_lines;

/// The first day that an edition can have, 2000-01-01: an edition's revision is its distance to it in days, so that
/// editions imported in several runs count on. The service that publishes the table was founded in 2003.
pub const FIRST_EDITION: Day = Day(10_957);
/// Most lines that editions can become. Four fiscal years have 10,092 rows; this is a hundred times as many, and
/// bounds what is held, about 1 kB a line: 1 GB, besides one edition's text.
pub const CHANGES_MAX: usize = 1_000_000;

/// One publication of the table.
#[derive(Clone, Debug)]
pub struct Edition<R> {
    /// The day of its publication.
    pub published_on: Day,
    /// The name that its errors shall carry.
    pub file: String,
    /// Its text.
    pub reader: R,
}

/// What editions were turned into.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Editions {
    /// What was new, changed or withdrawn, sorted by (day of the edition, event id).
    pub changes: Vec<Change>,
    /// The rows that were skipped, sorted by (day of the edition, line); empty unless skipping was asked for.
    pub rejects: Vec<RowError>,
    /// Changes that are the first word on a row, or the first after its withdrawal.
    pub new: u64,
    /// Changes that give a row other figures.
    pub changed: u64,
    /// Changes that take a row back.
    pub withdrawn: u64,
    /// Rows that say what an earlier edition said: nothing is written for them.
    pub unchanged: u64,
    /// Rows that an edition with skipped rows lacks. Each might be a skipped one, so none is withdrawn by it.
    pub undecided: u64,
}

impl Editions {
    /// Writes the changes as NDJSON, in their order.
    pub fn write_events(&self, out: impl Write) -> io::Result<()> {
        write_lines(&self.changes, out)
    }

    /// Writes the rejects as [`crate::Import::write_rejects`] does.
    pub fn write_rejects(&self, out: impl Write) -> io::Result<()> {
        write_lines(&self.rejects, out)
    }
}

/// A line of what editions were turned into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Change {
    /// A row that is new or has other figures than before.
    Row(Box<SeizureEvent>),
    /// A row that is no longer there.
    Gone(Withdrawal),
}

impl Change {
    fn event_id(&self) -> &str {
        match self {
            Change::Row(event) => &event.event_id,
            Change::Gone(withdrawal) => &withdrawal.event_id,
        }
    }
}

/// What is held of a row that stands.
struct Held {
    /// First day of its month.
    month: Day,
    incidents: u32,
    pounds: Box<str>,
    /// The last edition that had it.
    seen: usize,
}

/// Turns editions into changes. Neither the order in which they are given nor that of their rows shows in the outcome.
///
/// Held at a time are one edition's text (at most [`super::TABLE_BYTES_MAX`]) with its rows, the rows that stand, and
/// the changes, of which there are at most [`CHANGES_MAX`].
///
/// ```
/// use headwater_import::cbp::{Change, CbpOptions, Edition, import_editions};
/// use headwater_model::Day;
/// let header = "FY,Month (abbv),Component,Region,Land Filter,Area of Responsibility,Drug Type,Count of Event,Sum Qty (lbs)";
/// let row = "2019,OCT,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Heroin";
/// let edition = |day, figures: &str| Edition {
///     published_on: Day::parse(day).unwrap(),
///     file: format!("{day}.csv"),
///     reader: std::io::Cursor::new(format!("{header}\n{row},{figures}\n")),
/// };
/// let editions = [edition("2018-12-15", "2,3.5"), edition("2019-01-15", "2,3.50"), edition("2019-02-15", "3,4.25")];
/// let import = import_editions(editions, &CbpOptions::default()).unwrap();
/// assert_eq!((import.new, import.unchanged, import.changed), (1, 1, 1));
/// let Change::Row(last) = &import.changes[1] else { panic!() };
/// assert_eq!((last.reported_at.as_str(), last.revision), ("2019-02-15T00:00:00Z", Some(6_985)));
/// ```
///
/// # Errors
/// Two editions of one day, one before [`FIRST_EDITION`], and what [`super::import`] refuses, save that a row may say
/// something else than that of an earlier edition; a month that had not begun on the edition's day.
pub fn import_editions<R: Read>(
    editions: impl IntoIterator<Item = Edition<R>>,
    options: &CbpOptions,
) -> Result<Editions, ImportError> {
    let mut editions: Vec<Edition<R>> = editions.into_iter().collect();
    editions.sort_by(|a, b| (a.published_on, &a.file).cmp(&(b.published_on, &b.file)));
    check_days(&editions)?;
    let mut import = Editions::default();
    let mut standing = BTreeMap::new();
    for (index, edition) in editions.into_iter().enumerate() {
        add(index, edition, options, &mut standing, &mut import)?;
    }
    Ok(import)
}

fn check_days<R>(editions: &[Edition<R>]) -> Result<(), ImportError> {
    if let Some(early) = editions.first().filter(|edition| edition.published_on < FIRST_EDITION) {
        let (file, date) = (early.file.clone(), early.published_on);
        return Err(ImportError::EditionTooEarly { file, date, first: FIRST_EDITION });
    }
    match editions.windows(2).find(|pair| pair[0].published_on == pair[1].published_on) {
        Some(pair) => Err(ImportError::EditionTwice {
            date: pair[0].published_on,
            first: pair[0].file.clone(),
            second: pair[1].file.clone(),
        }),
        None => Ok(()),
    }
}

fn add<R: Read>(
    index: usize,
    edition: Edition<R>,
    options: &CbpOptions,
    standing: &mut BTreeMap<String, Held>,
    import: &mut Editions,
) -> Result<(), ImportError> {
    let Edition { published_on, file, reader } = edition;
    let revision = (published_on - FIRST_EDITION) as u32; // checked not to be negative
    let (mut taken, mut rejects) = (Vec::new(), Vec::new());
    let known = Known::Edition(published_on, revision);
    read_table(index, file.clone(), reader, known, options, &mut taken, &mut rejects)?;
    taken.sort_by(|a, b| a.order().cmp(&b.order()));
    let taken = distinct(taken, &mut rejects);
    rejects.sort_by_key(|reject| reject.line);
    if let Some(first) = rejects.first().filter(|_| !options.keep_going) {
        return Err(Box::new(first.clone()).into());
    }

    let months = || taken.iter().map(|row| row.first);
    let span = months().min().zip(months().max());
    let from = import.changes.len();
    for row in taken {
        let held = Held { month: row.first, incidents: row.incidents(), pounds: row.pounds().into(), seen: index };
        let before = standing.insert(row.event.event_id.clone(), held);
        match before.map(|before| before.incidents == row.incidents() && same_number(&before.pounds, row.pounds())) {
            Some(true) => import.unchanged += 1,
            before => {
                *(if before.is_none() { &mut import.new } else { &mut import.changed }) += 1;
                import.changes.push(Change::Row(Box::new(row.event)));
            }
        }
    }
    let lacks = |held: &Held| held.seen != index && span.is_some_and(|(a, b)| (a..=b).contains(&held.month));
    if rejects.is_empty() {
        for (event_id, _) in standing.extract_if(.., |_, held| lacks(held)) {
            let (reported_at, source) = (midnight(published_on), SOURCE.to_owned());
            let gone = Withdrawal { event_id, revision, status: Status::Withdrawn, reported_at, source };
            import.changes.push(Change::Gone(gone));
            import.withdrawn += 1;
        }
    } else {
        import.undecided += standing.values().filter(|held| lacks(held)).count() as u64;
    }
    if import.changes.len() > CHANGES_MAX {
        return Err(ImportError::TooManyChanges { file, limit: CHANGES_MAX });
    }
    import.changes[from..].sort_by(|a, b| a.event_id().cmp(b.event_id()));
    import.rejects.append(&mut rejects);
    Ok(())
}

/// The first row of each event; a further one is a reject. The rows are sorted by event and line.
fn distinct(taken: Vec<Taken>, rejects: &mut Vec<RowError>) -> Vec<Taken> {
    let mut kept: Vec<Taken> = Vec::with_capacity(taken.len());
    for next in taken {
        let first = kept.last().filter(|first| first.event.event_id == next.event.event_id);
        match first.and_then(|first| repeat_of(first, &next)) {
            Some(problem) => rejects.push(next.error("", problem)),
            None => kept.push(next),
        }
    }
    kept
}

/// Whether two numbers in JSON's grammar, none negative, have the same value: `3.5`, `3.50` and `35e-1` do.
fn same_number(one: &str, other: &str) -> bool {
    one == other || matches!((significant(one), significant(other)), (Some(a), Some(b)) if a == b)
}

/// The digits without zeros at either end, and the power of ten of the last; `None` beyond any power that can be kept.
fn significant(number: &str) -> Option<(String, i64)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let shortened = digits.trim_end_matches('0');
    let zeros = (digits.len() - shortened.len()) as i64;
    let shortened = shortened.trim_start_matches('0');
    if shortened.is_empty() {
        return Some((String::new(), 0)); // nothing is nothing, whatever its power of ten
    }
    let power = exponent.parse::<i64>().ok()?.checked_sub(fraction.len() as i64)?.checked_add(zeros)?;
    Some((shortened.to_owned(), power))
}

#[cfg(test)]
mod tests;

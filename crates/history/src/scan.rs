//! The one way to the rows of the archive: only what the reader may see, and of that only what is asked for.
//!
//! A row group that cannot hold a row is passed over by its bounds. Of the others the few columns that decide are read
//! first, and the rest only of the rows that are left.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use arrow_array::RecordBatch;
use arrow_array::types::{Date32Type, Int8Type, UInt16Type};
use headwater_model::{Clearance, Country, Day, Evidence, Flags, Input, KnownDay, Marking};
use headwater_store::ArchiveFile;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::file::statistics::Statistics;

use crate::columns::{BadColumn, Numbers, Texts, Words};
use crate::history::Opened;
use crate::seen::Seen;
use crate::{Bounds, Filter, History, HistoryError};

/// Longest period that there is.
const PERIOD_DAYS_MAX: i32 = 366;

/// Threads that read the files of one question.
const READERS: usize = 2;

/// Row groups that each of them is ahead of what adds them up.
const GROUPS_AHEAD: usize = 1;

/// Rows that are laid out at once: all of a row group.
const GROUP_ROWS: usize = 1 << 20;

/// Where a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub file: u32,
    pub group: u32,
    pub row: u32,
}

/// What is looked for.
pub(crate) struct Scan<'a> {
    pub reader: &'a Clearance,
    pub bounds: &'a Bounds,
    pub filter: &'a Filter,
    /// Only what was known by the end of that day.
    pub as_of: Option<KnownDay>,
    /// Only what was not yet known by the end of that day.
    pub since: Option<KnownDay>,
    pub rows: Rows,
}

/// Which kind of rows. Withdrawals have neither marking nor item: whoever asks tells them by the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    Items,
    Withdrawals,
    Both,
}

/// Rows of one row group that are left, with the columns asked for.
pub(crate) struct Piece<'a> {
    pub file: u32,
    pub group: u32,
    /// Where each row of the batch lies in its group.
    pub rows: &'a [u32],
    pub batch: &'a RecordBatch,
    /// What was found so far, to be told of the rows.
    pub seen: &'a mut Seen,
}

impl Piece<'_> {
    pub fn at(&self, row: usize) -> At {
        At { file: self.file, group: self.group, row: self.rows[row] }
    }

    /// Notes what its rows are, of the columns `source` and `marking`.
    pub fn note(&mut self) -> Result<(), BadColumn> {
        self.seen.note(self.batch)
    }
}

/// The files of one question, so that a second look sees the same.
pub(crate) struct Files(pub Vec<(Input, ArchiveFile)>);

impl Files {
    /// Names the file of a piece that is not what it should be.
    pub fn damaged(&self, piece: &Piece<'_>, bad: BadColumn) -> HistoryError {
        HistoryError::Damaged { key: self.0[piece.file as usize].1.key.clone(), problem: bad.to_string() }
    }
}

/// What a reader of files found: a row group with what is left of it, or the end of a file.
type Found = Result<Option<Group>, HistoryError>;

/// A row group, the rows of it that are left, and of these the columns asked for; without rows no columns.
struct Group {
    number: u32,
    rows: Vec<u32>,
    batch: Option<RecordBatch>,
}

impl Scan<'_> {
    /// Calls `each` with what is left of every row group, in the order of files and groups. Files are read by some threads
    /// ahead of it: unpacking the columns is nearly all of the work.
    pub fn run(
        &self,
        history: &History,
        files: &Files,
        columns: &[&'static str],
        each: &mut dyn FnMut(Piece<'_>) -> Result<(), HistoryError>,
    ) -> Result<Seen, HistoryError> {
        let mut seen = Seen { files: files.0.len() as u64, ..Seen::default() };
        thread::scope(|scope| {
            // Given up by an error, they find nobody who takes what they read.
            let readers: Vec<Receiver<Found>> = (0..READERS)
                .map(|reader| {
                    let (tell, found) = sync_channel(GROUPS_AHEAD);
                    scope.spawn(move || {
                        let own = (reader..files.0.len()).step_by(READERS);
                        own.map_while(|number| self.read_file(history, files, number, columns, &tell)).count()
                    });
                    found
                })
                .collect();
            for number in 0..files.0.len() {
                while let Ok(found) = readers[number % READERS].recv() {
                    let Some(Group { number: group, rows, batch }) = found? else { break };
                    seen.groups_read += 1;
                    if let Some(batch) = &batch {
                        each(Piece { file: number as u32, group, rows: &rows, batch, seen: &mut seen })?;
                    }
                }
            }
            Ok(seen)
        })
    }

    /// Tells what is left of the row groups of a file, and its end. None where nobody listens any more.
    fn read_file(
        &self,
        history: &History,
        files: &Files,
        number: usize,
        columns: &[&'static str],
        tell: &SyncSender<Found>,
    ) -> Option<()> {
        let (input, file) = &files.0[number];
        let opened = match self.in_time(number, files).and_then(|()| history.open(input, file)) {
            Ok(opened) => opened,
            Err(error) => return tell.send(Err(error)).ok(),
        };
        let damaged = |problem: String| HistoryError::Damaged { key: file.key.clone(), problem };
        for group in 0..opened.metadata.metadata().num_row_groups() {
            if !self.may_hold(&opened, group) {
                continue;
            }
            let read = || {
                self.in_time(number, files)?;
                let rows = self.left(&opened, group).map_err(damaged)?;
                let batch = match rows.is_empty() {
                    true => None,
                    false => Some(read(&opened, group, columns, Some(&rows)).map_err(damaged)?),
                };
                Ok(Some(Group { number: group as u32, rows, batch }))
            };
            tell.send(read()).ok()?;
        }
        tell.send(Ok(None)).ok()
    }

    pub fn in_time(&self, read: usize, files: &Files) -> Result<(), HistoryError> {
        if self.bounds.deadline.is_over() {
            return Err(HistoryError::Deadline { read, files: files.0.len() });
        }
        Ok(())
    }

    /// Whether a row group may hold a row that is asked for, by its bounds.
    fn may_hold(&self, opened: &Opened, group: usize) -> bool {
        let days = self.filter.event_days;
        // The longest period of the group: by so many days less one an event day may lie before the day of its figure.
        let longest = || days_of(opened, group, "period_days").map_or(PERIOD_DAYS_MAX, |(_, longest)| longest);
        let first = days.map(|days| days.from.0 - longest() + 1);
        // A withdrawal has no event day: the group is read for those that it may hold.
        let by_event =
            self.rows != Rows::Items || within(opened, group, "event_day", first, days.map(|days| days.to.0));
        by_event
            && within(
                opened,
                group,
                "known_on",
                self.since.map(|KnownDay(day)| day.0 + 1),
                self.as_of.map(|KnownDay(day)| day.0),
            )
    }

    /// The rows of a group that the reader may see and that are asked for.
    fn left(&self, opened: &Opened, group: usize) -> Result<Vec<u32>, String> {
        let filter = self.filter;
        let mut columns = vec!["sign", "marking", "releasable_to"];
        let mut want = |asked: bool, name: &'static str| {
            if asked {
                columns.push(name);
            }
        };
        want(!filter.substances.is_empty(), "substance");
        want(!filter.routes.is_empty(), "route");
        want(!filter.origins.is_empty(), "origin");
        want(!filter.markets.is_empty(), "market");
        want(!filter.sources.is_empty() || !filter.events.is_empty(), "source");
        want(!filter.evidence.is_empty(), "evidence");
        want(!filter.place_countries.is_empty(), "place_country");
        want(!filter.subdivisions.is_empty(), "subdivision");
        want(!filter.offices.is_empty(), "office");
        want(filter.event_days.is_some(), "event_day");
        want(filter.event_days.is_some(), "period_days");
        want(filter.flagged.is_some(), "flags");
        want(!filter.events.is_empty(), "event_id");
        want(self.as_of.is_some() || self.since.is_some(), "known_on");
        want(self.rows != Rows::Items, "status");
        let batch = read(opened, group, &columns, None)?;
        self.chosen(&batch).map_err(|bad| bad.to_string())
    }

    fn chosen(&self, batch: &RecordBatch) -> Result<Vec<u32>, BadColumn> {
        let filter = self.filter;
        let sign = Numbers::<Int8Type>::of(batch, "sign")?;
        let visible = Visible::of(self.reader, batch)?;
        let words = [
            word(batch, "substance", &filter.substances, |wanted, word| wanted == word)?,
            word(batch, "route", &filter.routes, |wanted, word| wanted == word)?,
            word(batch, "origin", &filter.origins, |wanted: &Country, word| wanted.as_str() == word)?,
            word(batch, "market", &filter.markets, |wanted: &Country, word| wanted.as_str() == word)?,
            word(batch, "evidence", &filter.evidence, |wanted: &Evidence, word| wanted.as_str() == word)?,
            word(batch, "place_country", &filter.place_countries, |wanted: &Country, word| wanted.as_str() == word)?,
            word(batch, "subdivision", &filter.subdivisions, |wanted, word| wanted == word)?,
            word(batch, "office", &filter.offices, |wanted, word| wanted == word)?,
        ];
        let words: Vec<_> = words.into_iter().flatten().collect();
        let sources = word(batch, "source", &filter.sources, |wanted, word| wanted == word)?;
        let source = Words::of(batch, "source")?;
        let event_id = Texts::of(batch, "event_id")?;
        let event_day = Numbers::<Date32Type>::of(batch, "event_day")?;
        let period_days = Numbers::<UInt16Type>::of(batch, "period_days")?;
        let known_on = Numbers::<Date32Type>::of(batch, "known_on")?;
        let flags = Numbers::<UInt16Type>::of(batch, "flags")?;
        let status = Words::of(batch, "status")?;
        let known = |row: usize| {
            let is = |bound: Option<KnownDay>, within: fn(Day, Day) -> bool| {
                bound.is_none_or(|KnownDay(bound)| known_on.get(row).is_some_and(|day| within(Day(day), bound)))
            };
            is(self.as_of, |day, last| day <= last) && is(self.since, |day, before| day > before)
        };
        let event = |row: usize| {
            filter.events.is_empty() || {
                let (source, id) = (source.get(row), event_id.get(row));
                filter.events.iter().any(|e| Some(&*e.event_id) == id && Some(&*e.source) == source)
            }
        };
        let from_source = |row: usize| sources.as_ref().is_none_or(|wanted| wanted.has(row));
        let item = |row: usize| {
            let on_day = || {
                filter.event_days.is_none_or(|days| {
                    let (first, length) = (event_day.get(row), period_days.get(row).unwrap_or(1));
                    first.is_some_and(|day| (days.from..=days.to).contains(&Day(day + i32::from(length) - 1)))
                })
            };
            let derived = || filter.flagged.is_none_or(|f| flags.get(row).is_some_and(|b| Flags(b).derived() == f));
            visible.has(row) && words.iter().all(|wanted| wanted.has(row)) && on_day() && derived()
        };
        let chosen = |row: usize| {
            let asked = match sign.get(row) {
                Some(1 | -1) => self.rows != Rows::Withdrawals && item(row),
                Some(0) => self.rows != Rows::Items && status.get(row) == Some("withdrawn"),
                _ => false,
            };
            asked && from_source(row) && known(row) && event(row)
        };
        Ok((0..batch.num_rows()).filter(|row| chosen(*row)).map(|row| row as u32).collect())
    }
}

/// Which rows of a batch a reader may see: the rule is asked once for each label with each list of organisations.
struct Visible<'a> {
    marking: Words<'a>,
    list: Words<'a>,
    lists: usize,
    may: Vec<bool>,
}

impl<'a> Visible<'a> {
    fn of(reader: &Clearance, batch: &'a RecordBatch) -> Result<Visible<'a>, BadColumn> {
        let (marking, list) = (Words::of(batch, "marking")?, Words::of(batch, "releasable_to")?);
        let mut lists: Vec<Vec<&str>> = vec![Vec::new()];
        lists.extend(list.words().map(|list| list.split(',').collect::<Vec<_>>()));
        let mut may = Vec::new();
        for label in marking.words().map(Marking::parse) {
            // What is no label is for nobody.
            may.extend(lists.iter().map(|list| label.is_some_and(|label| reader.may_see(label, list))));
        }
        Ok(Visible { marking, list, lists: lists.len(), may })
    }

    #[inline]
    fn has(&self, row: usize) -> bool {
        let Some(marking) = self.marking.key(row) else { return false };
        self.may[marking * self.lists + self.list.key(row).map_or(0, |list| list + 1)]
    }
}

/// Rows whose word is one of those asked for.
struct Wanted<'a> {
    words: Words<'a>,
    wanted: Vec<bool>,
}

impl Wanted<'_> {
    #[inline]
    fn has(&self, row: usize) -> bool {
        self.words.key(row).is_some_and(|key| self.wanted[key])
    }
}

fn word<'a, T>(
    batch: &'a RecordBatch,
    name: &'static str,
    list: &[T],
    is: impl Fn(&T, &str) -> bool,
) -> Result<Option<Wanted<'a>>, BadColumn> {
    if list.is_empty() {
        return Ok(None);
    }
    let words = Words::of(batch, name)?;
    let wanted = words.wanted(|word| list.iter().any(|wanted| is(wanted, word)));
    Ok(Some(Wanted { words, wanted }))
}

/// Whether a column of days of a row group may hold one in a range.
fn within(opened: &Opened, group: usize, name: &str, from: Option<i32>, to: Option<i32>) -> bool {
    if from.is_none() && to.is_none() {
        return true;
    }
    match days_of(opened, group, name) {
        Some((min, max)) => from.is_none_or(|from| from <= max) && to.is_none_or(|to| min <= to),
        None => !is_null(opened, group, name),
    }
}

/// The least and the greatest of a column of whole numbers of a row group, where it says so.
fn days_of(opened: &Opened, group: usize, name: &str) -> Option<(i32, i32)> {
    match statistics(opened, group, name)? {
        Statistics::Int32(days) => Some((*days.min_opt()?, *days.max_opt()?)),
        _ => None,
    }
}

/// Whether a column of a row group holds nothing.
fn is_null(opened: &Opened, group: usize, name: &str) -> bool {
    let rows = opened.metadata.metadata().row_group(group).num_rows() as u64;
    statistics(opened, group, name).and_then(Statistics::null_count_opt) == Some(rows)
}

fn statistics<'a>(opened: &'a Opened, group: usize, name: &str) -> Option<&'a Statistics> {
    let (at, _) = opened.metadata.schema().column_with_name(name)?;
    opened.metadata.metadata().row_group(group).column(at).statistics()
}

/// Columns of a row group, of some of its rows, without those that are null in all of it.
pub(crate) fn read(
    opened: &Opened,
    group: usize,
    columns: &[&'static str],
    rows: Option<&[u32]>,
) -> Result<RecordBatch, String> {
    let metadata = opened.metadata.metadata();
    let all = metadata.row_group(group);
    let mut present = Vec::with_capacity(columns.len());
    for name in columns {
        let (at, _) =
            opened.metadata.schema().column_with_name(name).ok_or_else(|| format!("it has no column {name}"))?;
        if !is_null(opened, group, name) {
            present.push(at);
        }
    }
    let mask = ProjectionMask::roots(opened.metadata.parquet_schema(), present);
    let mut builder =
        ParquetRecordBatchReaderBuilder::new_with_metadata(opened.file.bytes().clone(), opened.metadata.clone())
            .with_projection(mask)
            .with_row_groups(vec![group])
            .with_batch_size(GROUP_ROWS);
    if let Some(rows) = rows.filter(|rows| rows.len() as i64 != all.num_rows()) {
        builder = builder.with_row_selection(selection(rows));
    }
    let mut reader = builder.build().map_err(|error| error.to_string())?;
    match reader.next() {
        Some(batch) => batch.map_err(|error| error.to_string()),
        None => Ok(RecordBatch::new_empty(Arc::clone(opened.metadata.schema()))),
    }
}

/// Ascending rows as runs.
fn selection(rows: &[u32]) -> RowSelection {
    let (mut runs, mut next) = (Vec::new(), 0);
    for run in rows.chunk_by(|a, b| a + 1 == *b) {
        runs.push(RowSelector::skip(run[0] as usize - next));
        runs.push(RowSelector::select(run.len()));
        next = run[0] as usize + run.len();
    }
    runs.into()
}

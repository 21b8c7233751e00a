//! How good the data of each source are.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::types::{Date32Type, UInt16Type, UInt32Type, UInt64Type};
use headwater_model::{Clearance, Day, Flags, Identity, KnownDay};
use serde::Serialize;

use crate::columns::{BadColumn, Numbers, Texts, Words};
use crate::delays::Delays;
use crate::scan::{Files, Piece, Rows, Scan, read};
use crate::table::table;
use crate::{Bounds, Filter, History, HistoryError, Seen};

/// A question for the quality of data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QualityQuery {
    /// Reporting organisations; empty = all.
    pub sources: Vec<String>,
    /// Only what was known by the end of that day.
    pub as_of: Option<KnownDay>,
}

table! {
    /// What the reader sees of a source.
    pub struct SourceQuality {
        /// Reporting organisation.
        pub source: String,
        /// The first known day.
        pub first_report: Day,
        /// The last known day.
        pub last_report: Day,
        /// Records that were taken, withdrawals aside.
        pub records: u64,
        /// Of these, corrections: revisions above 0.
        pub revisions: u64,
        /// Events that were withdrawn, of which a record is seen.
        pub withdrawn: u64,
        /// Items of the records.
        pub items: u64,
        /// Of these, without a substance of the catalog.
        pub unmapped: u64,
        /// Of these, with an amount or a substance that was derived.
        pub derived: u64,
        /// Of these, counted later than they were known: the input was ahead of them.
        pub late_items: u64,
        /// Half of the events of the last 364 known days came within so many days of their figure's last day.
        pub lateness_days_median: i32,
        /// Nine of ten came within so many.
        pub lateness_days_p90: i32,
        /// The last known day less the latter.
        pub complete_to: Day,
    }
}

table! {
    /// How many records of an input were not taken, for one reason.
    pub struct RejectCount {
        /// Source in the configuration, and partition.
        pub input: String,
        /// Topic or file.
        pub topic: String,
        /// Of the closed list.
        pub reason: String,
        /// How many.
        pub records: u64,
    }
}

/// How good the data are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QualityAnswer {
    /// By name.
    pub sources: Vec<SourceQuality>,
    /// All rejects of the archive, for a reader who sees everything; nobody knows how a record that could not be read is
    /// marked, or whose it is.
    pub rejects: Option<Vec<RejectCount>>,
    /// What the answer was made of.
    pub seen: Seen,
}

/// What is counted of a source.
#[derive(Default)]
struct Counted {
    records: u64,
    revisions: u64,
    withdrawn: BTreeSet<u128>,
    items: u64,
    unmapped: u64,
    derived: u64,
    late: u64,
}

impl History {
    /// The quality of the sources that the reader sees anything of.
    ///
    /// # Errors
    /// Those of the question, of its [`Bounds`], and of the store.
    pub fn quality(
        &self,
        reader: &Clearance,
        bounds: &Bounds,
        query: &QualityQuery,
    ) -> Result<QualityAnswer, HistoryError> {
        bounds.list("sources", query.sources.len())?;
        let files = Files(self.files(bounds)?);
        let filter = Filter { sources: query.sources.clone(), ..Filter::default() };
        let scan = |rows| Scan { reader, bounds, filter: &filter, as_of: query.as_of, since: None, rows };
        let mut withdrawn = BTreeSet::new();
        scan(Rows::Withdrawals).run(self, &files, &["source", "event_id"], &mut |piece: Piece<'_>| {
            let mut take = || -> Result<(), BadColumn> {
                let (source, event_id) = (Words::of(piece.batch, "source")?, Texts::of(piece.batch, "event_id")?);
                let events = (0..piece.batch.num_rows()).filter_map(|row| Some((source.get(row)?, event_id.get(row)?)));
                withdrawn.extend(events.map(|(source, event_id)| Identity::of(source, event_id).0));
                Ok(())
            };
            take().map_err(|bad| files.damaged(&piece, bad))?;
            if withdrawn.len() > bounds.rows_max {
                return Err(HistoryError::TooManyRows { field: "sources", limit: bounds.rows_max });
            }
            Ok(())
        })?;
        let mut counted: BTreeMap<String, Counted> = BTreeMap::new();
        let mut columns = vec!["source", "revision", "item", "record_hash", "flags", "known_on", "counted_on"];
        columns.extend((!withdrawn.is_empty()).then_some("event_id"));
        scan(Rows::Items).run(self, &files, &columns, &mut |piece: Piece<'_>| {
            count(&mut counted, &withdrawn, &piece).map_err(|bad| files.damaged(&piece, bad))
        })?;
        let (reports, seen) = self.reports(reader, bounds, &files, query.as_of, &query.sources)?;
        let of = |(source, reports): (String, crate::delays::Reports)| {
            let (delays, (&(first, _), _)) = (Delays::of(&reports)?, reports.first_key_value()?);
            let counted = counted.remove(&source).unwrap_or_default();
            Some(SourceQuality {
                source,
                first_report: first,
                last_report: delays.last(),
                records: counted.records,
                revisions: counted.revisions,
                withdrawn: counted.withdrawn.len() as u64,
                items: counted.items,
                unmapped: counted.unmapped,
                derived: counted.derived,
                late_items: counted.late,
                lateness_days_median: delays.percentile(50),
                lateness_days_p90: delays.percentile(90),
                complete_to: delays.complete_to(),
            })
        };
        let sources = reports.into_iter().filter_map(of).collect();
        let rejects = reader.sees_everything().then(|| self.rejects(bounds, &files)).transpose()?;
        Ok(QualityAnswer { sources, rejects, seen })
    }

    /// Of everything that could not be read. The caller has made sure that the reader sees everything.
    fn rejects(&self, bounds: &Bounds, files: &Files) -> Result<Vec<RejectCount>, HistoryError> {
        let mut counts: BTreeMap<(String, String, String), u64> = BTreeMap::new();
        for (number, (input, file)) in files.0.iter().enumerate() {
            if bounds.deadline.is_over() {
                return Err(HistoryError::Deadline { read: number, files: files.0.len() });
            }
            let damaged = |problem: String| HistoryError::Damaged { key: file.key.clone(), problem };
            let opened = self.open(input, file)?;
            for group in 0..opened.metadata.metadata().num_row_groups() {
                let batch = read(&opened, group, &["sign", "topic", "reason"], None).map_err(damaged)?;
                let words = |name| Words::of(&batch, name).map_err(|bad| damaged(bad.to_string()));
                let (topic, reason) = (words("topic")?, words("reason")?);
                for row in 0..batch.num_rows() {
                    if let (Some(topic), Some(reason)) = (topic.get(row), reason.get(row)) {
                        *counts.entry((input.to_string(), topic.to_owned(), reason.to_owned())).or_default() += 1;
                    }
                }
            }
        }
        let row = |((input, topic, reason), records)| RejectCount { input, topic, reason, records };
        Ok(counts.into_iter().map(row).collect())
    }
}

fn count(
    counted: &mut BTreeMap<String, Counted>,
    withdrawn: &BTreeSet<u128>,
    piece: &Piece<'_>,
) -> Result<(), BadColumn> {
    let batch = piece.batch;
    let (source, event_id) = (Words::of(batch, "source")?, Texts::of(batch, "event_id")?);
    let revision = Numbers::<UInt32Type>::of(batch, "revision")?;
    let (item, flags) = (Numbers::<UInt16Type>::of(batch, "item")?, Numbers::<UInt16Type>::of(batch, "flags")?);
    let hash = Numbers::<UInt64Type>::of(batch, "record_hash")?;
    let days = |name| Numbers::<Date32Type>::of(batch, name);
    let (known_on, counted_on) = (days("known_on")?, days("counted_on")?);
    let mut of_words: Vec<Counted> = source.words().map(|_| Counted::default()).collect();
    for row in 0..batch.num_rows() {
        let Some(word) = source.key(row) else { continue };
        let of = &mut of_words[word];
        if let (false, Some(id), Some(source)) = (withdrawn.is_empty(), event_id.get(row), source.get(row)) {
            let identity = Identity::of(source, id).0;
            if withdrawn.contains(&identity) {
                of.withdrawn.insert(identity);
            }
        }
        // Rows without it are consequences of other records.
        if hash.get(row).is_none() {
            continue;
        }
        let (first, flags) = (item.get(row) == Some(0), Flags(flags.get(row).unwrap_or(0)));
        of.records += u64::from(first);
        of.revisions += u64::from(first && revision.get(row).unwrap_or(0) > 0);
        of.items += 1;
        of.unmapped += u64::from(flags.has(Flags::UNMAPPED));
        of.derived += u64::from(flags.derived());
        of.late += u64::from(counted_on.get(row) > known_on.get(row));
    }
    for (word, more) in source.words().zip(of_words) {
        let held = counted.entry(word.to_owned()).or_default();
        held.records += more.records;
        held.revisions += more.revisions;
        held.withdrawn.extend(more.withdrawn);
        held.items += more.items;
        held.unmapped += more.unmapped;
        held.derived += more.derived;
        held.late += more.late;
    }
    Ok(())
}

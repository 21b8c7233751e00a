//! Pre-export notices that no declaration ever referred to.

use std::collections::BTreeSet;

use arrow_array::types::Date32Type;
use headwater_model::{Clearance, Day, Evidence, Identity, KnownDay};
use serde::Serialize;

use crate::columns::{BadColumn, Numbers, Texts, Words};
use crate::net::{self, Net};
use crate::observation::references;
use crate::page::{Cursor, question};
use crate::scan::{At, Files, Piece, Rows, Scan};
use crate::table::table;
use crate::{Bounds, Filter, History, HistoryError, Page, Seen};

/// A question for notices without an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeQuery {
    /// Which notices; kinds of event in it do not count.
    pub filter: Filter,
    /// Only what was known by the end of that day; ages are of that day. None: all, and ages of the last known day.
    pub as_of: Option<KnownDay>,
    /// Only notices whose day lies at least so many days back.
    pub age_days_min: Option<i32>,
    /// Which part of the answer.
    pub page: Page,
}

table! {
    /// A notice in force that no event refers to.
    pub struct UnansweredNotice {
        /// Who reported it.
        pub source: String,
        /// Unique within the source.
        pub event_id: String,
        /// The source's count of its corrections.
        pub revision: u32,
        /// The day of the export as announced.
        pub event_day: Day,
        /// When the revision in force became known.
        pub known_on: Option<Day>,
        /// Days since the day of the export; below zero where that is still to come.
        pub age_days: i32,
        /// Catalog id, or `unmapped:<key>`.
        pub substance: Option<String>,
        /// `CN>MX>US`.
        pub route: Option<String>,
        /// Milligrams; none where the record gives no mass.
        pub mass_mg: Option<i64>,
        /// Opaque id.
        pub consignor: Option<String>,
        /// Opaque id.
        pub consignee: Option<String>,
        /// Number of the permit.
        pub permit: Option<String>,
        /// TLP 2.0.
        pub marking: Option<String>,
        /// Organisations; empty = everyone whose clearance suffices.
        pub releasable_to: Vec<String>,
    }
}

/// A page of notices.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoticePage {
    /// By day of the export, source and event.
    pub rows: Vec<UnansweredNotice>,
    /// Unanswered notices on all pages.
    pub unanswered: u64,
    /// Notices in force, answered ones included, whatever their age.
    pub notices: u64,
    /// What to ask for the next page with; none on the last.
    pub next: Option<String>,
    /// What the answer was made of.
    pub seen: Seen,
}

impl History {
    /// The notices in force that no event refers to or ever did, of those that the reader may see. An event that the
    /// reader may not see answers none: else its absence from this list would tell of it.
    ///
    /// # Errors
    /// Those of the question, of its [`Bounds`], and of the store.
    pub fn unanswered_notices(
        &self,
        reader: &Clearance,
        bounds: &Bounds,
        query: &NoticeQuery,
    ) -> Result<NoticePage, HistoryError> {
        query.filter.check(bounds)?;
        let number = question(&("notices", &query.filter, query.as_of, query.age_days_min));
        let after = query.page.begin(number, bounds)?;
        let files = Files(self.files(bounds)?);
        let filter = Filter { evidence: vec![Evidence::PreExportNotice], ..query.filter.clone() };
        let of = |filter| Scan { reader, bounds, filter, as_of: query.as_of, since: None, rows: Rows::Items };
        let mut net = Net::default();
        let mut seen = of(&filter).run(self, &files, &net::COLUMNS, &mut |mut piece: Piece<'_>| {
            net.add(&piece, &mut |_, _| {}).and_then(|()| piece.note()).map_err(|bad| files.damaged(&piece, bad))?;
            net.check(bounds)
        })?;
        let (answered, last) = self.answered(&of(&Filter::default()), &files, &mut seen)?;
        let today = query.as_of.map(|KnownDay(day)| day).or(last).unwrap_or(Day(0));
        let (mut found, mut notices) = (Vec::new(), BTreeSet::new());
        for (key, held) in net.in_force() {
            notices.insert(key.identity);
            let young = query.age_days_min.is_some_and(|least| today - held.day < least);
            if !young && !answered.contains(&key.identity) {
                let place = (held.day, net.source(held).to_owned(), net.event_id(held).to_owned());
                found.push((place, (key.revision, i32::from(key.item), 1, 0), held.at));
            }
        }
        let unanswered = found.len() as u64;
        found.sort_unstable();
        if let Some(Cursor { day, source, event_id, rest, .. }) = after {
            let place = ((day, source, event_id), rest);
            found.retain(|(at, rest, _)| (at, rest) > (&place.0, &place.1));
        }
        let more = found.len() > query.page.size;
        found.truncate(query.page.size);
        let next = found.last().filter(|_| more).map(|((day, source, event_id), rest, _)| {
            let (source, event_id) = (source.clone(), event_id.clone());
            Cursor { question: number, day: *day, source, event_id, rest: *rest }.text()
        });
        let at: Vec<At> = found.iter().map(|(.., at)| *at).collect();
        let rows = self.whole(&files, &at)?.into_iter().zip(found).map(|(row, ((day, ..), ..))| UnansweredNotice {
            source: row.source,
            event_id: row.event_id,
            revision: row.revision,
            event_day: day,
            known_on: row.known_on,
            age_days: today - day,
            substance: row.substance,
            route: row.route,
            mass_mg: row.mass_mg,
            consignor: row.consignor,
            consignee: row.consignee,
            permit: row.permit,
            marking: row.marking,
            releasable_to: row.releasable_to,
        });
        Ok(NoticePage { rows: rows.collect(), unanswered, notices: notices.len() as u64, next, seen })
    }

    /// The events that others than notices refer to, and the last known day.
    fn answered(
        &self,
        scan: &Scan<'_>,
        files: &Files,
        seen: &mut Seen,
    ) -> Result<(BTreeSet<u128>, Option<Day>), HistoryError> {
        let (mut answered, mut last) = (BTreeSet::new(), None);
        let columns = ["source", "marking", "evidence", "known_on", "refers_to"];
        let read = scan.run(self, files, &columns, &mut |mut piece: Piece<'_>| {
            let mut take = || -> Result<(), BadColumn> {
                let known_on = Numbers::<Date32Type>::of(piece.batch, "known_on")?;
                let (refers_to, evidence) = (Texts::of(piece.batch, "refers_to")?, Words::of(piece.batch, "evidence")?);
                for row in 0..piece.batch.num_rows() {
                    last = last.max(known_on.get(row).map(Day));
                    if let Some(list) = refers_to.get(row)
                        && evidence.get(row) != Some(Evidence::PreExportNotice.as_str())
                    {
                        answered.extend(references(list).iter().map(|e| Identity::of(&e.source, &e.event_id).0));
                    }
                }
                piece.note()
            };
            take().map_err(|bad| files.damaged(&piece, bad))?;
            if answered.len() > scan.bounds.rows_max {
                return Err(HistoryError::TooManyRows { field: "as_of", limit: scan.bounds.rows_max });
            }
            Ok(())
        })?;
        *seen = Seen { marking: seen.marking.max(read.marking), simulated: seen.simulated || read.simulated, ..*seen };
        Ok((answered, last))
    }
}

//! Drill-down: the observations behind a figure.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::types::{Date32Type, Int8Type, UInt16Type, UInt32Type};
use headwater_model::{Clearance, Day, Identity, KnownDay};
use serde::Serialize;

use crate::columns::{BadColumn, Numbers, Texts, Words};
use crate::net::Net;
use crate::observation::{COLUMNS, observations};
use crate::page::{Cursor, question};
use crate::scan::{At, Files, Piece, Rows, Scan, read};
use crate::{Bounds, Filter, History, HistoryError, Observation, Page, Seen, net};

/// Which rows are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Items in force: net of all corrections known by the day asked for.
    #[default]
    InForce,
    /// Every change: items counted, taken back and put in force again, and the withdrawals of their events; where a day
    /// is given, only those that became known after it.
    EveryChange {
        /// The last day whose changes are left out.
        since: Option<KnownDay>,
    },
}

/// A question for the observations behind a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservationQuery {
    /// Which rows.
    pub filter: Filter,
    /// Only what was known by the end of that day.
    pub as_of: Option<KnownDay>,
    /// Net, or every change.
    pub view: View,
    /// The latest day first.
    pub newest_first: bool,
    /// Which part of the answer.
    pub page: Page,
}

/// What all rows of an answer come to, those on other pages included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Rows.
    pub rows: u64,
    /// Events that they are of.
    pub events: u64,
    /// Milligrams, net.
    pub mass_mg: i64,
    /// Pieces, net.
    pub pieces: i64,
    /// Incidents, net.
    pub incidents: i64,
}

/// A page of observations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ObservationPage {
    /// In order: of items in force by day of the figure, source, event, revision and item; of every change by known day
    /// first.
    pub rows: Vec<Observation>,
    /// Of all pages.
    pub totals: Totals,
    /// What to ask for the next page with; none on the last.
    pub next: Option<String>,
    /// What the answer was made of.
    pub seen: Seen,
}

/// The place of a row in the order.
type Place = (Day, String, String, (u32, i32, i8, i32));

/// What was found on all pages.
type Found = (Vec<(Place, At)>, Totals, Seen);

impl History {
    /// The observations that a reader may see of those asked for.
    ///
    /// ```compile_fail
    /// # use headwater_history::{Bounds, History, ObservationQuery};
    /// fn without_saying_for_whom(history: &History) {
    ///     let _ = history.observations(&Bounds::default(), &ObservationQuery::default());
    /// }
    /// ```
    ///
    /// # Errors
    /// Those of the question, of its [`Bounds`], and of the store.
    pub fn observations(
        &self,
        reader: &Clearance,
        bounds: &Bounds,
        query: &ObservationQuery,
    ) -> Result<ObservationPage, HistoryError> {
        query.filter.check(bounds)?;
        let number = question(&(&query.filter, query.as_of, query.view, query.newest_first));
        let after = query.page.begin(number, bounds)?;
        let files = Files(self.files(bounds)?);
        let (filter, as_of) = (&query.filter, query.as_of);
        let scan = |since, rows| Scan { reader, bounds, filter, as_of, since, rows };
        let (mut found, mut totals, seen) = match query.view {
            View::InForce => self.in_force(&scan(None, Rows::Items), &files)?,
            View::EveryChange { since } => self.every_change(&scan(since, Rows::Both), &files)?,
        };
        totals.rows = found.len() as u64;
        let order = |a: &Place, b: &Place| if query.newest_first { b.cmp(a) } else { a.cmp(b) };
        if let Some(Cursor { day, source, event_id, rest, .. }) = after {
            let place = (day, source, event_id, rest);
            found.retain(|(other, _)| order(other, &place).is_gt());
        }
        let more = found.len() > query.page.size;
        if more {
            found.select_nth_unstable_by(query.page.size, |a, b| order(&a.0, &b.0));
            found.truncate(query.page.size);
        }
        found.sort_unstable_by(|a, b| order(&a.0, &b.0));
        let next = found.last().filter(|_| more).map(|((day, source, event_id, rest), _)| {
            let (source, event_id) = (source.clone(), event_id.clone());
            Cursor { question: number, day: *day, source, event_id, rest: *rest }.text()
        });
        let at: Vec<At> = found.into_iter().map(|(_, at)| at).collect();
        Ok(ObservationPage { rows: self.whole(&files, &at)?, totals, next, seen })
    }

    fn in_force(&self, scan: &Scan<'_>, files: &Files) -> Result<Found, HistoryError> {
        let mut net = Net::default();
        let seen = scan.run(self, files, &net::COLUMNS, &mut |mut piece: Piece<'_>| {
            net.add(&piece, &mut |_, _| {}).and_then(|()| piece.note()).map_err(|bad| files.damaged(&piece, bad))?;
            net.check(scan.bounds)
        })?;
        let mut sums = Sum::default();
        let (mut found, mut events) = (Vec::new(), BTreeSet::new());
        for (key, held) in net.in_force() {
            sums.add(1, held.mass_mg, held.pieces, held.incidents);
            events.insert(key.identity);
            let rest = (key.revision, i32::from(key.item), 1, 0);
            found.push(((held.day, net.source(held).to_owned(), net.event_id(held).to_owned(), rest), held.at));
        }
        Ok((found, sums.totals(events.len())?, seen))
    }

    fn every_change(&self, scan: &Scan<'_>, files: &Files) -> Result<Found, HistoryError> {
        let mut sums = Sum::default();
        let mut found: Vec<(Place, At)> = Vec::new();
        // Withdrawals have no item: they are told with the events of which an item is.
        let (mut withdrawn, mut events) = (Vec::new(), BTreeSet::new());
        let columns = net::COLUMNS;
        let seen = scan.run(self, files, &columns, &mut |mut piece: Piece<'_>| {
            let mut take = || -> Result<(), BadColumn> {
                let batch = piece.batch;
                let (source, event_id) = (Words::of(batch, "source")?, Texts::of(batch, "event_id")?);
                let (sign, item) = (Numbers::<Int8Type>::of(batch, "sign")?, Numbers::<UInt16Type>::of(batch, "item")?);
                let known_on = Numbers::<Date32Type>::of(batch, "known_on")?;
                let revision = Numbers::<UInt32Type>::of(batch, "revision")?;
                let amounts = net::Amounts::of(batch)?;
                for row in 0..batch.num_rows() {
                    let (Some(source), Some(event_id)) = (source.get(row), event_id.get(row)) else { continue };
                    let sign = sign.get(row).unwrap_or(0);
                    let identity = Identity::of(source, event_id).0;
                    let item = item.get(row).map_or(-1, i32::from);
                    let rest = (revision.get(row).unwrap_or(0), item, sign, 0);
                    let day = Day(known_on.get(row).unwrap_or(0));
                    let place = (day, source.to_owned(), event_id.to_owned(), rest);
                    if sign == 0 {
                        withdrawn.push((identity, place, piece.at(row)));
                    } else {
                        let (mass_mg, pieces, incidents) = amounts.get(row);
                        sums.add(i64::from(sign), mass_mg, pieces, incidents);
                        events.insert(identity);
                        found.push((place, piece.at(row)));
                    }
                }
                piece.note()
            };
            take().map_err(|bad| files.damaged(&piece, bad))?;
            if found.len() + withdrawn.len() > scan.bounds.rows_max {
                return Err(HistoryError::TooManyRows { field: "event_days", limit: scan.bounds.rows_max });
            }
            Ok(())
        })?;
        let told = withdrawn.into_iter().filter(|(identity, ..)| events.contains(identity));
        found.extend(told.map(|(_, place, at)| (place, at)));
        // Rows alike in all that they are ordered by (one taken back twice on a day) get a number of their own, so that a
        // page can end between them.
        found.sort_unstable();
        for i in 1..found.len() {
            let (before, this) = (found[i - 1].0.clone(), &mut found[i].0);
            let alike = (&before.0, &before.1, &before.2) == (&this.0, &this.1, &this.2)
                && (before.3.0, before.3.1, before.3.2) == (this.3.0, this.3.1, this.3.2);
            this.3.3 = if alike { before.3.3 + 1 } else { 0 };
        }
        Ok((found, sums.totals(events.len())?, seen))
    }

    /// The whole rows at these places, in their order.
    pub(crate) fn whole(&self, files: &Files, at: &[At]) -> Result<Vec<Observation>, HistoryError> {
        let mut groups: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
        at.iter().for_each(|at| groups.entry((at.file, at.group)).or_default().push(at.row));
        let mut rows: BTreeMap<At, Observation> = BTreeMap::new();
        for ((number, group), mut wanted) in groups {
            wanted.sort_unstable();
            let (input, file) = &files.0[number as usize];
            let opened = self.open(input, file)?;
            let damaged = |problem: String| HistoryError::Damaged { key: file.key.clone(), problem };
            let batch = read(&opened, group as usize, &COLUMNS, Some(&wanted)).map_err(damaged)?;
            let whole = observations(&batch).map_err(|bad| damaged(bad.to_string()))?;
            let places = wanted.into_iter().map(|row| At { file: number, group, row });
            rows.extend(places.zip(whole));
        }
        Ok(at.iter().filter_map(|at| rows.remove(at)).collect())
    }
}

/// Sums that cannot leave their bits while they are added up.
#[derive(Default)]
struct Sum {
    mass_mg: i128,
    pieces: i128,
    incidents: i128,
}

impl Sum {
    fn add(&mut self, sign: i64, mass_mg: i64, pieces: i64, incidents: i64) {
        let sign = i128::from(sign);
        self.mass_mg += sign * i128::from(mass_mg);
        self.pieces += sign * i128::from(pieces);
        self.incidents += sign * i128::from(incidents);
    }

    fn totals(&self, events: usize) -> Result<Totals, HistoryError> {
        let narrow =
            |sum: i128, what: &str| i64::try_from(sum).map_err(|_| HistoryError::Overflow { what: what.to_owned() });
        Ok(Totals {
            rows: 0,
            events: events as u64,
            mass_mg: narrow(self.mass_mg, "mass_mg")?,
            pieces: narrow(self.pieces, "pieces")?,
            incidents: narrow(self.incidents, "incidents")?,
        })
    }
}

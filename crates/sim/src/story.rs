//! The records of one event: the first report, corrections, a withdrawal, repeats.

use headwater_model::{Status, Withdrawal};

use crate::Spec;
use crate::draft::{Draft, DraftItem};
use crate::plan::Cell;
use crate::record::{Body, Part, Record};
use crate::rng::Rng;
use crate::source::Source;
use crate::stamp::{DAY_S, rfc3339};

/// Probability that a wrong unit is noticed and corrected.
const UNIT_ERROR_NOTICED: f64 = 0.8;
/// Probability that a corrected record is corrected once more.
const CORRECTED_AGAIN: f64 = 0.15;

/// What becomes of an event that is first reported at second `at`.
pub(crate) fn tell(rng: &mut Rng, spec: &Spec, cell: &Cell, source: &Source, draft: &Draft, at: i64) -> Vec<Record> {
    let faults = spec.scenario.knobs().faults;
    let mut told = Telling { spec, cell, source, draft, revision: 0, at, records: Vec::new() };
    let unit_error = rng.chance(faults.unit_error) && slip(&draft.items[0]);
    let revised = rng.chance(faults.revision);
    let mut first = draft.clone();
    first.items[0].unit_error = unit_error;
    if revised {
        mistake(rng, cell, &mut first);
    }
    told.report(&first, Part::First { unit_error });
    if unit_error && rng.chance(UNIT_ERROR_NOTICED) {
        first.items[0].unit_error = false;
        told.later(rng, 45.0);
        told.report(&first, Part::Revision);
    }
    if revised {
        let mut half = first.clone();
        if rng.chance(CORRECTED_AGAIN) {
            half.items[0].grams = (half.items[0].grams + draft.items[0].grams) / 2;
            told.later(rng, 20.0);
            told.report(&half, Part::Revision);
        }
        told.later(rng, 30.0);
        told.report(draft, Part::Revision);
    }
    if rng.chance(faults.withdrawal) {
        told.later(rng, 20.0);
        // Withdrawn beats reported, so some sources keep the number and some count on.
        told.revision -= u32::from(rng.chance(0.3));
        told.withdraw();
        if rng.chance(faults.reinstated) {
            told.later(rng, 20.0);
            told.report(draft, Part::Revision);
        }
    }
    let mut records = told.records;
    if rng.chance(faults.duplicate) {
        let again = Record { part: Part::Duplicate, ..records[rng.index(records.len())].clone() };
        let times = 1 + usize::from(rng.chance(0.2));
        records.extend(std::iter::repeat_n(again, times));
    }
    records
}

/// Whether the item's unit can be mixed up.
fn slip(item: &DraftItem) -> bool {
    matches!(item.unit, headwater_model::Unit::Kilogram | headwater_model::Unit::Gram)
}

/// What a first report gets wrong: the amount, the day, or the substance.
fn mistake(rng: &mut Rng, cell: &Cell, draft: &mut Draft) {
    match rng.pick(&[0.7, 0.2, 0.1]) {
        0 => {
            let item = &mut draft.items[0];
            item.grams = (item.grams * rng.between(60, 140) / 100).max(1) + 1;
        }
        // Earlier, never later: what is reported has happened.
        1 => draft.occurred = draft.occurred - rng.between(1, 5) as i32,
        _ => {
            let item = &mut draft.items[0];
            item.substance = (item.substance + 1 + rng.index(cell.substances.len() - 1)) % cell.substances.len();
        }
    }
}

struct Telling<'a> {
    spec: &'a Spec,
    cell: &'a Cell,
    source: &'a Source,
    draft: &'a Draft,
    /// The next record's.
    revision: u32,
    at: i64,
    records: Vec<Record>,
}

impl Telling<'_> {
    fn later(&mut self, rng: &mut Rng, median_days: f64) {
        self.at += (rng.log_normal(median_days, 1.0).min(700.0) * DAY_S as f64) as i64 + 60;
        self.at = self.source.held_back(rng, self.spec, self.at);
    }

    fn report(&mut self, draft: &Draft, part: Part) {
        let body = draft.render(self.cell, self.source, self.revision, self.at);
        self.push(body, part);
    }

    fn withdraw(&mut self) {
        let body = Body::Withdrawal(Withdrawal {
            event_id: self.draft.event_id.clone(),
            revision: self.revision,
            status: Status::Withdrawn,
            reported_at: rfc3339(self.at, self.source.offset_hours),
            source: self.source.name.clone(),
        });
        self.push(body, Part::Withdrawal);
    }

    fn push(&mut self, body: Body, part: Part) {
        self.records.push(Record { feed: self.draft.feed(), body, at: self.at, part });
        self.revision += 1;
    }
}

//! The records of a world, made week by week and given out in the order in which they are sent.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use headwater_model::{EventRef, Evidence};

use crate::Spec;
use crate::draft::{Draft, DraftItem};
use crate::plan::{Cell, Plan};
use crate::rates::{Rates, Weather};
use crate::record::{Feed, Part, Record};
use crate::rng::Rng;
use crate::source::LEAD_DAYS_MAX;
use crate::stamp::{DAY_S, midnight};
use crate::story::tell;
use crate::truth::Tally;

/// Probability, per reporter of seizures and week, of one operation that makes several seizures on one day.
pub(crate) const OPERATION: f64 = 0.01;
/// Seizures of an operation, from and to.
pub(crate) const OPERATION_SIZE: (i64, i64) = (3, 8);
/// Probability that a seizure holds a second substance.
pub(crate) const SECOND_ITEM: f64 = 0.12;
/// Probability that a declaration names the notice that it fulfils.
const NAMES_NOTICE: f64 = 0.4;

/// The records of a world: an iterator, whose memory is what is under way at one time.
pub struct Records<'a> {
    spec: &'a Spec,
    plan: &'a Plan,
    cells: Vec<CellState>,
    /// The next week to be lived through.
    week: i32,
    under_way: BinaryHeap<Reverse<UnderWay>>,
    made: u64,
    tally: Tally,
}

struct CellState {
    weather: Weather,
    rng: Rng,
    /// Events so far of each reporter.
    events: Vec<u64>,
    /// The last notice of each substance and route.
    notices: Vec<Option<EventRef>>,
}

/// A record that is sent later: ordered by time, then as it was made.
struct UnderWay(i64, u64, Record);

impl Ord for UnderWay {
    fn cmp(&self, other: &UnderWay) -> Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl PartialOrd for UnderWay {
    fn partial_cmp(&self, other: &UnderWay) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for UnderWay {
    fn eq(&self, other: &UnderWay) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for UnderWay {}

impl Records<'_> {
    pub(crate) fn new<'a>(spec: &'a Spec, plan: &'a Plan) -> Records<'a> {
        let state = |(c, cell): (usize, &Cell)| CellState {
            weather: Weather::new(Rng::new(spec.seed, &[5, c as u64]), cell),
            rng: Rng::new(spec.seed, &[6, c as u64]),
            events: vec![0; cell.reporters.len()],
            notices: vec![None; cell.substances.len() * cell.routes.len()],
        };
        Records {
            spec,
            plan,
            cells: plan.cells.iter().enumerate().map(state).collect(),
            week: 0,
            under_way: BinaryHeap::new(),
            made: 0,
            tally: Tally::default(),
        }
    }

    /// Counts of what was given out so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn live_a_week(&mut self) {
        let end = midnight(self.spec.end + 1);
        let mut sent = Vec::new();
        for (c, state) in self.cells.iter_mut().enumerate() {
            let cell = &self.plan.cells[c];
            for (r, rates) in state.weather.week(cell, self.week).into_iter().enumerate() {
                let Some(rates) = rates else { continue };
                let (spec, plan, week) = (self.spec, self.plan, self.week);
                let mut desk = Desk { spec, plan, cell, c, r, week, state, sent: &mut sent, lost: 0 };
                desk.see(&rates);
                self.tally.lost += desk.lost;
            }
        }
        for record in sent.into_iter().filter(|record| record.at < end) {
            self.under_way.push(Reverse(UnderWay(record.at, self.made, record)));
            self.made += 1;
        }
        self.week += 1;
    }

    fn count(&mut self, record: &Record) {
        match record.feed {
            Feed::Trade => self.tally.trade += 1,
            Feed::Seizure => self.tally.seizure += 1,
        }
        match record.part {
            Part::First { unit_error } => {
                self.tally.identities += 1;
                self.tally.unit_errors += u64::from(unit_error);
            }
            Part::Revision => self.tally.revisions += 1,
            Part::Withdrawal => self.tally.withdrawals += 1,
            Part::Duplicate => self.tally.duplicates += 1,
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            let all = self.week >= self.spec.weeks();
            // Nothing of the weeks to come is sent before this second.
            let sure = midnight(self.spec.day_of_week(self.week)) - LEAD_DAYS_MAX * DAY_S;
            if self.under_way.peek().is_some_and(|next| all || next.0.0 < sure) {
                let record = self.under_way.pop()?.0.2;
                self.count(&record);
                return Some(record);
            }
            if all {
                return None;
            }
            self.live_a_week();
        }
    }
}

/// A reporter's week in a cell.
struct Desk<'a> {
    spec: &'a Spec,
    plan: &'a Plan,
    cell: &'a Cell,
    c: usize,
    r: usize,
    week: i32,
    state: &'a mut CellState,
    sent: &'a mut Vec<Record>,
    lost: u64,
}

impl Desk<'_> {
    fn see(&mut self, rates: &Rates) {
        let kind = self.cell.reporters[self.r].kind;
        for _ in 0..self.state.rng.poisson(rates.of.iter().sum()) {
            let labels = self.draw(rates);
            let mut draft = self.draft(labels);
            if !kind.is_trade() && self.state.rng.chance(SECOND_ITEM) {
                let (substance, _) = self.draw(rates);
                if substance != labels.0 {
                    draft.items.push(DraftItem::new(&mut self.state.rng, self.cell, kind, substance));
                }
            }
            self.send(draft, labels);
        }
        if kind == Evidence::Seizure && self.state.rng.chance(OPERATION) {
            self.operation(rates);
        }
    }

    /// Several seizures of one substance on one day that name the first of them.
    fn operation(&mut self, rates: &Rates) {
        let labels = self.draw(rates);
        let first = self.draft(labels);
        for _ in 1..self.state.rng.between(OPERATION_SIZE.0, OPERATION_SIZE.1) {
            let mut next = self.draft(labels);
            next.occurred = first.occurred;
            next.refers_to = Some(self.name(&first));
            self.send(next, labels);
        }
        self.send(first, labels);
    }

    fn draw(&mut self, rates: &Rates) -> (usize, usize) {
        rates.labels(self.state.rng.pick(&rates.of))
    }

    fn draft(&mut self, labels: (usize, usize)) -> Draft {
        let kind = self.cell.reporters[self.r].kind;
        self.state.events[self.r] += 1;
        let event_id = format!("{:03}-{}-{:08}", self.c, self.r, self.state.events[self.r]);
        let occurred = self.spec.day_of_week(self.week) + self.state.rng.between(0, 6) as i32;
        Draft::new(&mut self.state.rng, self.cell, kind, event_id, occurred, labels)
    }

    fn name(&self, draft: &Draft) -> EventRef {
        let source = &self.plan.sources[self.cell.reporters[self.r].source];
        EventRef { source: source.name.clone(), event_id: draft.event_id.clone() }
    }

    fn send(&mut self, mut draft: Draft, (substance, route): (usize, usize)) {
        let reporter = &self.cell.reporters[self.r];
        let source = &self.plan.sources[reporter.source];
        let place = substance * self.cell.routes.len() + route;
        match reporter.kind {
            Evidence::PreExportNotice => self.state.notices[place] = Some(self.name(&draft)),
            Evidence::Import if self.state.rng.chance(NAMES_NOTICE) => {
                draft.refers_to = self.state.notices[place].clone();
            }
            _ => {}
        }
        let rng = &mut self.state.rng;
        let happened = midnight(draft.occurred) + draft.second.unwrap_or(DAY_S / 2);
        match source.sends_at(rng, self.spec, reporter.kind, self.week, happened) {
            None => self.lost += 1,
            Some(at) => self.sent.extend(tell(rng, self.spec, self.cell, source, &draft, at)),
        }
    }
}

//! Single cells as a detector counts them: for benches that need thousands, without any text in between.
//!
//! A cell is drawn, lives and is reported exactly as one of a [`crate::World`] with a rate of 1 to 30 events a week; what
//! is left out is what a detector cannot see (amounts, names, parties). Each has its own three sources.

use headwater_catalog::Catalog;
use headwater_model::{Day, Evidence};

use crate::known::Known;
use crate::palette::{PaletteFamily, palette};
use crate::plan::{self, Cell, Happening};
use crate::rates::{Rates, Weather};
use crate::records::{OPERATION, OPERATION_SIZE, SECOND_ITEM};
use crate::rng::Rng;
use crate::scenario::Knobs;
use crate::source::{Source, Sources};
use crate::stamp::{DAY_S, midnight};
use crate::{Scenario, SimError, Spec};

/// Events a week of a cell, from and to, log-uniform.
const RATE: (f64, f64) = (1.0, 30.0);
/// Days of the control date before and after the onset of a shift that it set off.
const CONTROL_BEFORE: (i64, i64) = (0, 120);
/// Probability that a cell has a control date in its tested time; in a planted cell it is the falling substance's.
const CONTROLLED: f64 = 0.5;
/// Part of the revisions that change the substance, as [`crate::World`] makes them.
const RENAMED: f64 = 0.1;
/// Median days until a correction.
const CORRECTED_AFTER: f64 = 20.0;
/// The last day of every cell; any day does.
const END: Day = Day(19_723);

/// What happens in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellKind {
    /// Nothing: seasons, noise, outages, late and corrected records, and every third time a surge of the whole family.
    Null,
    /// A flow moves from one substance to another.
    Substitution,
    /// A flow moves from one route to another.
    Displacement,
    /// One substance rises everywhere, none falls.
    RisingAlone,
    /// One substance falls everywhere, none rises.
    FallingAlone,
    /// One reporter looks for one substance for a time.
    Campaign,
    /// One reporter begins to call one substance another.
    Laboratory,
    /// Shares wander strongly by themselves.
    Noise,
    /// Reports begin to come four times as late.
    Delay,
    /// Once a year one reporter's large operation makes dozens of seizures of one substance within two weeks.
    Operation,
}

impl CellKind {
    /// Those in which nothing may be raised though the model of the null does not hold.
    pub const STRESS: [CellKind; 5] =
        [CellKind::Noise, CellKind::Campaign, CellKind::Laboratory, CellKind::Delay, CellKind::Operation];
    /// Those that move one side alone.
    pub const DECOYS: [CellKind; 2] = [CellKind::RisingAlone, CellKind::FallingAlone];

    fn scenario(self) -> Scenario {
        match self {
            CellKind::Noise => Scenario::StressNoise,
            CellKind::Delay => Scenario::StressDelay,
            _ => Scenario::Mixed,
        }
    }
}

/// A cell, counted.
#[derive(Clone, Debug)]
pub struct CountedCell {
    /// What happens.
    pub kind: CellKind,
    /// Labels.
    pub substances: usize,
    /// Labels of a displacement.
    pub routes: usize,
    /// What each of the three reporters sends.
    pub reporters: [Evidence; 3],
    /// Days in all; days are counted from 0, day 0 begins an event week.
    pub days: i32,
    /// Days of history at the beginning, in which nothing happens.
    pub history_days: i32,
    /// In the order in which they are counted.
    pub events: Vec<CountedEvent>,
    /// A day on which a substance comes under control.
    pub control: Option<(i32, usize)>,
    /// What was planted, of a substitution or a displacement.
    pub planted: Option<PlantedMove>,
    /// What only its maker knows.
    pub known: Known,
}

/// One incident counted, or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedEvent {
    /// The day on which it is counted.
    pub counted: i32,
    /// The day of the event; after `counted` where a notice goes ahead.
    pub day: i32,
    /// Place among the reporters.
    pub reporter: u8,
    /// Place among the substances.
    pub substance: u8,
    /// Place among the routes.
    pub route: u8,
    /// 1, or -1 where it is taken back.
    pub delta: i8,
}

/// A shift that was planted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlantedMove {
    /// The label that falls: a substance, or a route.
    pub falling: usize,
    /// The label that rises.
    pub rising: usize,
    /// First day of the first week in which flow moves.
    pub onset: i32,
    /// Weeks until all of it has moved.
    pub ramp_weeks: u16,
    /// The part of the flow that moves in the end.
    pub fraction: f64,
    /// Events a week of the falling label that are there to move, over all reporters.
    pub falling_rate: f64,
}

/// Draws cells.
pub struct Cells {
    families: Vec<PaletteFamily>,
}

impl Cells {
    /// From the embedded catalog.
    ///
    /// # Errors
    /// A catalog without a family of three members.
    pub fn new() -> Result<Cells, SimError> {
        let families = palette(&Catalog::embedded());
        match families.is_empty() {
            true => Err(SimError::Families { found: 0, least: crate::palette::FAMILY_LEAST, needed: 1 }),
            false => Ok(Cells { families }),
        }
    }

    /// The cell of a seed and a number: the same for the same three.
    pub fn cell(&self, kind: CellKind, seed: u64, number: u64) -> CountedCell {
        let spec = Spec { seed, ..Spec::new(seed, kind.scenario(), END) };
        let mut knobs = kind.scenario().knobs();
        knobs.rate = RATE;
        let labels = |what: u64| [kind as u64, number, what];
        let mut rng = Rng::new(seed, &labels(0));
        let family = &self.families[rng.index(self.families.len())];
        let mut own = spec.clone();
        own.seed = Rng::new(seed, &labels(1)).bits();
        let mut sources = Sources::new(&own, &knobs);
        let mut cell = plan::cell_alone(&mut rng, &own, &knobs, family, &mut sources);
        let control_rng = &mut Rng::new(seed, &labels(2));
        plant(&mut Rng::new(seed, &labels(3)), kind, &own, &mut cell);
        let planted = planted(&cell, &own);
        let control = control(control_rng, &own, kind, planted.as_ref(), cell.substances.len());
        let events = live(&own, &knobs, &cell, &sources.list, seed, &labels(4));
        let mut kinds = [Evidence::Seizure; 3];
        for (kind, reporter) in kinds.iter_mut().zip(&cell.reporters) {
            *kind = reporter.kind;
        }
        CountedCell {
            kind,
            substances: cell.substances.len(),
            routes: cell.routes.len(),
            reporters: kinds,
            days: own.weeks() * 7,
            history_days: own.history_weeks() * 7,
            events,
            control,
            planted,
            known: Known::of(&cell, knobs.faults.revision * RENAMED),
        }
    }
}

fn plant(rng: &mut Rng, kind: CellKind, spec: &Spec, cell: &mut Cell) {
    match kind {
        CellKind::Null if rng.chance(1.0 / 3.0) => plan::surge(rng, spec, cell),
        CellKind::Null | CellKind::Noise | CellKind::Delay => {}
        CellKind::Substitution => plan::substitution(rng, spec, cell),
        CellKind::Displacement => plan::displacement(rng, spec, cell),
        CellKind::Campaign => plan::campaign(rng, spec, cell),
        CellKind::Laboratory => plan::laboratory(rng, spec, cell),
        CellKind::Operation => plan::operations(rng, spec, cell),
        CellKind::RisingAlone => alone(rng, spec, cell, (20, 40)),
        CellKind::FallingAlone => alone(rng, spec, cell, (1, 5)),
    }
}

/// A substance's rate changes for good with every reporter; the factor is in tenths.
fn alone(rng: &mut Rng, spec: &Spec, cell: &mut Cell, tenths: (i64, i64)) {
    let (from, to) = (plan::onset(rng, spec), spec.weeks() - 1);
    let substance = rng.pick(&cell.reporters[0].mix);
    let factor = rng.between(tenths.0, tenths.1) as f64 / 10.0;
    for reporter in 0..cell.reporters.len() {
        cell.events.push(Happening::Campaign { from, to, factor, reporter, substance });
    }
}

fn planted(cell: &Cell, spec: &Spec) -> Option<PlantedMove> {
    let (move_, displaced) = cell.events.iter().find_map(|happening| match happening {
        Happening::Substitution { move_, .. } => Some((move_, false)),
        Happening::Displacement { move_ } => Some((move_, true)),
        _ => None,
    })?;
    let share = |reporter: &plan::Reporter| {
        reporter.share * if displaced { reporter.routes[move_.falling] } else { reporter.mix[move_.falling] }
    };
    Some(PlantedMove {
        falling: move_.falling,
        rising: move_.rising,
        onset: spec.day_of_week(move_.onset) - spec.start(),
        ramp_weeks: move_.ramp_weeks,
        fraction: move_.fraction,
        falling_rate: cell.rate * cell.reporters.iter().map(share).sum::<f64>(),
    })
}

fn control(
    rng: &mut Rng,
    spec: &Spec,
    kind: CellKind,
    planted: Option<&PlantedMove>,
    substances: usize,
) -> Option<(i32, usize)> {
    if !rng.chance(CONTROLLED) {
        return None;
    }
    let (history, days) = (i64::from(spec.history_weeks()) * 7, i64::from(spec.weeks()) * 7);
    let (day, substance) = (rng.between(history, days - 1) as i32, rng.index(substances));
    match planted {
        Some(planted) if kind == CellKind::Substitution => {
            Some((planted.onset - rng.between(CONTROL_BEFORE.0, CONTROL_BEFORE.1) as i32, planted.falling))
        }
        _ => Some((day, substance)),
    }
}

/// Lives through the cell's weeks.
fn live(spec: &Spec, knobs: &Knobs, cell: &Cell, sources: &[Source], seed: u64, labels: &[u64]) -> Vec<CountedEvent> {
    let mut weather = Weather::new(Rng::new(seed, &[labels, &[0]].concat()), cell);
    let mut reporting =
        Reporting { spec, knobs, cell, rng: Rng::new(seed, &[labels, &[1]].concat()), events: Vec::new() };
    for week in 0..spec.weeks() {
        for (r, rates) in weather.week(cell, week).into_iter().enumerate() {
            if let Some(rates) = rates {
                reporting.see(&sources[cell.reporters[r].source], r, week, &rates);
            }
        }
    }
    let mut events = reporting.events;
    events.retain(|event| event.counted < spec.weeks() * 7);
    events.sort_unstable();
    events
}

struct Reporting<'a> {
    spec: &'a Spec,
    knobs: &'a Knobs,
    cell: &'a Cell,
    rng: Rng,
    events: Vec<CountedEvent>,
}

impl Reporting<'_> {
    fn see(&mut self, source: &Source, r: usize, week: i32, rates: &Rates) {
        let kind = self.cell.reporters[r].kind;
        for _ in 0..self.rng.poisson(rates.of.iter().sum()) {
            let (labels, day) = (self.draw(rates), week * 7 + self.rng.between(0, 6) as i32);
            self.send(source, r, week, day, labels);
            if !kind.is_trade() && self.rng.chance(SECOND_ITEM) {
                let second = self.draw(rates);
                if second.0 != labels.0 {
                    self.send(source, r, week, day, second);
                }
            }
        }
        if kind == Evidence::Seizure && self.rng.chance(OPERATION) {
            let (labels, day) = (self.draw(rates), week * 7 + self.rng.between(0, 6) as i32);
            for _ in 0..self.rng.between(OPERATION_SIZE.0, OPERATION_SIZE.1) {
                self.send(source, r, week, day, labels);
            }
        }
    }

    fn draw(&mut self, rates: &Rates) -> (usize, usize) {
        rates.labels(self.rng.pick(&rates.of))
    }

    fn send(&mut self, source: &Source, r: usize, week: i32, day: i32, (substance, route): (usize, usize)) {
        let kind = self.cell.reporters[r].kind;
        let happened = midnight(self.spec.start() + day) + DAY_S / 2;
        let Some(at) = source.sends_at(&mut self.rng, self.spec, kind, week, happened) else { return };
        let counted = |at: i64| (at.div_euclid(DAY_S) as i32 - self.spec.start().0).max(0);
        let event = CountedEvent {
            counted: counted(at),
            day,
            reporter: r as u8,
            substance: substance as u8,
            route: route as u8,
            delta: 1,
        };
        let faults = self.knobs.faults;
        let renamed = self.rng.chance(faults.revision * RENAMED);
        let withdrawn = self.rng.chance(faults.withdrawal);
        if !renamed && !withdrawn {
            self.events.push(event);
            return;
        }
        let later = at + (self.rng.log_normal(CORRECTED_AFTER, 1.0) * DAY_S as f64) as i64;
        let later = counted(source.held_back(&mut self.rng, self.spec, later));
        let others = self.cell.substances.len() - 1;
        let first = match renamed {
            true => {
                CountedEvent { substance: ((substance + 1 + self.rng.index(others)) % (others + 1)) as u8, ..event }
            }
            false => event,
        };
        self.events.push(first);
        self.events.push(CountedEvent { counted: later, delta: -1, ..first });
        if renamed {
            self.events.push(CountedEvent { counted: later, ..event });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_operation_makes_dozens_of_seizures_within_two_weeks() {
        // Of cells with few other events: most by one reporter of one substance in two event weeks of each tested year.
        let most = |kind: CellKind| -> Vec<usize> {
            let cells = Cells::new().unwrap();
            let drawn = (0..).map(|number| cells.cell(kind, 8, number)).filter(|cell| cell.events.len() < 1_500);
            let years = drawn.take(8).flat_map(|cell| {
                let in_year = move |year: i32| {
                    let mut counts = std::collections::BTreeMap::new();
                    for event in cell.events.iter().filter(|event| event.delta > 0) {
                        let week = (event.day - cell.history_days).div_euclid(7);
                        for first in [week - 1, week].into_iter().filter(|first| first.div_euclid(52) == year) {
                            *counts.entry((first, event.reporter, event.substance)).or_insert(0) += 1;
                        }
                    }
                    counts.into_values().max().unwrap_or(0)
                };
                (0..3).map(in_year).collect::<Vec<_>>()
            });
            years.collect()
        };
        let (with, without) = (most(CellKind::Operation), most(CellKind::Noise));
        let above = |counts: &[usize]| counts.iter().filter(|count| **count >= 15).count();
        assert!(above(&with) >= 20 && above(&without) <= 4, "{with:?} {without:?}");
    }

    #[test]
    fn a_seed_and_a_number_are_a_cell() {
        let cells = Cells::new().unwrap();
        let of = |seed, number| cells.cell(CellKind::Substitution, seed, number);
        assert_eq!(of(1, 5).events, of(1, 5).events);
        assert_ne!(of(1, 5).events, of(1, 6).events);
        assert_ne!(of(1, 5).events, of(2, 5).events);
    }

    #[test]
    fn every_kind_has_events_of_its_labels_in_order_and_nothing_goes_below_zero() {
        let cells = Cells::new().unwrap();
        for kind in [&CellKind::STRESS[..], &CellKind::DECOYS[..], &[CellKind::Null, CellKind::Displacement]].concat() {
            for number in 0..20 {
                let cell = cells.cell(kind, 3, number);
                assert!(cell.events.len() > 50, "{kind:?} {number}: {}", cell.events.len());
                assert!(cell.events.is_sorted_by_key(|e| e.counted));
                let mut net = std::collections::BTreeMap::new();
                for e in &cell.events {
                    assert!(usize::from(e.substance) < cell.substances && usize::from(e.route) < cell.routes);
                    assert!((0..cell.days).contains(&e.counted) && e.day - e.counted < 28);
                    *net.entry((e.day, e.reporter, e.substance, e.route)).or_insert(0) += i32::from(e.delta);
                }
                assert!(net.values().all(|n| *n >= 0), "{kind:?} {number}");
            }
        }
    }

    #[test]
    fn a_planted_shift_moves_the_shares_of_its_two_labels_and_the_quiet_ones_stay() {
        let cells = Cells::new().unwrap();
        let (mut before, mut after) = ([0.0; 2], [0.0; 2]);
        for number in 0..60 {
            let cell = cells.cell(CellKind::Substitution, 9, number);
            let planted = cell.planted.unwrap();
            assert!(planted.onset >= cell.history_days && planted.falling != planted.rising);
            let end = planted.onset + i32::from(planted.ramp_weeks) * 7;
            for e in &cell.events {
                let side = [planted.falling, planted.rising].iter().position(|k| *k == usize::from(e.substance));
                let Some(side) = side else { continue };
                if e.day < planted.onset {
                    before[side] += f64::from(e.delta);
                } else if e.day >= end {
                    after[side] += f64::from(e.delta);
                }
            }
        }
        let (odds_before, odds_after) = (before[1] / before[0], after[1] / after[0]);
        assert!(odds_after > 2.5 * odds_before, "{odds_before} {odds_after}");
        assert!(cells.cell(CellKind::Null, 9, 0).planted.is_none());
    }
}

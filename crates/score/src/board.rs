//! The board: draws cells, lets a method choose its constants, calibrates it, and judges it on other cells.

use headwater_detect::{Config, Mix};
use headwater_sim::{CellKind, Cells, CountedCell, PlantedMove, SimError, YEAR_DAYS};

use crate::judge::{Bar, Rule, threshold};
use crate::method::{Method, Row, Trace};
use crate::parallel;
use crate::plan::{Plan, Use};
use crate::product::state;
use crate::rate::{Part, Rate};
use crate::score::{CORROBORATED, Equal, Found, Own, Point, Score, Side, Stress, WITHIN_DAYS};
use crate::view::{Labels, View};
use crate::words::{Calibration, Lot, stressed};

/// Budgets of the points of recall against false alarms, per 1,000 market-years.
const BUDGETS: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];

/// Substances of the widest cells that are drawn.
const SUBSTANCES_MAX: usize = 7;
/// Cells whose state is held at once to tell what one takes: some 30 MB, far more than what else comes and goes.
const HELD_CELLS: usize = 64;
/// Quiet cells by which a method's cost is told: some 300,000 events.
const TIMED_CELLS: u64 = 100;

/// Seconds of a thread's own clock, for microseconds per event.
pub type Seconds<'a> = &'a (dyn Fn() -> f64 + Sync);

/// A scoreboard.
pub struct Board {
    cells: Cells,
    plan: Plan,
}

/// What a method said of cells of one kind.
struct Batch {
    traces: Vec<Trace>,
    planted: Vec<PlantedMove>,
    history_days: i32,
    market_years: f64,
}

impl Board {
    /// A board of such a plan.
    ///
    /// # Errors
    /// A catalog from which no cell can be drawn.
    pub fn new(plan: Plan) -> Result<Board, SimError> {
        Ok(Board { cells: Cells::new()?, plan })
    }

    /// What is drawn and allowed.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Scores a row: once by its statistic alone, and where it has a second one, once more with that above its bar.
    pub fn score(&self, row: &Row, clock: Seconds) -> Vec<Score> {
        let (method, quiet) = self.choose(row);
        let run = |kind, labels, use_| self.run(method, kind, labels, use_);
        let test = |kind| run(kind, Labels::Substances, Use::Test);
        let substances =
            Shifts { calibration: quiet, quiet: test(CellKind::Null), moved: test(CellKind::Substitution) };
        let routes = Shifts {
            calibration: run(CellKind::Null, Labels::Routes, Use::Calibration),
            quiet: run(CellKind::Null, Labels::Routes, Use::Test),
            moved: run(CellKind::Displacement, Labels::Routes, Use::Test),
        };
        let decoys = CellKind::DECOYS.map(test);
        let stress = CellKind::STRESS.map(|kind| (word(kind), test(kind)));
        let bars = std::iter::once(Bar::None).chain((method.bar() != Bar::None).then(|| method.bar()));
        let stressed = |rule: Rule| -> Vec<Stress> {
            stress.iter().map(|(kind, batch)| Stress { kind, false_alarms: batch.false_alarms(rule) }).collect()
        };
        let us_per_event = self.us_per_event(method, clock);
        let score = |bar: Bar| {
            let (rule, substitution) = substances.judge(bar, self.plan.budget);
            let (_, displacement) = routes.judge(bar, self.plan.budget);
            let [rising_alone, falling_alone] = [0, 1].map(|decoy: usize| decoys[decoy].raised(rule));
            Score {
                method: format!("{}{}", row.name, if bar == Bar::None { "" } else { CORROBORATED }),
                about: row.about.to_owned(),
                settings: method.settings(),
                tried: row.grid.len(),
                substitution,
                displacement,
                rising_alone,
                falling_alone,
                stress: stressed(rule),
                own: method.own_threshold(bar != Bar::None).map(|threshold| {
                    let rule = Rule { threshold: threshold as f32, bar };
                    Own {
                        threshold: rule.threshold,
                        false_alarms: substances.quiet.false_alarms(rule),
                        recall: substances.moved.found(rule).within(WITHIN_DAYS[2]),
                        stress: stressed(rule),
                    }
                }),
                us_per_event,
            }
        };
        bars.map(score).collect()
    }

    /// Bytes that the product's statistic holds of a cell of seven substances, three strata and six years: the mean of some
    /// cells, by how much more the process holds with them. `held` are the bytes that it holds now.
    pub fn bytes_per_cell(&self, held: &dyn Fn() -> u64) -> u64 {
        let seed = self.plan.seed(Use::Test);
        let drawn = (0..).map(|number| self.cells.cell(CellKind::Null, seed, number));
        let widest = drawn.filter(|cell| cell.substances == SUBSTANCES_MAX).take(1 + HELD_CELLS);
        let views: Vec<View> = widest.map(|cell| View::of(&cell, Labels::Substances)).collect();
        // The first makes the room that the work itself needs.
        let first = state(&views[0]);
        let before = held();
        let states: Vec<Mix> = views[1..].iter().map(state).collect();
        let bytes = held().saturating_sub(before) / states.len() as u64;
        drop((first, states));
        bytes
    }

    /// What the words of the product's likelihood are worth: on the cells that judge, its constants come from others.
    pub fn calibration(&self, config: &Config) -> Calibration {
        let lot = |kind, labels| Lot::of_all(&self.lots(kind, labels, config));
        let moved = lot(CellKind::Substitution, Labels::Substances).and(&lot(CellKind::Displacement, Labels::Routes));
        let quiet = lot(CellKind::Null, Labels::Substances).and(&lot(CellKind::Null, Labels::Routes));
        // Cells of the same length each: as many of each kind as make up the stress that the likelihood expects.
        let some = stressed((2 * self.plan.cells) as f64) / CellKind::STRESS.len() as f64;
        let stress = CellKind::STRESS.map(|kind| {
            let lots = self.lots(kind, Labels::Substances, config);
            let some = (some.round() as usize).min(lots.len());
            [&lots[..some], &lots].map(Lot::of_all)
        });
        let [some_stress, stress] = [0, 1].map(|which: usize| Lot::of_all(stress.iter().map(|of| &of[which])));
        Calibration::of(&moved, &quiet, &some_stress, &stress, config)
    }

    /// What the product raises in each of the cells of a kind.
    fn lots(&self, kind: CellKind, labels: Labels, config: &Config) -> Vec<Lot> {
        let seed = self.plan.seed(Use::Test);
        let one = |number: u64| Lot::of(&self.cells.cell(kind, seed, number), labels, config);
        parallel::map(self.plan.count(kind), self.plan.threads, one)
    }

    /// Microseconds of one core that an event costs.
    fn us_per_event(&self, method: &dyn Method, clock: Seconds) -> f64 {
        let seed = self.plan.seed(Use::Test);
        let one = |number: u64| {
            let view = View::of(&self.cells.cell(CellKind::Null, seed, number), Labels::Substances);
            let begin = clock();
            method.work(&view);
            (clock() - begin, view.events.len())
        };
        let all = parallel::map(TIMED_CELLS.min(self.plan.cells), self.plan.threads, one);
        let (seconds, events) = all.iter().fold((0.0, 0), |(s, n), (seconds, events)| (s + seconds, n + events));
        1e6 * seconds / events as f64
    }

    /// The method of a row with the constants that find most on the cells of calibration at their own threshold (the
    /// first of equals), and what it said of the quiet ones.
    fn choose<'a>(&self, row: &'a Row) -> (&'a dyn Method, Batch) {
        let mut best: Option<(u64, &dyn Method, Batch)> = None;
        for method in &row.grid {
            let run = |kind| self.run(&**method, kind, Labels::Substances, Use::Calibration);
            let quiet = run(CellKind::Null);
            let found = match row.grid.len() {
                1 => 0,
                _ => {
                    let rule = quiet.rule(Bar::None, self.plan.budget);
                    run(CellKind::Substitution).found(rule).within(WITHIN_DAYS[2]).of
                }
            };
            if best.as_ref().is_none_or(|(most, ..)| found > *most) {
                best = Some((found, &**method, quiet));
            }
        }
        let (_, method, quiet) = best.expect("a row has at least one method");
        (method, quiet)
    }

    fn run(&self, method: &dyn Method, kind: CellKind, labels: Labels, use_: Use) -> Batch {
        let seed = self.plan.seed(use_);
        let one = |number: u64| {
            let cell = self.cells.cell(kind, seed, number);
            let view = View::of(&cell, labels);
            let trace = method.run(&view);
            assert_eq!(trace.len(), view.tested_days(), "{}: one reading a day", method.settings());
            (trace, Facts::of(&cell))
        };
        let mut batch = Batch { traces: Vec::new(), planted: Vec::new(), history_days: 0, market_years: 0.0 };
        for (trace, facts) in parallel::map(self.plan.count(kind), self.plan.threads, one) {
            batch.traces.push(trace);
            batch.planted.extend(facts.planted);
            batch.history_days = facts.history_days;
            batch.market_years += f64::from(facts.tested_days) / f64::from(YEAR_DAYS);
        }
        batch
    }
}

/// What the judge keeps of a cell.
struct Facts {
    planted: Option<PlantedMove>,
    history_days: i32,
    tested_days: i32,
}

impl Facts {
    fn of(cell: &CountedCell) -> Facts {
        let tested_days = cell.days - cell.history_days;
        Facts { planted: cell.planted, history_days: cell.history_days, tested_days }
    }
}

/// Shifts between labels of one kind, with the quiet cells that go with them.
struct Shifts {
    calibration: Batch,
    quiet: Batch,
    moved: Batch,
}

impl Shifts {
    fn judge(&self, bar: Bar, budget: f64) -> (Rule, Side) {
        let rule = self.calibration.rule(bar, budget);
        let found = self.moved.found(rule);
        let point = |budget: f64| {
            (Plan::allowed(budget, self.calibration.market_years) > 0).then(|| {
                let rule = self.calibration.rule(bar, budget);
                let recall = self.moved.found(rule).within(WITHIN_DAYS[2]).share().unwrap_or(0.0);
                Point { budget, false_alarms: self.quiet.false_alarms(rule).per_1000, recall }
            })
        };
        let allowed = Plan::allowed(budget, self.quiet.market_years);
        let equal = self.moved.found(Rule { threshold: threshold(&self.quiet.traces, bar, allowed), bar });
        let side = Side {
            equal: Equal { recall: equal.within(WITHIN_DAYS[2]), half_found: equal.half_found() },
            threshold: rule.threshold,
            false_alarms: self.quiet.false_alarms(rule),
            before_onset: Rate::new(found.before, found.days_before as f64 / f64::from(YEAR_DAYS)),
            recall: WITHIN_DAYS.map(|days| found.within(days)),
            median_delay: found.median_delay(),
            delays: found.delays(),
            found: found.each(),
            right: found.right(),
            names_both: found.names_both(),
            by_rate: found.by_rate(),
            curve: BUDGETS.into_iter().filter_map(point).collect(),
        };
        (rule, side)
    }
}

impl Batch {
    fn rule(&self, bar: Bar, budget: f64) -> Rule {
        let allowed = Plan::allowed(budget, self.market_years);
        Rule { threshold: threshold(&self.traces, bar, allowed), bar }
    }

    fn false_alarms(&self, rule: Rule) -> Rate {
        Rate::new(self.traces.iter().map(|trace| rule.alarms(trace).len() as u64).sum(), self.market_years)
    }

    fn raised(&self, rule: Rule) -> Part {
        let raised = self.traces.iter().filter(|trace| !rule.alarms(trace).is_empty());
        Part { of: raised.count() as u64, cells: self.traces.len() as u64 }
    }

    fn found(&self, rule: Rule) -> Found {
        Found::new(self.traces.iter().zip(self.planted.iter().copied()), rule, self.history_days)
    }
}

fn word(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Null => "quiet",
        CellKind::Substitution => "substitution",
        CellKind::Displacement => "displacement",
        CellKind::RisingAlone => "rising alone",
        CellKind::FallingAlone => "falling alone",
        CellKind::Campaign => "campaign",
        CellKind::Laboratory => "laboratory",
        CellKind::Noise => "noise",
        CellKind::Delay => "delay",
        CellKind::Operation => "operation",
    }
}

//! What speaks against an alert: each line a number that was computed for it, most of them the statistic run again.

use headwater_model::{Arg, Check, CheckResult, ControlContext, CounterEvidence, Day, Onset, Phrase};

use crate::analysis::{Analysis, Ground};
use crate::control;
use crate::edition;
use crate::figures::{Figures, Z90};
use crate::labels::Label;
use crate::movement;
use crate::round;
use crate::season::Season;
use crate::tally::{Lens, Tally};
use crate::trail::Trail;

/// A source that is silent beyond its habit: who, for how many days, and its usual gap.
pub(crate) type Silence = (String, i32, i32);

/// What stands without a reporter.
pub(crate) struct WithoutReporter {
    pub reporter: String,
    /// What the pair says for itself without it; none where nothing can be tested then.
    pub log: Option<f64>,
    /// Nats that the others add to what it says alone.
    pub added: f64,
}

/// What the questions are put to.
pub(crate) struct Case<'a> {
    pub ground: &'a Ground<'a>,
    pub lens: Lens<'a>,
    pub analysis: &'a Analysis,
    pub figures: &'a Figures,
    pub trail: &'a Trail,
    pub onset: &'a Onset,
    /// Each reporter that counts; fewer than two: none can be left out.
    pub without_reporter: &'a [WithoutReporter],
    pub context: &'a [ControlContext],
    /// The substances that it speaks of, by their ids.
    pub substances: &'a [&'a str],
    pub silences: &'a [Silence],
}

impl Case<'_> {
    /// Every question of the closed list, in its order.
    pub fn examine(&self) -> Vec<CounterEvidence> {
        vec![
            self.without_largest_operation(),
            self.without_any_one_reporter(),
            self.rerun(Check::WithoutFlagged, Lens { without_flagged: true, ..self.lens }),
            self.by_incidents(),
            self.by_mass(),
            self.alone(Check::FallingAlone, true),
            self.alone(Check::RisingAlone, false),
            self.control_change(),
            self.code_change(),
            self.licit_trade_season(),
            self.reporting_gap(),
        ]
    }

    fn pair(&self) -> (Label, Label) {
        (self.analysis.falling, self.analysis.rising)
    }

    /// What the pair must say for itself through any lens.
    fn least(&self) -> f64 {
        self.ground.config.corroboration_bar
    }

    /// Above the bar it holds; while it still speaks for the shift it weakens; else it fails.
    fn judge(&self, value: Option<f64>) -> CheckResult {
        match value {
            Some(value) if value >= self.least() => CheckResult::Holds,
            Some(value) if value > 0.0 => CheckResult::Weakens,
            _ => CheckResult::Fails,
        }
    }

    fn rerun(&self, check: Check, lens: Lens<'_>) -> CounterEvidence {
        let value = self.ground.own_log(&lens, self.pair());
        answer(check, self.judge(value), value, Some(self.least()), Phrase::new(check.as_str()))
    }

    fn without_largest_operation(&self) -> CounterEvidence {
        let check = Check::WithoutLargestOperation;
        let Some(largest) = &self.trail.largest else { return not_checked(check, "no_events") };
        let parts = Phrase::new(check.as_str())
            .with("source", largest.source.as_str())
            .with("event_id", largest.event_id.as_str())
            .with("incidents", largest.incidents)
            .with("mass_mg", largest.mass_mg);
        answer(check, self.judge(largest.log_without), largest.log_without, Some(self.least()), parts)
    }

    fn without_any_one_reporter(&self) -> CounterEvidence {
        let check = Check::WithoutAnyOneReporter;
        // A reporter without whom nothing can be tested is the weakest of all.
        let order = |x: &WithoutReporter| x.log.unwrap_or(f64::NEG_INFINITY);
        let weakest = self.without_reporter.iter().reduce(|w, r| if order(r) < order(w) { r } else { w });
        let Some(weakest) = weakest.filter(|_| self.without_reporter.len() > 1) else {
            return not_checked(check, "one_reporter");
        };
        let reporters: Vec<String> = self.without_reporter.iter().map(|r| r.reporter.clone()).collect();
        let parts =
            Phrase::new(check.as_str()).with("reporter", weakest.reporter.as_str()).with("reporters", reporters);
        // Others that would not tell it alone, but say the same, do not contradict it.
        let result = match self.judge(weakest.log) {
            CheckResult::Fails if weakest.added > self.ground.config.added_bar => CheckResult::Weakens,
            result => result,
        };
        answer(check, result, weakest.log, Some(self.least()), parts)
    }

    /// Pooled over the market's strata, do incidents say what the headline says? Where offices differ in size and mix
    /// they may not (Simpson's paradox); the reader must know.
    fn by_incidents(&self) -> CounterEvidence {
        let check = Check::ByIncidents;
        let pair = self.pair();
        let of = |member| self.figures.sum(member).map(|s| s.incidents.max(0) as f64);
        let (all, falling, rising) = (of(None), of(Some(pair.0)), of(Some(pair.1)));
        let odds = |side: usize| ((rising[side] + 0.5) / (falling[side] + 0.5)).ln();
        let value = odds(1) - odds(0);
        let share = |n: [f64; 2], side: usize| if all[side] > 0.0 { n[side] / all[side] } else { 0.0 };
        let agree = value > 0.0 && share(falling, 1) < share(falling, 0) && share(rising, 1) > share(rising, 0);
        let parts = Phrase::new(check.as_str())
            .with("falling_share_before", round::share(share(falling, 0)))
            .with("falling_share_after", round::share(share(falling, 1)))
            .with("rising_share_before", round::share(share(rising, 0)))
            .with("rising_share_after", round::share(share(rising, 1)));
        let result = if agree { CheckResult::Holds } else { CheckResult::Weakens };
        answer(check, result, Some(value), Some(0.0), parts)
    }

    fn by_mass(&self) -> CounterEvidence {
        let check = Check::ByMass;
        if self.figures.sum(None).iter().any(|s| s.mass_mg <= 0) {
            return not_checked(check, "no_mass");
        }
        let value = self.ground.own_log(&Lens { by_mass: true, ..self.lens }, self.pair());
        let [before, after] = self.figures.share(self.analysis.rising);
        let parts = Phrase::new(check.as_str())
            .with("rising_share_before", round::share(before.value))
            .with("rising_share_after", round::share(after.value));
        // Mass is noisier than counts: one large operation can hide a shift. It weakens, it does not refute.
        let agrees = value.is_some_and(|v| v >= self.least()) && after.value > before.value;
        let result = if agrees { CheckResult::Holds } else { CheckResult::Weakens };
        answer(check, result, value, Some(self.least()), parts)
    }

    /// What fell fell alone unless what rose rose by itself too, and the other way round.
    fn alone(&self, check: Check, by_rising: bool) -> CounterEvidence {
        let pair = self.pair();
        let z = movement::alone(self.figures, pair, by_rising);
        let result = match z {
            z if z >= Z90 => CheckResult::Holds,
            z if z >= 0.0 => CheckResult::Weakens,
            _ => CheckResult::Fails,
        };
        let (still, of) = movement::reporters_still(self.figures, pair, by_rising);
        let parts = Phrase::new(check.as_str()).with("reporters_alone", still).with("reporters", of as i64);
        answer(check, result, Some(z), Some(Z90), parts)
    }

    fn control_change(&self) -> CounterEvidence {
        let check = Check::ControlChangeNearOnset;
        let near = control::near(self.context, self.onset);
        let list = near.iter().map(|c| {
            format!("{} {} {} {}", c.substance, c.jurisdiction, c.status, c.date.map_or_else(String::new, day_text))
        });
        let parts = Phrase::new(check.as_str()).with("facts", list.collect::<Vec<_>>());
        let result = if near.is_empty() { CheckResult::Holds } else { CheckResult::Weakens };
        answer(check, result, Some(near.len() as f64), Some(0.0), parts)
    }

    /// Where an edition of the Harmonized System came in around the onset and may have moved what is declared by a code:
    /// the statistic without the trade records that a code alone can have told. (Panes do not tell these apart from
    /// converted amounts, so those of trade are left out too.) Where none came in, or none of the substances has a code,
    /// there is nothing to leave out.
    fn code_change(&self) -> CounterEvidence {
        let check = Check::CodeChangeNearOnset;
        let (editions, codes) = (edition::near(self.onset), edition::codes(self.substances, self.ground.catalog));
        let names: Vec<String> = editions.iter().map(|year| format!("HS {year}")).collect();
        let parts = Phrase::new(check.as_str()).with("editions", names).with("codes", codes.clone());
        if editions.is_empty() || codes.is_empty() {
            return answer(check, CheckResult::Holds, None, None, parts);
        }
        let value = self.ground.own_log(&Lens { without_coded: true, ..self.lens }, self.pair());
        answer(check, self.judge(value), value, Some(self.least()), parts)
    }

    /// Trade held against the same part of earlier years alone: its baseline is then what the season brings. A change
    /// that comes every year vanishes, one that is new stands; one that has lasted for a year is no season, and is run as
    /// it is. It needs the pair in trade since the onset and in both seasons before. A baseline of some months says less
    /// than one of all: it weakens, it does not refute.
    fn licit_trade_season(&self) -> CounterEvidence {
        let check = Check::LicitTradeSeason;
        let (season, pair) = (Season::of(self.onset, self.ground.day), self.pair());
        let mut tally = Tally::of(self.ground.cell, self.ground.registry, &self.lens);
        let (Some(a), Some(b)) = (tally.local(pair.0), tally.local(pair.1)) else {
            return not_checked(check, "no_trade");
        };
        match season.trade_years(&tally, [a, b]) {
            (false, _) => return not_checked(check, "no_trade"),
            (true, 0 | 1) => return not_checked(check, "under_two_years"),
            _ => season.keep(&mut tally),
        }
        let Some(value) = self.ground.own_log_of(&tally, pair) else { return not_checked(check, "too_few") };
        let parts = Phrase::new(check.as_str()).with("from", self.onset.date).with("to", self.ground.day);
        let result = if value >= self.least() { CheckResult::Holds } else { CheckResult::Weakens };
        answer(check, result, Some(value), Some(self.least()), parts)
    }

    fn reporting_gap(&self) -> CounterEvidence {
        let check = Check::ReportingGap;
        let longest = self.silences.iter().map(|(_, days, _)| *days).max();
        let sources: Vec<String> = self.silences.iter().map(|(source, _, _)| source.clone()).collect();
        let usual = self.silences.iter().map(|(_, _, usual)| *usual).max();
        let mut parts = Phrase::new(check.as_str()).with("sources", sources);
        if let (Some(silent), Some(usual)) = (longest, usual) {
            parts = parts.with("silent_days", i64::from(silent)).with("usual_gap_days", i64::from(usual));
        }
        let result = if longest.is_some() { CheckResult::Weakens } else { CheckResult::Holds };
        answer(check, result, longest.map(f64::from), usual.map(f64::from), parts)
    }
}

fn day_text(day: Day) -> String {
    day.to_string()
}

fn answer(check: Check, result: CheckResult, value: Option<f64>, bar: Option<f64>, parts: Phrase) -> CounterEvidence {
    CounterEvidence { check, result, value: value.map(round::log), bar: bar.map(round::log), parts }
}

fn not_checked(check: Check, why: &str) -> CounterEvidence {
    let parts = Phrase::new(check.as_str()).with("why", Arg::from(why));
    CounterEvidence { check, result: CheckResult::NotChecked, value: None, bar: None, parts }
}

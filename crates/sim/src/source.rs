//! Reporting organisations: when they are silent, how late they are.

use headwater_model::Evidence;

use crate::Spec;
use crate::rng::Rng;
use crate::scenario::Knobs;
use crate::stamp::{DAY_S, midnight};

/// A reporting organisation.
pub(crate) struct Source {
    /// Begins with `SIM-`.
    pub name: String,
    /// The first week that it reports of.
    pub joins: i32,
    pub outages: Vec<Outage>,
    /// Reports come four times as late from this week on.
    pub slower_from: Option<i32>,
    /// Its clock's offset to UTC, in hours.
    pub offset_hours: i32,
}

/// A time in which a source sends nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outage {
    pub from: i32,
    /// Last silent week.
    pub to: i32,
    /// Whether what it should have sent is never sent; else it comes within three weeks after the end.
    pub lost: bool,
}

/// Probability of a source to join late, where nothing else is said.
const JOINS_LATE: f64 = 0.15;
/// Days within which a backlog is worked off.
const BACKLOG_DAYS: i64 = 21;
/// Most days by which a notice precedes its shipment: what is known of a week is complete so long before it begins.
pub(crate) const LEAD_DAYS_MAX: i64 = 28;
/// Most days of delay: two years; later corrections than that are not sent any more.
const DELAY_DAYS_MAX: f64 = 730.0;

impl Source {
    /// The second at which an event of a day in `week` is sent, or `None` when it never is.
    pub fn sends_at(&self, rng: &mut Rng, spec: &Spec, kind: Evidence, week: i32, occurred: i64) -> Option<i64> {
        if week < self.joins {
            return None;
        }
        let at = occurred + delay_s(rng, kind, self.slower_from.is_some_and(|from| week >= from));
        match self.outages.iter().any(|outage| outage.lost && outage.covers(spec, at)) {
            true => None,
            false => Some(self.held_back(rng, spec, at)),
        }
    }

    /// The second at which something meant for second `at` is sent: a silent source works off its backlog afterwards.
    pub fn held_back(&self, rng: &mut Rng, spec: &Spec, mut at: i64) -> i64 {
        for outage in &self.outages {
            if outage.covers(spec, at) {
                at = midnight(spec.day_of_week(outage.to + 1)) + rng.between(0, BACKLOG_DAYS * DAY_S - 1);
            }
        }
        at
    }
}

impl Outage {
    fn covers(&self, spec: &Spec, at: i64) -> bool {
        (midnight(spec.day_of_week(self.from))..midnight(spec.day_of_week(self.to + 1))).contains(&at)
    }
}

/// Seconds from an event to its report. Notices go ahead of the shipment; the others follow with long tails, which
/// differ by the office's way of working.
fn delay_s(rng: &mut Rng, kind: Evidence, slow: bool) -> i64 {
    if kind == Evidence::PreExportNotice && !slow && !rng.chance(0.05) {
        return -rng.between(DAY_S, (LEAD_DAYS_MAX - 1) * DAY_S);
    }
    let (median, sigma) = match kind {
        Evidence::PreExportNotice => (4.0, 0.8),
        Evidence::Import => (9.0, 0.8),
        Evidence::Laboratory => (45.0, 0.9),
        _ => (25.0, 1.0),
    };
    let tail = if rng.chance(0.03) { rng.log_normal(150.0, 0.5) } else { 0.0 };
    let days = (rng.log_normal(median, sigma) + tail) * if slow { 4.0 } else { 1.0 };
    (days.min(DELAY_DAYS_MAX) * DAY_S as f64) as i64
}

/// The sources of a world, made when the first cell needs them.
pub(crate) struct Sources<'a> {
    spec: &'a Spec,
    knobs: &'a Knobs,
    pub list: Vec<Source>,
}

impl Sources<'_> {
    pub fn new<'a>(spec: &'a Spec, knobs: &'a Knobs) -> Sources<'a> {
        Sources { spec, knobs, list: Vec::new() }
    }

    /// The three reporters of a market: who they are and what they send.
    pub fn of_market(&mut self, market: &str, drugs: bool) -> Vec<(usize, Evidence)> {
        let customs = format!("SIM-CUSTOMS-{market}");
        let police = format!("SIM-POLICE-{market}");
        let three = if drugs {
            let laboratory = format!("SIM-LABORATORY-{market}");
            [(customs, Evidence::Seizure), (police, Evidence::Seizure), (laboratory, Evidence::Laboratory)]
        } else {
            let notices = "SIM-NOTICES".to_owned();
            [(notices, Evidence::PreExportNotice), (customs, Evidence::Import), (police, Evidence::Seizure)]
        };
        three.into_iter().map(|(name, kind)| (self.place_of(name), kind)).collect()
    }

    fn place_of(&mut self, name: String) -> usize {
        self.list.iter().position(|s| s.name == name).unwrap_or_else(|| {
            let mut rng = Rng::new(self.spec.seed, &[4, self.list.len() as u64]);
            self.list.push(source(&mut rng, name, self.spec, self.knobs));
            self.list.len() - 1
        })
    }
}

fn source(rng: &mut Rng, name: String, spec: &Spec, knobs: &Knobs) -> Source {
    let (weeks, history) = (i64::from(spec.weeks()), i64::from(spec.history_weeks()));
    let mut outages = Vec::new();
    let mut silent = |rng: &mut Rng, from: i64, length: i64| {
        let to = (from + length - 1).min(weeks - 1) as i32;
        outages.push(Outage { from: from as i32, to, lost: rng.chance(0.5) });
    };
    // A short one about every third year, and perhaps one long one after the history.
    for _ in 0..rng.poisson(f64::from(spec.years) / 3.0) {
        let (from, length) = (rng.between(0, weeks - 1), rng.between(2, 4));
        silent(rng, from, length);
    }
    if rng.chance(knobs.long_outage) {
        let (from, length) = (rng.between(history, weeks - 1), rng.between(13, 26));
        silent(rng, from, length);
    }
    outages.sort_by_key(|o| (o.from, o.to));
    // The notices carry most of the world and are there from the start.
    let late = !name.ends_with("NOTICES") && rng.chance(JOINS_LATE);
    let joins = if late { rng.between(26.min(weeks - 1), (weeks / 2).max(26.min(weeks - 1))) as i32 } else { 0 };
    let slower_from = knobs.delay_change.then(|| rng.between(history, (weeks - 26).max(history)) as i32);
    Source { name, joins, outages, slower_from, offset_hours: [0, 0, 0, 8, -5][rng.index(5)] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;
    use headwater_model::Day;

    #[test]
    fn an_outage_swallows_or_holds_back_and_a_latecomer_tells_nothing_of_the_past() {
        let spec = Spec::new(1, Scenario::Quiet, Day::parse("2025-12-31").unwrap());
        let mut source = Source { name: "SIM-X".into(), joins: 5, outages: vec![], slower_from: None, offset_hours: 0 };
        let mut rng = Rng::new(1, &[]);
        let mut send = |source: &Source, week: i32| {
            source.sends_at(&mut rng, &spec, Evidence::Import, week, midnight(spec.day_of_week(week)))
        };
        assert_eq!(send(&source, 4), None);
        assert!(send(&source, 5).is_some());
        source.outages = vec![Outage { from: 0, to: spec.weeks() - 1, lost: true }];
        assert_eq!(send(&source, 5), None);
        source.outages[0].lost = false;
        let end = midnight(spec.end + 1);
        assert!((0..50).all(|_| (end..end + 21 * DAY_S).contains(&send(&source, 5).unwrap())));
    }

    #[test]
    fn a_notice_goes_ahead_and_others_follow() {
        let mut rng = Rng::new(2, &[]);
        let mut early = 0;
        for _ in 0..2_000 {
            let lead = -delay_s(&mut rng, Evidence::PreExportNotice, false);
            assert!(lead < LEAD_DAYS_MAX * DAY_S);
            early += u32::from(lead > 0);
            assert!((0..=730 * DAY_S).contains(&delay_s(&mut rng, Evidence::Seizure, true)));
        }
        assert!((1_800..1_960).contains(&early), "{early}");
    }
}

//! A small world: events of some reporters, and a detector driven through the days on which they became known.
#![allow(dead_code)] // every test file uses its part

use std::collections::BTreeMap;

use headwater_catalog::Catalog;
use headwater_detect::{Config, Detector};
use headwater_model::{
    Access, Alert, Country, Day, EventDay, EventTrace, Evidence, KnownDay, Marking, Names, Pane, PaneKey, Place, Route,
    Series, Sums,
};

/// First day of every world: a Thursday, so that event weeks begin with it.
pub const START: Day = Day(18_263); // 2020-01-02

/// One event: what it says, and when it was known.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub source: &'static str,
    pub evidence: Evidence,
    pub substance: &'static str,
    pub market: &'static str,
    /// Origin and transit countries: the route to the market without its end.
    pub way: &'static [&'static str],
    pub subdivision: Option<&'static str>,
    pub office: Option<&'static str>,
    pub day: Day,
    pub period_days: u16,
    pub known: Day,
    pub incidents: i64,
    pub mass_mg: i64,
    pub marking: Marking,
    /// Organisations it is releasable to.
    pub releasable_to: Vec<&'static str>,
    pub flagged: bool,
    /// The day on which it is taken back.
    pub withdrawn: Option<Day>,
}

impl Event {
    /// A seizure of one incident and a kilogram in the US, known three days later.
    pub fn new(id: impl Into<String>, source: &'static str, substance: &'static str, day: Day) -> Event {
        Event {
            id: id.into(),
            source,
            evidence: Evidence::Seizure,
            substance,
            market: "US",
            way: &["CN"],
            subdivision: None,
            office: None,
            day,
            period_days: 1,
            known: day + 3,
            incidents: 1,
            mass_mg: 1_000_000,
            marking: Marking::Green,
            releasable_to: Vec::new(),
            flagged: false,
            withdrawn: None,
        }
    }

    fn route(&self) -> Route {
        let [origin, via @ ..] = self.way else { panic!("a route begins somewhere") };
        Route::new(country(origin), via.iter().map(|c| country(c)), country(self.market))
    }

    /// Its signed panes.
    pub fn panes(&self, names: &mut Names) -> Vec<Pane> {
        let market = country(self.market);
        let seized = !self.evidence.is_trade();
        let place = seized.then(|| Place {
            country: market,
            subdivision: self.subdivision.map(Into::into),
            office: self.office.map(Into::into),
        });
        let access =
            Access { marking: self.marking, releasable_to: self.releasable_to.iter().map(|o| Box::from(*o)).collect() };
        let series = Series {
            substance: names.substances.intern(self.substance),
            route: names.routes.intern_with(&self.route(), Clone::clone),
            source: names.sources.intern(self.source),
            evidence: self.evidence,
            place: place.map(|p| names.places.intern_with(&p, Clone::clone)),
            access: names.accesses.intern_with(&access, Clone::clone),
            flagged: self.flagged,
        };
        let series = names.series.intern_with(&series, |s| *s);
        let key = |known: Day| PaneKey {
            series,
            event_day: EventDay(self.day),
            period_days: self.period_days,
            known_on: KnownDay(known),
        };
        let sums = Sums { mass_mg: self.mass_mg, pieces: 0, incidents: self.incidents, events: 1 };
        let mut panes = vec![Pane { key: key(self.known), sums }];
        panes.extend(self.withdrawn.map(|day| Pane { key: key(day), sums: sums.negated() }));
        panes
    }
}

pub fn country(code: &str) -> Country {
    Country::from_letters(code.as_bytes().try_into().unwrap()).unwrap()
}

/// A fixed stream of numbers (SplitMix64): the same world in every run.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How a world's weeks are filled: the reporters' events a week, and the mix of a week.
pub struct Plan<'a> {
    pub seed: u64,
    pub weeks: i32,
    pub reporters: &'a [(&'static str, f64)],
    /// Share of each substance in a week.
    pub mix: &'a dyn Fn(i32) -> Vec<(&'static str, f64)>,
    /// Events of a reporter in a week, as a multiple of its own.
    pub rate: &'a dyn Fn(&str, i32) -> f64,
}

impl Plan<'_> {
    pub fn events(&self) -> Vec<Event> {
        let mut rng = Rng(self.seed);
        let mut events = Vec::new();
        for week in 0..self.weeks {
            let mix = (self.mix)(week);
            for (source, rate) in self.reporters {
                let expected = rate * (self.rate)(source, week);
                let n = (expected + 2.0 * (rng.unit() - 0.5) * expected.sqrt() + rng.unit()).floor().max(0.0) as i32;
                for i in 0..n {
                    let mut at = rng.unit() * mix.iter().map(|(_, share)| share).sum::<f64>();
                    let substance = mix.iter().find(|(_, share)| {
                        at -= share;
                        at < 0.0
                    });
                    let substance = substance.map_or(mix[0].0, |(s, _)| *s);
                    let day = START + week * 7 + (rng.next() % 7) as i32;
                    let mut event = Event::new(format!("{source}-{week}-{i}"), source, substance, day);
                    event.known = day + 1 + (rng.next() % 10) as i32;
                    event.mass_mg = 1_000_000 + (rng.next() % 4_000_000) as i64;
                    events.push(event);
                }
            }
        }
        events
    }
}

/// Week in which the planted shift begins.
pub const SHIFT_WEEK: i32 = 120;
pub const REPORTERS: [(&str, f64); 2] = [("US-CUSTOMS", 6.0), ("US-POLICE", 5.0)];

/// Heroin moves to fentanyl in [`SHIFT_WEEK`]; carfentanil stays.
pub fn shifted(week: i32) -> Vec<(&'static str, f64)> {
    let moved = if week >= SHIFT_WEEK { 0.8 } else { 0.0 };
    vec![("heroin", 0.6 * (1.0 - moved)), ("fentanyl", 0.2 + 0.6 * moved), ("carfentanil", 0.2)]
}

/// No shift at all.
pub fn steady(_: i32) -> Vec<(&'static str, f64)> {
    vec![("heroin", 0.6), ("fentanyl", 0.2), ("carfentanil", 0.2)]
}

pub fn even(_: &str, _: i32) -> f64 {
    1.0
}

/// The world with the planted shift, three years long.
pub fn shifted_world(seed: u64) -> Vec<Event> {
    Plan { seed, weeks: 156, reporters: &REPORTERS, mix: &shifted, rate: &even }.events()
}

/// A run through the known days of some events.
pub struct Run {
    pub names: Names,
    pub panes: Vec<Pane>,
    pub alerts: Vec<Alert>,
    pub detector: Detector,
}

impl Run {
    /// Revisions that were raised.
    pub fn raised(&self) -> Vec<&Alert> {
        self.alerts.iter().filter(|a| a.revision == 1).collect()
    }

    pub fn last_day(&self) -> KnownDay {
        self.panes.iter().map(|p| p.key.known_on).max().unwrap()
    }
}

/// Drives a detector through the events, day by day; questions are answered from the events.
pub fn run(events: &[Event]) -> Run {
    run_with(events, Config::default(), |_| {})
}

/// As [`run`], with the day's panes shuffled, split or merged on their way.
pub fn run_with(events: &[Event], config: Config, mut mangle: impl FnMut(&mut Vec<Pane>)) -> Run {
    let mut names = Names::default();
    let mut by_day: BTreeMap<KnownDay, Vec<Pane>> = BTreeMap::new();
    let mut all = Vec::new();
    let mut traces: Vec<EventTrace> = Vec::new();
    for event in events {
        let panes = event.panes(&mut names);
        for pane in &panes {
            by_day.entry(pane.key.known_on).or_default().push(*pane);
            all.push(*pane);
        }
        traces.push(EventTrace { source: event.source.into(), event_id: event.id.as_str().into(), panes });
    }
    let mut detector = Detector::new(Catalog::embedded(), config);
    let mut alerts = Vec::new();
    for (day, mut panes) in by_day {
        mangle(&mut panes);
        let queries = detector.close(day, &panes, &names);
        let answers: Vec<Vec<EventTrace>> = queries
            .iter()
            .map(|query| {
                let known = |t: &EventTrace| -> Vec<Pane> {
                    t.panes.iter().filter(|p| p.key.known_on <= query.as_of).copied().collect()
                };
                let asked = |p: &Pane| {
                    let last = p.key.period().last();
                    query.series.contains(&p.key.series) && last >= query.from && last <= query.to
                };
                let found = traces.iter().map(|t| EventTrace { panes: known(t), ..t.clone() });
                found.filter(|t| t.panes.iter().any(asked)).collect()
            })
            .collect();
        alerts.extend(detector.conclude(&answers, &names));
    }
    Run { names, panes: all, alerts, detector }
}

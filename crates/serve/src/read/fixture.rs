//! Records for tests, and what they add up to in the plainest way.

use headwater_model::{
    Access, Alert, Country, Day, EventDay, Evidence, Input, KnownDay, Marking, Names, PaneKey, Route, Series, Sums,
};

use super::{Held, Needs, Taken};

/// What detection needs, as the product has it.
pub const NEEDS: Needs = Needs { incidents_a_year: 9, history_days: 364 };

/// A record of one item.
#[derive(Clone, Debug)]
pub struct Record {
    pub substance: &'static str,
    pub origin: &'static str,
    pub market: &'static str,
    pub source: String,
    pub evidence: Evidence,
    pub access: Access,
    pub first: Day,
    pub period_days: u16,
    pub known_on: Day,
    pub mass_mg: i64,
    pub incidents: i64,
}

impl Record {
    pub fn last(&self) -> Day {
        self.first + (i32::from(self.period_days) - 1)
    }
}

fn country(text: &str) -> Country {
    Country::from_letters(text.as_bytes().try_into().unwrap()).unwrap()
}

fn key(names: &mut Names, record: &Record) -> PaneKey {
    let route = Route::new(country(record.origin), [], country(record.market));
    let series = Series {
        substance: names.substances.intern(record.substance),
        route: names.routes.intern_with(&route, Clone::clone),
        source: names.sources.intern(record.source.as_str()),
        evidence: record.evidence,
        place: None,
        access: names.accesses.intern_with(&record.access, Clone::clone),
        flagged: false,
    };
    let series = names.series.intern_with(&series, |series| *series);
    let known_on = KnownDay(record.known_on);
    PaneKey { series, event_day: EventDay(record.first), period_days: record.period_days, known_on }
}

/// What a store with these records, each in a file of its own, and these alerts is read to.
pub fn held(records: &[Record], alerts: &[Alert]) -> Held {
    let mut held = unclosed(records);
    held.tell(alerts.iter().cloned(), Day(20_000));
    held
}

/// The same before detection has closed a day.
pub fn unclosed(records: &[Record]) -> Held {
    let mut held = Held::default();
    let input = Input::parse("trade/0").unwrap();
    for record in records {
        let mut taken = Taken::default();
        let mut names = std::mem::take(&mut taken.names);
        let sums = Sums { mass_mg: record.mass_mg, pieces: 0, incidents: record.incidents, events: 1 };
        taken.add(key(&mut names, record), sums, 1).unwrap();
        taken.names = names;
        held.take(&input, taken).unwrap();
    }
    held
}

/// The example of the contract, told of somebody else.
pub fn alert(id: &str, revision: u32, access: &Access) -> Alert {
    let text = include_str!("../../../../schemas/alert/examples/valid/displacement-world.json");
    let mut alert: Alert = serde_json::from_str(text).unwrap();
    alert.alert_id = id.to_owned();
    alert.revision = revision;
    alert.headline = format!("headline of {id}.{revision}");
    alert.marking = access.marking;
    alert.releasable_to = access.releasable_to.iter().map(ToString::to_string).collect();
    alert
}

/// The class of a label alone.
pub fn open(marking: Marking) -> Access {
    Access::open(marking)
}

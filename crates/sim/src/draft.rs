//! An event as it happened, and how a source writes it down.

use headwater_model::{
    Day, Decimal, EventPlace, EventRef, Evidence, Marking, Mode, Quantity, Route, SeizedItem, SeizureEvent, TradeEvent,
    TradeItem, Unit,
};

use crate::palette::PaletteSubstance;
use crate::plan::Cell;
use crate::record::{Body, Feed};
use crate::rng::Rng;
use crate::source::Source;
use crate::stamp::{midnight, rfc3339};

/// Grams of an event, at the most: 20 tonnes, a container.
const GRAMS_MAX: f64 = 20_000_000.0;
/// Spread of the log of an event's mass.
const MASS_SIGMA: f64 = 1.1;
/// The source's own regions of a country.
const REGIONS: [&str; 4] = ["North", "South", "East", "West"];
const FORMS: [&str; 4] = ["powder", "crystal", "liquid", "tablet"];
const ORGANISATIONS: [&str; 3] = ["SIM-AGENCY-A", "SIM-AGENCY-B", "SIM-AGENCY-C"];
/// Labels with their weights; `None` = the record carries none.
const MARKINGS: [(Option<Marking>, f64); 6] = [
    (Some(Marking::Clear), 0.08),
    (Some(Marking::Green), 0.17),
    (None, 0.30),
    (Some(Marking::Amber), 0.30),
    (Some(Marking::AmberStrict), 0.11),
    (Some(Marking::Red), 0.04),
];

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    pub event_id: String,
    pub kind: Evidence,
    pub occurred: Day,
    /// Second of the day, where the source writes one.
    pub second: Option<i64>,
    pub items: Vec<DraftItem>,
    /// `None` where the source does not know it.
    pub route: Option<Route>,
    pub refers_to: Option<EventRef>,
    mode: Mode,
    parties: (u64, u64),
    permit: Option<u64>,
    marking: Option<Marking>,
    releasable_to: Vec<String>,
    region: Option<&'static str>,
    names_destination: bool,
}

/// A substance of an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DraftItem {
    /// Place in the cell's list.
    pub substance: usize,
    pub grams: i64,
    pub unit: Unit,
    /// The figure is in grams and the unit says kilograms, or the other way round.
    pub unit_error: bool,
    naming: Naming,
    purity: Option<i64>,
    form: Option<&'static str>,
}

/// How a source names a substance.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Naming {
    NameAndCas,
    Name,
    Cas,
    NameAndHs,
}

impl Draft {
    /// Draws what the rates leave open.
    pub fn new(
        rng: &mut Rng,
        cell: &Cell,
        kind: Evidence,
        event_id: String,
        occurred: Day,
        labels: (usize, usize),
    ) -> Draft {
        let seizure = !kind.is_trade();
        let (substance, route) = labels;
        let route_known = !seizure || rng.chance(0.6);
        let releasable_to = if rng.chance(0.08) {
            let first = rng.index(ORGANISATIONS.len());
            let count = 1 + rng.index(2);
            (0..count).map(|i| ORGANISATIONS[(first + i) % ORGANISATIONS.len()].to_owned()).collect()
        } else {
            Vec::new()
        };
        Draft {
            event_id,
            kind,
            occurred,
            second: rng.chance(0.3).then(|| rng.between(0, 86_399)),
            items: vec![DraftItem::new(rng, cell, kind, substance)],
            route: route_known.then(|| cell.routes[route].clone()),
            refers_to: None,
            mode: Mode::ALL[rng.pick(&[0.45, 0.2, 0.15, 0.05, 0.1, 0.05])],
            parties: (rng.below(400), rng.below(2_000)),
            permit: (kind == Evidence::PreExportNotice).then(|| rng.below(1_000_000)),
            marking: MARKINGS[rng.pick(&MARKINGS.map(|(_, weight)| weight))].0,
            releasable_to,
            region: rng.chance(0.8).then(|| REGIONS[rng.pick(&[0.4, 0.3, 0.2, 0.1])]),
            names_destination: rng.chance(0.4),
        }
    }

    /// The event as a source sends it at a second, with a number for the correction.
    pub fn render(&self, cell: &Cell, source: &Source, revision: u32, at: i64) -> Body {
        let occurred_on = match self.second {
            None => self.occurred.to_string(),
            // The source writes its own day.
            Some(s) => {
                rfc3339(midnight(self.occurred) + s - i64::from(source.offset_hours) * 3_600, source.offset_hours)
            }
        };
        let reported_at = rfc3339(at, source.offset_hours);
        let revision = (revision > 0).then_some(revision);
        let via: Vec<String> = self.route.iter().flat_map(via_of).collect();
        let origin = self.route.as_ref().map(|r| r.origin().to_string());
        let refers_to: Vec<EventRef> = self.refers_to.clone().into_iter().collect();
        let mode = Some(self.mode);
        let (consignor, consignee) = (format!("P-{:06}", self.parties.0), format!("P-{:06}", 10_000 + self.parties.1));
        let permit = self.permit.map(|n| format!("N-{n:06}"));
        let (marking, releasable_to) = (self.marking, self.releasable_to.clone());
        let market = cell.market.to_string();
        if !self.kind.is_trade() {
            let place = match self.region {
                None => EventPlace::Code(market.clone()),
                Some(region) => {
                    EventPlace::Parts { country: market.clone(), subdivision: Some(region.into()), office: None }
                }
            };
            Body::Seizure(Box::new(SeizureEvent {
                revision,
                occurred_on,
                place,
                items: self.items.iter().map(|item| item.seized(&cell.substances[item.substance])).collect(),
                origin,
                destination: self.names_destination.then_some(market),
                via,
                mode,
                refers_to,
                marking,
                releasable_to,
                ..SeizureEvent::new(&source.name, &self.event_id, self.kind, self.occurred, &reported_at)
            }))
        } else {
            let item = &self.items[0];
            Body::Trade(Box::new(TradeEvent {
                revision,
                occurred_on,
                item: item.traded(&cell.substances[item.substance]),
                quantity: Some(item.quantity()),
                origin: origin.unwrap_or_else(|| "XX".into()),
                destination: market,
                via,
                mode,
                consignor: Some(consignor),
                consignee: Some(consignee),
                permit,
                refers_to,
                marking,
                releasable_to,
                ..TradeEvent::new(&source.name, &self.event_id, self.kind, self.occurred, &reported_at)
            }))
        }
    }

    /// The file that its records belong to.
    pub fn feed(&self) -> Feed {
        if !self.kind.is_trade() { Feed::Seizure } else { Feed::Trade }
    }
}

fn via_of(route: &Route) -> impl Iterator<Item = String> {
    let countries = route.countries();
    countries[1..countries.len() - 1].iter().map(ToString::to_string)
}

impl DraftItem {
    pub fn new(rng: &mut Rng, cell: &Cell, kind: Evidence, substance: usize) -> DraftItem {
        let seizure = !kind.is_trade();
        let grams = rng.log_normal(cell.grams[substance], MASS_SIGMA).clamp(1.0, GRAMS_MAX) as i64;
        let unit = if seizure && cell.market.as_str() == "US" {
            Unit::Pound
        } else if seizure && grams < 2_000 {
            Unit::Gram
        } else {
            Unit::Kilogram
        };
        let naming =
            [Naming::NameAndCas, Naming::Name, Naming::Cas, Naming::NameAndHs][rng.pick(&[0.4, 0.35, 0.1, 0.15])];
        let analysed = kind == Evidence::Laboratory || seizure && rng.chance(0.2);
        let purity = analysed.then(|| 1 + (rng.beta(3.0, 2.0) * 99.0) as i64);
        let form = (seizure && rng.chance(0.5)).then(|| FORMS[rng.index(FORMS.len())]);
        DraftItem { substance, grams, unit, unit_error: false, naming, purity, form }
    }

    fn quantity(&self) -> Quantity {
        let thousandths = |n: i64| format!("{}.{:03}", n / 1_000, n % 1_000);
        let value = match self.unit {
            Unit::Gram => self.grams.to_string(),
            // 1 lb = 453.59237 g
            Unit::Pound => thousandths(self.grams * 100_000_000 / 45_359_237),
            _ => thousandths(self.grams),
        };
        let unit = match (self.unit_error, self.unit) {
            (true, Unit::Kilogram) => Unit::Gram,
            (true, Unit::Gram) => Unit::Kilogram,
            (_, unit) => unit,
        };
        // Digits and a point are a JSON number.
        Quantity::new(Decimal::parse(&value).unwrap_or_else(|| Decimal::from(0)), unit)
    }

    fn named(&self, substance: &PaletteSubstance) -> (Option<String>, Option<String>, Option<String>) {
        let (name, cas, hs) = (Some(substance.name.clone()), substance.cas.clone(), substance.hs.clone());
        match self.naming {
            Naming::NameAndCas => (name, cas, None),
            Naming::Cas if cas.is_some() => (None, cas, None),
            Naming::NameAndHs => (name, None, hs),
            Naming::Name | Naming::Cas => (name, None, None),
        }
    }

    fn traded(&self, substance: &PaletteSubstance) -> TradeItem {
        let (name, cas, hs) = self.named(substance);
        TradeItem { name, cas, hs, description: None }
    }

    fn seized(&self, substance: &PaletteSubstance) -> SeizedItem {
        let (name, cas, _) = self.named(substance);
        SeizedItem {
            name,
            cas,
            quantity: Some(self.quantity()),
            purity_percent: self.purity.map(Decimal::from),
            form: self.form.map(Into::into),
        }
    }
}

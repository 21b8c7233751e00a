//! Events as they stand on the wire: owned values for whoever writes them (importers, the simulator, tests). The hot
//! path reads the same contract with borrowed fields of its own.

use serde::{Deserialize, Serialize};

use crate::{Basis, Day, Decimal, Evidence, Marking, Status, Unit};

/// A customs declaration, a pre-export notice or a suspicious order.
///
/// ```
/// use headwater_model::{Day, Decimal, Evidence, Quantity, TradeEvent, TradeItem, Unit};
/// let event = TradeEvent {
///     origin: "CN".into(),
///     destination: "MXZLO".into(),
///     item: TradeItem { cas: Some("79099-07-3".into()), ..TradeItem::default() },
///     quantity: Some(Quantity::new(Decimal::parse("25.500").unwrap(), Unit::Kilogram)),
///     ..TradeEvent::new("SIM-MX", "42", Evidence::Import, Day::parse("2025-02-12").unwrap(), "2025-02-20T08:00:00Z")
/// };
/// assert!(serde_json::to_string(&event).unwrap().contains(r#""quantity":{"value":25.500,"unit":"kg"}"#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeEvent {
    /// Unique within the source.
    pub event_id: String,
    /// The source's count of its corrections; absent = 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Absent = reported. A [`Withdrawal`] needs less than a whole event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// One of the trade kinds.
    pub kind: Evidence,
    /// Date or time of the shipment or declaration, or the first day of the period.
    pub occurred_on: String,
    /// Length of the period that a published figure covers; absent = 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_days: Option<u16>,
    /// RFC 3339 time at which the source sent it.
    pub reported_at: String,
    /// Reporting organisation; one that begins with `SIM-` is simulated.
    pub source: String,
    /// The goods.
    pub item: TradeItem,
    /// How much of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// ISO 3166 alpha-2 or UN/LOCODE; `XX` unknown.
    pub origin: String,
    /// As `origin`.
    pub destination: String,
    /// Transit places in order, each as `origin`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// How it travelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Opaque id, never a name in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignor: Option<String>,
    /// Opaque id, never a name in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<String>,
    /// Number of the permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<String>,
    /// The notices or events that this one fulfils or follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refers_to: Vec<EventRef>,
    /// Declared value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// Absent = TLP:AMBER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<Marking>,
    /// Empty = everyone whose clearance suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releasable_to: Vec<String>,
}

impl TradeEvent {
    /// An event of an unknown item from `XX` to `XX`: what every event has, to be completed by struct update.
    pub fn new(source: &str, event_id: &str, kind: Evidence, occurred_on: Day, reported_at: &str) -> TradeEvent {
        TradeEvent {
            event_id: event_id.into(),
            revision: None,
            status: None,
            kind,
            occurred_on: occurred_on.to_string(),
            period_days: None,
            reported_at: reported_at.into(),
            source: source.into(),
            item: TradeItem::default(),
            quantity: None,
            origin: "XX".into(),
            destination: "XX".into(),
            via: Vec::new(),
            mode: None,
            consignor: None,
            consignee: None,
            permit: None,
            refers_to: Vec::new(),
            value: None,
            marking: None,
            releasable_to: Vec::new(),
        }
    }
}

/// What is traded; at least one of name, CAS number and HS code stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeItem {
    /// As the source writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// CAS registry number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cas: Option<String>,
    /// Harmonized System code, 6 digits or a longer national one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hs: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A seizure, a stopped shipment, a theft, a laboratory or an identification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeizureEvent {
    /// Unique within the source.
    pub event_id: String,
    /// The source's count of its corrections; absent = 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Absent = reported. A [`Withdrawal`] needs less than a whole event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// One of the seizure kinds.
    pub kind: Evidence,
    /// Date or time of the event, or the first day of the period.
    pub occurred_on: String,
    /// Length of the period that a published figure covers; absent = 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_days: Option<u16>,
    /// RFC 3339 time at which the source sent it.
    pub reported_at: String,
    /// Reporting organisation; one that begins with `SIM-` is simulated.
    pub source: String,
    /// Where it was made.
    pub place: EventPlace,
    /// What was found, at least one.
    pub items: Vec<SeizedItem>,
    /// Operations behind the figure; absent = 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incidents: Option<u32>,
    /// ISO 3166 alpha-2 or UN/LOCODE; absent or `XX` = unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// As `origin`; absent or `XX` = the route ends in the country of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Transit places in order, each as `origin`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// How it travelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Opaque id, never a name in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignor: Option<String>,
    /// Opaque id, never a name in clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consignee: Option<String>,
    /// Number of the permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit: Option<String>,
    /// The notices or events that this one follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refers_to: Vec<EventRef>,
    /// Declared value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// Absent = TLP:AMBER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<Marking>,
    /// Empty = everyone whose clearance suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub releasable_to: Vec<String>,
}

impl SeizureEvent {
    /// An event without items in `XX`: what every event has, to be completed by struct update.
    pub fn new(source: &str, event_id: &str, kind: Evidence, occurred_on: Day, reported_at: &str) -> SeizureEvent {
        SeizureEvent {
            event_id: event_id.into(),
            revision: None,
            status: None,
            kind,
            occurred_on: occurred_on.to_string(),
            period_days: None,
            reported_at: reported_at.into(),
            source: source.into(),
            place: EventPlace::Code("XX".into()),
            items: Vec::new(),
            incidents: None,
            origin: None,
            destination: None,
            via: Vec::new(),
            mode: None,
            consignor: None,
            consignee: None,
            permit: None,
            refers_to: Vec::new(),
            value: None,
            marking: None,
            releasable_to: Vec::new(),
        }
    }
}

/// One thing that was found; a name or a CAS number stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeizedItem {
    /// As the source writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// CAS registry number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cas: Option<String>,
    /// How much of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Percent by mass, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purity_percent: Option<Decimal>,
    /// Powder, tablet, liquid, ... in the source's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
}

/// The place of a seizure: a country or LOCODE alone, or with the source's own parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventPlace {
    /// ISO 3166 alpha-2 or UN/LOCODE.
    Code(String),
    /// A country and where in it.
    Parts {
        /// ISO 3166 alpha-2.
        country: String,
        /// ISO 3166-2 code, or the source's own region.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subdivision: Option<String>,
        /// The source's own office.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        office: Option<String>,
    },
}

/// What takes an event back; also for an event that has not arrived yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    /// The event that is taken back.
    pub event_id: String,
    /// The revision up to which it is taken back.
    pub revision: u32,
    /// Always [`Status::Withdrawn`].
    pub status: Status,
    /// RFC 3339 time at which the source sent it.
    pub reported_at: String,
    /// Reporting organisation.
    pub source: String,
}

/// An amount as the source gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// Digits as written.
    pub value: Decimal,
    /// Of what.
    pub unit: Unit,
    /// Absent = unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// The source's own words about the figure (`estimated`, `at least`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
}

impl Quantity {
    /// An amount without basis and qualifier.
    pub fn new(value: Decimal, unit: Unit) -> Quantity {
        Quantity { value, unit, basis: None, qualifier: None }
    }
}

/// A declared value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Digits as written.
    pub amount: Decimal,
    /// ISO 4217 alphabetic code.
    pub currency: String,
}

/// Names another event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRef {
    /// Its source.
    pub source: String,
    /// Its id within that source.
    pub event_id: String,
}

/// Mode of transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the words of the contract say what each is
pub enum Mode {
    Sea,
    Air,
    Road,
    Rail,
    Post,
    Unknown,
}

impl Mode {
    /// The closed list.
    pub const ALL: [Mode; 6] = [Mode::Sea, Mode::Air, Mode::Road, Mode::Rail, Mode::Post, Mode::Unknown];

    /// The word of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Sea => "sea",
            Mode::Air => "air",
            Mode::Road => "road",
            Mode::Rail => "rail",
            Mode::Post => "post",
            Mode::Unknown => "unknown",
        }
    }

    /// Reads the word of the wire, letter for letter.
    pub fn parse(text: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|m| m.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seizure_is_read_as_it_was_written() {
        let text = concat!(
            r#"{"event_id":"7","kind":"seizure","occurred_on":"2020-10-01","period_days":31,"reported_at":"2020-12-15T00:00:00Z","#,
            r#""source":"US-CBP","place":{"country":"US","subdivision":"Southwest"},"items":[{"name":"Fentanyl","#,
            r#""quantity":{"value":8.3799469484296,"unit":"lb"},"purity_percent":12.50}],"incidents":3,"#,
            r#""value":{"amount":1e3,"currency":"USD"}}"#
        );
        let event: SeizureEvent = serde_json::from_str(text).unwrap();
        assert_eq!(event.items[0].quantity.as_ref().unwrap().value.as_str(), "8.3799469484296");
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert_eq!(
            serde_json::from_value::<SeizureEvent>(serde_json::to_value(&event).unwrap()).unwrap().place,
            event.place
        );
    }

    #[test]
    fn words_and_serde_agree() {
        for mode in Mode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
            assert_eq!(Mode::parse(mode.as_str()), Some(mode));
        }
        assert_eq!(serde_json::to_value(Status::Withdrawn).unwrap(), "withdrawn");
    }
}

//! One record read from its JSON text, the slow and plain way.

use headwater_model::Day;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Known;
use super::mass::rounded;

/// Limits of the contract: milligrams and pieces of one record, days between event and report.
const MASS_MG_MAX: i64 = 100_000_000_000_000;
const PIECES_MAX: i64 = 1_000_000_000_000;
const LATE_DAYS_MAX: i32 = 7_305;
const AHEAD_DAYS_MAX: i32 = 2;
const NOTICE_AHEAD_DAYS_MAX: i32 = 400;

/// Milligrams a unit of mass, and millilitres (milligrams of water x 1,000) a unit of volume, as decimal text.
const MASS: [(&str, &str); 6] =
    [("kg", "1000000"), ("g", "1000"), ("mg", "1"), ("t", "1000000000"), ("lb", "453592.37"), ("oz", "28349.523125")];
const VOLUME: [(&str, &str); 3] = [("L", "1000000"), ("mL", "1000"), ("gal", "3785411.784")];

/// A record that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Reporting organisation.
    pub source: String,
    /// Its id within the source.
    pub event_id: String,
    /// The source's count of corrections.
    pub revision: u64,
    /// Whether it takes the event back.
    pub withdrawn: bool,
    /// UTC day of the report.
    pub known_on: Day,
    /// What it counts with.
    pub items: Vec<Item>,
    /// Time of the report as written: part of the content.
    pub reported_at: String,
    /// The whole record as JSON, to tell a repeat from a conflict.
    pub content: Value,
}

/// One item of a record: its key and its amounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Catalog id or `unmapped:<key>`.
    pub substance: String,
    /// `CN>MX>US`.
    pub route: String,
    /// Reporting organisation.
    pub source: String,
    /// The event's kind.
    pub evidence: String,
    /// `US|Southwest|LAREDO`; empty for trade.
    pub place: String,
    /// `TLP:AMBER A,B`.
    pub access: String,
    /// Derived, not read.
    pub flagged: bool,
    /// First day of the period.
    pub first: Day,
    /// Its length.
    pub period_days: i32,
    /// Milligrams.
    pub mass_mg: i64,
    /// Pieces.
    pub pieces: i64,
    /// Incidents.
    pub incidents: i64,
}

/// Why the oracle does not take a record; the word of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str);

#[derive(Deserialize)]
struct Wire {
    event_id: String,
    source: String,
    reported_at: String,
    revision: Option<u64>,
    status: Option<String>,
    kind: Option<String>,
    occurred_on: Option<String>,
    period_days: Option<i32>,
    item: Option<WireItem>,
    items: Option<Vec<WireItem>>,
    quantity: Option<Amount>,
    origin: Option<String>,
    destination: Option<String>,
    #[serde(default)]
    via: Vec<String>,
    place: Option<Value>,
    incidents: Option<i64>,
    marking: Option<String>,
    #[serde(default)]
    releasable_to: Vec<String>,
}

#[derive(Deserialize)]
struct WireItem {
    name: Option<String>,
    cas: Option<String>,
    hs: Option<String>,
    quantity: Option<Amount>,
}

#[derive(Deserialize)]
struct Amount {
    value: Box<RawValue>,
    unit: String,
    basis: Option<String>,
}

/// Reads one record, or says why not.
pub fn read(line: &str, known: &Known) -> Result<Record, Refused> {
    let wire: Wire = serde_json::from_str(line).map_err(|_| Refused("missing_field"))?;
    let known_on = utc_day(&wire.reported_at).ok_or(Refused("bad_date"))?;
    let withdrawn = wire.status.as_deref() == Some("withdrawn");
    if withdrawn && wire.revision.is_none() {
        return Err(Refused("missing_field"));
    }
    let items = if withdrawn { Vec::new() } else { items(&wire, known_on, known)? };
    Ok(Record {
        source: wire.source,
        event_id: wire.event_id,
        revision: wire.revision.unwrap_or(0),
        withdrawn,
        known_on,
        items,
        reported_at: wire.reported_at,
        content: serde_json::from_str(line).map_err(|_| Refused("bad_json"))?,
    })
}

fn items(wire: &Wire, known_on: Day, known: &Known) -> Result<Vec<Item>, Refused> {
    let evidence = wire.kind.clone().ok_or(Refused("missing_field"))?;
    let occurred = wire.occurred_on.as_deref().ok_or(Refused("missing_field"))?;
    let first = occurred.get(..10).and_then(Day::parse).ok_or(Refused("bad_date"))?;
    let ahead = if evidence == "pre_export_notice" { NOTICE_AHEAD_DAYS_MAX } else { AHEAD_DAYS_MAX };
    if first - known_on > ahead {
        return Err(Refused("out_of_range"));
    }
    if known_on - first > LATE_DAYS_MAX {
        return Err(Refused("too_late"));
    }
    let (place, place_country) = place(wire.place.as_ref());
    let trade = wire.items.is_none();
    let country = |code: &Option<String>| code.as_deref().map_or("XX", |c| &c[..2]).to_owned();
    let destination = match country(&wire.destination) {
        d if d == "XX" && !trade => place_country,
        d => d,
    };
    let route = route(country(&wire.origin), wire.via.iter().map(|v| v[..2].to_owned()), destination);
    let mut organisations = wire.releasable_to.clone();
    organisations.sort();
    organisations.dedup();
    let marking = wire.marking.as_deref().unwrap_or("TLP:AMBER");
    let access = format!("{marking} {}", organisations.join(",")).trim_end().to_owned();

    let mut made: Vec<Item> = Vec::new();
    let wire_items = wire.items.as_deref().unwrap_or(wire.item.as_slice());
    if wire_items.is_empty() {
        return Err(Refused("missing_field"));
    }
    for item in wire_items {
        let (substance, from_hs) = substance(item, known)?;
        let quantity = if trade { wire.quantity.as_ref() } else { item.quantity.as_ref() };
        let (mass_mg, pieces, derived) = quantity.map_or(Ok((0, 0, false)), |q| amount(q, &substance, known))?;
        let first_of_substance = made.iter().all(|other| other.substance != substance);
        made.push(Item {
            route: route.clone(),
            source: wire.source.clone(),
            evidence: evidence.clone(),
            place: place.clone(),
            access: access.clone(),
            flagged: from_hs || derived,
            first,
            period_days: wire.period_days.unwrap_or(1),
            mass_mg,
            pieces,
            incidents: if first_of_substance { wire.incidents.unwrap_or(1) } else { 0 },
            substance,
        });
    }
    Ok(made)
}

/// The UTC day of a time: seconds are counted, leap seconds and fractions are not.
fn utc_day(text: &str) -> Option<Day> {
    let day = Day::parse(text.get(..10)?)?;
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<i32>().ok());
    let minutes = number(11..13)? * 60 + number(14..16)?;
    let zone = text.get(19..)?.trim_start_matches(['.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let offset = match zone.as_bytes().first()? {
        b'Z' | b'z' => 0,
        sign @ (b'+' | b'-') => {
            let minutes = zone.get(1..3)?.parse::<i32>().ok()? * 60 + zone.get(4..6)?.parse::<i32>().ok()?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    Some(day + (minutes - offset).div_euclid(24 * 60))
}

/// The place as text, and its country.
fn place(value: Option<&Value>) -> (String, String) {
    match value {
        None => (String::new(), "XX".to_owned()),
        Some(Value::String(code)) => (format!("{}||", &code[..2]), code[..2].to_owned()),
        Some(parts) => {
            let part = |name: &str| parts[name].as_str().unwrap_or_default().to_owned();
            let country = part("country")[..2].to_owned();
            (format!("{country}|{}|{}", part("subdivision"), part("office")), country)
        }
    }
}

/// Adjacent repeats collapse, the two ends stay.
fn route(origin: String, via: impl Iterator<Item = String>, destination: String) -> String {
    let mut between: Vec<String> = via.collect();
    between.dedup();
    if between.first() == Some(&origin) {
        between.remove(0);
    }
    if between.last() == Some(&destination) {
        between.pop();
    }
    let mut all = vec![origin];
    all.extend(between);
    all.push(destination);
    all.join(">")
}

fn found(table: &'static [(&str, &str)], key: &str) -> Option<&'static str> {
    table.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
}

/// The substance of an item, and whether its HS code alone told it.
fn substance(item: &WireItem, known: &Known) -> Result<(String, bool), Refused> {
    let cas = item.cas.as_deref();
    let by_cas = cas.filter(|c| check_digit_holds(c)).and_then(|c| found(known.cas, c));
    let name = item.name.as_deref().map(|n| n.trim().to_lowercase());
    if let Some(id) = by_cas.or_else(|| name.as_deref().and_then(|n| found(known.names, n))) {
        return Ok((id.to_owned(), false));
    }
    let hs6 = item.hs.as_deref().map(|h| h.chars().filter(char::is_ascii_digit).take(6).collect::<String>());
    if name.is_none() && hs6.is_none() && cas.is_some_and(|c| !check_digit_holds(c)) {
        return Err(Refused("bad_cas"));
    }
    if name.is_none()
        && let Some(id) = hs6.as_deref().and_then(|h| found(known.hs, h))
    {
        return Ok((id.to_owned(), true));
    }
    let key = hs6.or(name).or_else(|| cas.map(str::to_owned)).ok_or(Refused("missing_field"))?;
    Ok((format!("unmapped:{key}"), false))
}

/// The last digit of a CAS number is the sum of the others, each times its position from the right, modulo 10.
fn check_digit_holds(cas: &str) -> bool {
    let digits: Vec<u32> = cas.chars().filter_map(|c| c.to_digit(10)).collect();
    let Some((last, rest)) = digits.split_last() else { return false };
    let sum: u32 = rest.iter().rev().zip(1..).map(|(digit, position)| digit * position).sum();
    cas.len() == digits.len() + 2 && sum % 10 == *last
}

/// Milligrams, pieces, and whether the mass was derived.
fn amount(quantity: &Amount, substance: &str, known: &Known) -> Result<(i64, i64, bool), Refused> {
    let (number, unit) = (quantity.value.get(), quantity.unit.as_str());
    let gross = quantity.basis.as_deref() == Some("gross");
    let refused = Refused("out_of_range");
    if let Some(factor) = found(&MASS, unit) {
        return Ok((rounded(number, factor, MASS_MG_MAX).ok_or(refused)?, 0, gross));
    }
    if let Some(factor) = found(&VOLUME, unit) {
        let density = found(known.density, substance).unwrap_or("1");
        let product = decimal_product(factor, density);
        return Ok((rounded(number, &product, MASS_MG_MAX).ok_or(refused)?, 0, true));
    }
    let weight = match unit {
        "tablet" => found(known.tablet_mg, substance),
        "dose" => found(known.dose_mg, substance),
        _ => None,
    };
    match weight {
        Some(weight) => Ok((rounded(number, weight, MASS_MG_MAX).ok_or(refused)?, 0, true)),
        // What is counted has no mass that could be gross.
        None => Ok((0, rounded(number, "1", PIECES_MAX).ok_or(refused)?, false)),
    }
}

/// Exact product of two short decimals as text.
fn decimal_product(a: &str, b: &str) -> String {
    let decimals = |t: &str| t.split_once('.').map_or(0, |(_, d)| d.len());
    let whole = |t: &str| t.replace('.', "").parse::<u128>().unwrap_or(0);
    let (product, places) = (whole(a) * whole(b), decimals(a) + decimals(b));
    let digits = format!("{product:0>width$}", width = places + 1);
    let (left, right) = digits.split_at(digits.len() - places);
    format!("{left}.{right}").trim_end_matches('.').to_owned()
}

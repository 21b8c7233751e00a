//! A row of the archive, whole, as people and programs get it.

use arrow_array::RecordBatch;
use arrow_array::types::{Date32Type, Float64Type, Int8Type, Int32Type, Int64Type, UInt16Type, UInt32Type};
use headwater_model::{Day, EventRef, Flags};

use crate::columns::{BadColumn, Numbers, Texts, Words};
use crate::table::table;

/// Columns that an [`Observation`] is made of.
pub(crate) const COLUMNS: [&str; 45] = [
    "sign",
    "source",
    "event_id",
    "revision",
    "status",
    "item",
    "evidence",
    "event_day",
    "period_days",
    "known_on",
    "counted_on",
    "substance",
    "hs",
    "route",
    "origin",
    "destination",
    "market",
    "place_country",
    "subdivision",
    "office",
    "mass_mg",
    "pieces",
    "incidents",
    "raw_name",
    "raw_cas",
    "raw_value",
    "raw_unit",
    "basis",
    "qualifier",
    "value_amount",
    "value_currency",
    "suggestion",
    "form",
    "purity",
    "mode",
    "consignor",
    "consignee",
    "permit",
    "refers_to",
    "flags",
    "marking",
    "releasable_to",
    "topic",
    "partition",
    "offset",
];

table! {
    /// One item of an event, as a row of the archive has it (`docs/archive.md` says what each column means). A row that
    /// takes an item back, or puts it in force again, has the key and the amounts alone.
    pub struct Observation {
        /// +1 counted, -1 taken back, 0 a withdrawal.
        pub sign: i8,
        /// Reporting organisation.
        pub source: String,
        /// Unique within the source.
        pub event_id: String,
        /// The source's count of its corrections.
        pub revision: u32,
        /// `reported` or `withdrawn`.
        pub status: String,
        /// Position in the event's items, from 0.
        pub item: Option<u16>,
        /// The event's kind.
        pub evidence: Option<String>,
        /// The day of the event, or the first day of its period.
        pub event_day: Option<Day>,
        /// Length of the period in days.
        pub period_days: Option<u16>,
        /// When the change became known.
        pub known_on: Option<Day>,
        /// When detection counted it.
        pub counted_on: Option<Day>,
        /// Catalog id, or `unmapped:<key>`.
        pub substance: Option<String>,
        /// HS code, digits alone.
        pub hs: Option<String>,
        /// `CN>MX>US`.
        pub route: Option<String>,
        /// Country in which the route begins.
        pub origin: Option<String>,
        /// Country in which it ends.
        pub destination: Option<String>,
        /// Where the goods were bound for.
        pub market: Option<String>,
        /// Where a seizure was made.
        pub place_country: Option<String>,
        /// Likewise.
        pub subdivision: Option<String>,
        /// Likewise.
        pub office: Option<String>,
        /// Milligrams; none where the record gives no mass.
        pub mass_mg: Option<i64>,
        /// Of what is counted and has no mass.
        pub pieces: Option<i64>,
        /// Operations behind the figure.
        pub incidents: Option<i64>,
        /// As written.
        pub raw_name: Option<String>,
        /// As written.
        pub raw_cas: Option<String>,
        /// The number as written.
        pub raw_value: Option<String>,
        /// As written.
        pub raw_unit: Option<String>,
        /// What the mass is the mass of.
        pub basis: Option<String>,
        /// The source's own word on the figure.
        pub qualifier: Option<String>,
        /// The number as written.
        pub value_amount: Option<String>,
        /// ISO 4217.
        pub value_currency: Option<String>,
        /// Catalog id with the nearest name, of an unmapped item.
        pub suggestion: Option<String>,
        /// As written.
        pub form: Option<String>,
        /// Percent by mass.
        pub purity: Option<f64>,
        /// Of transport.
        pub mode: Option<String>,
        /// Opaque id.
        pub consignor: Option<String>,
        /// Opaque id.
        pub consignee: Option<String>,
        /// Number of the permit.
        pub permit: Option<String>,
        /// The notices or events that it fulfils or follows.
        pub refers_to: Vec<EventRef>,
        /// What was noticed, in the words of the contract.
        pub flags: Vec<&'static str>,
        /// TLP 2.0; none of a withdrawal.
        pub marking: Option<String>,
        /// Organisations; empty = everyone whose clearance suffices.
        pub releasable_to: Vec<String>,
        /// Topic or file.
        pub topic: String,
        /// 0 for files.
        pub partition: i32,
        /// Offset in the partition, or byte offset in the file.
        pub offset: i64,
    }
}

/// The rows of a batch that has the [`COLUMNS`].
pub(crate) fn observations(batch: &RecordBatch) -> Result<Vec<Observation>, BadColumn> {
    let words = |name| Words::of(batch, name);
    let texts = |name| Texts::of(batch, name);
    let days = |name| Numbers::<Date32Type>::of(batch, name);
    let sign = Numbers::<Int8Type>::of(batch, "sign")?;
    let (source, event_id, status) = (words("source")?, texts("event_id")?, words("status")?);
    let revision = Numbers::<UInt32Type>::of(batch, "revision")?;
    let (item, period_days) =
        (Numbers::<UInt16Type>::of(batch, "item")?, Numbers::<UInt16Type>::of(batch, "period_days")?);
    let (event_day, known_on, counted_on) = (days("event_day")?, days("known_on")?, days("counted_on")?);
    let (evidence, substance, hs, route) = (words("evidence")?, words("substance")?, texts("hs")?, words("route")?);
    let (origin, destination, market) = (words("origin")?, words("destination")?, words("market")?);
    let (place_country, subdivision, office) = (words("place_country")?, words("subdivision")?, words("office")?);
    let amount = |name| Numbers::<Int64Type>::of(batch, name);
    let (mass_mg, pieces, incidents, offset) =
        (amount("mass_mg")?, amount("pieces")?, amount("incidents")?, amount("offset")?);
    let (raw_name, raw_cas, raw_value, raw_unit) =
        (texts("raw_name")?, texts("raw_cas")?, texts("raw_value")?, texts("raw_unit")?);
    let (basis, qualifier) = (texts("basis")?, texts("qualifier")?);
    let (value_amount, value_currency) = (texts("value_amount")?, texts("value_currency")?);
    let (suggestion, form, mode) = (texts("suggestion")?, texts("form")?, texts("mode")?);
    let purity = Numbers::<Float64Type>::of(batch, "purity")?;
    let (consignor, consignee, permit) = (texts("consignor")?, texts("consignee")?, texts("permit")?);
    let (refers_to, flags) = (texts("refers_to")?, Numbers::<UInt16Type>::of(batch, "flags")?);
    let (marking, releasable_to, topic) = (words("marking")?, words("releasable_to")?, words("topic")?);
    let partition = Numbers::<Int32Type>::of(batch, "partition")?;
    let row = |row: usize| Observation {
        sign: sign.get(row).unwrap_or(0),
        source: source.owned(row).unwrap_or_default(),
        event_id: event_id.owned(row).unwrap_or_default(),
        revision: revision.get(row).unwrap_or(0),
        status: status.owned(row).unwrap_or_default(),
        item: item.get(row),
        evidence: evidence.owned(row),
        event_day: event_day.get(row).map(Day),
        period_days: period_days.get(row),
        known_on: known_on.get(row).map(Day),
        counted_on: counted_on.get(row).map(Day),
        substance: substance.owned(row),
        hs: hs.owned(row),
        route: route.owned(row),
        origin: origin.owned(row),
        destination: destination.owned(row),
        market: market.owned(row),
        place_country: place_country.owned(row),
        subdivision: subdivision.owned(row),
        office: office.owned(row),
        mass_mg: mass_mg.get(row),
        pieces: pieces.get(row),
        incidents: incidents.get(row),
        raw_name: raw_name.owned(row),
        raw_cas: raw_cas.owned(row),
        raw_value: raw_value.owned(row),
        raw_unit: raw_unit.owned(row),
        basis: basis.owned(row),
        qualifier: qualifier.owned(row),
        value_amount: value_amount.owned(row),
        value_currency: value_currency.owned(row),
        suggestion: suggestion.owned(row),
        form: form.owned(row),
        purity: purity.get(row),
        mode: mode.owned(row),
        consignor: consignor.owned(row),
        consignee: consignee.owned(row),
        permit: permit.owned(row),
        refers_to: refers_to.get(row).map(references).unwrap_or_default(),
        flags: flags.get(row).map(words_of).unwrap_or_default(),
        marking: marking.owned(row),
        releasable_to: releasable_to.get(row).map(|l| l.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        topic: topic.owned(row).unwrap_or_default(),
        partition: partition.get(row).unwrap_or(0),
        offset: offset.get(row).unwrap_or(0),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

/// The events that a record names; the archive holds the list as it was read, which was checked then.
pub(crate) fn references(json: &str) -> Vec<EventRef> {
    serde_json::from_str(json).unwrap_or_default()
}

fn words_of(bits: u16) -> Vec<&'static str> {
    Flags::NAMES.into_iter().filter(|(flag, _)| Flags(bits).has(*flag)).map(|(_, name)| name).collect()
}

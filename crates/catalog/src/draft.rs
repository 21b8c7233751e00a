//! Records as the data files give them: every field may be absent, every value knows its line.

use headwater_model::{
    ControlFact, Day, FamilyKind, HsCode, HsScope, Jurisdiction, SubstanceKind, Synonym, UnitClass, UnitValue,
};
use toml::de::DeTable;

use crate::cas::Cas;
use crate::error::Problem;
use crate::hs;
use crate::read::{At, Located, Reader};

/// Bounds of a density: liquid hydrogen is 0.07 kg/L, osmium 22.6.
const DENSITY_MG_PER_L: (u64, u64, &str) = (10_000, 30_000_000, "0.01 to 30 kg per litre, at most 6 decimals");
/// Bounds of a tablet or dose: a microgram (potent opioids) to 100 g.
const PIECE_UG: (u64, u64, &str) = (1, 100_000_000, "0.001 to 100000 mg, at most 3 decimals");
/// Bounds of a unit value per kilogram.
const UNIT_VALUE: (f64, f64) = (0.0, 1e12);

/// What the files say of one family.
#[derive(Clone)]
pub(crate) struct FamilyDraft {
    pub(crate) id: Located<Box<str>>,
    pub(crate) name: Option<Box<str>>,
    pub(crate) kind: Option<FamilyKind>,
    pub(crate) tested: Option<bool>,
}

/// What the files say of one substance.
#[derive(Clone)]
pub(crate) struct SubstanceDraft {
    pub(crate) id: Located<Box<str>>,
    pub(crate) kind: Option<SubstanceKind>,
    pub(crate) name: Option<Located<Box<str>>>,
    pub(crate) short_name: Option<Located<Box<str>>>,
    pub(crate) synonyms: Option<Vec<Located<Synonym>>>,
    pub(crate) cas: Option<Vec<Located<WrittenCas>>>,
    pub(crate) hs: Option<Vec<HsCode>>,
    pub(crate) families: Option<Vec<Located<Box<str>>>>,
    pub(crate) market_family: Option<Located<Box<str>>>,
    pub(crate) unit: Option<UnitClass>,
    pub(crate) density_mg_per_l: Option<u64>,
    pub(crate) tablet_ug: Option<u64>,
    pub(crate) dose_ug: Option<u64>,
    pub(crate) unit_value: Option<UnitValue>,
    pub(crate) licit_trade: Option<Box<str>>,
    pub(crate) controls: Option<Vec<Located<ControlFact>>>,
    pub(crate) sources: Option<Vec<Box<str>>>,
    pub(crate) notes: Option<Box<str>>,
}

/// A CAS number as written, and read.
pub(crate) type WrittenCas = (Box<str>, Cas);

/// Names of one language, added to substances that stand elsewhere.
pub(crate) struct NamesDraft {
    pub(crate) of: Located<Box<str>>,
    pub(crate) names: Vec<Located<Synonym>>,
}

/// A control fact, added to a substance that stands elsewhere.
pub(crate) struct ControlDraft {
    pub(crate) of: Located<Box<str>>,
    pub(crate) fact: Located<ControlFact>,
}

impl FamilyDraft {
    /// Takes over what a later file gives.
    pub(crate) fn merge(&mut self, newer: FamilyDraft) {
        self.id.at = newer.id.at;
        let FamilyDraft { id: _, name, kind, tested } = newer;
        take(&mut self.name, name);
        take(&mut self.kind, kind);
        take(&mut self.tested, tested);
    }
}

impl SubstanceDraft {
    /// Takes over what a later file gives; a list replaces a list.
    pub(crate) fn merge(&mut self, newer: SubstanceDraft) {
        self.id.at = newer.id.at;
        take(&mut self.kind, newer.kind);
        take(&mut self.name, newer.name);
        take(&mut self.short_name, newer.short_name);
        take(&mut self.synonyms, newer.synonyms);
        take(&mut self.cas, newer.cas);
        take(&mut self.hs, newer.hs);
        take(&mut self.families, newer.families);
        take(&mut self.market_family, newer.market_family);
        take(&mut self.unit, newer.unit);
        take(&mut self.density_mg_per_l, newer.density_mg_per_l);
        take(&mut self.tablet_ug, newer.tablet_ug);
        take(&mut self.dose_ug, newer.dose_ug);
        take(&mut self.unit_value, newer.unit_value);
        take(&mut self.licit_trade, newer.licit_trade);
        take(&mut self.controls, newer.controls);
        take(&mut self.sources, newer.sources);
        take(&mut self.notes, newer.notes);
    }
}

fn take<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

/// Reads a `[[family]]`; `None` when it has no usable id.
pub(crate) fn family(r: &mut Reader, at: At, table: &DeTable<'_>) -> Option<FamilyDraft> {
    r.only(table, &["id", "name", "kind", "tested"]);
    let id = record_id(r, at, table, "family")?;
    let kind = r.word(table, "kind", "precursor, market", |w| match w {
        "precursor" => Some(FamilyKind::Precursor),
        "market" => Some(FamilyKind::Market),
        _ => None,
    });
    // A word that is wrong is not missing: its fault stands already, and no catalog is built.
    let kind = kind.or(table.contains_key("kind").then_some(FamilyKind::Precursor));
    let name = r.text(table, "name").map(|n| n.value);
    Some(FamilyDraft { id, name, kind, tested: r.flag(table, "tested") })
}

/// The keys of a `[[substance]]`.
const SUBSTANCE_KEYS: [&str; 18] = [
    "id",
    "kind",
    "name",
    "short_name",
    "synonyms",
    "cas",
    "hs",
    "families",
    "market_family",
    "unit",
    "density_kg_per_l",
    "tablet_mg",
    "dose_mg",
    "unit_value",
    "licit_trade",
    "controls",
    "sources",
    "notes",
];

/// Reads a `[[substance]]`; `None` when it has no usable id.
pub(crate) fn substance(r: &mut Reader, at: At, table: &DeTable<'_>) -> Option<SubstanceDraft> {
    r.only(table, &SUBSTANCE_KEYS);
    let id = record_id(r, at, table, "substance")?;
    let kind = r.word(table, "kind", "precursor, drug, adulterant, equipment", SubstanceKind::parse);
    let english = |text: Located<Box<str>>| synonym(text, "en".into(), None);
    Some(SubstanceDraft {
        kind: kind.or(table.contains_key("kind").then_some(SubstanceKind::Precursor)),
        name: r.text(table, "name"),
        short_name: r.text(table, "short_name"),
        synonyms: r.texts(table, "synonyms").map(|list| list.into_iter().map(english).collect()),
        cas: cas(r, table),
        hs: hs_codes(r, table),
        families: r.texts(table, "families"),
        market_family: r.text(table, "market_family"),
        unit: r.word(table, "unit", "mass, pieces", |w| match w {
            "mass" => Some(UnitClass::Mass),
            "pieces" => Some(UnitClass::Pieces),
            _ => None,
        }),
        density_mg_per_l: r.fixed(table, "density_kg_per_l", 6, DENSITY_MG_PER_L),
        tablet_ug: r.fixed(table, "tablet_mg", 3, PIECE_UG),
        dose_ug: r.fixed(table, "dose_mg", 3, PIECE_UG),
        unit_value: unit_value(r, table),
        licit_trade: r.text(table, "licit_trade").map(|t| t.value),
        controls: controls(r, table),
        sources: r.texts(table, "sources").map(|list| list.into_iter().map(|s| s.value).collect()),
        notes: r.text(table, "notes").map(|t| t.value),
        id,
    })
}

/// Reads a `[[names]]`: a language, where its names are written, and the names by substance.
pub(crate) fn names(r: &mut Reader, at: At, table: &DeTable<'_>) -> Vec<NamesDraft> {
    r.only(table, &["lang", "source", "of"]);
    let lang = r.text(table, "lang");
    let source = r.text(table, "source");
    for (key, missing) in [("lang", lang.is_none()), ("source", source.is_none())] {
        if missing && !table.contains_key(key) {
            r.faults.push((at, Problem::MissingKey { record: "names".into(), key }));
        }
    }
    let Some(of) = table.get("of") else {
        r.faults.push((at, Problem::MissingKey { record: "names".into(), key: "of" }));
        return Vec::new();
    };
    let Some(of) = of.get_ref().as_table() else {
        r.wrong_type("of", of, "a table");
        return Vec::new();
    };
    let (Some(lang), Some(source)) = (lang, source) else { return Vec::new() };
    let mut drafts = Vec::new();
    for id in of.keys() {
        let list = r.texts(of, id.get_ref()).unwrap_or_default();
        let of = Located { value: id.get_ref().as_ref().into(), at: r.at(id.span()) };
        let named = |text| synonym(text, lang.value.clone(), Some(source.value.clone()));
        drafts.push(NamesDraft { of, names: list.into_iter().map(named).collect() });
    }
    drafts
}

/// Reads a `[[control]]`: a fact, and the substance that it is of.
pub(crate) fn control(r: &mut Reader, at: At, table: &DeTable<'_>) -> Option<ControlDraft> {
    r.only(table, &["substance", "in", "status", "date", "day_confirmed", "until", "note", "source"]);
    let of = r.text(table, "substance");
    if !table.contains_key("substance") {
        r.faults.push((at, Problem::MissingKey { record: "control".into(), key: "substance" }));
    }
    let fact = fact(r, at, table);
    Some(ControlDraft { of: of?, fact: fact? })
}

fn synonym(text: Located<Box<str>>, lang: Box<str>, source: Option<Box<str>>) -> Located<Synonym> {
    Located { value: Synonym { text: text.value, lang, source }, at: text.at }
}

/// The id of a record, in kebab-case.
fn record_id(r: &mut Reader, at: At, table: &DeTable<'_>, record: &str) -> Option<Located<Box<str>>> {
    if !table.contains_key("id") {
        r.faults.push((at, Problem::MissingKey { record: record.into(), key: "id" }));
    }
    let id = r.text(table, "id")?;
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if id.value.split('-').all(word) {
        return Some(id);
    }
    r.faults.push((id.at, Problem::BadId(id.value)));
    None
}

fn cas(r: &mut Reader, table: &DeTable<'_>) -> Option<Vec<Located<WrittenCas>>> {
    let mut numbers = Vec::new();
    for text in r.texts(table, "cas")? {
        match Cas::parse(&text.value) {
            Some(cas) => numbers.push(Located { value: (text.value, cas), at: text.at }),
            None => r.faults.push((text.at, Problem::BadCas(text.value))),
        }
    }
    Some(numbers)
}

fn hs_codes(r: &mut Reader, table: &DeTable<'_>) -> Option<Vec<HsCode>> {
    let mut codes = Vec::new();
    for (span, entry) in r.tables(table, "hs")? {
        let at = r.at(span);
        r.only(entry, &["code", "scope", "confirmed"]);
        let code = r.text(entry, "code");
        let scope = r.word(entry, "scope", "dedicated, basket", |w| match w {
            "dedicated" => Some(HsScope::Dedicated),
            "basket" => Some(HsScope::Basket),
            _ => None,
        });
        for key in ["code", "scope"].into_iter().filter(|k| !entry.contains_key(*k)) {
            r.faults.push((at, Problem::MissingKey { record: "hs code".into(), key }));
        }
        let confirmed = r.flag(entry, "confirmed").unwrap_or(true);
        let (Some(code), Some(scope)) = (code, scope) else { continue };
        match hs::code6(&code.value).filter(|_| code.value.len() == 6) {
            None => r.faults.push((code.at, Problem::BadHs(code.value))),
            Some(_) if scope == HsScope::Dedicated && !confirmed => {
                r.faults.push((code.at, Problem::DedicatedUnconfirmed(code.value)));
            }
            Some(code6) => codes.push(HsCode { code6, scope, confirmed }),
        }
    }
    Some(codes)
}

fn unit_value(r: &mut Reader, table: &DeTable<'_>) -> Option<UnitValue> {
    let value = table.get("unit_value")?;
    let Some(t) = value.get_ref().as_table() else {
        r.wrong_type("unit_value", value, "a table");
        return None;
    };
    r.only(t, &["currency", "low", "high"]);
    let at = r.at(value.span());
    for key in ["currency", "low", "high"].into_iter().filter(|k| !t.contains_key(*k)) {
        r.faults.push((at, Problem::MissingKey { record: "unit_value".into(), key }));
    }
    let code = |w: &str| (w.len() == 3 && w.bytes().all(|b| b.is_ascii_uppercase())).then(|| Box::from(w));
    let currency = r.word(t, "currency", "the codes of ISO 4217", code);
    let mut bound = |key: &'static str| {
        let (digits, span) = r.number(t, key)?;
        let number = digits.parse::<f64>().ok().filter(|n| *n > UNIT_VALUE.0 && *n <= UNIT_VALUE.1);
        if number.is_none() {
            r.fault(span, Problem::OutOfBounds { key, value: digits.into(), expected: "above 0, at most 1e12" });
        }
        number
    };
    let (low, high) = (bound("low"), bound("high"));
    let (currency, low, high) = (currency?, low?, high?);
    if low > high {
        let value = format!("{low} to {high}").into();
        r.faults.push((at, Problem::OutOfBounds { key: "unit_value", value, expected: "low at most high" }));
        return None;
    }
    Some(UnitValue { currency, low, high })
}

fn controls(r: &mut Reader, table: &DeTable<'_>) -> Option<Vec<Located<ControlFact>>> {
    let mut facts: Vec<Located<ControlFact>> = Vec::new();
    for (span, entry) in r.tables(table, "controls")? {
        let at = r.at(span);
        r.only(entry, &["in", "status", "date", "day_confirmed", "until", "note", "source"]);
        facts.extend(fact(r, at, entry));
    }
    Some(facts)
}

/// One control fact. A date that names a month only is never a confirmed day.
fn fact(r: &mut Reader, at: At, entry: &DeTable<'_>) -> Option<Located<ControlFact>> {
    for key in ["in", "status", "source"].into_iter().filter(|k| !entry.contains_key(*k)) {
        r.faults.push((at, Problem::MissingKey { record: "control fact".into(), key }));
    }
    let law = r.text(entry, "in");
    let jurisdiction = law.and_then(|law| {
        let known = Jurisdiction::parse(&law.value).filter(|j| match j {
            Jurisdiction::Country(c) => crate::country::embedded().name(*c).is_some(),
            _ => true,
        });
        if known.is_none() {
            r.faults.push((law.at, Problem::UnknownJurisdiction(law.value)));
        }
        known
    });
    let status = r.text(entry, "status").map(|s| s.value);
    let source = r.text(entry, "source").map(|s| s.value);
    let note = r.text(entry, "note").map(|s| s.value);
    let date = r.date(entry, "date");
    let until = r.date(entry, "until");
    let confirmed = r.flag(entry, "day_confirmed").unwrap_or(true);
    let (day, whole): (Option<Day>, bool) = date.map_or((None, false), |d| (Some(d.value.0), d.value.1));
    if let (Some(date), Some(until)) = (day, &until)
        && until.value.0 < date
    {
        r.faults.push((until.at, Problem::EndBeforeStart { date, until: until.value.0 }));
    }
    let fact = ControlFact {
        jurisdiction: jurisdiction?,
        status: status?,
        date: day,
        day_confirmed: whole && confirmed,
        until: until.map(|u| u.value.0),
        note,
        source: source?,
    };
    Some(Located { value: fact, at })
}

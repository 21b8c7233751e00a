//! Substances of the catalog, the families they belong to, and the dated facts of their control.

use std::fmt;

use crate::{Country, Day, Id};

/// What a substance is, as official lists divide them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubstanceKind {
    /// A chemical of the 1988 Convention's tables, or of a national list of the same kind.
    Precursor,
    /// A drug.
    Drug,
    /// Found mixed into drugs.
    Adulterant,
    /// Machines and their parts, counted in pieces.
    Equipment,
}

impl SubstanceKind {
    /// Every kind, in the order of the declaration.
    pub const ALL: [SubstanceKind; 4] =
        [SubstanceKind::Precursor, SubstanceKind::Drug, SubstanceKind::Adulterant, SubstanceKind::Equipment];

    /// The word of the data files.
    pub fn as_str(self) -> &'static str {
        match self {
            SubstanceKind::Precursor => "precursor",
            SubstanceKind::Drug => "drug",
            SubstanceKind::Adulterant => "adulterant",
            SubstanceKind::Equipment => "equipment",
        }
    }

    /// Reads the word of the data files.
    pub fn parse(text: &str) -> Option<SubstanceKind> {
        SubstanceKind::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

/// What amounts of a substance are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitClass {
    /// Milligrams.
    Mass,
    /// Pieces: machines, dies.
    Pieces,
}

impl UnitClass {
    /// The word of the data files.
    pub fn as_str(self) -> &'static str {
        match self {
            UnitClass::Mass => "mass",
            UnitClass::Pieces => "pieces",
        }
    }
}

/// How much an HS code says about the substance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HsScope {
    /// The subheading is the substance and its salts or esters: alone it resolves to it, flagged.
    Dedicated,
    /// The subheading holds other goods too, or nobody confirmed that it does not: it never resolves.
    Basket,
}

impl HsScope {
    /// The word of the data files.
    pub fn as_str(self) -> &'static str {
        match self {
            HsScope::Dedicated => "dedicated",
            HsScope::Basket => "basket",
        }
    }
}

/// A subheading of the Harmonized System under which the substance travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HsCode {
    /// The six digits as a number (`293337`); shown with leading zeros.
    pub code6: u32,
    /// How much it says.
    pub scope: HsScope,
    /// Whether an official text gives it; an unconfirmed one is always a basket.
    pub confirmed: bool,
}

impl fmt::Display for HsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}.{:02}", self.code6 / 100, self.code6 % 100)
    }
}

/// Whose law a control fact is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Jurisdiction {
    /// The conventions of the United Nations.
    Un,
    /// The European Union.
    Eu,
    /// A country.
    Country(Country),
}

/// Members of the European Union (ISO 3166-1 alpha-2), since 1 February 2020. Source: Treaty on European Union.
pub const EU_MEMBERS: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

impl Jurisdiction {
    /// Reads `UN`, `EU` or two capital letters; whether such a country exists is the catalog's business.
    pub fn parse(text: &str) -> Option<Jurisdiction> {
        match text {
            "UN" => Some(Jurisdiction::Un),
            "EU" => Some(Jurisdiction::Eu),
            _ => Country::from_letters(text.as_bytes().try_into().ok()?).map(Jurisdiction::Country),
        }
    }

    /// Whether its law holds in `country`.
    ///
    /// ```
    /// use headwater_model::{Country, Jurisdiction};
    /// let nl = Country::from_letters(*b"NL").unwrap();
    /// assert!(Jurisdiction::Un.holds_in(nl) && Jurisdiction::Eu.holds_in(nl));
    /// assert!(!Jurisdiction::parse("US").unwrap().holds_in(nl));
    /// ```
    pub fn holds_in(self, country: Country) -> bool {
        match self {
            Jurisdiction::Un => true,
            Jurisdiction::Eu => EU_MEMBERS.contains(&country.as_str()),
            Jurisdiction::Country(own) => own == country,
        }
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Jurisdiction::Un => f.write_str("UN"),
            Jurisdiction::Eu => f.write_str("EU"),
            Jurisdiction::Country(country) => country.fmt(f),
        }
    }
}

/// One dated fact of control: from this day, that status, under this law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlFact {
    /// Under whose law.
    pub jurisdiction: Jurisdiction,
    /// As the list puts it: `Table I`, `List I`, `Category 2`, `Class A`.
    pub status: Box<str>,
    /// First day in force; `None` where the sources give none.
    pub date: Option<Day>,
    /// Whether the sources give that very day. Where they give a month, `date` is its first day and this is false;
    /// likewise where a day is only quoted, computed, or that of publication.
    pub day_confirmed: bool,
    /// Last day in force; `None` = still.
    pub until: Option<Day>,
    /// What the date is, where it is not plainly a day in force.
    pub note: Option<Box<str>>,
    /// Where it is written.
    pub source: Box<str>,
}

/// A further name of a substance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// As written.
    pub text: Box<str>,
    /// ISO 639-1 code of its language.
    pub lang: Box<str>,
    /// Where it is written, when that is not the substance's own sources.
    pub source: Option<Box<str>>,
}

/// Bounds of a plausible price; outside them the unit is probably wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitValue {
    /// ISO 4217 code; amounts in other currencies are not checked.
    pub currency: Box<str>,
    /// Per kilogram, at least.
    pub low: f64,
    /// Per kilogram, at most.
    pub high: f64,
}

/// A substance, or a piece of equipment, of the catalog: identity and control facts only.
#[derive(Clone, Debug, PartialEq)]
pub struct Substance {
    /// Its key everywhere (`acetic-anhydride`).
    pub id: Box<str>,
    /// What it is.
    pub kind: SubstanceKind,
    /// Its name in English.
    pub name: Box<str>,
    /// A name of at most [`SHORT_NAME_CHARS_MAX`] characters for headlines and charts.
    pub short_name: Box<str>,
    /// Its other names, English ones first.
    pub synonyms: Vec<Synonym>,
    /// CAS numbers, the main one first; salts and esters have their own.
    pub cas: Vec<Box<str>>,
    /// HS subheadings, the current edition's first.
    pub hs: Vec<HsCode>,
    /// Precursor families, the main one first; a drug has none.
    pub families: Vec<Id<Family>>,
    /// The market family, for drugs that replace each other for the same buyers.
    pub market_family: Option<Id<Family>>,
    /// What its amounts are kept in.
    pub unit: UnitClass,
    /// Milligrams per litre; `None` = 1 L counts as 1 kg.
    pub density_mg_per_l: Option<u64>,
    /// Typical weight of a tablet in micrograms.
    pub tablet_ug: Option<u64>,
    /// Typical weight of a dose in micrograms.
    pub dose_ug: Option<u64>,
    /// Bounds of a plausible unit value.
    pub unit_value: Option<UnitValue>,
    /// What it is traded for lawfully, where that matters to whoever reads an alert.
    pub licit_trade: Option<Box<str>>,
    /// Its control facts, by jurisdiction and date.
    pub controls: Vec<ControlFact>,
    /// Where its identity and facts are written.
    pub sources: Vec<Box<str>>,
    /// What to know when reading its data.
    pub notes: Option<Box<str>>,
}

/// Longest short name, in characters: what a chart's legend holds on a phone.
pub const SHORT_NAME_CHARS_MAX: usize = 24;

/// Which of the two kinds a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FamilyKind {
    /// What its members are used towards, as the official tables group them.
    Precursor,
    /// Drugs that replace each other for the same buyers.
    Market,
}

impl FamilyKind {
    /// The word of the data files.
    pub fn as_str(self) -> &'static str {
        match self {
            FamilyKind::Precursor => "precursor",
            FamilyKind::Market => "market",
        }
    }
}

/// Substances among which one can take another's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its key everywhere (`methamphetamine-amphetamine`).
    pub id: Box<str>,
    /// Its name in English.
    pub name: Box<str>,
    /// Which kind.
    pub kind: FamilyKind,
    /// Whether its members are tested for substitution; a family that only sorts (`other`, `equipment`) is not.
    pub tested: bool,
    /// The substances that name it, in the order of the catalog. Derived, never written down.
    pub members: Vec<Id<Substance>>,
}

/// The place of a substance in its catalog. It means nothing in another catalog.
pub type SubstanceIx = Id<Substance>;

/// The place of a family in its catalog.
pub type FamilyIx = Id<Family>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jurisdiction_reads_back_as_written() {
        for text in ["UN", "EU", "US", "CN", "MX", "CA"] {
            assert_eq!(Jurisdiction::parse(text).map(|j| j.to_string()).as_deref(), Some(text));
        }
        for text in ["", "U", "us", "USA", "U1"] {
            assert_eq!(Jurisdiction::parse(text), None, "{text}");
        }
    }

    #[test]
    fn members_of_the_union_are_sorted_countries() {
        assert!(EU_MEMBERS.is_sorted());
        assert!(EU_MEMBERS.iter().all(|m| matches!(Jurisdiction::parse(m), Some(Jurisdiction::Country(_)))));
    }

    #[test]
    fn hs_codes_keep_their_leading_zeros() {
        let hs = HsCode { code6: 130211, scope: HsScope::Dedicated, confirmed: true };
        assert_eq!(hs.to_string(), "1302.11");
        assert_eq!(HsCode { code6: 30211, ..hs }.to_string(), "0302.11");
    }
}

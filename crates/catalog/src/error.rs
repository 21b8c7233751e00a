//! What can be wrong with a data file.

use headwater_model::{Day, Jurisdiction};

/// One thing wrong with a data file, and where. A file is read to its end: all that is wrong with it comes at once.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct CatalogError {
    /// The file as its caller named it.
    pub file: Box<str>,
    /// Line, from 1.
    pub line: u32,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong, with the value that caused it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Not TOML.
    #[error("not TOML: {0}")]
    Syntax(Box<str>),
    /// A key that means nothing here.
    #[error("unknown key `{key}`{}", hint(.nearest))]
    UnknownKey {
        /// The key.
        key: Box<str>,
        /// The known key that looks most like it.
        nearest: Option<Box<str>>,
    },
    /// A key that a record cannot do without.
    #[error("{record} has no `{key}`")]
    MissingKey {
        /// The record, by its kind and id.
        record: Box<str>,
        /// The key.
        key: &'static str,
    },
    /// A value of another TOML type.
    #[error("`{key}` is {found}, expected {expected}")]
    WrongType {
        /// The key.
        key: Box<str>,
        /// What would do.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A word outside a closed list.
    #[error("`{key}` is `{value}`, expected one of {allowed}")]
    BadWord {
        /// The key.
        key: &'static str,
        /// The word.
        value: Box<str>,
        /// The closed list.
        allowed: &'static str,
    },
    /// An id that is not in kebab-case.
    #[error("id `{0}` is not kebab-case: small letters and digits with single hyphens between them")]
    BadId(Box<str>),
    /// A CAS number of another form, or with a wrong check digit.
    #[error("CAS number `{0}`: wrong form or check digit")]
    BadCas(Box<str>),
    /// An HS code that is not six digits of a chapter from 01 to 97.
    #[error("HS code `{0}`: not six digits of a chapter from 01 to 97")]
    BadHs(Box<str>),
    /// A dedicated HS code that nobody confirmed.
    #[error("HS code `{0}` is dedicated but not confirmed: write it as a basket")]
    DedicatedUnconfirmed(Box<str>),
    /// A family that no file defines.
    #[error("unknown family `{value}`{}", hint(.nearest))]
    UnknownFamily {
        /// The family's id.
        value: Box<str>,
        /// The known id that looks most like it.
        nearest: Option<Box<str>>,
    },
    /// A market family where a precursor family belongs, or the other way about.
    #[error("family `{value}` is no {expected} family")]
    WrongFamilyKind {
        /// The family's id.
        value: Box<str>,
        /// What belongs there.
        expected: &'static str,
    },
    /// A drug with a precursor family.
    #[error("drug `{0}` names precursor families: drugs belong to market families only")]
    DrugInPrecursorFamily(Box<str>),
    /// A substance that no file defines.
    #[error("unknown substance `{value}`{}", hint(.nearest))]
    UnknownSubstance {
        /// The id.
        value: Box<str>,
        /// The known id that looks most like it.
        nearest: Option<Box<str>>,
    },
    /// Neither UN nor EU nor a country.
    #[error("unknown jurisdiction `{0}`: expected UN, EU or an ISO 3166-1 alpha-2 code")]
    UnknownJurisdiction(Box<str>),
    /// Not a date.
    #[error("date `{0}`: expected YYYY-MM-DD, or YYYY-MM where the day is not known")]
    BadDate(Box<str>),
    /// A fact before the one that stands before it.
    #[error("{jurisdiction}: {date} comes after {before}: the facts of a jurisdiction ascend by date")]
    DatesNotAscending {
        /// Whose facts.
        jurisdiction: Jurisdiction,
        /// The later line's date.
        date: Day,
        /// The earlier line's date.
        before: Day,
    },
    /// A fact that ends before it starts.
    #[error("ends on {until}, before it starts on {date}")]
    EndBeforeStart {
        /// First day.
        date: Day,
        /// Last day.
        until: Day,
    },
    /// An id that another record has.
    #[error("id `{id}` stands already in {first}")]
    DuplicateId {
        /// The id.
        id: Box<str>,
        /// The first record's file and line.
        first: Box<str>,
    },
    /// A name that means another substance already.
    #[error("name `{name}` is already a name of `{other}` ({first}): a name means one substance")]
    DuplicateSynonym {
        /// The name as written.
        name: Box<str>,
        /// The other substance.
        other: Box<str>,
        /// Its file and line.
        first: Box<str>,
    },
    /// A CAS number of another substance.
    #[error("CAS number `{cas}` is already that of `{other}` ({first})")]
    DuplicateCas {
        /// The CAS number.
        cas: Box<str>,
        /// The other substance.
        other: Box<str>,
        /// Its file and line.
        first: Box<str>,
    },
    /// A name of which nothing is left when it is normalised.
    #[error("name `{0}` holds neither a letter nor a digit")]
    EmptyName(Box<str>),
    /// A short name that does not fit.
    #[error("short name `{value}` has {chars} characters, at most {max} fit")]
    ShortNameTooLong {
        /// The short name.
        value: Box<str>,
        /// Its length in characters.
        chars: usize,
        /// The limit.
        max: usize,
    },
    /// A number outside its bounds, or with more decimals than are kept.
    #[error("`{key}` is {value}, expected {expected}")]
    OutOfBounds {
        /// The key.
        key: &'static str,
        /// The number as written.
        value: Box<str>,
        /// The bounds.
        expected: &'static str,
    },
}

fn hint(nearest: &Option<Box<str>>) -> String {
    nearest.as_ref().map(|n| format!(", did you mean `{n}`?")).unwrap_or_default()
}

/// Most edits between a word and the known one that is offered in its place.
const HINT_EDITS_MAX: usize = 3;

/// The candidate that looks most like `word`; of equals the first.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Box<str>> {
    candidates
        .into_iter()
        .map(|c| (strsim::osa_distance(word, c), c))
        .filter(|(edits, c)| *edits <= HINT_EDITS_MAX && *edits < c.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, c)| c.into())
}

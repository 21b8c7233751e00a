//! Why a record was not taken.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The closed list of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Reason {
    /// Not UTF-8.
    BadUtf8,
    /// Not one JSON object.
    BadJson,
    /// Not one Avro record of a known writer schema.
    BadAvro,
    /// Over a limit of length or number.
    TooLarge,
    /// Nested deeper than the limit.
    TooDeep,
    /// A required field is absent.
    MissingField,
    /// A field has a JSON type that it cannot have.
    WrongType,
    /// A number or day outside its range.
    OutOfRange,
    /// Not a date or time.
    BadDate,
    /// Not a country, LOCODE or place.
    BadPlace,
    /// Not a unit of the closed list.
    BadUnit,
    /// A CAS number whose check digit is wrong, with no name or HS code beside it.
    BadCas,
    /// Not a kind or status of the closed list.
    BadKind,
    /// Not a TLP 2.0 label, or one access class too many.
    BadMarking,
    /// Reported more than a day after it arrived.
    Future,
    /// Known too long after the event day.
    TooLate,
    /// In a partition where its key does not belong.
    Misrouted,
}

impl Reason {
    /// The closed list.
    pub const ALL: [Reason; 17] = [
        Reason::BadUtf8,
        Reason::BadJson,
        Reason::BadAvro,
        Reason::TooLarge,
        Reason::TooDeep,
        Reason::MissingField,
        Reason::WrongType,
        Reason::OutOfRange,
        Reason::BadDate,
        Reason::BadPlace,
        Reason::BadUnit,
        Reason::BadCas,
        Reason::BadKind,
        Reason::BadMarking,
        Reason::Future,
        Reason::TooLate,
        Reason::Misrouted,
    ];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::BadUtf8 => "bad_utf8",
            Reason::BadJson => "bad_json",
            Reason::BadAvro => "bad_avro",
            Reason::TooLarge => "too_large",
            Reason::TooDeep => "too_deep",
            Reason::MissingField => "missing_field",
            Reason::WrongType => "wrong_type",
            Reason::OutOfRange => "out_of_range",
            Reason::BadDate => "bad_date",
            Reason::BadPlace => "bad_place",
            Reason::BadUnit => "bad_unit",
            Reason::BadCas => "bad_cas",
            Reason::BadKind => "bad_kind",
            Reason::BadMarking => "bad_marking",
            Reason::Future => "future",
            Reason::TooLate => "too_late",
            Reason::Misrouted => "misrouted",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One record that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Index into the records of the raw batch.
    pub input: u32,
    /// Why.
    pub reason: Reason,
    /// The field at fault as a path (`items[0].quantity.unit`); empty where it is the record as a whole.
    pub field: Cow<'static, str>,
    /// A sentence for people, with the value at fault, cut to a readable length.
    pub message: String,
}

//! Decimal numbers exactly as their source wrote them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON number that keeps its digits: `8.3799469484296` is written as it was read, and never passes through a float.
///
/// ```
/// use headwater_model::Decimal;
/// let value = Decimal::parse("8.3799469484296").unwrap();
/// assert_eq!(serde_json::to_string(&value).unwrap(), "8.3799469484296");
/// assert_eq!(Decimal::parse("1,5"), None);
/// ```
#[derive(Clone)]
pub struct Decimal(Box<RawValue>);

impl Decimal {
    /// Reads a number in JSON's grammar (`-1.50`, `1e3`; no `+`, no leading zero, no bare point), or `None`.
    pub fn parse(text: &str) -> Option<Decimal> {
        // JSON allows blanks around a value; a number has none.
        let number =
            text.ends_with(|c: char| c.is_ascii_digit()) && text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        number.then(|| RawValue::from_string(text.to_owned()).ok()).flatten().map(Decimal)
    }

    /// The digits as written.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        Decimal(RawValue::from_string(value.to_string()).expect("an integer is a JSON number"))
    }
}

/// Equal when the digits are: `1.0` and `1` are two ways to write one value, and both are kept.
impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Decimal::parse(raw.get()).ok_or_else(|| serde::de::Error::custom(format_args!("not a number: {}", raw.get())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_not_a_json_number() {
        for text in ["", "-", "+1", "01", ".5", "5.", "1,5", " 1", "1 ", "0x10", "NaN", "\"1\"", "1e", "null", "1 2"] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
        assert!(serde_json::from_str::<Decimal>("\"1\"").is_err());
        assert!(serde_json::from_str::<Decimal>("{}").is_err());
    }

    proptest! {
        #[test]
        fn keeps_every_digit(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?") {
            let value: Decimal = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(value.as_str(), &text);
            prop_assert_eq!(serde_json::to_string(&value).unwrap(), text);
        }
    }
}

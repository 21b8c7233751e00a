//! The units and bases in which sources give amounts: closed lists of the contract.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Unit of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// Kilogram.
    #[serde(rename = "kg")]
    Kilogram,
    /// Gram.
    #[serde(rename = "g")]
    Gram,
    /// Milligram.
    #[serde(rename = "mg")]
    Milligram,
    /// Metric tonne, 1,000 kg.
    #[serde(rename = "t")]
    Tonne,
    /// Avoirdupois pound, 453.59237 g.
    #[serde(rename = "lb")]
    Pound,
    /// Avoirdupois ounce, a sixteenth of a pound.
    #[serde(rename = "oz")]
    Ounce,
    /// Litre.
    #[serde(rename = "L")]
    Litre,
    /// Millilitre.
    #[serde(rename = "mL")]
    Millilitre,
    /// US liquid gallon, 3.785411784 L.
    #[serde(rename = "gal")]
    Gallon,
    /// Piece of equipment or goods.
    #[serde(rename = "piece")]
    Piece,
    /// Tablet.
    #[serde(rename = "tablet")]
    Tablet,
    /// Dose.
    #[serde(rename = "dose")]
    Dose,
    /// Package.
    #[serde(rename = "package")]
    Package,
}

impl Unit {
    /// The closed list.
    pub const ALL: [Unit; 13] = [
        Unit::Kilogram,
        Unit::Gram,
        Unit::Milligram,
        Unit::Tonne,
        Unit::Pound,
        Unit::Ounce,
        Unit::Litre,
        Unit::Millilitre,
        Unit::Gallon,
        Unit::Piece,
        Unit::Tablet,
        Unit::Dose,
        Unit::Package,
    ];

    /// The word of the wire; case counts (`mL`, not `ml`).
    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Kilogram => "kg",
            Unit::Gram => "g",
            Unit::Milligram => "mg",
            Unit::Tonne => "t",
            Unit::Pound => "lb",
            Unit::Ounce => "oz",
            Unit::Litre => "L",
            Unit::Millilitre => "mL",
            Unit::Gallon => "gal",
            Unit::Piece => "piece",
            Unit::Tablet => "tablet",
            Unit::Dose => "dose",
            Unit::Package => "package",
        }
    }

    /// Reads the word of the wire, letter for letter.
    pub fn parse(text: &str) -> Option<Unit> {
        Unit::ALL.into_iter().find(|u| u.as_str() == text)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a mass is the mass of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The substance itself.
    Substance,
    /// Substance and packing.
    Gross,
    /// A mixture that holds the substance.
    Mixture,
    /// The source does not say.
    Unknown,
}

impl Basis {
    /// The closed list.
    pub const ALL: [Basis; 4] = [Basis::Substance, Basis::Gross, Basis::Mixture, Basis::Unknown];

    /// The word of the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Basis::Substance => "substance",
            Basis::Gross => "gross",
            Basis::Mixture => "mixture",
            Basis::Unknown => "unknown",
        }
    }

    /// Reads the word of the wire, letter for letter.
    pub fn parse(text: &str) -> Option<Basis> {
        Basis::ALL.into_iter().find(|b| b.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_serde_agree() {
        for unit in Unit::ALL {
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.as_str());
            assert_eq!(Unit::parse(unit.as_str()), Some(unit));
        }
        for basis in Basis::ALL {
            assert_eq!(serde_json::to_value(basis).unwrap(), basis.as_str());
            assert_eq!(Basis::parse(basis.as_str()), Some(basis));
        }
        assert_eq!(Unit::parse("ml"), None);
    }
}

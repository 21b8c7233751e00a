//! What one unit of the contract amounts to, in exact ratios.
//!
//! They are definitions, not data: nobody may override the pound, so they live in code, not in a data file.

use headwater_model::{Substance, Unit};

/// Milligrams per unit, exact: `num / den`, both at least 1 and without a common factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Numerator.
    pub num: u64,
    /// Denominator.
    pub den: u64,
}

impl Ratio {
    const fn new(num: u64, den: u64) -> Ratio {
        let (mut a, mut b) = (num, den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Ratio { num: num / a, den: den / a }
    }
}

/// What one unit of something amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A mass.
    Mass {
        /// Milligrams per unit.
        mg_per_unit: Ratio,
        /// Whether the mass is worked out from a volume or a count, not weighed; such rows are flagged.
        derived: bool,
    },
    /// One piece a unit; no mass is known.
    Pieces,
}

/// A litre of what has no density of its own counts as a kilogram (the practice of UNODC's seizure statistics).
pub const DENSITY_MG_PER_L_DEFAULT: u64 = 1_000_000;

/// One international pound is 0.45359237 kg (agreement of 1959); an ounce avoirdupois is a sixteenth of it.
const POUND: Ratio = Ratio::new(45_359_237, 100);
const OUNCE: Ratio = Ratio::new(45_359_237, 1_600);
/// One US liquid gallon is 231 cubic inches, 3.785411784 L (NIST Handbook 44, appendix C): as nanolitres.
const GALLON_NL: u64 = 3_785_411_784;

impl Measure {
    /// What one `unit` of `substance` amounts to; `None` = a substance that the catalog lacks.
    pub fn of(unit: Unit, substance: Option<&Substance>) -> Measure {
        let weighed = |mg_per_unit| Measure::Mass { mg_per_unit, derived: false };
        let derived = |mg_per_unit| Measure::Mass { mg_per_unit, derived: true };
        let density = substance.and_then(|s| s.density_mg_per_l).unwrap_or(DENSITY_MG_PER_L_DEFAULT);
        match unit {
            Unit::Kilogram => weighed(Ratio::new(1_000_000, 1)),
            Unit::Gram => weighed(Ratio::new(1_000, 1)),
            Unit::Milligram => weighed(Ratio::new(1, 1)),
            Unit::Tonne => weighed(Ratio::new(1_000_000_000, 1)),
            Unit::Pound => weighed(POUND),
            Unit::Ounce => weighed(OUNCE),
            Unit::Litre => derived(Ratio::new(density, 1)),
            Unit::Millilitre => derived(Ratio::new(density, 1_000)),
            // The loader bounds the density by 30 kg/L, so the product stays below 2^57.
            Unit::Gallon => derived(Ratio::new(GALLON_NL * density, 1_000_000_000)),
            Unit::Tablet => {
                substance.and_then(|s| s.tablet_ug).map_or(Measure::Pieces, |ug| derived(Ratio::new(ug, 1_000)))
            }
            Unit::Dose => {
                substance.and_then(|s| s.dose_ug).map_or(Measure::Pieces, |ug| derived(Ratio::new(ug, 1_000)))
            }
            Unit::Piece | Unit::Package => Measure::Pieces,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_the_legal_ones() {
        let mg = |unit: Unit| match Measure::of(unit, None) {
            Measure::Mass { mg_per_unit, derived } => (mg_per_unit.num, mg_per_unit.den, derived),
            Measure::Pieces => (0, 0, false),
        };
        assert_eq!(mg(Unit::Pound), (45_359_237, 100, false));
        assert_eq!(mg(Unit::Ounce), (45_359_237, 1_600, false));
        assert_eq!(mg(Unit::Tonne), (1_000_000_000, 1, false));
        assert_eq!(mg(Unit::Litre), (1_000_000, 1, true));
        assert_eq!(mg(Unit::Millilitre), (1_000, 1, true));
        assert_eq!(mg(Unit::Gallon), (473_176_473, 125, true)); // 3,785,411.784 mg
        assert_eq!(Measure::of(Unit::Tablet, None), Measure::Pieces);
    }
}

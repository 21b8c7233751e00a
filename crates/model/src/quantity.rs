//! Amounts: integers, so that sums are exact in any order.

/// Milligrams of one record at the most: 100,000 tonnes, more than any shipment, and small enough that 92,000 such records fit an `i64`.
pub const MASS_MG_MAX: i64 = 100_000_000_000_000;
/// Pieces of one record at the most, for the same reason.
pub const PIECES_MAX: i64 = 1_000_000_000_000;
/// Incidents of one record at the most: a published table's figure for a year is below it by far.
pub const INCIDENTS_MAX: i64 = 1_000_000_000;

/// What rows sum to. Signed: a correction is a negative row and a positive one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sums {
    /// Milligrams.
    pub mass_mg: i64,
    /// Pieces, for what is counted and has no mass.
    pub pieces: i64,
    /// Incidents: operations behind the figure.
    pub incidents: i64,
    /// Observations, signed.
    pub events: i64,
}

impl Sums {
    /// Adds, or `None` when one of the four would leave `i64`.
    #[must_use]
    pub fn checked_add(self, other: Sums) -> Option<Sums> {
        Some(Sums {
            mass_mg: self.mass_mg.checked_add(other.mass_mg)?,
            pieces: self.pieces.checked_add(other.pieces)?,
            incidents: self.incidents.checked_add(other.incidents)?,
            events: self.events.checked_add(other.events)?,
        })
    }

    /// The same amounts taken away.
    #[must_use]
    pub fn negated(self) -> Sums {
        Sums { mass_mg: -self.mass_mg, pieces: -self.pieces, incidents: -self.incidents, events: -self.events }
    }

    /// Whether nothing is left.
    pub fn is_zero(self) -> bool {
        self == Sums::default()
    }
}

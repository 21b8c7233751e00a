//! Sums on their way: wide enough that no order of additions can overflow.

use std::ops::AddAssign;

use headwater_model::Sums;

/// [`Sums`] in 128 bits: 2^64 of the largest sums fit.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wide {
    mass_mg: i128,
    pieces: i128,
    incidents: i128,
    events: i128,
}

impl AddAssign<Sums> for Wide {
    fn add_assign(&mut self, sums: Sums) {
        self.mass_mg += i128::from(sums.mass_mg);
        self.pieces += i128::from(sums.pieces);
        self.incidents += i128::from(sums.incidents);
        self.events += i128::from(sums.events);
    }
}

impl Wide {
    /// Back to 64 bits, or `None` where a sum does not fit.
    pub fn narrow(self) -> Option<Sums> {
        Some(Sums {
            mass_mg: self.mass_mg.try_into().ok()?,
            pieces: self.pieces.try_into().ok()?,
            incidents: self.incidents.try_into().ok()?,
            events: self.events.try_into().ok()?,
        })
    }
}

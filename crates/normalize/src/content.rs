//! What a record says, in a form that does not depend on how its JSON was spelled.

use xxhash_rust::xxh3::xxh3_64;

use crate::decimal::Decimal;
use crate::time::Instant;

/// Collects the fields of one record in a fixed order, each with its length, and hashes them.
#[derive(Default)]
pub(crate) struct Content(Vec<u8>);

impl Content {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// A text, or that there is none.
    #[inline]
    pub fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.0.push(0xff), // no length ends in it: texts are far below 2^24 bytes
            Some(text) => {
                self.0.extend_from_slice(&(text.len() as u32).to_be_bytes());
                self.0.extend_from_slice(text.as_bytes());
            }
        }
    }

    #[inline]
    pub fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// A decimal by its value: `1.50` and `1.5` are the same.
    #[inline]
    pub fn decimal(&mut self, decimal: Option<Decimal>) {
        match decimal {
            None => self.0.push(0),
            Some(d) => {
                self.0.push(1 + u8::from(d.negative));
                self.0.extend_from_slice(&d.mantissa.to_be_bytes());
                self.0.extend_from_slice(&d.exponent.to_be_bytes());
            }
        }
    }

    /// A time by its instant: `12:00Z` and `13:00+01:00` are the same.
    #[inline]
    pub fn instant(&mut self, instant: Instant) {
        self.0.extend_from_slice(&instant.seconds.to_be_bytes());
        self.0.extend_from_slice(&instant.atto.to_be_bytes());
    }

    /// XXH3-64 of all that was collected.
    #[inline]
    pub fn hash(&self) -> u64 {
        xxh3_64(&self.0)
    }
}

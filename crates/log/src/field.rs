//! What a field may hold, and how it is written.

use std::fmt::Display;

use headwater_model::{Day, EpochNumber, Partition};
use tracing::Value;
use tracing::field::display;

/// A value of a field: numbers stay numbers in JSON, what is absent is left out.
pub(crate) trait Loggable {
    /// As tracing takes it.
    fn value(&self) -> impl Value + '_;
}

macro_rules! plain {
    ($($type:ty),+) => { $(
        impl Loggable for $type {
            fn value(&self) -> impl Value + '_ {
                *self
            }
        }
    )+ };
}

plain!(bool, i64, u16, u32, u64, Option<u64>);

impl Loggable for &str {
    fn value(&self) -> impl Value + '_ {
        *self
    }
}

impl Loggable for EpochNumber {
    fn value(&self) -> impl Value + '_ {
        self.0
    }
}

impl Loggable for Option<EpochNumber> {
    fn value(&self) -> impl Value + '_ {
        self.map(|epoch| epoch.0)
    }
}

impl Loggable for Partition {
    fn value(&self) -> impl Value + '_ {
        self.0
    }
}

impl Loggable for Day {
    fn value(&self) -> impl Value + '_ {
        display(self)
    }
}

impl Loggable for Option<Day> {
    fn value(&self) -> impl Value + '_ {
        self.as_ref().map(display)
    }
}

impl Loggable for &dyn Display {
    fn value(&self) -> impl Value + '_ {
        display(self)
    }
}

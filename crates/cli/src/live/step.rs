//! Named steps of commit and publish at which a test ends the process as a kill does. Without the feature `faults` there
//! is nothing here.

use std::time::Duration;

use headwater_store::{Limits, Objects, StoreError, StoreUrl};

/// The steps, in the order of their deeds.
#[cfg(feature = "faults")]
pub const STEPS: [&str; 5] =
    ["live::taken", "live::sealed", "live::committed", "live::publish::begin", "live::publish::end"];

/// Passes a step.
#[cfg(feature = "faults")]
#[expect(clippy::disallowed_methods, reason = "a test that kills the process at a step: nothing may run after it")]
pub fn pass(step: &'static str) {
    debug_assert!(STEPS.contains(&step), "{step} is not in the list of steps");
    fail::fail_point!(step, |_| std::process::abort());
}

/// Passes a step.
#[cfg(not(feature = "faults"))]
pub fn pass(_: &'static str) {}

/// Arms the steps that the environment names: `HEADWATER_STEPS="store::epoch::created=2*off->return(abort)"`.
#[cfg(feature = "faults")]
#[expect(clippy::disallowed_methods, reason = "what a test plants is no configuration")]
pub fn arm() -> Result<(), String> {
    std::env::var("HEADWATER_STEPS").map_or(Ok(()), |text| headwater_store::arm(&text))
}

/// How long a loop may stand still, where the environment says so: `HEADWATER_FAULTS_STALL_MS=2000`.
#[cfg(feature = "faults")]
#[expect(clippy::disallowed_methods, reason = "what a test plants is no configuration")]
pub fn stall() -> Option<Duration> {
    Some(Duration::from_millis(std::env::var("HEADWATER_FAULTS_STALL_MS").ok()?.parse().ok()?))
}

/// How long a loop may stand still, where somebody says so: nobody does.
#[cfg(not(feature = "faults"))]
pub fn stall() -> Option<Duration> {
    None
}

/// The store, with the errors that the environment plants: `HEADWATER_FAULTS="seed=7,fail=0.1"`.
#[cfg(feature = "faults")]
#[expect(clippy::disallowed_methods, reason = "what a test plants is no configuration")]
pub fn open(url: &StoreUrl, limits: Limits) -> Result<Objects, StoreError> {
    match std::env::var("HEADWATER_FAULTS") {
        Ok(faults) => Objects::open_with_faults(url, &faults),
        Err(_) => Objects::open_with(url, limits),
    }
}

/// The store.
#[cfg(not(feature = "faults"))]
pub fn open(url: &StoreUrl, limits: Limits) -> Result<Objects, StoreError> {
    Objects::open_with(url, limits)
}

//! Named steps of commit and publish at which a test ends the process as a kill does. Without the feature `faults` there
//! is nothing here.

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

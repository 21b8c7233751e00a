//! Named steps at which a test stops the program. Without the feature `faults` there is nothing here.

#[cfg(feature = "faults")]
use crate::StoreError;

/// The steps, in the order of their deeds: what a test goes through.
pub const STEPS: [&str; 17] = [
    "store::epoch::create",
    "store::epoch::created",
    "store::epoch::floor_checked",
    "store::snapshot::begin",
    "store::snapshot::part",
    "store::snapshot::parts",
    "store::snapshot::manifest",
    "store::fold::begin",
    "store::fold::folded",
    "store::fold::all_folded",
    "store::fold::floor",
    "store::sweep::begin",
    "store::sweep::epoch",
    "store::sweep::floor",
    "store::sweep::folded",
    "store::sweep::snapshot",
    "store::sweep::end",
];

/// Passes a step: `return` there gives an error, `return(abort)` ends the process as a kill does.
#[cfg(feature = "faults")]
pub(crate) fn pass(step: &'static str) -> Result<(), StoreError> {
    debug_assert!(STEPS.contains(&step), "{step} is not in the list of steps");
    fail::fail_point!(step, |word| stop(step, word));
    Ok(())
}

#[cfg(feature = "faults")]
#[expect(clippy::disallowed_methods, reason = "a test that kills the process at a step: nothing may run after it")]
fn stop(at: &'static str, word: Option<String>) -> Result<(), StoreError> {
    match word.as_deref() {
        Some("abort") => std::process::abort(),
        _ => Err(StoreError::Stopped { at }),
    }
}

/// Arms steps from a text like `store::epoch::created=3*off->return(abort);store::fold::floor=return`.
#[cfg(feature = "faults")]
pub fn arm(text: &str) -> Result<(), String> {
    for step in text.split(';').filter(|step| !step.is_empty()) {
        let (name, actions) = step.split_once('=').ok_or_else(|| format!("{step:?} is not STEP=ACTIONS"))?;
        fail::cfg(name, actions)?;
    }
    Ok(())
}

/// Disarms all steps.
#[cfg(feature = "faults")]
pub fn disarm() {
    fail::list().into_iter().for_each(|(name, _)| fail::remove(name));
}

/// Passes a step.
#[cfg(feature = "faults")]
macro_rules! step {
    ($name:literal) => {
        $crate::steps::pass($name)?
    };
}
#[cfg(not(feature = "faults"))]
macro_rules! step {
    ($name:literal) => {};
}
pub(crate) use step;

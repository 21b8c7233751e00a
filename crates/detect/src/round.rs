//! Figures as they are published: finite, and rounded far below anything that is read off them.

/// A log statistic, to ten decimals.
pub(crate) fn log(x: f64) -> f64 {
    to(x, 1e10)
}

/// A share or a probability, to six decimals.
pub(crate) fn share(x: f64) -> f64 {
    to(x, 1e6)
}

/// An e-BH value, to ten decimals: small ones are told apart.
pub(crate) fn to_fdr(x: f64) -> f64 {
    to(x, 1e10)
}

fn to(x: f64, scale: f64) -> f64 {
    debug_assert!(x.is_finite(), "a figure is {x}");
    let rounded = (x * scale).round() / scale;
    // JSON has no infinity; and no figure shall read "-0".
    if rounded.is_finite() && rounded != 0.0 { rounded } else { 0.0 }
}

//! The false-discovery side: how surprising one cell is among all that are tested.

/// The adjusted e-BH value of the cell at `own` (Wang and Ramdas, "False discovery rate control with e-values", 2022):
/// the least level at which e-BH over these cells would select it. Log e-values; in [0, 1].
///
/// The e-value of a cell on a day is its sum over the prior weight spent: at most 1 on average under the null.
pub(crate) fn adjusted(log_e: &[f64], own: usize) -> f64 {
    let value = log_e[own];
    let mut sorted: Vec<f64> = log_e.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let cells = (sorted.len() as f64).ln();
    let steps = sorted.iter().enumerate().filter(|(_, e)| **e <= value);
    let least = steps.map(|(i, e)| cells - ((i + 1) as f64).ln() - e).fold(f64::INFINITY, f64::min);
    least.exp().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_quiet_cells_make_the_same_evidence_weaker() {
        let few = adjusted(&[5.0, 0.0], 0);
        let many = adjusted(&[5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0);
        assert!((few - 2.0 * (-5.0f64).exp()).abs() < 1e-12 && many > few);
        assert_eq!(adjusted(&[0.0], 0), 1.0);
        // Two alike help each other: the second step is the easier one.
        assert!(adjusted(&[5.0, 5.0], 0) < few);
    }
}

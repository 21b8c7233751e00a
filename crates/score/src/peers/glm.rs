//! Log-linear Poisson models of a few columns, by iteratively reweighted least squares.

/// Iterations at most, and the relative change of the deviance at which they end: those of R's `glm`.
pub const ITERATIONS_MAX: usize = 25;
const TOLERANCE: f64 = 1e-8;
/// Least logarithm of a mean: a series of zeros has none.
pub const LOG_MEAN_MIN: f64 = -25.0;

/// Coefficients of log mean = row of the design x coefficients; `None` where the columns do not tell them apart.
pub fn fit<const P: usize>(design: &[[f64; P]], counts: &[f64]) -> Option<[f64; P]> {
    let mut means: Vec<f64> = counts.iter().map(|y| y + 0.1).collect();
    let mut last = f64::INFINITY;
    let mut coefficients = [0.0; P];
    for _ in 0..ITERATIONS_MAX {
        let mut normal = [[0.0; P]; P];
        let mut right = [0.0; P];
        for ((x, y), mean) in design.iter().zip(counts).zip(&means) {
            let working = mean.ln() + (y - mean) / mean;
            for i in 0..P {
                right[i] += mean * x[i] * working;
                for j in 0..P {
                    normal[i][j] += mean * x[i] * x[j];
                }
            }
        }
        coefficients = solve(normal, right)?;
        for (x, mean) in design.iter().zip(&mut means) {
            *mean = log_mean(x, &coefficients).exp();
        }
        let deviance = deviance(counts.iter().copied().zip(means.iter().copied()));
        if converged(deviance, last) {
            break;
        }
        last = deviance;
    }
    Some(coefficients)
}

/// Logarithm of the mean at a row of the design.
pub fn log_mean<const P: usize>(x: &[f64; P], coefficients: &[f64; P]) -> f64 {
    x.iter().zip(coefficients).map(|(x, b)| x * b).sum::<f64>().max(LOG_MEAN_MIN)
}

/// Poisson deviance of counts about means.
pub fn deviance(counts_and_means: impl Iterator<Item = (f64, f64)>) -> f64 {
    let part = |(y, mean): (f64, f64)| 2.0 * (if y > 0.0 { y * (y / mean).ln() } else { 0.0 } - (y - mean));
    counts_and_means.map(part).sum()
}

/// Whether a deviance is as good as the one before.
pub fn converged(deviance: f64, before: f64) -> bool {
    (deviance - before).abs() / (deviance.abs() + 0.1) < TOLERANCE
}

/// Solves by elimination with pivots.
fn solve<const P: usize>(mut a: [[f64; P]; P], mut b: [f64; P]) -> Option<[f64; P]> {
    for column in 0..P {
        let pivot = (column..P).max_by(|i, j| a[*i][column].abs().total_cmp(&a[*j][column].abs()))?;
        if a[pivot][column].abs() < 1e-12 {
            return None;
        }
        a.swap(column, pivot);
        b.swap(column, pivot);
        for row in column + 1..P {
            let factor = a[row][column] / a[column][column];
            let above = a[column];
            for (x, above) in a[row].iter_mut().zip(above).skip(column) {
                *x -= factor * above;
            }
            b[row] -= factor * b[column];
        }
    }
    let mut x = [0.0; P];
    for row in (0..P).rev() {
        let known: f64 = (row + 1..P).map(|j| a[row][j] * x[j]).sum();
        x[row] = (b[row] - known) / a[row][row];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::salmonella::AGONA;

    /// `glm(y ~ cos(2 pi t / 52) + sin(2 pi t / 52), poisson)` by R 4.2 on the last three years of the series.
    #[test]
    fn coefficients_are_those_of_r() {
        let design: Vec<[f64; 3]> = (1..=156)
            .map(|t| std::f64::consts::TAU * f64::from(t) / 52.0)
            .map(|turn| [1.0, turn.cos(), turn.sin()])
            .collect();
        let counts: Vec<f64> = AGONA[156..].iter().map(|count| f64::from(*count)).collect();
        let coefficients = fit(&design, &counts).unwrap();
        for (found, expected) in coefficients.into_iter().zip([0.903510647, -0.161130905, -0.518951877]) {
            assert!((found - expected).abs() < 1e-7, "{found}, not {expected}");
        }
    }

    #[test]
    fn columns_that_say_the_same_are_refused_and_zeros_have_a_small_mean() {
        assert_eq!(fit(&[[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], &[1.0, 2.0, 3.0]), None);
        assert!(fit(&[[1.0]; 5], &[0.0; 5]).unwrap()[0] < -5.0);
    }
}

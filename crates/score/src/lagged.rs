//! What the prototype knows of the past: lagged, decayed counts, and how much more than binomial their shares vary.

/// Event counts that a share begins from, so that a label never seen has one.
pub const PRIOR: f64 = 0.5;
/// Weeks over which shares are held against what the weeks before let expect.
const SPAN_WEEKS: usize = 8;
/// First lagged week whose span is held against anything: before it, expectations rest on too little.
const FIRST_WEEK: usize = 40;
/// Weight of what labels have in common in a label's own overdispersion, in units of its variance.
const SHRINKAGE: f64 = 10.0;
/// Overdispersion at the start, and the variance that it weighs as much as.
const START: (f64, f64) = (1.3, 20.0);

/// Counts by week of counting, read with a lag.
pub struct Lagged {
    labels: usize,
    lag_weeks: usize,
    /// What a week leaves of what was there.
    decay: f64,
    /// By week, `[stratum][label]`.
    counted: Vec<Vec<f64>>,
    sums: Vec<f64>,
    span: Vec<f64>,
    expected_share: Vec<f64>,
    squares: Vec<f64>,
    variances: Vec<f64>,
    overdispersion: Vec<f64>,
}

impl Lagged {
    /// Nothing counted yet.
    pub fn new(weeks: usize, strata: usize, labels: usize, lag_weeks: usize, half_life_weeks: f64) -> Lagged {
        let cells = strata * labels;
        Lagged {
            labels,
            lag_weeks,
            decay: 0.5f64.powf(1.0 / half_life_weeks),
            counted: vec![vec![0.0; cells]; weeks],
            sums: vec![0.0; cells],
            span: vec![0.0; cells],
            expected_share: vec![0.0; cells],
            squares: vec![0.0; labels],
            variances: vec![0.0; labels],
            overdispersion: vec![1.0; labels],
        }
    }

    /// Counts an incident, or takes one back, in a week.
    pub fn count(&mut self, week: usize, stratum: usize, label: usize, delta: f64) {
        self.counted[week][stratum * self.labels + label] += delta;
    }

    /// Begins a week: the week that now lies behind the lag is taken in.
    pub fn begin(&mut self, week: usize) {
        let Some(old) = week.checked_sub(1 + self.lag_weeks) else { return };
        for ((sum, span), x) in self.sums.iter_mut().zip(&mut self.span).zip(&self.counted[old]) {
            *sum = (*sum * self.decay + x).max(0.0);
            *span += x;
        }
        if old % SPAN_WEEKS == SPAN_WEEKS - 1 {
            self.end_span(old);
        }
    }

    /// Decayed count of a label in a stratum, never 0.
    pub fn sum(&self, stratum: usize, label: usize) -> f64 {
        self.sums[stratum * self.labels + label] + PRIOR
    }

    /// Each label's share of all strata together.
    pub fn shares(&self) -> Vec<f64> {
        let mut pooled = vec![PRIOR; self.labels];
        for (i, sum) in self.sums.iter().enumerate() {
            pooled[i % self.labels] += sum;
        }
        let total: f64 = pooled.iter().sum();
        pooled.iter().map(|sum| sum / total).collect()
    }

    /// Variance of a label's shares over the binomial, at least 1.
    pub fn overdispersion(&self, label: usize) -> f64 {
        self.overdispersion[label]
    }

    fn end_span(&mut self, week: usize) {
        if week >= FIRST_WEEK {
            self.compare(self.decay.powi(SPAN_WEEKS as i32));
        }
        for (stratum, sums) in self.sums.chunks(self.labels).enumerate() {
            let total: f64 = sums.iter().map(|sum| sum + PRIOR).sum();
            for (label, sum) in sums.iter().enumerate() {
                self.expected_share[stratum * self.labels + label] = (sum + PRIOR) / total;
            }
        }
        self.span.fill(0.0);
        let common =
            (self.squares.iter().sum::<f64>() + START.0 * START.1) / (self.variances.iter().sum::<f64>() + START.1);
        for label in 0..self.labels {
            let own = (self.squares[label] + SHRINKAGE * common) / (self.variances[label] + SHRINKAGE);
            self.overdispersion[label] = own.max(1.0);
        }
    }

    /// Holds the span's counts against the shares that were expected when it began.
    fn compare(&mut self, decay: f64) {
        for label in 0..self.labels {
            let (mut rest, mut variance) = (0.0, 0.0);
            for (span, shares) in self.span.chunks(self.labels).zip(self.expected_share.chunks(self.labels)) {
                let total: f64 = span.iter().sum();
                rest += span[label] - total * shares[label];
                variance += total * shares[label] * (1.0 - shares[label]);
            }
            self.squares[label] = self.squares[label] * decay + rest * rest;
            self.variances[label] = self.variances[label] * decay + variance;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 4 events a week of one label and 4 of another; in every other span all of them are the first's.
    fn swinging(swing: bool) -> Lagged {
        let mut lagged = Lagged::new(200, 1, 2, 26, 300.0);
        for week in 0..200 {
            lagged.begin(week);
            let first = if swing && week / 8 % 2 == 0 { 8.0 } else { 4.0 };
            lagged.count(week, 0, 0, first);
            lagged.count(week, 0, 1, 8.0 - first);
        }
        lagged
    }

    #[test]
    fn sums_lag_and_decay() {
        let mut lagged = Lagged::new(60, 1, 2, 2, 1.0);
        for week in 0..5 {
            lagged.begin(week);
            lagged.count(week, 0, 0, f64::from(week as u32 + 1));
        }
        // Weeks 0 and 1 lie behind the lag of the fifth: 1 / 2 + 2.
        assert_eq!((lagged.sum(0, 0), lagged.sum(0, 1)), (2.5 + PRIOR, PRIOR));
        assert_eq!(lagged.shares(), [3.0 / 3.5, 0.5 / 3.5]);
    }

    #[test]
    fn shares_that_swing_are_overdispersed() {
        assert_eq!(swinging(false).overdispersion(0), 1.0);
        assert!(swinging(true).overdispersion(0) > 3.0);
    }
}

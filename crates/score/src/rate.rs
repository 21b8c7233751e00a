//! Counts with what they are out of.

use serde::Serialize;

/// False alarms in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// Alarms.
    pub alarms: u64,
    /// Years of a market that was looked at.
    pub market_years: f64,
    /// Alarms per 1,000 market-years,
    pub per_1000: f64,
    /// and the ends of its 95 % interval (Garwood's, exact for a Poisson count).
    pub low: f64,
    /// The upper one.
    pub high: f64,
}

impl Rate {
    /// So many alarms in so many market-years.
    pub fn new(alarms: u64, market_years: f64) -> Rate {
        let (low, high) = poisson_interval(alarms);
        let per_1000 = |count: f64| count * 1_000.0 / market_years;
        Rate { alarms, market_years, per_1000: per_1000(alarms as f64), low: per_1000(low), high: per_1000(high) }
    }
}

/// Some of a number of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Those that count.
    pub of: u64,
    /// All.
    pub cells: u64,
}

impl Part {
    /// As a fraction; none of nothing.
    pub fn share(self) -> Option<f64> {
        (self.cells > 0).then(|| self.of as f64 / self.cells as f64)
    }
}

/// The exact 95 % interval of a Poisson mean after a count (Garwood 1936): its ends are the means under which as many or
/// more, or as many or fewer, have a probability of 2.5 %.
pub fn poisson_interval(count: u64) -> (f64, f64) {
    const TAIL: f64 = 0.025;
    let low = match count.checked_sub(1) {
        Some(below) => root(|mean| 1.0 - poisson_at_most(below, mean) > TAIL, count as f64),
        None => 0.0,
    };
    (low, root(|mean| poisson_at_most(count, mean) < TAIL, count as f64))
}

/// The exact 95 % interval of a probability after `of` out of `all` (Clopper and Pearson 1934): its ends are the
/// probabilities under which as many or more, or as many or fewer, have a probability of 2.5 %. Of nothing it is all.
pub fn binomial_interval(of: u64, all: u64) -> (f64, f64) {
    const TAIL: f64 = 0.025;
    let turn = |above: &dyn Fn(f64) -> bool| bisect(above, 0.0, 1.0);
    let low = match of.checked_sub(1) {
        Some(below) => turn(&|p| 1.0 - binomial_at_most(below, all, p) > TAIL),
        None => 0.0,
    };
    (low, if of < all { turn(&|p| binomial_at_most(of, all, p) < TAIL) } else { 1.0 })
}

/// P(X <= count) of a binomial variable, for 0 < p < 1.
fn binomial_at_most(count: u64, all: u64, p: f64) -> f64 {
    let mut log = all as f64 * (-p).ln_1p();
    let mut sum = log.exp();
    for i in 1..=count {
        log += ((all + 1 - i) as f64 / i as f64 * p / (1.0 - p)).ln();
        sum += log.exp();
    }
    sum
}

/// P(X <= count) of a Poisson variable.
fn poisson_at_most(count: u64, mean: f64) -> f64 {
    let mut log = -mean;
    let mut sum = log.exp();
    for i in 1..=count {
        log += (mean / i as f64).ln();
        sum += log.exp();
    }
    sum
}

/// Where a predicate that is false below and true above turns, near a count.
fn root(above: impl Fn(f64) -> bool, count: f64) -> f64 {
    bisect(above, 0.0, 2.0 * count + 10.0)
}

fn bisect(above: impl Fn(f64) -> bool, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if above(middle) { high = middle } else { low = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `qchisq(.025, 2 n) / 2` and `qchisq(.975, 2 n + 2) / 2`, by SciPy 1.17.
    #[test]
    fn intervals_are_garwoods() {
        for (count, low, high) in [
            (0, 0.0, 3.688_879_454_113_936),
            (1, 0.025_317_807_984_289_9, 5.571_643_390_938_898),
            (10, 4.795_388_696_132_434, 18.390_356_042_017_78),
            (100, 81.363_991_250_923_14, 121.626_793_792_426_38),
        ] {
            let (l, h) = poisson_interval(count);
            assert!((l - low).abs() < 1e-9 && (h - high).abs() < 1e-9, "{count}: {l} {h}");
        }
        let rate = Rate::new(1, 500.0);
        assert_eq!(rate.per_1000, 2.0);
        assert!((rate.high - 11.143).abs() < 1e-3);
        assert_eq!((Part { of: 1, cells: 4 }.share(), Part::default().share()), (Some(0.25), None));
    }
    /// `qbeta(.025, k, n - k + 1)` and `qbeta(.975, k + 1, n - k)`; at the ends 1 - 0.025^(1/10).
    #[test]
    fn intervals_are_clopper_and_pearsons() {
        for (of, all, low, high) in [
            (0, 10, 0.0, 0.308_497_107_818_760_8),
            (10, 10, 0.691_502_892_181_239_2, 1.0),
            (5, 10, 0.187_086_028_447_398_55, 0.812_913_971_552_601_5),
            (0, 0, 0.0, 1.0),
        ] {
            let (l, h) = binomial_interval(of, all);
            assert!((l - low).abs() < 1e-9 && (h - high).abs() < 1e-9, "{of} of {all}: {l} {h}");
        }
        let (low, high) = binomial_interval(950, 1_000);
        assert!(0.93 < low && low < 0.94 && 0.96 < high && high < 0.97, "{low} {high}");
    }
}

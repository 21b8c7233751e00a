//! The baseline: what the mix of each stratum was, lagged and slowly forgotten, and how much more it wavers than chance.

use crate::block::{BlockKey, WEEK_DAYS};
use crate::config::StatisticConfig;
use crate::tally::Block;

/// Pseudo-count of a substance in a stratum: no odds are ever zero or infinite.
pub(crate) const PSEUDO_COUNT: f64 = 0.5;
/// Weeks of a bin over which overdispersion is measured: shorter ones see only the weekly noise that the urn models.
const BIN_WEEKS: i32 = 8;
/// Weeks of baseline before overdispersion is measured: earlier, the expected share is itself a guess.
const DISPERSION_WEEKS_MIN: i32 = 16;
/// Strength of the pull towards what is typical, in units of binomial variance.
const DISPERSION_PRIOR: f64 = 10.0;
/// Overdispersion before anything is measured.
const DISPERSION_TYPICAL: f64 = 1.3;

/// Part of the urn's own spread that is not counted as overdispersion again: the part of a bin that its block is.
///
/// What the urn of a block has of one label, all its incidents have in common; of two blocks of a bin it knows nothing. So
/// a quarter's figure may waver by all that its urn allows, or a published table of hundreds of seizures a month would be
/// muted by what it is allowed anyway; but weeks that waver together (shares with AR(1) noise) may not.
fn urn_part(block: BlockKey) -> f64 {
    (f64::from(block.days) / f64::from(BIN_WEEKS * WEEK_DAYS)).min(1.0)
}

/// State of the baseline at the end of a week. All vectors are by stratum and active substance, or by substance.
#[derive(Clone, Debug)]
pub(crate) struct Baseline {
    substances: usize,
    /// What a week leaves of a count.
    fade: f64,
    /// Decayed counts since each era's start, the first era being all time: `[era][stratum][substance]`.
    counts: Vec<Vec<f64>>,
    /// Decayed counts over all strata.
    pooled: Vec<f64>,
    /// Counts of the bin being filled,
    bin: Vec<f64>,
    /// and by stratum what p(1 - p) is multiplied by to give the variance that the urn expects of them.
    bin_spread: Vec<f64>,
    /// Expected shares at the bin's start.
    expected: Vec<f64>,
    /// Squared deviations of shares, and their binomial variance: `[stratum][substance]`.
    squares: Vec<f64>,
    variance: Vec<f64>,
    /// The same of the deviations summed over the strata: what wanders everywhere at once.
    common: Vec<[f64; 2]>,
    /// Overdispersion of each substance's share in each stratum, at least 1: one wild office must not mute the others, and
    /// what wanders in all of them at once is seen in their sum.
    dispersion: Vec<f64>,
}

/// The odds that a stratum's baseline allows for one pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Odds {
    /// Rising to falling, as counted.
    pub estimate: f64,
    /// Its upper bound: the null.
    pub bound: f64,
}

impl Baseline {
    /// Nothing known; `eras` besides all time.
    pub fn new(strata: usize, substances: usize, eras: usize, config: &StatisticConfig) -> Baseline {
        let cells = strata * substances;
        Baseline {
            substances,
            fade: 0.5f64.powf(1.0 / config.half_life_weeks),
            counts: vec![vec![0.0; cells]; eras + 1],
            pooled: vec![0.0; substances],
            bin: vec![0.0; cells],
            bin_spread: vec![0.0; strata],
            expected: vec![0.0; cells],
            squares: vec![0.0; cells],
            variance: vec![0.0; cells],
            common: vec![[0.0; 2]; substances],
            dispersion: vec![1.0; cells],
        }
    }

    /// Becomes a copy of another baseline, in the room that it has.
    pub fn become_copy(&mut self, other: &Baseline) {
        let Baseline {
            substances,
            fade,
            counts,
            pooled,
            bin,
            bin_spread,
            expected,
            squares,
            variance,
            common,
            dispersion,
        } = other;
        (self.substances, self.fade) = (*substances, *fade);
        self.counts.clone_from(counts);
        self.pooled.clone_from(pooled);
        self.bin.clone_from(bin);
        self.bin_spread.clone_from(bin_spread);
        self.expected.clone_from(expected);
        self.squares.clone_from(squares);
        self.variance.clone_from(variance);
        self.common.clone_from(common);
        self.dispersion.clone_from(dispersion);
    }

    /// One week goes by: everything fades, and the blocks of week `lagged` come in.
    pub fn advance<'a>(
        &mut self,
        blocks: impl Iterator<Item = &'a Block>,
        lagged: i32,
        first_week: i32,
        eras: &[i32],
        config: &StatisticConfig,
    ) {
        let fade = self.fade;
        for counts in self.counts.iter_mut().chain([&mut self.pooled]) {
            counts.iter_mut().for_each(|n| *n *= fade);
        }
        for block in blocks {
            let row = usize::from(block.stratum) * self.substances;
            let n: f64 = block.counts.iter().sum();
            let urn = urn_part(block.key) * (n - 1.0).max(0.0) / (config.precision + 1.0);
            self.bin_spread[usize::from(block.stratum)] += n * (1.0 + urn);
            for (k, n) in block.counts.iter().enumerate() {
                self.counts[0][row + k] += n;
                for (era, after) in eras.iter().enumerate() {
                    if lagged > *after {
                        self.counts[era + 1][row + k] += n;
                    }
                }
                self.bin[row + k] += n;
                self.pooled[k] += n;
            }
        }
        if lagged >= first_week && lagged.rem_euclid(BIN_WEEKS) == BIN_WEEKS - 1 {
            // A shift that was told is no wavering: what comes after it is held against what it became.
            let begun = eras.iter().enumerate().filter(|(_, after)| **after < lagged).max_by_key(|(_, after)| **after);
            let (era, since) = begun.map_or((0, first_week), |(era, after)| (era + 1, *after));
            self.close_bin(era, lagged - since >= DISPERSION_WEEKS_MIN, fade);
        }
    }

    /// Squared deviations of the bin's shares against their binomial variance; the next bin's are expected of an era.
    fn close_bin(&mut self, era: usize, measure: bool, fade: f64) {
        let (substances, bin_fade) = (self.substances, fade.powi(BIN_WEEKS));
        let mut common = vec![[0.0; 2]; substances];
        let rows = self.bin.chunks(substances).zip(self.expected.chunks_mut(substances)).enumerate();
        for (s, (bin, expected)) in rows {
            let row = s * substances;
            let (n, spread) = (bin.iter().sum::<f64>(), self.bin_spread[s]);
            let baseline = &self.counts[era][row..row + substances];
            let total: f64 = baseline.iter().map(|n| n + PSEUDO_COUNT).sum();
            for (k, p) in expected.iter_mut().enumerate() {
                if measure {
                    let deviation = bin[k] - n * *p;
                    self.squares[row + k] = self.squares[row + k] * bin_fade + deviation * deviation;
                    self.variance[row + k] = self.variance[row + k] * bin_fade + spread * *p * (1.0 - *p);
                    common[k][0] += deviation;
                    common[k][1] += spread * *p * (1.0 - *p);
                }
                *p = (baseline[k] + PSEUDO_COUNT) / total;
            }
        }
        if measure {
            for (kept, [deviation, variance]) in self.common.iter_mut().zip(common) {
                *kept = [kept[0] * bin_fade + deviation * deviation, kept[1] * bin_fade + variance];
            }
        }
        self.bin.fill(0.0);
        self.bin_spread.fill(0.0);
        self.disperse();
    }

    /// The overdispersion of each stratum, drawn to what is typical of the substance's strata: their weighted geometric
    /// mean, which one wild office moves little.
    fn disperse(&mut self) {
        let k = self.substances;
        for substance in 0..k {
            let strata = (substance..self.dispersion.len()).step_by(k);
            let (mut sum, mut weight) = (DISPERSION_TYPICAL.ln(), 1.0);
            for at in strata.clone() {
                let own =
                    (self.squares[at] + DISPERSION_PRIOR * DISPERSION_TYPICAL) / (self.variance[at] + DISPERSION_PRIOR);
                let known = self.variance[at] / (self.variance[at] + DISPERSION_PRIOR);
                sum += known * own.ln();
                weight += known;
            }
            let typical = (sum / weight).exp();
            let [squares, variance] = self.common[substance];
            let everywhere = (squares + DISPERSION_PRIOR * DISPERSION_TYPICAL) / (variance + DISPERSION_PRIOR);
            for at in strata {
                let own = (self.squares[at] + DISPERSION_PRIOR * typical) / (self.variance[at] + DISPERSION_PRIOR);
                self.dispersion[at] = own.max(everywhere).max(1.0);
            }
        }
    }

    /// Baseline count of a substance in a stratum.
    pub fn count(&self, era: usize, stratum: usize, substance: usize) -> f64 {
        self.counts[era][stratum * self.substances + substance] + PSEUDO_COUNT
    }

    /// The odds in a stratum of a second substance to a first, and those of the first to the second.
    pub fn odds(&self, era: usize, stratum: usize, first: usize, second: usize, config: &StatisticConfig) -> [Odds; 2] {
        let row = stratum * self.substances;
        let a = self.counts[era][row + first] + PSEUDO_COUNT;
        let b = self.counts[era][row + second] + PSEUDO_COUNT;
        let error = (config.inflation * (1.0 / a + 1.0 / b)).sqrt();
        let raise = (config.z * error + config.margin).exp();
        [b / a, a / b].map(|estimate| Odds { estimate, bound: estimate * raise })
    }

    /// Each substance's share of the baseline: what falls is likelier something that was there.
    pub fn shares(&self) -> impl Iterator<Item = f64> {
        let total: f64 = self.pooled.iter().map(|n| n + PSEUDO_COUNT).sum();
        self.pooled.iter().map(move |n| (n + PSEUDO_COUNT) / total)
    }

    /// What the log wealth of a pair's blocks is multiplied by: at most 1, less where shares waver.
    pub fn exponent(&self, stratum: usize, falling: usize, rising: usize, config: &StatisticConfig) -> f64 {
        let row = stratum * self.substances;
        let dispersion = 0.5 * (self.dispersion[row + falling] + self.dispersion[row + rising]);
        1.0 / (1.0 + config.overdispersion * (dispersion - 1.0))
    }
}

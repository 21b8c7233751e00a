//! What the blocks of a week multiply the sums of each pair by.

use crate::config::FRACTIONS;
use crate::statistic::{LANES, MODES};

/// The factors of one pair in one week: 56 bytes. Most weeks have something to say of few pairs.
#[derive(Clone, Debug)]
pub(crate) struct PairFactors {
    /// `falling * labels + rising`.
    pub pair: usize,
    /// By alternative: of its trade blocks,
    trade: [f64; FRACTIONS],
    /// and of its seizures. Both together multiply.
    seizures: [f64; FRACTIONS],
}

impl PairFactors {
    /// The factors of a week's log wealth by lane; none where it says nothing.
    pub fn of(pair: usize, log: &[f64; LANES]) -> Option<PairFactors> {
        let of_mode = |mode: usize| {
            std::array::from_fn(|j| match log[j * MODES + mode] {
                0.0 => 1.0,
                log => log.exp(),
            })
        };
        let speaks = log.chunks(MODES).any(|log| log[0] != 0.0 || log[1] != 0.0);
        speaks.then(|| PairFactors { pair, trade: of_mode(0), seizures: of_mode(1) })
    }

    /// Multiplies a pair's sums, each up to `most`.
    pub fn multiply(&self, sums: &mut [f64], most: f64) {
        for ((sums, trade), seizures) in sums.chunks_exact_mut(MODES).zip(self.trade).zip(self.seizures) {
            sums[0] = (sums[0] * trade).min(most);
            sums[1] = (sums[1] * seizures).min(most);
            sums[2] = (sums[2] * (trade * seizures)).min(most);
        }
    }
}

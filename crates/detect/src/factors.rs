//! What the blocks of a week multiply the sums of each pair by.

use std::collections::BTreeMap;

use crate::config::FRACTIONS;
use crate::statistic::{LANES, MODES};

/// The factors of one pair in one week: 64 bytes.
#[derive(Clone, Debug)]
pub(crate) struct PairFactors {
    /// `falling * labels + rising`.
    pub pair: usize,
    /// By alternative: of its trade blocks,
    trade: [f64; FRACTIONS],
    /// and of its seizures. Both together multiply.
    seizures: [f64; FRACTIONS],
}

/// The factors of some weeks: of those pairs alone that a week has something to say of. Most have not.
#[derive(Debug, Default)]
pub(crate) struct Factors {
    pub weeks: BTreeMap<i32, Box<[PairFactors]>>,
    /// Log wealth by pair and lane of the week that is being taken in; kept for its room.
    pub logs: Vec<[f64; LANES]>,
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

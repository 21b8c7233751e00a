//! What a run of one pair writes down on its way: the evidence of its blocks and weeks, and what can be asked of it.

use crate::baseline::Odds;
use crate::block::BlockKey;
use crate::config::{FRACTIONS, StatisticConfig};
use crate::statistic::{LANES, MODES, exp_lanes};
use crate::sums::SUM_MAX;
use crate::tally::Block;
use crate::wealth::Wealth;

/// An alternative must lie this factor above the null's bound: nearer, it cannot be told from it.
const DETECTABLE: f64 = 1.1;

/// One block's evidence for the pair that is recorded.
#[derive(Clone, Debug)]
pub(crate) struct BlockEvidence {
    pub key: BlockKey,
    pub stratum: u16,
    pub falling: f64,
    pub rising: f64,
    /// Whether its stratum is trade.
    pub trade: bool,
    odds: Odds,
    q1: [Option<f64>; FRACTIONS],
    exponent: f64,
    /// Log wealth by alternative.
    pub log: [f64; FRACTIONS],
}

impl BlockEvidence {
    /// The evidence of one block for one pair, from the counts of what falls and of what rises; `cap` is the logarithm of
    /// the configured one.
    pub fn of(
        block: &Block,
        (falling, rising): (f64, f64),
        odds: Odds,
        exponent: f64,
        trade: bool,
        config: &StatisticConfig,
        cap: f64,
    ) -> BlockEvidence {
        let q1 = config.fractions.map(|f| {
            let moved = (odds.estimate + f) / (1.0 - f);
            (moved > DETECTABLE * odds.bound).then_some(moved / (1.0 + moved))
        });
        let log = logs(falling, rising, odds.bound, q1, exponent, config, cap);
        BlockEvidence { key: block.key, stratum: block.stratum, falling, rising, trade, odds, q1, exponent, log }
    }

    /// Adds its log wealth to lanes.
    pub fn add_to(&self, lanes: &mut [f64; LANES]) {
        add_log(self.log, self.trade, lanes);
    }

    /// Log wealth by alternative had the counts been these.
    pub fn log_with(&self, falling: f64, rising: f64, config: &StatisticConfig) -> [f64; FRACTIONS] {
        self.against(self.odds.bound, falling, rising, config)
    }

    /// Log wealth by lane against the baseline as counted, without its bound: it tells best when a change began.
    pub fn profile(&self, config: &StatisticConfig) -> [f64; LANES] {
        lanes(self.against(self.odds.estimate, self.falling, self.rising, config), self.trade)
    }

    /// Log wealth by lane.
    pub fn lanes(&self) -> [f64; LANES] {
        lanes(self.log, self.trade)
    }

    fn against(&self, odds: f64, falling: f64, rising: f64, config: &StatisticConfig) -> [f64; FRACTIONS] {
        logs(falling, rising, odds, self.q1, self.exponent, config, config.cap.ln())
    }
}

/// Adds a block's log wealth to lanes: it speaks in the mode of its stratum's class and in the mode of both.
pub(crate) fn add_log(log: [f64; FRACTIONS], trade: bool, lanes: &mut [f64; LANES]) {
    for (lanes, log) in lanes.chunks_exact_mut(MODES).zip(log) {
        lanes[usize::from(!trade)] += log;
        lanes[2] += log;
    }
}

/// Log wealth of a block by lane.
fn lanes(log: [f64; FRACTIONS], trade: bool) -> [f64; LANES] {
    let mut lanes = [0.0; LANES];
    for (j, log) in log.into_iter().enumerate() {
        lanes[j * MODES + usize::from(!trade)] = log;
        lanes[j * MODES + 2] = log;
    }
    lanes
}

/// Log wealth by alternative: none is one that cannot be told from the null, `odds`.
fn logs(
    falling: f64,
    rising: f64,
    odds: f64,
    q1: [Option<f64>; FRACTIONS],
    exponent: f64,
    config: &StatisticConfig,
    cap: f64,
) -> [f64; FRACTIONS] {
    let wealth = Wealth::new(falling, rising, odds / (1.0 + odds), config.precision);
    q1.map(|q1| q1.map_or(0.0, |q1| (wealth.log_ratio(q1) * exponent).min(cap)))
}

/// One week of the pair that is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WeekEvidence {
    pub week: i32,
    /// What is kept of the sum of the weeks before.
    pub kept: f64,
    /// Prior weight of a restart in this week, over all lanes.
    pub weight: f64,
    /// Log factor of the week by lane.
    pub log: [f64; LANES],
}

/// What a run of one pair writes down on its way.
#[derive(Default)]
pub(crate) struct Record {
    pub weeks: Vec<WeekEvidence>,
    pub blocks: Vec<BlockEvidence>,
}

impl Record {
    /// Natural logarithm of the pair's own part of the sum.
    pub fn pair_log(&self) -> f64 {
        sum_log(self.weeks.iter().copied())
    }

    /// The pair's part without its strongest block in or after `week`; none where it has no such block.
    pub fn pair_log_without_strongest_block(&self, week: i32) -> Option<f64> {
        let total = |log: &[f64]| log.iter().sum::<f64>();
        let blocks = self.blocks.iter().filter(|b| b.key.week >= week);
        // Ties go to the first: the blocks are in a fixed order.
        let strongest = blocks.reduce(|best, b| if total(&b.log) > total(&best.log) { b } else { best })?;
        Some(sum_log(self.weeks.iter().map(|week| {
            let mut log = week.log;
            if week.week == strongest.key.week {
                log.iter_mut().zip(strongest.lanes()).for_each(|(log, own)| *log -= own);
            }
            WeekEvidence { log, ..*week }
        })))
    }

    /// Nats that the other strata add to what some say alone.
    ///
    /// The pair's sum is the mean of the wealth of all blocks over the weeks in which a change may have begun and over the
    /// alternatives; over the wealth of some strata's blocks alone it is the wealth of the others' blocks, averaged over
    /// the changes that those strata make likely: a Bayes factor. Where nothing changed in the others its mean is at most
    /// 1, whatever those strata say, so that it exceeds e^x on a given day with a probability of at most e^-x.
    pub fn added_to(&self, alone: impl Fn(u16) -> bool) -> f64 {
        let mut blocks = self.blocks.iter().peekable();
        let alone = self.weeks.iter().map(|week| {
            let mut log = [0.0; LANES];
            while let Some(block) = blocks.next_if(|block| block.key.week <= week.week) {
                if alone(block.stratum) {
                    block.add_to(&mut log);
                }
            }
            WeekEvidence { log, ..*week }
        });
        self.pair_log() - sum_log(alone)
    }

    /// Natural logarithm of the pair's own part of the sum, at the end of each recorded week.
    pub fn pair_course(&self) -> impl Iterator<Item = (i32, f64)> {
        let mut sums = [0.0; LANES];
        self.weeks.iter().map(move |week| {
            grow(&mut sums, week);
            (week.week, sums.iter().sum::<f64>().ln())
        })
    }
}

/// Natural logarithm of the Shiryaev-Roberts sum of weeks.
fn sum_log(weeks: impl Iterator<Item = WeekEvidence>) -> f64 {
    let mut sums = [0.0; LANES];
    weeks.for_each(|week| grow(&mut sums, &week));
    sums.iter().sum::<f64>().ln()
}

fn grow(sums: &mut [f64; LANES], week: &WeekEvidence) {
    for (sum, factor) in sums.iter_mut().zip(exp_lanes(week.log)) {
        *sum = ((*sum * week.kept + week.weight / LANES as f64) * factor).min(SUM_MAX);
    }
}

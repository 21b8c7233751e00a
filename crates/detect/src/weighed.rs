//! What a week's blocks were found to say when they were last weighed: of most blocks, and of most pairs of the one that
//! changed, it is the same when another record comes.

use crate::block::BlockKey;
use crate::config::FRACTIONS;
use crate::tally::Block;

/// The blocks of a week on one baseline. About 24 bytes for each pair of each block.
#[derive(Default)]
pub(crate) struct Weighed {
    blocks: Vec<WeighedBlock>,
}

/// One block.
pub(crate) struct WeighedBlock {
    key: BlockKey,
    stratum: u16,
    counts: Box<[f64]>,
    /// Log wealth by pair and alternative; none where it is not asked.
    logs: Box<[Option<[f64; FRACTIONS]>]>,
}

impl Weighed {
    /// What is known of a block; nothing at first.
    pub fn of(&mut self, block: &Block) -> &mut WeighedBlock {
        let known = self.blocks.iter().position(|known| known.key == block.key && known.stratum == block.stratum);
        let at = known.unwrap_or_else(|| {
            let labels = block.counts.len();
            self.blocks.push(WeighedBlock {
                key: block.key,
                stratum: block.stratum,
                // No count is no number: all is weighed.
                counts: vec![f64::NAN; labels].into(),
                logs: vec![None; labels * labels].into(),
            });
            self.blocks.len() - 1
        });
        &mut self.blocks[at]
    }

    /// Forgets those that are not among some blocks; whether there were any.
    pub fn forget_all_but<'a>(&mut self, blocks: impl Iterator<Item = &'a Block> + Clone) -> bool {
        let before = self.blocks.len();
        self.blocks
            .retain(|known| blocks.clone().any(|block| (block.key, block.stratum) == (known.key, known.stratum)));
        self.blocks.len() < before
    }
}

impl WeighedBlock {
    /// Whether the counts of two labels are those that it was weighed with.
    pub fn is_of(&self, block: &Block, a: usize, b: usize) -> bool {
        self.counts[a] == block.counts[a] && self.counts[b] == block.counts[b]
    }

    /// The log wealth of a pair, `falling * labels + rising`.
    pub fn log(&mut self, pair: usize) -> &mut Option<[f64; FRACTIONS]> {
        &mut self.logs[pair]
    }

    /// All its pairs are weighed.
    pub fn close(&mut self, block: &Block) {
        self.counts.copy_from_slice(&block.counts);
    }
}

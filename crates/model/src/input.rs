//! What is read: the unit of work, of a ledger and of a chain of epochs.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Partition;

/// One input partition: a partition of a source's topic, or a source's folder (partition 0).
///
/// ```
/// use headwater_model::{Input, Partition};
/// let input = Input { source: "trade".into(), partition: Partition(3) };
/// assert_eq!(input.to_string(), "trade/3");
/// assert_eq!(Input::parse("trade/3"), Some(input));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Input {
    /// Name of the source in the configuration: `[sources.NAME]`.
    pub source: Arc<str>,
    /// Partition of its topic; 0 for a folder.
    pub partition: Partition,
}

impl Input {
    /// Reads `source/partition`.
    pub fn parse(text: &str) -> Option<Input> {
        let (source, partition) = text.rsplit_once('/')?;
        let number: i32 = partition.parse().ok().filter(|n| *n >= 0)?;
        (!source.is_empty()).then(|| Input { source: source.into(), partition: Partition(number) })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.partition)
    }
}

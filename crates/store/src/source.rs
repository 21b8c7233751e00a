//! What a store holds of a source: declared once, by whoever reads it first.

use headwater_model::{Input, Partition};
use serde::{Deserialize, Serialize};

/// What a source is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A topic of a Kafka cluster.
    Topic,
    /// A folder.
    Folder,
}

/// A source as this store knows it. A topic that has grown since differs in `partitions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDeclaration {
    /// Its name in the configuration.
    pub source: String,
    /// What it is.
    pub kind: SourceKind,
    /// The topic, or the folder as configured.
    pub origin: String,
    /// Partitions; 1 of a folder.
    pub partitions: u32,
}

impl SourceDeclaration {
    /// Its inputs.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        let count = i32::try_from(self.partitions).unwrap_or(i32::MAX);
        let source: std::sync::Arc<str> = self.source.as_str().into();
        (0..count).map(move |n| Input { source: source.clone(), partition: Partition(n) })
    }
}

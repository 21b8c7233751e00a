//! Records on their way out, partition by partition.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_model::Partition;

/// A record to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutRecord {
    /// Where.
    pub topic: Arc<str>,
    /// Of the topic; without one the key's hash chooses.
    pub partition: Option<Partition>,
    /// What compaction goes by.
    pub key: Vec<u8>,
    /// `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Names and values.
    pub headers: Vec<(&'static str, Vec<u8>)>,
}

/// A record as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct OutView<'a> {
    /// What compaction goes by.
    pub key: &'a [u8],
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Names and values.
    pub headers: &'a [(&'static str, Vec<u8>)],
}

impl OutView<'_> {
    /// Bytes of key, value and headers.
    pub(super) fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.len() + self.value.map_or(0, <[u8]>::len) + headers
    }
}

/// Records of one partition of a topic, in their order. They are made one by one as they are sent, so that what waits to
/// be published need not lie in memory as text.
pub trait Lane {
    /// Where.
    fn topic(&self) -> &Arc<str>;
    /// Of the topic; without one the key's hash chooses.
    fn partition(&self) -> Option<Partition>;
    /// The next record.
    fn next(&mut self) -> Option<OutView<'_>>;
}

/// Records that lie in memory.
pub(super) struct Listed<'a> {
    topic: Arc<str>,
    partition: Option<Partition>,
    records: std::vec::IntoIter<&'a OutRecord>,
}

/// Lanes of records in any order.
pub(super) fn of<R: Borrow<OutRecord>>(records: &[R]) -> Vec<Listed<'_>> {
    let mut lanes: BTreeMap<(&Arc<str>, Option<Partition>), Vec<&OutRecord>> = BTreeMap::new();
    for record in records.iter().map(Borrow::borrow) {
        lanes.entry((&record.topic, record.partition)).or_default().push(record);
    }
    let listed = lanes.into_iter().map(|((topic, partition), records)| Listed {
        topic: Arc::clone(topic),
        partition,
        records: records.into_iter(),
    });
    listed.collect()
}

impl Lane for Listed<'_> {
    fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    fn partition(&self) -> Option<Partition> {
        self.partition
    }

    fn next(&mut self) -> Option<OutView<'_>> {
        let OutRecord { key, value, headers, .. } = self.records.next()?;
        Some(OutView { key, value: value.as_deref(), headers })
    }
}

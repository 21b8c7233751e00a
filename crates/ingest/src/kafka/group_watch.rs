//! A group's offsets as anybody may see them, without being a member of it.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::words::{Words, refused};
use super::{KafkaSettings, client, security};
use crate::IngestError;

/// How long one question may take.
const ASK_AT_MOST: Duration = Duration::from_secs(5);

/// Asks how far a group has committed a topic, and where the topic ends.
pub struct GroupWatch {
    consumer: BaseConsumer<Words>,
    topic: String,
    partitions: u32,
}

impl GroupWatch {
    /// Of a topic with so many partitions.
    ///
    /// # Errors
    /// [`IngestError::ClientSetting`] or [`IngestError::Client`].
    pub fn start(settings: &KafkaSettings, topic: &str, partitions: u32) -> Result<GroupWatch, IngestError> {
        security::check(&settings.client)?;
        let consumer = client::config(settings).create_with_context(Words::of("watch")).map_err(refused)?;
        Ok(GroupWatch { consumer, topic: topic.to_owned(), partitions })
    }

    /// The next offset that each partition will write; where a transaction is open, its first.
    ///
    /// # Errors
    /// [`IngestError::Topic`] when no broker answers.
    pub fn ends(&self) -> Result<Vec<i64>, IngestError> {
        let end = |partition| self.consumer.fetch_watermarks(&self.topic, partition, ASK_AT_MOST).map(|(_, high)| high);
        (0..self.partitions as i32).map(end).collect::<Result<_, _>>().map_err(|error| self.failed(error))
    }

    /// The group's next offset in each partition; 0 where it has none.
    ///
    /// # Errors
    /// [`IngestError::Topic`] when no broker answers.
    pub fn committed(&self) -> Result<Vec<i64>, IngestError> {
        let mut list = TopicPartitionList::with_capacity(self.partitions as usize);
        for partition in 0..self.partitions as i32 {
            list.add_partition(&self.topic, partition);
        }
        let found = self.consumer.committed_offsets(list, ASK_AT_MOST).map_err(|error| self.failed(error))?;
        let offset = |partition| match found.find_partition(&self.topic, partition).map(|found| found.offset()) {
            Some(rdkafka::Offset::Offset(offset)) => offset,
            _ => 0,
        };
        Ok((0..self.partitions as i32).map(offset).collect())
    }

    fn failed(&self, error: KafkaError) -> IngestError {
        IngestError::Topic { topic: self.topic.clone(), message: error.to_string() }
    }
}

//! Reading a topic with nothing behind it: what the product's reading is measured against.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::TopicPartitionList;

use super::client;
use super::words::{Words, refused};
use super::{KafkaSettings, security};
use crate::IngestError;

/// Longest wait for a message until the time is looked at.
const POLL_AT_MOST: Duration = Duration::from_millis(100);

/// How long nothing may come before the end.
const SILENCE_AT_MOST: Duration = Duration::from_secs(30);

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drained {
    /// Records.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Of all their bytes, keys too; so that each was looked at.
    pub sum: u64,
    /// The first value that came.
    pub first: Vec<u8>,
    /// Seconds from the assignment to the first record.
    pub first_s: f64,
    /// Seconds from the first record to the end of every partition.
    pub seconds: f64,
}

/// Reads a topic from its start to its end with the client settings that a [`super::KafkaReader`] would have, in a plain
/// loop of the client library: no group is joined, nothing is kept.
///
/// # Errors
/// [`IngestError::ClientSetting`], [`IngestError::Topic`], or [`IngestError::Unreachable`] when nothing comes for 30 s
/// and the end is not reached.
pub fn drain(settings: &KafkaSettings, topic: &str, partitions: u32) -> Result<Drained, IngestError> {
    security::check(&settings.client)?;
    let mut config = client::config(settings);
    // The only thing by which it differs: how else would it know that it has read everything?
    config.set("enable.partition.eof", "true");
    let consumer: BaseConsumer<Words> = config.create_with_context(Words::of("drain")).map_err(refused)?;
    let failed = |error: KafkaError| IngestError::Topic { topic: topic.to_owned(), message: error.to_string() };
    let mut list = TopicPartitionList::with_capacity(partitions as usize);
    for partition in 0..partitions as i32 {
        list.add_partition_offset(topic, partition, rdkafka::Offset::Beginning).map_err(failed)?;
    }
    consumer.assign(&list).map_err(failed)?;

    let began = Instant::now();
    let (mut drained, mut first, mut ended, mut silent) = (Drained::default(), None, 0, Duration::ZERO);
    while ended < partitions {
        match consumer.poll(POLL_AT_MOST) {
            Some(Ok(message)) => {
                let value = message.payload().unwrap_or_default();
                if first.is_none() {
                    first = Some(Instant::now());
                    drained.first = value.to_vec();
                }
                drained.records += 1;
                drained.bytes += value.len() as u64;
                drained.sum = drained.sum.wrapping_add(sum(value)).wrapping_add(sum(message.key().unwrap_or_default()));
                silent = Duration::ZERO;
            }
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(error)) if client::is_fatal(&error) => return Err(failed(error)),
            Some(Err(error)) => consumer.context().warn(error.to_string()),
            // Counted instead of measured: no clock is read in the loop, which is the client's alone.
            None => silent += POLL_AT_MOST,
        }
        if silent >= SILENCE_AT_MOST {
            let message = consumer.context().last().unwrap_or_else(|| "it said nothing".into());
            let (brokers, seconds) = (settings.brokers.clone(), SILENCE_AT_MOST.as_secs());
            return Err(IngestError::Unreachable { brokers, seconds, message });
        }
    }
    let end = Instant::now();
    let first = first.unwrap_or(end);
    drained.first_s = first.duration_since(began).as_secs_f64();
    drained.seconds = end.duration_since(first).as_secs_f64();
    Ok(drained)
}

/// Of all bytes, eight at a time.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().fold(0u64, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)));
    rest.iter().fold(words, |sum, byte| sum.wrapping_add(u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_in_the_sum() {
        let bytes: Vec<u8> = (1..=19).collect();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(sum(&bytes), sum(&other), "byte {at}");
        }
        assert_eq!(sum(&[]), 0);
    }
}

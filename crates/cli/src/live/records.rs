//! What goes out: the records of the output topics, as bytes.

use headwater_ingest::OutRecord;
use headwater_model::{Alert, Checksum, Counts, Day, EpochHead, Input, Partition};
use headwater_store::{ArchivedReject, raw_key};
use serde::Serialize;

/// Compacted: the last value of a key holds.
pub const VOLUMES_TOPIC: &str = "headwater.volumes.v1";
/// Compacted, by alert id.
pub const ALERTS_TOPIC: &str = "headwater.alerts.v1";
/// What was not taken.
pub const REJECTS_TOPIC: &str = "headwater.rejects.v1";
/// One partition, no records: whoever has it is the active detect.
pub const DETECT_TOPIC: &str = "headwater.detect";

/// Ends the rows of an epoch.
#[derive(Serialize)]
struct Mark<'a> {
    input_partition: &'a str,
    epoch: u64,
    clock: Option<Day>,
    counts: MarkCounts,
}

#[derive(Serialize)]
struct MarkCounts {
    #[serde(flatten)]
    counts: Counts,
    late_report: u64,
}

/// `topic/partition`, or `folder/0`: the name of an input for people who know topics and not our configuration.
pub fn input_partition(origin: &str, input: &Input) -> String {
    format!("{origin}/{}", input.partition)
}

/// The record that ends the rows of an epoch.
pub fn mark(head: &EpochHead, partition: Partition) -> anyhow::Result<OutRecord> {
    let input_partition = &input_partition(&head.origin, &head.input);
    let counts = MarkCounts { counts: head.total, late_report: head.late_total };
    let value = serde_json::to_vec(&Mark { input_partition, epoch: head.epoch.0, clock: head.clock, counts })?;
    let key = serde_json::to_vec(&(input_partition, "mark"))?;
    let (topic, headers) = (VOLUMES_TOPIC.into(), Vec::new());
    Ok(OutRecord { topic, partition: Some(partition), key, value: Some(value), headers })
}

/// The record of a reject. Where its bytes lie in the store, the header `stored_as` names the object.
pub fn reject(reject: &ArchivedReject, input: &Input) -> OutRecord {
    let header = |name: &'static str, value: &str| (name, value.as_bytes().to_vec());
    let mut headers = vec![
        header("topic", &reject.topic),
        header("partition", &reject.partition.to_string()),
        header("offset", &reject.offset.to_string()),
        header("reason", reject.reason.as_str()),
        header("field", &reject.field),
        header("message", &reject.message),
        header("build", env!("CARGO_PKG_VERSION")),
    ];
    if reject.raw.is_none() {
        headers.push(header("stored_as", &raw_key(input, &reject.topic, reject.offset)));
    }
    // An empty record is one of 0 bytes, and not a tombstone.
    let value = Some(reject.raw.clone().unwrap_or_default());
    OutRecord {
        topic: REJECTS_TOPIC.into(),
        partition: None,
        key: super::reject::key(reject).into_bytes(),
        value,
        headers,
    }
}

/// The record of an alert's revision.
pub fn alert(alert: &Alert) -> anyhow::Result<OutRecord> {
    let (key, value) = (alert.alert_id.clone().into_bytes(), Some(serde_json::to_vec(alert)?));
    Ok(OutRecord { topic: ALERTS_TOPIC.into(), partition: None, key, value, headers: Vec::new() })
}

/// In which of the topic's partitions an input's rows lie. All in one, so that a mark follows the rows that it ends.
pub fn partition_of(input_partition: &str, partitions: u32) -> Partition {
    let spread = Checksum::of(input_partition.as_bytes()).0;
    // Below the number of partitions, which Kafka counts in 31 bits.
    Partition((spread % u128::from(partitions.max(1))) as i32)
}

//! What goes out: the records of the output topics, as bytes.

use headwater_catalog::Catalog;
use headwater_ingest::OutRecord;
use headwater_model::{Alert, Checksum, Counts, Day, EpochHead, Input, Partition};
use headwater_store::{ArchivedReject, raw_key};
use headwater_window::NetVolume;
use serde::Serialize;

use crate::results::families;

/// Compacted: the last value of a key holds.
pub const VOLUMES_TOPIC: &str = "headwater.volumes.v1";
/// Compacted, by alert id.
pub const ALERTS_TOPIC: &str = "headwater.alerts.v1";
/// What was not taken.
pub const REJECTS_TOPIC: &str = "headwater.rejects.v1";
/// One partition, no records: whoever has it is the active detect.
pub const DETECT_TOPIC: &str = "headwater.detect";

/// The absolute net volume of a key.
#[derive(Serialize)]
struct Volume<'a> {
    input_partition: &'a str,
    day: Day,
    period_days: u16,
    substance: &'a str,
    family: Option<&'a str>,
    market_family: Option<&'a str>,
    route: String,
    origin: String,
    destination: String,
    market: String,
    source: &'a str,
    evidence: &'a str,
    access: &'a str,
    mass_mg: i64,
    pieces: i64,
    incidents: i64,
    events: i64,
}

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

/// The record of a changed key, and a tombstone where nothing is left of it. One input partition's rows lie in one
/// partition of the topic, so that a mark follows the rows that it ends.
pub fn volume(
    row: &NetVolume<'_>,
    catalog: &Catalog,
    input_partition: &str,
    partition: Partition,
) -> anyhow::Result<OutRecord> {
    let (substance, source, evidence) = (row.substance, row.source, row.evidence.as_str());
    let (route, access) = (row.route, row.access.to_string());
    let written = route.to_string();
    let key = (input_partition, row.day, row.period_days, substance, &written, source, evidence, &access);
    let key = serde_json::to_vec(&key)?;
    let value = if row.is_tombstone() {
        None
    } else {
        let families = families(catalog, substance);
        Some(serde_json::to_vec(&Volume {
            input_partition,
            day: row.day,
            period_days: row.period_days,
            substance,
            family: families.family,
            market_family: families.market_family,
            origin: route.origin().to_string(),
            destination: route.destination().to_string(),
            market: route.destination().to_string(),
            route: written,
            source,
            evidence,
            access: &access,
            mass_mg: row.sums.mass_mg,
            pieces: row.sums.pieces,
            incidents: row.sums.incidents,
            events: row.sums.events,
        })?)
    };
    Ok(OutRecord { topic: VOLUMES_TOPIC.into(), partition: Some(partition), key, value, headers: Vec::new() })
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

/// In which of the topic's partitions an input's rows lie.
pub fn partition_of(input_partition: &str, partitions: u32) -> Partition {
    let spread = Checksum::of(input_partition.as_bytes()).0;
    // Below the number of partitions, which Kafka counts in 31 bits.
    Partition((spread % u128::from(partitions.max(1))) as i32)
}

//! The rejects of the archive as the file that a replay leaves.

use std::borrow::Cow;
use std::collections::BTreeMap;

use headwater_model::{RawBatch, RawRecord, Reject};
use headwater_store::{ArchivedReject, OutputFolder, RejectsWriter};

use crate::archive::Holdings;

/// Writes `rejects.ndjson`: input by input, in the order of the files. Gives how many there are of each reason.
pub fn write_rejects(holdings: &impl Holdings, folder: &OutputFolder) -> anyhow::Result<BTreeMap<&'static str, u64>> {
    let mut by_reason = BTreeMap::new();
    let mut writer = RejectsWriter::create(folder)?;
    for input in holdings.inputs()? {
        for file in holdings.stock(&input)?.files {
            holdings.rejects(&input, &file, &mut |reject| {
                *by_reason.entry(reject.reason.as_str()).or_default() += 1;
                let origin = reject.topic.to_string();
                let (batch, reject) = as_read(reject);
                Ok(writer.write(&origin, &batch, &reject)?)
            })?;
        }
    }
    writer.publish()?;
    Ok(by_reason)
}

/// A reject as it was when it was read; the archive keeps no lines.
fn as_read(reject: ArchivedReject) -> (RawBatch, Reject) {
    let ArchivedReject { topic, partition, offset, reason, field, message, raw } = reject;
    let data = raw.unwrap_or_default();
    let record = RawRecord { start: 0, len: u32::try_from(data.len()).unwrap_or(u32::MAX), offset, line: 0 };
    let batch = RawBatch {
        data: data.into(),
        records: vec![record],
        origin: topic,
        partition,
        spilled: Vec::new(),
        misrouted: Vec::new(),
    };
    (batch, Reject { input: 0, reason, field: Cow::Owned(field), message })
}

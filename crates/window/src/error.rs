//! What can go wrong between an observation and a volume.

use headwater_model::{ColdError, Day, Id, Names, Series};

/// Why a batch could not be counted, or a sum not be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Records of one series and day add up to more than 64 bits hold: far beyond any trade, so a fault in the data.
    #[error("the sum of {series} on {day} leaves 64 bits")]
    Overflow {
        /// Substance, route, source and kind of the series.
        series: String,
        /// Last day of the figure's period.
        day: Day,
    },
    /// The reader of a batch lost records or made some up: the guarantee that every record is accounted for is broken.
    #[error("{origin}: of {records} records {heads} were read and {rejects} rejected, which is not all")]
    Unaccounted {
        /// File or topic of the batch.
        origin: String,
        /// Records in the batch.
        records: usize,
        /// Records read.
        heads: usize,
        /// Records rejected.
        rejects: usize,
    },
    /// What is not in memory could not be reached.
    #[error(transparent)]
    Cold(#[from] ColdError),
    /// A part of a snapshot is not what was written, or not the one that comes next.
    #[error("part {part} of the snapshot: {fault}")]
    Snapshot {
        /// Which, from 0.
        part: u32,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A row of the archive says what no archive says.
    #[error("the archived row of event {event_id:?}, revision {revision}: {fault}")]
    Archived {
        /// The event's id.
        event_id: String,
        /// The record's revision.
        revision: u32,
        /// What is wrong with it.
        fault: &'static str,
    },
}

impl WindowError {
    pub(crate) fn overflow(names: &Names, series: Id<Series>, day: Day) -> WindowError {
        let key = names.series.get(series);
        let series = format!(
            "{} {} {} {}",
            names.substances.get(key.substance),
            names.routes.get(key.route),
            names.sources.get(key.source),
            key.evidence
        );
        WindowError::Overflow { series, day }
    }
}

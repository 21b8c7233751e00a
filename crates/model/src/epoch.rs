//! Epochs: what is committed of an input, one number after the other.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Counts, Day, Input, KnownDay, Progress};

/// The number of an epoch of its input, from 0, without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EpochNumber(pub u64);

impl EpochNumber {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> EpochNumber {
        EpochNumber(self.0 + 1)
    }
}

impl fmt::Display for EpochNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// XXH3-128 of bytes, as 32 hexadecimal digits. It finds torn and mixed-up objects; it is no proof against an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum(pub u128);

impl Checksum {
    /// Of some bytes.
    pub fn of(bytes: &[u8]) -> Checksum {
        Checksum(xxhash_rust::xxh3::xxh3_128(bytes))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Checksum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Checksum, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u128::from_str_radix(&text, 16).ok().filter(|_| text.len() == 32);
        number.map(Checksum).ok_or_else(|| serde::de::Error::custom("not 32 hexadecimal digits"))
    }
}

/// What an epoch says of itself, in its file's footer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochHead {
    /// Of what.
    pub input: Input,
    /// Which.
    pub epoch: EpochNumber,
    /// The topic, or the folder as configured.
    pub origin: String,
    /// Partitions that the topic had; 1 for a folder.
    pub partitions: u32,
    /// Where it begins: the predecessor's end. Of a folder always no files: its ends are told by what moved.
    pub from: Progress,
    /// Where it ends. Of a folder only the files that moved.
    pub to: Progress,
    /// The input's clock before it: every row's counted day is this or later. None until the input was first read to
    /// the end that it had when it was assigned.
    pub clock_before: Option<Day>,
    /// The clock after it: never falls.
    pub clock: Option<Day>,
    /// The highest known day of the input so far; the clock becomes it when the end is first reached.
    pub highest_known: Option<KnownDay>,
    /// Records of this epoch by class.
    pub counts: Counts,
    /// Records of the input so far, this epoch's included.
    pub total: Counts,
    /// Rows of this epoch whose counted day is later than their known day.
    pub late_report: u64,
    /// The same of the input so far.
    pub late_total: u64,
    /// Rows in the file.
    pub rows: u64,
    /// Who wrote it: a random word of the process, so that two processes never write the same bytes.
    pub writer: String,
    /// Version of the program.
    pub build: String,
    /// Checksum of the predecessor's whole file; none of the first epoch.
    pub previous: Option<Checksum>,
}

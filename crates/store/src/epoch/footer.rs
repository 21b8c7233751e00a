//! The values in a file's footer that say what it is and prove that it is whole.

use headwater_model::Checksum;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use xxhash_rust::xxh3::Xxh3;

use super::{EpochError, FORMAT, FORMAT_OLDEST};

/// Version of the file.
pub(super) const FORMAT_KEY: &str = "headwater.format";
/// The head of an epoch.
pub(super) const EPOCH_KEY: &str = "headwater.epoch";
/// The head of a fold.
pub(super) const FOLD_KEY: &str = "headwater.fold";
/// Checksum of what lies behind the column chunks.
const FOOTER_KEY: &str = "headwater.footer";
/// Checksum of the rest.
const CHECKSUM_KEY: &str = "headwater.checksum";
const PREFIX: &str = "headwater.";

/// What a Parquet file begins and ends with.
const MAGIC: &[u8] = b"PAR1";
/// The footer's length and the last four letters.
const TAIL_BYTES: usize = 8;
const DIGITS: usize = 32;
const ZEROS: &str = "00000000000000000000000000000000";

/// Ends the file: the head under its key, and the proofs.
pub(super) fn close(mut writer: ArrowWriter<Vec<u8>>, key: &'static str, head: String) -> Result<Vec<u8>, EpochError> {
    for (key, value) in
        [(FORMAT_KEY, FORMAT.to_string()), (key, head), (FOOTER_KEY, ZEROS.into()), (CHECKSUM_KEY, ZEROS.into())]
    {
        writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
    }
    let metadata = writer.finish().map_err(EpochError::parquet("close"))?;
    // `finish` has written the footer; taking the bytes adds nothing.
    let mut bytes = std::mem::take(writer.inner_mut());
    let frame = Frame::of(&bytes)?;
    let digits = frame.digits(&bytes);
    let (Some(footer_at), Some(checksum_at)) = (digits.footer, digits.checksum) else {
        return Err(EpochError::Foreign(CHECKSUM_KEY));
    };
    let footer = frame.footer_sum(&bytes, digits).to_string();
    bytes[footer_at..footer_at + DIGITS].copy_from_slice(footer.as_bytes());
    let mut values = values(&metadata);
    values.retain(|(key, _)| *key != FOOTER_KEY);
    values.push((FOOTER_KEY, &footer));
    let checksum = frame.checksum(&bytes, values).to_string();
    bytes[checksum_at..checksum_at + DIGITS].copy_from_slice(checksum.as_bytes());
    Ok(bytes)
}

/// Proves that the bytes are a whole file of ours in a format that is known, before a library looks into them.
pub(super) fn prove(bytes: &[u8]) -> Result<(), EpochError> {
    let frame = Frame::of(bytes)?;
    let footer = &bytes[frame.footer..];
    let format = find(footer, FORMAT_KEY).ok_or(EpochError::Foreign(FORMAT_KEY))?;
    // The length of a short text is one byte in front of it.
    let format = &footer[format..format + usize::from(footer[format - 1]).min(footer.len() - format)];
    let known = (FORMAT_OLDEST..=FORMAT).any(|known| known.to_string().as_bytes() == format);
    if !known {
        let found = String::from_utf8_lossy(format).chars().take(DIGITS).collect();
        return Err(EpochError::Format { found, oldest: FORMAT_OLDEST, newest: FORMAT });
    }
    let digits = frame.digits(bytes);
    let at = digits.footer.ok_or(EpochError::Foreign(FOOTER_KEY))?;
    digits.checksum.ok_or(EpochError::Foreign(CHECKSUM_KEY))?;
    compare("footer", &bytes[at..at + DIGITS], frame.footer_sum(bytes, digits))
}

/// Proves the rest: the column chunks and the values of a footer that is whole.
pub(super) fn prove_rows(bytes: &[u8], metadata: &ParquetMetaData) -> Result<(), EpochError> {
    let frame = Frame::of(bytes)?;
    let stated = value(metadata, CHECKSUM_KEY).ok_or(EpochError::Foreign(CHECKSUM_KEY))?;
    compare("rows", stated.as_bytes(), frame.checksum(bytes, values(metadata)))
}

/// A value of the footer.
pub(super) fn value<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let values = metadata.file_metadata().key_value_metadata()?;
    values.iter().find(|v| v.key == key).and_then(|v| v.value.as_deref())
}

/// The values of ours in the order of their names, without the checksum itself.
fn values(metadata: &ParquetMetaData) -> Vec<(&str, &str)> {
    let all = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    let ours = all.filter(|v| v.key.starts_with(PREFIX) && v.key != CHECKSUM_KEY);
    let mut values: Vec<_> = ours.map(|v| (v.key.as_str(), v.value.as_deref().unwrap_or(""))).collect();
    values.sort_unstable();
    values
}

fn compare(part: &'static str, stated: &[u8], found: Checksum) -> Result<(), EpochError> {
    if stated == found.to_string().as_bytes() {
        return Ok(());
    }
    Err(EpochError::Checksum { part, stated: String::from_utf8_lossy(stated).into_owned(), found })
}

/// Where the parts of a Parquet file lie: four letters, column chunks, footer, its length, four letters.
#[derive(Clone, Copy)]
struct Frame {
    footer: usize,
}

/// Where the digits of the two checksums stand.
#[derive(Clone, Copy)]
struct Digits {
    footer: Option<usize>,
    checksum: Option<usize>,
}

impl Frame {
    fn of(bytes: &[u8]) -> Result<Frame, EpochError> {
        let torn = |what| EpochError::Torn { bytes: bytes.len(), what };
        let rest = bytes.strip_prefix(MAGIC).ok_or(torn("begin as a Parquet file does"))?;
        let rest = rest.strip_suffix(MAGIC).ok_or(torn("end as a Parquet file does"))?;
        let (rest, length) = rest.split_last_chunk::<4>().ok_or(torn("hold a footer"))?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > rest.len() {
            return Err(torn("hold the footer whose length they tell"));
        }
        Ok(Frame { footer: bytes.len() - TAIL_BYTES - length })
    }

    fn digits(self, bytes: &[u8]) -> Digits {
        let at = |key| {
            let at = self.footer + find(&bytes[self.footer..], key)?;
            let whole = bytes[at - 1] == DIGITS as u8 && at + DIGITS <= bytes.len() - TAIL_BYTES;
            whole.then_some(at)
        };
        Digits { footer: at(FOOTER_KEY), checksum: at(CHECKSUM_KEY) }
    }

    /// Of everything behind the column chunks, with zeros for the digits.
    fn footer_sum(self, bytes: &[u8], digits: Digits) -> Checksum {
        let mut footer = bytes[self.footer..].to_vec();
        for at in [digits.footer, digits.checksum].into_iter().flatten() {
            footer[at - self.footer..][..DIGITS].copy_from_slice(ZEROS.as_bytes());
        }
        Checksum::of(&footer)
    }

    /// Of the column chunks, then of the values, which are sorted first.
    fn checksum(self, bytes: &[u8], mut values: Vec<(&str, &str)>) -> Checksum {
        values.sort_unstable();
        let mut hasher = Xxh3::new();
        hasher.update(&bytes[MAGIC.len()..self.footer]);
        values.iter().for_each(|(_, value)| hasher.update(value.as_bytes()));
        Checksum(hasher.digest128())
    }
}

/// Where the value of a key begins in a footer. In Thrift's compact form a pair is: `0x18`, length, key, `0x18`, length,
/// value. The pairs stand behind all that is told of columns, so the last such stretch is the pair.
fn find(footer: &[u8], key: &str) -> Option<usize> {
    const TEXT: u8 = 0x18;
    let length = key.len() as u8;
    let fits = |at: &usize| {
        let (before, rest) = footer.split_at(*at);
        before.ends_with(&[TEXT, length])
            && rest.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.first() == Some(&TEXT) && rest.len() > 2)
    };
    let last = footer.len().checked_sub(key.len())?;
    (2..=last).rev().find(fits).map(|at| at + key.len() + 2)
}

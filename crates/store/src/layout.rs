//! Where things lie: the keys of the store's objects, and what a key says.

use headwater_model::{Checksum, EpochNumber, Input, Offset, Partition};

/// What says that this is a store, in which format, and which one.
pub const STORE_KEY: &str = "headwater.json";
/// Below it: who is read.
pub(crate) const SOURCES: &str = "sources";
/// Below it: one file an epoch.
pub(crate) const EPOCHS: &str = "epochs";
/// Below it: which folded files stand for the epochs before one.
pub(crate) const FLOORS: &str = "floor";
/// Below it: runs of epochs in one file.
pub(crate) const FOLDED: &str = "folded";
/// Below it: ledgers and panes as of an epoch.
pub(crate) const SNAPSHOTS: &str = "snapshots";
/// Below it: the alert log.
pub(crate) const DETECT: &str = "detect";
/// Below it: drills that were ordered.
pub(crate) const DRILLS: &str = "drills";
/// Last of a snapshot's objects.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Digits of an epoch's number in a key, so that the order of keys is the order of numbers: `u64::MAX` has 20.
const EPOCH_DIGITS: usize = 20;
/// Digits of a part's number.
const PART_DIGITS: usize = 4;

/// A source's name as one step of a key: letters, digits, `-`, `_` and, within, `.` as they are, any other byte as `=`
/// and two hexadecimal digits.
///
/// ```
/// use headwater_store::layout;
/// assert_eq!(layout::segment("trade-events.v1"), "trade-events.v1");
/// assert_eq!(layout::segment("../ä"), "=2E.=2F=C3=A4");
/// assert_eq!(layout::name("=2E.=2F=C3=A4").as_deref(), Some("../ä"));
/// ```
pub fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for (i, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && i > 0);
        if plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("={byte:02X}"));
        }
    }
    out
}

/// The source's name behind a step of a key; `None` of a step that [`segment`] does not make.
pub fn name(segment: &str) -> Option<String> {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find('=') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let digits = rest.get(at + 1..at + 3)?;
        out.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[at + 3..];
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8(out).ok().filter(|name| !name.is_empty() && self::segment(name) == segment)
}

/// `top/source/partition`, without a slash at its end.
pub(crate) fn below(top: &str, input: &Input) -> String {
    format!("{top}/{}/{}", segment(&input.source), input.partition)
}

/// The declaration of a source.
pub fn source_key(source: &str) -> String {
    format!("{SOURCES}/{}.json", segment(source))
}

/// The file of an epoch.
pub fn epoch_key(input: &Input, epoch: EpochNumber) -> String {
    format!("{}/{:0EPOCH_DIGITS$}.parquet", below(EPOCHS, input), epoch.0)
}

/// The floor that covers all epochs before `epoch`.
pub fn floor_key(input: &Input, epoch: EpochNumber) -> String {
    format!("{}/{:0EPOCH_DIGITS$}.json", below(FLOORS, input), epoch.0)
}

/// A folded file.
pub fn folded_key(input: &Input, checksum: Checksum) -> String {
    format!("{}/{checksum}.parquet", below(FOLDED, input))
}

/// The folder of a snapshot as of the end of `epoch`, without a slash at its end.
pub(crate) fn snapshot_folder(input: &Input, epoch: EpochNumber) -> String {
    format!("{}/{:0EPOCH_DIGITS$}", below(SNAPSHOTS, input), epoch.0)
}

/// One part of a snapshot.
pub fn part_key(input: &Input, epoch: EpochNumber, part: u32) -> String {
    format!("{}/{part:0PART_DIGITS$}.bin", snapshot_folder(input, epoch))
}

/// What makes a snapshot's parts a snapshot.
pub fn manifest_key(input: &Input, epoch: EpochNumber) -> String {
    format!("{}/{MANIFEST}", snapshot_folder(input, epoch))
}

/// The whole bytes of a large reject, by where it was read.
pub fn raw_key(input: &Input, topic: &str, offset: Offset) -> String {
    let place = Checksum::of(format!("{topic}\0{offset}").as_bytes());
    format!("{}/{place}", below("raw", input))
}

/// One entry of the alert log.
pub fn detect_key(number: u64) -> String {
    format!("{DETECT}/{number:0EPOCH_DIGITS$}.json")
}

/// A drill that was ordered.
pub(crate) fn drill_key(alert_id: &str) -> String {
    format!("{DRILLS}/{}.json", segment(alert_id))
}

/// How far an input is known to be published.
pub fn published_key(input: &Input) -> String {
    format!("{}.json", below("published", input))
}

/// The last step of a key.
pub(crate) fn last_step(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// The number in a step of exactly 20 digits and an ending.
pub(crate) fn number(step: &str, ending: &str) -> Option<u64> {
    let digits = step.strip_suffix(ending)?;
    let whole = digits.len() == EPOCH_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| digits.parse().ok()).flatten()
}

/// The input that a key of `top/source/partition/...` is of.
pub(crate) fn input_of(key: &str, top: &str) -> Option<Input> {
    let mut steps = key.strip_prefix(top)?.strip_prefix('/')?.split('/');
    let source = name(steps.next()?)?;
    let step = steps.next()?;
    steps.next()?;
    let partition: i32 = step.parse().ok().filter(|n: &i32| *n >= 0 && n.to_string() == step)?;
    Some(Input { source: source.into(), partition: Partition(partition) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_name_is_one_step_and_comes_back(text in "\\PC{1,40}") {
            let step = segment(&text);
            prop_assert!(step.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.=".contains(&b)));
            prop_assert!(!step.starts_with('.'));
            prop_assert_eq!(name(&step), Some(text));
        }

        #[test]
        fn keys_are_read_back_and_their_order_is_that_of_the_numbers(a: u64, b: u64, p in 0..i32::MAX) {
            let input = Input { source: "a/b".into(), partition: Partition(p) };
            let (x, y) = (epoch_key(&input, EpochNumber(a)), epoch_key(&input, EpochNumber(b)));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(number(last_step(&x), ".parquet"), Some(a));
            prop_assert_eq!(input_of(&x, EPOCHS), Some(input));
        }
    }

    #[test]
    fn another_spelling_is_no_key() {
        assert_eq!(number("7.parquet", ".parquet"), None);
        assert_eq!(number("+0000000000000000007.parquet", ".parquet"), None);
        assert_eq!(number("99999999999999999999.parquet", ".parquet"), None);
        assert_eq!(name("=61"), None);
        assert_eq!(name("a=2"), None);
        assert_eq!(input_of("epochs/a/01/x", EPOCHS), None);
        assert_eq!(input_of("epochs/a/0", EPOCHS), None);
    }
}

//! A file that is not whole, or not ours, is refused by name.
#![allow(clippy::unwrap_used)]

mod epoch_support;

use std::sync::{Arc, LazyLock};

use arrow_array::{Int64Array, RecordBatch};
use bytes::Bytes;
use epoch_support::*;
use headwater_store::{FORMAT, open};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

static FILE: LazyLock<Bytes> = LazyLock::new(|| {
    let mut world = World::default();
    let batch = world.rows(&sample());
    sealed(&batch, &world.names).bytes
});

fn refused(bytes: Vec<u8>) -> String {
    open(bytes.into()).err().expect("it was taken").to_string()
}

#[test]
fn any_changed_byte_of_a_file_is_seen() {
    // Without rows: what is left is the footer, where a change could mislead a reader most.
    let empty = writer(None).seal(head(0)).unwrap().bytes;
    open(empty.clone()).unwrap();
    for at in 0..empty.len() {
        let mut bytes = empty.to_vec();
        bytes[at] ^= 1 << (at % 8);
        refused(bytes);
    }
}

#[test]
fn formats_of_other_versions_are_named() {
    for format in [FORMAT - 1, FORMAT + 1] {
        let mut bytes = FILE.to_vec();
        let key = b"headwater.format";
        let at = bytes.windows(key.len()).rposition(|w| w == key).unwrap() + key.len() + 2;
        assert_eq!(bytes[at], b'0' + FORMAT as u8);
        bytes[at] = b'0' + format as u8;
        let error = refused(bytes);
        assert!(error.contains(&format!("format is \"{format}\"")) && error.contains("reads 1 to 1"), "{error}");
    }
}

#[test]
fn a_foreign_file_is_named() {
    let numbers = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_from_iter([("n", numbers as _)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let error = refused(writer.into_inner().unwrap());
    assert!(error.contains("none of Headwater's") && error.contains("headwater.format"), "{error}");
    for bytes in [&b""[..], b"PAR1", b"PAR1PAR1", b"{\"a\":1}"] {
        let error = refused(bytes.to_vec());
        assert!(error.contains(&format!("torn: {} bytes", bytes.len())), "{error}");
    }
}

#[test]
fn the_part_that_is_damaged_is_named() {
    let whole = open(FILE.clone()).unwrap();
    let mut bytes = FILE.to_vec();
    bytes[100] ^= 1;
    assert!(refused(bytes).contains("checksum of its rows"));
    let mut bytes = FILE.to_vec();
    let at = bytes.windows(12).rposition(|w| w == b"trade-events").unwrap();
    bytes[at] ^= 1;
    assert!(refused(bytes).contains("checksum of its footer"));
    assert_eq!(whole.bytes(), &*FILE);
}

proptest! {
    #[test]
    fn any_change_is_seen(at in 0..FILE.len(), other in 1..=255u8) {
        let mut bytes = FILE.to_vec();
        bytes[at] ^= other;
        prop_assert!(open(bytes.into()).is_err());
    }

    #[test]
    fn any_cut_is_seen(from in 0..FILE.len(), to in 0..FILE.len()) {
        prop_assume!(from < to);
        prop_assert!(open(FILE.slice(..from)).is_err());
        let mut bytes = FILE.to_vec();
        bytes.drain(from..to);
        prop_assert!(open(bytes.into()).is_err());
    }

    #[test]
    fn bytes_of_any_kind_are_no_file(mut bytes in prop::collection::vec(any::<u8>(), 0..200), framed: bool) {
        if framed {
            bytes.splice(0..0, *b"PAR1");
            let length = (bytes.len() as u32 - 4).to_le_bytes();
            bytes.extend(length);
            bytes.extend(*b"PAR1");
        }
        prop_assert!(open(bytes.into()).is_err());
    }
}

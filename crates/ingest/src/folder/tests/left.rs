//! How much of a folder is still to be taken.

use super::*;

impl Folder {
    /// Bytes that are not taken.
    fn left(&self) -> u64 {
        let taken = |name: &str| Some(self.taker.progress.get(name)?.next.0.cast_unsigned());
        self.files.sizes.left(taken).unwrap()
    }
}

#[test]
fn everything_that_is_there_is_left_until_it_is_taken() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson", lines(0, 3));
    folder.write("b.ndjson", lines(0, 2));
    folder.taker.wanted = Some(0);
    assert_eq!(folder.look(), Looked::Unwanted);
    assert_eq!(folder.left(), 5 * 8, "both are seen before one is read");
    folder.taker.wanted = None;
    folder.look();
    assert_eq!(folder.left(), 0);
    folder.append("b.ndjson", "{\"n\":2");
    folder.look();
    assert_eq!(folder.left(), 6, "a line that is not at its end");
    folder.append("b.ndjson", "}\n");
    folder.look();
    assert_eq!(folder.left(), 0);
    folder.append("a.ndjson", "half");
    folder.look();
    folder.remove("a.ndjson");
    folder.look();
    assert_eq!(folder.left(), 0, "what is gone is not left");
    folder.append("b.ndjson", lines(3, 5));
    folder.restart(Limits::default());
    folder.taker.wanted = Some(0);
    folder.look();
    assert_eq!(folder.left(), 16, "another process sees what the first did not take");
}

#[test]
fn a_packed_file_is_left_whole_until_all_of_it_is_taken() {
    for (pack, name) in [(gzip as fn(&[u8]) -> Vec<u8>, "a.ndjson.gz"), (zstd, "a.ndjson.zst")] {
        let mut folder = Folder::new(Limits::default());
        let (first, second) = (pack(lines(0, 500).as_bytes()), pack(lines(500, 501).as_bytes()));
        let whole = [&first[..], &second[..]].concat();
        folder.write(name, &whole[..whole.len() - 12]);
        folder.look();
        assert_eq!(folder.taker.records.len(), 500);
        assert_eq!(folder.left(), whole.len() as u64 - 12, "its last member is cut off");
        folder.write(name, &whole);
        folder.look();
        assert_eq!((folder.taker.records.len(), folder.left()), (501, 0));
        folder.restart(Limits::default());
        folder.look();
        assert_eq!((folder.taker.records.len(), folder.left()), (501, 0));
        folder.taker.progress.get_mut(name).unwrap().next.0 -= 1;
        assert_eq!(folder.left(), whole.len() as u64);
    }
}

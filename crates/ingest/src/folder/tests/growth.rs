//! However a file grows and however often reading begins anew: each line once, where one reading finds it.

use proptest::prelude::*;

use super::*;

/// What one reading of the whole text gives: the lines that are not blank.
fn naive(name: &str, text: &[u8], last_line_counts: bool) -> Vec<Record> {
    let mut out = Vec::new();
    let mut offset = 0;
    for (ix, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let mut from = offset;
        offset += line.len();
        if !line.ends_with(b"\n") && !last_line_counts {
            break;
        }
        let mut record = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line);
        if let (0, Some(rest)) = (ix, record.strip_prefix(b"\xEF\xBB\xBF")) {
            from += 3;
            record = rest;
        }
        if !record.iter().all(|byte| b" \t\r".contains(byte)) {
            out.push((name.to_owned(), from as i64, ix as u64 + 1, record.to_vec()));
        }
    }
    out
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z{}\":]{1,10}".prop_map(String::into_bytes),
        4 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b"\xEF\xBB\xBF".to_vec()),
        1 => proptest::collection::vec(Just(b' '), 0..40),
        1 => proptest::collection::vec(any::<u8>(), 20..60),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(piece(), 1..24).prop_map(|pieces| pieces.concat())
}

/// Bytes that come, batches that are taken of them, whether the process starts anew after it.
fn steps() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    proptest::collection::vec((1usize..60, 0usize..4, any::<bool>()), 0..16)
}

fn grow(name: &str, whole: &[u8], steps: &[(usize, usize, bool)]) -> Folder {
    let mut folder = Folder::new(SMALL);
    let mut written = 0;
    for (bytes, batches, anew) in steps {
        let to = whole.len().min(written + bytes);
        folder.append(name, &whole[written..to]);
        written = to;
        folder.taker.wanted = Some(*batches);
        folder.look();
        if *anew {
            folder.restart(SMALL);
        }
    }
    folder.append(name, &whole[written..]);
    folder.taker.wanted = None;
    assert_eq!(folder.look(), Looked::All);
    folder
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn of_a_plain_file(text in text(), steps in steps()) {
        // A first byte that marks packed data is another test's.
        let text = [b"x", &text[..]].concat();
        let mut folder = grow("a.ndjson", &text, &steps);
        prop_assert_eq!(&folder.taker.records, &naive("a.ndjson", &text, false));
        // All that was taken is known to be: nothing comes again, whoever asks.
        folder.restart(SMALL);
        prop_assert!(folder.news().is_empty());
        prop_assert_eq!(folder.counts(), FolderCounts::default());
    }

    #[test]
    fn of_a_packed_file(texts in proptest::collection::vec(text(), 1..4), steps in steps(), gz in any::<bool>()) {
        let pack = if gz { gzip } else { zstd };
        // Only at the very end may a line lack its newline.
        let last = texts.len() - 1;
        let texts: Vec<_> =
            texts.into_iter().enumerate().map(|(ix, text)| if ix < last { [&text[..], b"\n"].concat() } else { text }).collect();
        let whole: Vec<_> = texts.iter().flat_map(|text| pack(text)).collect();
        let name = if gz { "a.ndjson.gz" } else { "a.ndjson.zst" };
        let mut folder = grow(name, &whole, &steps);
        prop_assert_eq!(&folder.taker.records, &naive(name, &texts.concat(), true));
        folder.restart(SMALL);
        prop_assert!(folder.news().is_empty());
        prop_assert_eq!(folder.counts(), FolderCounts::default());
    }
}

#[test]
fn a_last_line_waits_for_its_newline() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson", "\u{FEFF}{\"n\":1}\r\n{\"n\"");
    assert_eq!(folder.news(), ["{\"n\":1}"]);
    assert_eq!((folder.taker.progress["a.ndjson"].next.0, folder.taker.progress["a.ndjson"].lines), (12, 1));
    folder.append("a.ndjson", ":2}");
    assert!(folder.news().is_empty());
    folder.append("a.ndjson", "\r\n \n");
    assert_eq!(folder.news(), ["{\"n\":2}"]);
    assert_eq!(folder.taker.records[1], ("a.ndjson".into(), 12, 2, b"{\"n\":2}".to_vec()));
    // The length of the first bytes is that of the first time.
    assert_eq!((folder.taker.progress["a.ndjson"].head_bytes, folder.taker.progress["a.ndjson"].lines), (16, 3));
}

#[test]
fn blank_lines_move_without_a_record() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson", "\n  \n\r\n");
    assert!(folder.news().is_empty());
    assert_eq!((folder.taker.moves, folder.taker.progress["a.ndjson"].lines), (1, 3));
    folder.append("a.ndjson", "{}\n");
    folder.restart(Limits::default());
    assert_eq!(folder.news(), ["{}"]);
    assert_eq!(folder.taker.records[0].1, 6);
    assert_eq!(folder.taker.records[0].2, 4);
}

#[test]
fn an_empty_file_waits_for_bytes() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson", "");
    assert!(folder.news().is_empty());
    assert!(folder.taker.progress.is_empty());
    folder.append("a.ndjson", "{}\n");
    assert_eq!(folder.news(), ["{}"]);
}

#[test]
fn a_long_line_that_is_not_finished_is_left_whole() {
    let mut folder = Folder::new(SMALL);
    folder.write("a.ndjson", format!("{{}}\n{}", "x".repeat(100)));
    assert_eq!(folder.news(), ["{}"]);
    assert_eq!(folder.taker.progress["a.ndjson"].next.0, 3);
    folder.append("a.ndjson", "yy\n{}\n");
    assert_eq!(folder.news(), ["x".repeat(100) + "yy", "{}".into()]);
    assert_eq!(folder.taker.progress["a.ndjson"].lines, 3);
}

#[test]
fn members_come_one_by_one() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson.gz", gzip(lines(0, 2).as_bytes()));
    folder.write("b.ndjson.zst", zstd(b"{\"n\":7}"));
    assert_eq!(folder.news(), ["{\"n\":0}", "{\"n\":1}", "{\"n\":7}"]);
    let more = gzip(lines(2, 4).as_bytes());
    folder.append("a.ndjson.gz", &more[..more.len() - 9]);
    folder.restart(Limits::default());
    folder.news();
    folder.append("a.ndjson.gz", &more[more.len() - 9..]);
    folder.news();
    let numbers: Vec<_> = folder.taker.records.iter().map(|record| (record.1, record.2)).collect();
    assert_eq!(numbers, [(0, 1), (8, 2), (0, 1), (16, 3), (24, 4)]);
    assert_eq!(folder.counts(), FolderCounts::default());
}

#[test]
fn thousands_of_small_files_in_order() {
    let mut folder = Folder::new(Limits::default());
    for n in (0..3_000).rev() {
        folder.write(&format!("f{n:05}.ndjson"), lines(n, n + 1));
    }
    let want: Vec<_> = (0..3_000).map(|n| format!("{{\"n\":{n}}}")).collect();
    assert_eq!(folder.news(), want);
    assert!(folder.news().is_empty());
    folder.append("f00007.ndjson", "{}\n");
    folder.write("f00000a.ndjson", "{\"a\":1}\n");
    assert_eq!(folder.news(), ["{\"a\":1}", "{}"]);
    folder.restart(Limits::default());
    assert!(folder.news().is_empty());
    assert_eq!(folder.counts(), FolderCounts::default());
}

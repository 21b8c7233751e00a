//! Files that do more than grow.

use super::*;

#[test]
fn another_file_under_the_name_is_read_whole() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson", lines(0, 3));
    assert_eq!(folder.news().len(), 3);
    // By rename, in place, longer, shorter; with a restart between or without.
    folder.rename_in("a.ndjson", lines(5, 9));
    assert_eq!(folder.news().len(), 4);
    assert_eq!(folder.counts().replaced, 1);
    folder.rename_in("a.ndjson", lines(3, 4));
    assert_eq!(folder.news(), ["{\"n\":3}"]);
    assert_eq!(folder.counts().replaced, 2);
    folder.restart(Limits::default());
    folder.write("a.ndjson", lines(4, 8));
    assert_eq!(folder.news().len(), 4);
    assert_eq!(folder.counts(), FolderCounts { replaced: 3, ..FolderCounts::default() });
    let known = &folder.taker.progress["a.ndjson"];
    assert_eq!((known.next.0, known.lines, known.head_bytes), (32, 4, 32));
    folder.restart(Limits::default());
    assert!(folder.news().is_empty());
}

#[test]
fn a_file_that_was_cut_is_named_and_read_again() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson", lines(0, 2));
    folder.news();
    folder.append("a.ndjson", lines(2, 6));
    assert_eq!(folder.news().len(), 4);
    // In the middle of line 5: the whole lines before it are said again, the half is not.
    folder.cut("a.ndjson", 35);
    assert_eq!(folder.news().len(), 4);
    assert_eq!(folder.counts(), FolderCounts { truncated: 1, ..FolderCounts::default() });
    assert_eq!(folder.taker.progress["a.ndjson"].next.0, 32);
    assert_eq!(folder.taker.progress["a.ndjson"].head_bytes, 16);
    folder.append("a.ndjson", ":\"new\"}\n");
    assert_eq!(folder.news(), ["{\"n:\"new\"}"]);
    assert_eq!(folder.counts().truncated, 1);
}

#[test]
fn a_cut_below_the_first_bytes_or_to_nothing_is_named_too() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson", lines(0, 6));
    folder.write("b.ndjson", lines(0, 6));
    folder.news();
    folder.cut("a.ndjson", 20);
    folder.cut("b.ndjson", 0);
    assert_eq!(folder.news().len(), 2);
    assert_eq!(folder.counts(), FolderCounts { truncated: 2, ..FolderCounts::default() });
    assert_eq!(folder.taker.progress["b.ndjson"].next.0, 0);
    folder.restart(Limits::default());
    assert!(folder.news().is_empty());
    folder.append("b.ndjson", lines(7, 9));
    assert_eq!(folder.news(), ["{\"n\":7}", "{\"n\":8}"]);
    assert_eq!(folder.counts(), FolderCounts { truncated: 2, ..FolderCounts::default() });
}

#[test]
fn a_file_cut_and_grown_again_unseen_is_known_by_the_missing_line_end() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson", lines(0, 1));
    folder.news();
    folder.append("a.ndjson", lines(1, 3));
    folder.news();
    folder.restart(Limits::default());
    folder.cut("a.ndjson", 8);
    folder.append("a.ndjson", "{\"longer\":\"than what was here\"}\n");
    assert_eq!(folder.news(), ["{\"n\":0}", "{\"longer\":\"than what was here\"}"]);
    assert_eq!(folder.counts().truncated, 1);
}

#[test]
fn a_packed_file_whose_text_became_shorter_is_read_again() {
    let mut folder = Folder::new(Limits::default());
    let (first, second) = (gzip(lines(0, 3).as_bytes()), gzip(lines(3, 6).as_bytes()));
    folder.write("a.ndjson.gz", &first);
    folder.news();
    folder.append("a.ndjson.gz", &second);
    assert_eq!(folder.news().len(), 3);
    folder.cut("a.ndjson.gz", first.len() as u64);
    assert_eq!(folder.news().len(), 3);
    assert_eq!(folder.counts(), FolderCounts { truncated: 1, ..FolderCounts::default() });
    assert_eq!(folder.taker.progress["a.ndjson.gz"].lines, 3);
}

#[test]
fn a_removed_file_is_named_only_if_something_of_it_was_not_read() {
    let mut folder = Folder::new(Limits::default());
    folder.write("whole.ndjson", lines(0, 2));
    folder.write("half.ndjson", "{}\n{\"n\"");
    folder.write("half.ndjson.gz", &gzip(lines(0, 500).as_bytes())[..200]);
    folder.news();
    for name in ["whole.ndjson", "half.ndjson", "half.ndjson.gz"] {
        folder.remove(name);
    }
    assert!(folder.news().is_empty());
    assert!(folder.news().is_empty());
    assert_eq!(folder.counts(), FolderCounts { removed: 2, ..FolderCounts::default() });
    // What is known of it stays: the same file is not read twice.
    folder.write("whole.ndjson", lines(0, 2));
    assert!(folder.news().is_empty());
}

#[test]
fn a_file_removed_in_the_middle_is_read_to_its_end_and_named() {
    let mut folder = Folder::new(SMALL);
    folder.write("a.ndjson", lines(0, 50));
    let path = folder.dir.path().join("a.ndjson");
    folder.taker.before = Some(Box::new(move |records| {
        if records > 10 {
            let _ = fs::remove_file(&path);
        }
    }));
    assert_eq!(folder.news().len(), 50);
    assert_eq!(folder.counts().removed, 0);
    assert!(folder.news().is_empty());
    assert_eq!(folder.counts(), FolderCounts { removed: 1, ..FolderCounts::default() });
}

#[test]
fn a_file_written_anew_in_the_middle_gives_no_line_of_both() {
    let mut folder = Folder::new(SMALL);
    folder.write("a.ndjson", lines(1_000, 1_050));
    let path = folder.dir.path().join("a.ndjson");
    let mut done = false;
    folder.taker.before = Some(Box::new(move |records| {
        if records > 10 && !done {
            fs::write(&path, format!("{{}}\n{}", lines(20_000, 20_060))).unwrap();
            done = true;
        }
    }));
    assert_eq!(folder.look(), Looked::Again);
    let old = folder.taker.records.len();
    assert!((11..50).contains(&old));
    assert_eq!(folder.news().len(), 61);
    assert!(folder.taker.records[..old].iter().all(|record| record.3.starts_with(b"{\"n\":10")));
    assert_eq!(folder.counts().replaced, 1);
}

#[test]
fn a_damaged_file_stops_alone_until_it_changes() {
    let mut folder = Folder::new(Limits::default());
    let text = lines(0, 100_000);
    let good = gzip(text.as_bytes());
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle..middle + 64].fill(0xFF);
    folder.write("a.ndjson.gz", &bad);
    folder.write("b.ndjson.gz", lines(0, 1));
    folder.write("c.ndjson", lines(0, 1));
    assert_eq!(folder.news(), ["{\"n\":0}"]);
    assert_eq!(folder.counts(), FolderCounts { damaged: 2, ..FolderCounts::default() });
    // Said once, not at every look.
    assert!(folder.news().is_empty());
    assert_eq!(folder.counts().damaged, 2);
    folder.rename_in("a.ndjson.gz", &good);
    folder.rename_in("b.ndjson.gz", gzip(lines(0, 1).as_bytes()));
    assert_eq!(folder.news().len(), 100_000 + 1);
    assert_eq!(folder.counts(), FolderCounts { damaged: 2, ..FolderCounts::default() });
}

#[test]
fn damage_behind_what_was_taken_takes_nothing_back_and_adds_nothing() {
    for pack in [gzip, zstd] {
        let mut folder = Folder::new(Limits::default());
        let (first, second) = (pack(lines(0, 3).as_bytes()), pack(lines(3, 100_000).as_bytes()));
        folder.write("a.ndjson", &first);
        assert_eq!(folder.news().len(), 3);
        let mut bad = second.clone();
        let middle = bad.len() / 2;
        bad[middle..middle + 64].fill(0xFF);
        folder.append("a.ndjson", &bad);
        assert!(folder.news().is_empty());
        assert_eq!(folder.counts().damaged, 1);
        folder.restart(Limits::default());
        folder.write("a.ndjson", [first, second].concat());
        assert_eq!(folder.news().len(), 100_000 - 3);
        assert_eq!(folder.counts(), FolderCounts { damaged: 1, ..FolderCounts::default() });
    }
}

#[test]
fn a_packed_last_line_that_was_not_the_last_is_taken_whole() {
    let mut folder = Folder::new(Limits::default());
    folder.write("a.ndjson.gz", gzip(b"{}\n{\"n\""));
    assert_eq!(folder.news(), ["{}", "{\"n\""]);
    folder.restart(Limits::default());
    assert!(folder.news().is_empty());
    folder.append("a.ndjson.gz", gzip(b":1}\n"));
    assert_eq!(folder.news(), ["{}", "{\"n\":1}"]);
    assert_eq!(folder.counts().truncated, 1);
}

//! Editions of a published table through the binary: what stands is what was published last, what was known before is
//! still there to be asked, and what cannot be meant is refused.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use headwater_model::Day;
use headwater_tests::binary::{self, headwater, replay, succeeds};
use headwater_tests::process::Live;
use headwater_tests::store::committed;

const HEADER: &str =
    "FY,Month (abbv),Component,Region,Land Filter,Area of Responsibility,Drug Type,Count of Event,Sum Qty (lbs)";

/// October to December 2018.
const FIRST: [&str; 5] = [
    "2019,OCT,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Heroin,20,35.5",
    "2019,OCT,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Fentanyl,3,4.25",
    "2019,NOV,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Heroin,18,31.75",
    "2019,NOV,U.S. Border Patrol,Northern Border,Other,SWANTON SECTOR,Heroin,1,0.0",
    "2019,DEC,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Heroin,17,30",
];

/// November 2018 to January 2019: one row corrected, one gone, one as before but for its zeros, two new.
const SECOND: [&str; 4] = [
    "2019,NOV,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Heroin,19,33.125",
    "2019,DEC,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Heroin,17,30.00",
    "2019,DEC,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Fentanyl,5,6.0625",
    "2019,JAN,U.S. Border Patrol,Southwest Border,Land Only,TUCSON SECTOR,Fentanyl,7,8.5",
];

fn write(folder: &Path, name: &str, rows: &[&str]) {
    fs::write(folder.join(name), format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
}

#[test]
fn what_stands_is_the_later_edition_and_what_it_does_not_speak_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "first.csv", &FIRST);
    write(folder, "second.csv", &SECOND);
    let (october, rest) = FIRST.split_at(2);
    assert!(rest.iter().all(|row| !row.contains("OCT")));
    write(folder, "net.csv", &[october, &SECOND].concat());

    let (first, second) = ("2019-02-15=first.csv", "2019-03-15=second.csv");
    succeeds(folder, &["import", "cbp", "--edition", second, "--edition", first, "-o", "both.ndjson"]);
    succeeds(folder, &["import", "cbp", "--edition", first, "-o", "one.ndjson"]);
    succeeds(folder, &["import", "cbp", "net.csv", "-o", "net.ndjson"]);
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (both, one) = (read("both.ndjson"), read("one.ndjson"));
    assert!(both.starts_with(&one) && both.len() > one.len(), "a later edition only appends");

    let (editions, net) = (replay(folder, &["both.ndjson"], "both"), replay(folder, &["net.ndjson"], "net"));
    assert_eq!((editions.count("read"), editions.count("accepted"), editions.count("conflict")), (9, 9, 0));
    assert_eq!(net.volumes().len(), 6, "a weight of nothing is an event too");
    assert_eq!(editions.volumes(), net.volumes());
    assert_ne!(editions.volumes(), replay(folder, &["one.ndjson"], "one").volumes());
    // Files are read by their names, and what was published first may come last.
    fs::write(folder.join("a.ndjson"), &both[one.len()..]).unwrap();
    fs::write(folder.join("b.ndjson"), &one).unwrap();
    assert_eq!(replay(folder, &["a.ndjson", "b.ndjson"], "turned").volumes(), net.volumes());
}

#[test]
fn what_was_known_between_two_editions_can_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "first.csv", &FIRST);
    write(folder, "second.csv", &SECOND);
    fs::create_dir(folder.join("inbox")).unwrap();
    let editions = ["--edition", "2019-02-15=first.csv", "--edition", "2019-03-15=second.csv"];
    let import = |editions: &[&str]| {
        succeeds(folder, &[&["import", "cbp"], editions, &["-o", "inbox/cbp.ndjson"]].concat());
    };
    import(&editions[..2]);
    succeeds(folder, &["import", "cbp", "first.csv", "-o", "first.ndjson"]);
    let mut live = Live::start(folder, "log", &[], &[]);
    live.until("the first edition is committed", || committed(folder).accepted == 5);
    // Over the file that is being read: what was read before counts once.
    import(&editions);
    live.until("both editions are committed", || committed(folder).accepted == 9);
    live.terminate();
    succeeds(folder, &["export", "volumes", "--data", "data", "--out", "then.parquet", "--as-of", "2019-03-14"]);
    let then = binary::volumes(&folder.join("then.parquet"));
    assert_eq!(then, replay(folder, &["first.ndjson"], "first").volumes());
    assert!(then.iter().all(|row| row.day < Day::parse("2019-01-01").unwrap()));
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "a.csv", &FIRST);
    write(folder, "b.csv", &SECOND);
    let refused = |args: &[&str]| {
        let output = headwater(folder, &[&["import", "cbp", "-o", "out.ndjson"], args].concat(), &[]);
        assert!(!folder.join("out.ndjson").exists(), "{args:?} wrote events");
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let cases: [(&[&str], i32, &str); 7] = [
        (
            &["--edition", "2019-02-15=a.csv", "--edition", "2019-02-15=b.csv"],
            2,
            "a.csv and b.csv are both editions of 2019-02-15",
        ),
        (&["--edition", "15.2.2019=a.csv"], 2, "\"15.2.2019\" is not a date YYYY-MM-DD"),
        (&["--edition", "1999-02-15=a.csv"], 2, "1999-02-15 is before 2000-01-01"),
        (&["--edition", "2019-02-15=none.csv"], 1, "cannot read none.csv"),
        (&["a.csv", "--edition", "2019-03-15=b.csv"], 2, "cannot be used with"),
        (
            &["--edition", "2018-11-15=a.csv"],
            1,
            "a.csv, line 6, column \"Month (abbv)\": the month of 2018-12-01 had not begun on 2018-11-15",
        ),
        (&["a.csv", "b.csv"], 1, "or each with its day (--edition)"),
    ];
    for (args, status, words) in cases {
        let (ended, said) = refused(args);
        assert_eq!(ended, Some(status), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
}

#[test]
fn rows_skipped_by_an_edition_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "a.csv", &FIRST);
    write(folder, "b.csv", &[&SECOND[..], &[&FIRST[3].replace(",1,0.0", ",one,0.0")]].concat());
    let args = [
        "import",
        "cbp",
        "--keep-going",
        "--edition",
        "2019-02-15=a.csv",
        "--edition",
        "2019-03-15=b.csv",
        "-o",
        "out",
    ];
    let output = headwater(folder, &args, &[]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("7 new, 1 changed and 0 withdrawn rows written; 1 said nothing new"), "{words}");
    assert!(words.contains("1 rows lack from editions with skipped rows"), "{words}");
    let rejects = fs::read_to_string(folder.join("import-rejects.ndjson")).unwrap();
    assert!(rejects.contains(r#""file":"b.csv","line":6,"column":"Count of Event""#), "{rejects}");
}

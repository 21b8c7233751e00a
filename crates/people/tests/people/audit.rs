//! The audit log: whatever is done to it by way of the database is found, and the first bad entry is named.

use std::fs;

use headwater_people::{Action, Fault, People, PeopleError};
use proptest::prelude::*;

use crate::bed::{Bed, by, on_both};

const ENTRIES: u64 = 9;
const COLUMNS: [&str; 5] = ["at_ms", "actor", "action", "object", "detail"];

async fn fill(people: &People) {
    for number in 0..ENTRIES as i64 {
        let action = Action::ALL[number as usize];
        let (object, detail) = (format!("AN-{number}"), format!("detail of {number}"));
        people.record(action, &object, &detail, by("ana", number)).await.unwrap();
    }
}

/// What somebody does to the log.
#[derive(Clone, Debug)]
enum Tamper {
    Edit { sequence: u64, column: usize },
    Hash { sequence: u64 },
    Delete { sequence: u64 },
    CutFrom { sequence: u64 },
    Swap { first: u64, second: u64 },
    Move { sequence: u64 },
    Append,
    Head,
}

impl Tamper {
    fn statements(&self) -> Vec<String> {
        let swap = |set: &str, a: u64, b: u64| {
            let columns = COLUMNS.iter().chain(if set == "all" { &["hash"][..] } else { &[] }.iter());
            columns
                .map(|column| {
                    format!(
                        "UPDATE audit SET {column} = CASE sequence
                             WHEN {a} THEN (SELECT x.{column} FROM audit x WHERE x.sequence = {b})
                             ELSE (SELECT x.{column} FROM audit x WHERE x.sequence = {a}) END
                         WHERE sequence IN ({a}, {b})"
                    )
                })
                .collect()
        };
        match self {
            Tamper::Edit { sequence, column: 0 } => {
                vec![format!("UPDATE audit SET at_ms = at_ms + 1 WHERE sequence = {sequence}")]
            }
            Tamper::Edit { sequence, column } => {
                let column = COLUMNS[*column];
                vec![format!("UPDATE audit SET {column} = {column} || 'x' WHERE sequence = {sequence}")]
            }
            Tamper::Hash { sequence } => {
                let zeros = "0".repeat(64);
                vec![format!("UPDATE audit SET hash = '{zeros}' WHERE sequence = {sequence}")]
            }
            Tamper::Delete { sequence } => vec![format!("DELETE FROM audit WHERE sequence = {sequence}")],
            Tamper::CutFrom { sequence } => vec![format!("DELETE FROM audit WHERE sequence >= {sequence}")],
            Tamper::Swap { first, second } => swap("all", *first, *second),
            // A text that wanders from one field into the next.
            Tamper::Move { sequence } => vec![format!(
                "UPDATE audit SET object = object || substr(detail, 1, 1), detail = substr(detail, 2)
                 WHERE sequence = {sequence}"
            )],
            Tamper::Append => vec![format!(
                "INSERT INTO audit SELECT {}, at_ms, actor, action, object, detail, hash FROM audit
                 WHERE sequence = {ENTRIES}",
                ENTRIES + 1
            )],
            Tamper::Head => vec!["UPDATE audit_head SET entries = entries - 1".to_owned()],
        }
    }

    /// The first entry that is not as it was.
    fn first(&self) -> u64 {
        match self {
            Tamper::Edit { sequence, .. }
            | Tamper::Hash { sequence }
            | Tamper::Delete { sequence }
            | Tamper::CutFrom { sequence }
            | Tamper::Move { sequence } => *sequence,
            Tamper::Swap { first, second } => *first.min(second),
            Tamper::Append => ENTRIES + 1,
            Tamper::Head => ENTRIES,
        }
    }
}

async fn is_found(bed: &Bed, people: &People, tamper: &Tamper) {
    let before = people.verify_audit(None).await.unwrap();
    assert_eq!((before.entries, before.fault), (ENTRIES, None));
    for statement in tamper.statements() {
        bed.sql(&statement).await;
    }
    let verdict = people.verify_audit(None).await.unwrap();
    let fault = verdict.fault.unwrap_or_else(|| panic!("{tamper:?} is not found"));
    assert_eq!(fault.sequence(), tamper.first(), "{tamper:?}: {fault}");
    assert!(verdict.entries <= tamper.first());
}

fn tamper() -> impl Strategy<Value = Tamper> {
    let at = 1..=ENTRIES;
    prop_oneof![
        (at.clone(), 0..COLUMNS.len()).prop_map(|(sequence, column)| Tamper::Edit { sequence, column }),
        at.clone().prop_map(|sequence| Tamper::Hash { sequence }),
        at.clone().prop_map(|sequence| Tamper::Delete { sequence }),
        at.clone().prop_map(|sequence| Tamper::CutFrom { sequence }),
        (at.clone(), 1..ENTRIES).prop_map(|(first, by)| Tamper::Swap { first, second: (first - 1 + by) % ENTRIES + 1 }),
        at.prop_map(|sequence| Tamper::Move { sequence }),
        Just(Tamper::Append),
        Just(Tamper::Head),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_the_log_is_found(tamper in tamper()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bed = Bed::sqlite();
            let people = bed.open().await;
            fill(&people).await;
            is_found(&bed, &people, &tamper).await;
        });
    }
}

#[test]
fn an_edit_a_hole_and_a_cut_are_found_on_both() {
    for tamper in [
        Tamper::Edit { sequence: 4, column: 3 },
        Tamper::Delete { sequence: 5 },
        Tamper::CutFrom { sequence: 8 },
        Tamper::Swap { first: 7, second: 2 },
        Tamper::Append,
    ] {
        on_both(|bed| {
            let tamper = tamper.clone();
            async move {
                let people = bed.open().await;
                fill(&people).await;
                is_found(&bed, &people, &tamper).await;
            }
        });
    }
}

/// Who cuts the tail and makes the head fit is found by the file, and the file is not written over.
#[test]
fn a_log_that_was_cut_with_its_head_is_found_by_the_anchor() {
    on_both(|bed| async move {
        let people = bed.open().await;
        let anchor = bed.file("audit.anchor");
        people.anchor(&anchor).await.unwrap();
        fill(&people).await;
        people.anchor(&anchor).await.unwrap();
        let kept = fs::read_to_string(&anchor).unwrap();
        assert_eq!(people.verify_audit(Some(&anchor)).await.unwrap().fault, None);
        bed.sql("DELETE FROM audit WHERE sequence > 6").await;
        bed.sql("UPDATE audit_head SET entries = 6, hash = (SELECT hash FROM audit WHERE sequence = 6)").await;
        assert_eq!(people.verify_audit(None).await.unwrap().fault, None);
        assert_eq!(people.verify_audit(Some(&anchor)).await.unwrap().fault, Some(Fault::Missing { sequence: 7 }));
        let refused = people.anchor(&anchor).await.unwrap_err();
        assert!(matches!(refused, PeopleError::AuditBroken { sequence: ENTRIES }), "{refused}");
        // Filled up again with others: as long as it was, and not the same.
        for number in 0..3 {
            people.record(Action::Exported, "volumes.parquet", "", by("bo", number)).await.unwrap();
        }
        let verdict = people.verify_audit(Some(&anchor)).await.unwrap();
        assert_eq!(verdict.fault, Some(Fault::Anchor { sequence: ENTRIES }));
        people.anchor(&anchor).await.unwrap_err();
        assert_eq!(fs::read_to_string(&anchor).unwrap(), kept);
        fs::write(&anchor, "9 abc").unwrap();
        assert!(matches!(people.verify_audit(Some(&anchor)).await.unwrap_err(), PeopleError::Anchor { .. }));
    });
}

#[test]
fn what_is_done_here_is_written_down_by_whoever_did_it() {
    on_both(|bed| async move {
        let people = bed.open().await;
        let close = headwater_people::Command::Close { reason: headwater_people::Reason::LicitTrade };
        people.change_noted("AN-1", 0, &close, Some("see file"), by("ana", 1)).await.unwrap();
        // Refused, so not written down.
        people.change("AN-1", 0, &close, by("bo", 2)).await.unwrap_err();
        people.record(Action::ViewedRed, "AN-2", "revision 3", by("bo", 3)).await.unwrap();
        let entries = people.entries(u64::MAX, 10).await.unwrap();
        let told: Vec<(u64, &str, &str, &str, &str)> = entries
            .iter()
            .map(|e| (e.sequence, e.actor.as_str(), e.action.as_str(), e.object.as_str(), e.detail.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (3, "bo", "viewed_red", "AN-2", "revision 3"),
                (2, "ana", "noted", "AN-1", "note 1"),
                (1, "ana", "triaged", "AN-1", "version 1: new to closed:licit_trade"),
            ]
        );
        assert_eq!(people.entries(3, 1).await.unwrap(), entries[1..2]);
    });
}

#[test]
fn several_writers_keep_one_chain() {
    on_both(|bed| async move {
        let mut writers = Vec::new();
        for _ in 0..4 {
            let people = bed.open().await;
            writers.push(tokio::spawn(async move {
                for number in 0..12 {
                    people.record(Action::Exported, "alerts.ndjson", "", by("ana", number)).await.unwrap();
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let verdict = bed.open().await.verify_audit(None).await.unwrap();
        assert_eq!((verdict.entries, verdict.fault), (48, None));
    });
}

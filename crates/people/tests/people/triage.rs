//! Triage: stale writes, expiry, bulk, notes, what readers saw, and changes that other handles see.

use headwater_people::{BULK_MAX, ChangeKind, Command, Moment, PeopleError, Reason, State, Transition, Triage};
use proptest::prelude::*;

use crate::bed::{Bed, START, by, on_both};

fn assign(to: &str) -> Command {
    Command::Assign { to: to.into() }
}

#[test]
fn a_stale_write_is_refused_with_what_stands_now() {
    on_both(|bed| async move {
        let (ana, bo) = (bed.open().await, bed.open().await);
        assert_eq!(bo.triage("AN-1", START).await.unwrap(), Triage::new("AN-1"));
        let close = Command::Close { reason: Reason::LicitTrade };
        let closed = ana.change("AN-1", 0, &close, by("ana", 5)).await.unwrap();
        assert_eq!((closed.version, closed.state), (1, State::Closed { reason: Reason::LicitTrade }));
        match bo.change("AN-1", 0, &assign("bo"), by("bo", 6)).await.unwrap_err() {
            PeopleError::Stale { seen: 0, current } => assert_eq!(*current, closed),
            other => panic!("{other}"),
        }
        assert_eq!(bo.triage("AN-1", START).await.unwrap(), closed);
        assert_eq!(bo.transitions("AN-1", 0, 10).await.unwrap().len(), 1);
    });
}

#[test]
fn an_acknowledgement_falls_back_once_whoever_notices_it() {
    on_both(|bed| async move {
        let (ana, bo) = (bed.open().await, bed.open().await);
        let until = START.after(1_000);
        ana.change("AN-1", 0, &assign("bo"), by("ana", 0)).await.unwrap();
        ana.change("AN-1", 1, &Command::Acknowledge { until }, by("ana", 1)).await.unwrap();
        ana.change("AN-2", 0, &Command::Acknowledge { until }, by("ana", 1)).await.unwrap();
        assert_eq!(bo.expire(START.after(999)).await.unwrap(), 0);
        // Read before it is written down, changed by what was read, and written down by that.
        let fallen = bo.triage("AN-1", until).await.unwrap();
        assert_eq!((fallen.version, fallen.state, fallen.assignee.as_deref()), (3, State::Assigned, Some("bo")));
        bo.change("AN-1", 3, &Command::Unassign, by("bo", 2_000)).await.unwrap();
        let log = ana.transitions("AN-1", 0, 10).await.unwrap();
        assert_eq!((log[2].by.as_str(), log[2].at, log[2].to.0), ("headwater", until, State::Assigned));
        assert_eq!(ana.expire(until).await.unwrap(), 1);
        assert_eq!(ana.expire(until).await.unwrap(), 0);
        let log = ana.transitions("AN-2", 0, 10).await.unwrap();
        assert_eq!((log.len(), log[1].to.0, log[1].at), (2, State::New, until));
    });
}

#[test]
fn a_bulk_action_changes_each_on_its_own_account() {
    on_both(|bed| async move {
        let people = bed.open().await;
        people.change("AN-2", 0, &assign("bo"), by("bo", 0)).await.unwrap();
        let seen = ["AN-3", "AN-2", "AN-1"].map(|alert| (alert.to_owned(), 0));
        let outcomes = people.change_many(&seen, &assign("ana"), by("ana", 1)).await.unwrap();
        let told: Vec<(&str, bool)> =
            outcomes.iter().map(|(alert, outcome)| (alert.as_str(), outcome.is_ok())).collect();
        assert_eq!(told, [("AN-1", true), ("AN-2", false), ("AN-3", true)]);
        let all = people.triages("", 10, START).await.unwrap();
        let who: Vec<&str> = all.iter().map(|triage| triage.assignee.as_deref().unwrap()).collect();
        assert_eq!(who, ["ana", "bo", "ana"]);
        let many: Vec<(String, u64)> = (0..=BULK_MAX).map(|n| (format!("AN-{n}"), 0)).collect();
        let refused = people.change_many(&many, &assign("ana"), by("ana", 1)).await.unwrap_err();
        assert_eq!(refused.to_string(), "alerts: 201 is not within 1 to 200");
    });
}

#[test]
fn bulk_actions_in_opposite_order_do_not_wait_for_each_other() {
    on_both(|bed| async move {
        let (ana, bo) = (bed.open().await, bed.open().await);
        let forth: Vec<(String, u64)> = (0..40).map(|n| (format!("AN-{n:02}"), 0)).collect();
        let back: Vec<(String, u64)> = forth.iter().rev().cloned().collect();
        let (to_ana, to_bo) = (assign("ana"), assign("bo"));
        let one = ana.change_many(&forth, &to_ana, by("ana", 1));
        let other = bo.change_many(&back, &to_bo, by("bo", 1));
        let (one, other) = tokio::join!(one, other);
        let done = |outcomes: &[(String, headwater_people::Outcome)]| outcomes.iter().filter(|o| o.1.is_ok()).count();
        assert_eq!(done(&one.unwrap()) + done(&other.unwrap()), 40);
    });
}

#[test]
fn notes_and_what_readers_saw_are_kept() {
    on_both(|bed| async move {
        let people = bed.open().await;
        people.note("AN-1", "asked the office", by("ana", 1)).await.unwrap();
        let close = Command::Close { reason: Reason::Other };
        people.change_noted("AN-1", 0, &close, Some("twice\nchecked"), by("bo", 2)).await.unwrap();
        let refused = people.change_noted("AN-1", 1, &Command::Reopen, Some(""), by("bo", 3)).await.unwrap_err();
        assert_eq!(refused.to_string(), "note is empty");
        assert_eq!(people.triage("AN-1", START).await.unwrap().version, 1, "neither the note nor the change");
        let notes = people.notes("AN-1", 0, 10).await.unwrap();
        let told: Vec<(u64, &str, &str)> = notes.iter().map(|n| (n.number, n.by.as_str(), n.body.as_str())).collect();
        assert_eq!(told, [(1, "ana", "asked the office"), (2, "bo", "twice\nchecked")]);
        assert_eq!(people.notes("AN-1", 1, 10).await.unwrap(), notes[1..]);

        people.looked(by("ana", 9), "AN-1", 3).await.unwrap();
        people.looked(by("ana", 7), "AN-1", 2).await.unwrap();
        people.looked(by("ana", 8), "AN-2", 1).await.unwrap();
        people.looked(by("bo", 8), "AN-1", 1).await.unwrap();
        let seen = people.seen("ana", "", 10).await.unwrap();
        let told: Vec<(&str, u32, Moment)> =
            seen.iter().map(|s| (s.alert.as_str(), s.revision, s.last_looked)).collect();
        assert_eq!(told, [("AN-1", 3, START.after(9)), ("AN-2", 1, START.after(8))]);
        assert_eq!(people.seen("ana", "AN-1", 10).await.unwrap(), seen[1..]);
    });
}

/// Many writers on two handles and one reader who polls: it gets every number once, in order, and no gap is ever passed.
#[test]
fn whoever_polls_changes_misses_none() {
    on_both(|bed| async move {
        let (writer, reader) = (bed.open().await, bed.open().await);
        let mut writers = Vec::new();
        for who in 0..6 {
            let people = if who % 2 == 0 { writer.clone() } else { bed.open().await };
            writers.push(tokio::spawn(async move {
                for n in 0..10 {
                    let alert = format!("AN-{who}-{n}");
                    people.change(&alert, 0, &assign("ana"), by("ana", n)).await.unwrap();
                    // Refused, and its number is not lost.
                    people.change(&alert, 0, &assign("bo"), by("bo", n)).await.unwrap_err();
                    people.note(&alert, "seen", by("ana", n)).await.unwrap();
                }
            }));
        }
        let mut got = Vec::new();
        while got.len() < 120 {
            let after = got.len() as u64;
            let found = reader.changes(after, 7).await.unwrap();
            assert!(!found.missed);
            for change in found.changes {
                assert_eq!(change.sequence, got.len() as u64 + 1);
                got.push((change.object, change.kind));
            }
        }
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(reader.last_change().await.unwrap(), 120);
        // Each of them is in the audit log too, in one chain.
        let verdict = reader.verify_audit(None).await.unwrap();
        assert_eq!((verdict.entries, verdict.fault), (120, None));
        got.sort();
        got.dedup();
        assert_eq!(got.len(), 120);
        assert_eq!(got.iter().filter(|(_, kind)| *kind == ChangeKind::Triage).count(), 60);
        bed.sql("DELETE FROM changes WHERE sequence < 5").await;
        assert!(reader.changes(3, 7).await.unwrap().missed && !reader.changes(4, 7).await.unwrap().missed);
    });
}

#[test]
fn whoever_was_away_goes_on_from_a_time_and_hears_what_expired_meanwhile() {
    on_both(|bed| async move {
        let people = bed.open().await;
        let before = |ms| {
            let people = people.clone();
            async move { people.change_before(START.after(ms)).await.unwrap() }
        };
        assert_eq!(before(0).await, (0, false));
        people.change("AN-1", 0, &Command::Acknowledge { until: START.after(20) }, by("ana", 10)).await.unwrap();
        people.change("AN-2", 0, &assign("bo"), by("bo", 11)).await.unwrap();
        assert_eq!((before(10).await, before(11).await, before(12).await), ((0, false), (1, false), (2, false)));
        // It expired at 20, and is told when it is written down.
        people.expire(START.after(500)).await.unwrap();
        assert_eq!(before(400).await, (2, false));
        assert_eq!(people.changes(2, 10).await.unwrap().changes[0].object, "AN-1");
        bed.sql("DELETE FROM changes WHERE sequence < 2").await;
        assert_eq!((before(10).await, before(12).await), ((1, true), (2, false)));
    });
}

/// What one of two people does: to which alert, what, as of which version (0: the last that they saw; else they made it
/// up), and how much time passes.
#[derive(Clone, Debug)]
struct Step {
    ana: bool,
    alert: usize,
    command: Command,
    wrong: bool,
    look: bool,
    wait: i64,
}

fn step() -> impl Strategy<Value = Step> {
    // Whole seconds of acknowledgement against waits of some hundred milliseconds: some expire, some do not.
    let command = prop_oneof![
        (0..3_000i64).prop_map(|ms| Command::Acknowledge { until: START.after(ms * 10) }),
        "[ab]o".prop_map(|to| assign(&to)),
        Just(Command::Unassign),
        (0..Reason::ALL.len()).prop_map(|ix| Command::Close { reason: Reason::ALL[ix] }),
        Just(Command::Reopen),
    ];
    (any::<bool>(), 0..2usize, command, prop::bool::weighted(0.05), prop::bool::weighted(0.8), 0..800i64)
        .prop_map(|(ana, alert, command, wrong, look, wait)| Step { ana, alert, command, wrong, look, wait })
}

/// The little model that judges: which words may follow which, said by table and not by the code's own function.
fn expected(state: &str, assigned: bool, command: &Command) -> Option<(&'static str, bool)> {
    match (state, command) {
        ("closed", Command::Reopen) => Some(("reopened", assigned)),
        ("closed", _) | (_, Command::Reopen) => None,
        (_, Command::Acknowledge { .. }) => Some(("acknowledged", assigned)),
        (_, Command::Assign { .. }) => Some(("assigned", true)),
        (_, Command::Close { .. }) => Some(("closed", assigned)),
        (_, Command::Unassign) if !assigned => None,
        ("acknowledged", Command::Unassign) => Some(("acknowledged", false)),
        ("reopened", Command::Unassign) => Some(("reopened", false)),
        (_, Command::Unassign) => Some(("new", false)),
    }
}

/// Runs steps on two handles of one database against the model.
async fn follows_the_model(bed: &Bed, steps: Vec<Step>) {
    let handles = [bed.open().await, bed.open().await];
    // Of each alert: state, whether assigned, version, and when it falls back; and what each of the two last saw.
    let mut model = [("new", false, 0_u64, i64::MAX), ("new", false, 0, i64::MAX)];
    let mut seen = [[0_u64; 2]; 2];
    let mut now = 0;
    for step in steps {
        now += step.wait;
        let (handle, alert) = (&handles[usize::from(step.ana)], format!("AN-{}", step.alert));
        let is = &mut model[step.alert];
        if is.0 == "acknowledged" && is.3 <= START.0 + now {
            *is = (if is.1 { "assigned" } else { "new" }, is.1, is.2 + 1, i64::MAX);
        }
        let saw = &mut seen[usize::from(step.ana)][step.alert];
        if step.look {
            *saw = handle.triage(&alert, START.after(now)).await.unwrap().version;
            assert_eq!(*saw, is.2);
        }
        let names = if step.wrong { *saw + 7 } else { *saw };
        let who = if step.ana { "ana" } else { "bo" };
        let outcome = handle.change(&alert, names, &step.command, by(who, now)).await;
        let in_past = matches!(step.command, Command::Acknowledge { until } if until.0 <= START.0 + now);
        match (names == is.2, expected(is.0, is.1, &step.command)) {
            (false, _) => match outcome.unwrap_err() {
                PeopleError::Stale { seen, current } => assert_eq!((seen, current.version), (names, is.2)),
                other => panic!("{other}"),
            },
            (true, None) => assert!(matches!(outcome.unwrap_err(), PeopleError::Refused { .. })),
            (true, Some(_)) if in_past => assert!(matches!(outcome.unwrap_err(), PeopleError::OutOfRange { .. })),
            (true, Some((state, assigned))) => {
                let triage = outcome.unwrap();
                assert_eq!(
                    (triage.state.word(), triage.assignee.is_some(), triage.version),
                    (state, assigned, is.2 + 1)
                );
                let until = if let State::Acknowledged { until } = triage.state { until.0 } else { i64::MAX };
                *is = (state, assigned, is.2 + 1, until);
                *saw = is.2;
            }
        }
    }
    for alert in ["AN-0", "AN-1"] {
        handles[0].expire(START.after(now)).await.unwrap();
        let log = handles[1].transitions(alert, 0, 1_000).await.unwrap();
        assert_eq!(Transition::replay(alert, &log).unwrap(), handles[0].triage(alert, START.after(now)).await.unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_on_two_handles_follow_the_model_on_sqlite(steps in prop::collection::vec(step(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follows_the_model(&Bed::sqlite(), steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_on_two_handles_follow_the_model_on_postgresql(steps in prop::collection::vec(step(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { follows_the_model(&Bed::postgres().await, steps).await });
    }
}

//! The store's protocol on each backend: who owns an object, who is fenced, and what is named.
#![allow(clippy::unwrap_used)]

mod protocol_support;

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use headwater_model::*;
use headwater_store::*;
use proptest::prelude::*;
use protocol_support::{Place, check, declaration, live, places, policy, restore, snapshot, story, sweep};

#[derive(Clone, Debug)]
enum Call {
    Create(u8, u8),
    Replace(u8, u8),
    Delete(u8),
    List(u8, Option<u8>),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        (0..12u8, 0..3u8).prop_map(|(key, bytes)| Call::Create(key, bytes)),
        (0..12u8, 0..3u8).prop_map(|(key, bytes)| Call::Replace(key, bytes)),
        (0..12u8).prop_map(Call::Delete),
        (0..4u8, prop::option::of(0..12u8)).prop_map(|(below, after)| Call::List(below, after)),
    ]
}

fn key(number: u8) -> String {
    format!("things/{}/{number:02}", number % 3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn objects_are_as_a_map_that_does_not_overwrite(calls in prop::collection::vec(call(), 1..40)) {
        for place in places() {
            let objects = place.open();
            let mut model: BTreeMap<String, Bytes> = BTreeMap::new();
            for call in &calls {
                match *call {
                    Call::Create(number, byte) => {
                        let bytes = Bytes::from(vec![byte; 3]);
                        let expected = match model.get(&key(number)) {
                            None => Created::New,
                            Some(held) if *held == bytes => Created::Same,
                            Some(_) => Created::Other,
                        };
                        prop_assert_eq!(objects.create(&key(number), bytes.clone()).unwrap(), expected);
                        model.entry(key(number)).or_insert(bytes);
                    }
                    Call::Replace(number, byte) => {
                        objects.replace(&key(number), vec![byte; 2].into()).unwrap();
                        model.insert(key(number), vec![byte; 2].into());
                    }
                    Call::Delete(number) => {
                        objects.delete(&key(number)).unwrap();
                        model.remove(&key(number));
                    }
                    Call::List(below, after) => {
                        let prefix = if below == 3 { "things".to_owned() } else { format!("things/{below}") };
                        let listed = match after {
                            None => objects.list(&prefix),
                            Some(after) => objects.list_after(&prefix, &key(after)),
                        };
                        let listed: Vec<_> = listed.unwrap().into_iter().map(|o| (o.key, o.bytes)).collect();
                        let after = after.map(key);
                        let expected = model.iter().filter(|(k, _)| k.starts_with(&format!("{prefix}/")));
                        let expected = expected.filter(|(k, _)| after.as_ref().is_none_or(|after| *k > after));
                        let expected: Vec<_> = expected.map(|(k, v)| (k.clone(), v.len() as u64)).collect();
                        prop_assert_eq!(listed, expected);
                    }
                }
            }
            for number in 0..12 {
                prop_assert_eq!(objects.get(&key(number)).unwrap(), model.get(&key(number)).cloned());
                prop_assert_eq!(
                    objects.stat(&key(number)).unwrap().map(|o| o.bytes),
                    model.get(&key(number)).map(|bytes| bytes.len() as u64)
                );
            }
        }
    }
}

#[test]
fn of_many_who_create_one_object_one_wins() {
    for place in places() {
        let objects = place.open();
        for round in 0..20 {
            let key = format!("contested/{round}");
            let each: Vec<_> = (0..6u8)
                .map(|n| {
                    let (objects, key) = (objects.clone(), key.clone());
                    thread::spawn(move || (n, objects.create(&key, vec![n; 2000].into()).unwrap()))
                })
                .collect();
            let each: Vec<_> = each.into_iter().map(|thread| thread.join().unwrap()).collect();
            let won: Vec<u8> = each.iter().filter(|(_, c)| *c == Created::New).map(|(n, _)| *n).collect();
            assert_eq!(won.len(), 1);
            assert_eq!(each.iter().filter(|(_, created)| *created == Created::Other).count(), 5);
            assert_eq!(objects.get(&key).unwrap().unwrap(), vec![won[0]; 2000]);
        }
    }
}

#[test]
fn a_store_that_ignores_the_condition_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    for url in [StoreUrl::Memory, StoreUrl::Folder(folder.path().into())] {
        let refused = Objects::open_erring(&url, "ignore_condition=1").err().unwrap();
        assert!(matches!(refused, StoreError::NoCondition { .. }), "{refused}");
        assert!(refused.to_string().contains(&url.to_string()));
    }
}

#[test]
fn a_store_is_known_by_its_format_and_reading_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("deep/data");
    let url = StoreUrl::Folder(folder.clone());
    assert!(matches!(Objects::open_to_read(&url), Err(StoreError::NoStore { .. })));
    assert!(!folder.exists());
    std::fs::create_dir_all(&folder).unwrap();
    assert!(matches!(Objects::open_to_read(&url), Err(StoreError::NoStore { .. })));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let id = Objects::open(&url).unwrap().id().to_owned();
    assert_eq!(Objects::open(&url).unwrap().id(), id);
    assert_eq!(Objects::open_to_read(&url).unwrap().id(), id);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["headwater.json"]);
    for format in [0, STORE_FORMAT + 1] {
        std::fs::write(folder.join("headwater.json"), format!("{{\"format\":{format},\"store\":\"x\"}}")).unwrap();
        for refused in [Objects::open(&url), Objects::open_to_read(&url)] {
            assert!(matches!(refused.err().unwrap(), StoreError::Format { found, .. } if found == format));
        }
    }
    std::fs::write(folder.join("headwater.json"), "{\"form").unwrap();
    assert!(matches!(Objects::open(&url), Err(StoreError::Damaged { .. })));
}

#[test]
fn who_writes_under_a_number_that_is_folded_away_is_fenced() {
    let (ours, theirs) = (story(6, "a"), story(6, "b"));
    for place in places() {
        let objects = place.open();
        let archive = Archive::new(objects.clone());
        live(&archive, &ours, &mut 0).unwrap();
        let floor = archive.floor_number(&ours.input).unwrap().unwrap();
        assert!(floor.0 > 3 && archive.objects().get(&ours.epochs[3].key()).unwrap().is_none());
        // The zombie finds the number free, writes, and learns that it counts for nobody.
        let zombie = Archive::new(objects.clone());
        assert_eq!(zombie.commit(&theirs.epochs[3..4])[0].as_ref().unwrap(), &Committed::Fenced);
        let begun = zombie.begin_snapshot(theirs.epochs[3].head.clone(), theirs.epochs[3].checksum);
        assert!(matches!(begun.err().unwrap(), StoreError::Fenced { .. }));
        assert!(zombie.check_floor(&ours.input, EpochNumber(3)).is_err());
        assert!(zombie.check_floor(&ours.input, EpochNumber(5)).is_ok());
        assert_eq!(check(&objects, &ours), 6);
        // Above the floor the number is taken.
        assert_eq!(zombie.commit(&theirs.epochs[5..6])[0].as_ref().unwrap(), &Committed::Lost);
        assert_eq!(archive.commit(&ours.epochs[5..6])[0].as_ref().unwrap(), &Committed::Ours);
        assert_eq!(check(&objects, &ours), 6);
        assert!(sweep(&archive, &ours.input).unwrap().epochs > 0);
        assert!(archive.objects().get(&theirs.epochs[3].key()).unwrap().is_none());
        assert_eq!(check(&objects, &ours), 6);
    }
}

#[test]
fn epochs_of_several_inputs_are_committed_side_by_side() {
    let story = story(1, "a");
    let archive = Archive::new(Objects::memory().unwrap());
    let mut epochs: Vec<SealedEpoch> = Vec::new();
    for partition in 0..40 {
        let mut epoch = story.epochs[0].clone();
        epoch.head.input.partition = Partition(partition);
        epochs.push(epoch);
    }
    archive.objects().create(&epochs[7].key(), "theirs".into()).unwrap();
    let committed: Vec<_> = archive.commit(&epochs).into_iter().map(Result::unwrap).collect();
    for (at, committed) in committed.iter().enumerate() {
        assert_eq!(*committed, if at == 7 { Committed::Lost } else { Committed::Ours }, "{at}");
    }
}

/// The object at fault is named by `verify`, and each of these is the only one.
#[test]
fn whatever_is_torn_foreign_or_missing_is_named() {
    let ours = story(6, "a");
    let theirs = story(6, "b");
    let prepare = || {
        let archive = Archive::new(Objects::memory().unwrap());
        archive.declare(&declaration()).unwrap();
        for epoch in &ours.epochs[..4] {
            archive.commit(std::slice::from_ref(epoch)).remove(0).unwrap();
        }
        snapshot(&archive, &ours, 3).unwrap();
        archive.fold(&ours.input, &FoldPolicy { keep: 2, ..policy() }).unwrap().unwrap();
        for epoch in &ours.epochs[4..] {
            archive.commit(std::slice::from_ref(epoch)).remove(0).unwrap();
        }
        snapshot(&archive, &ours, 5).unwrap();
        assert_eq!(check(archive.objects(), &ours), 6);
        archive
    };
    let archive = prepare();
    let keys: Vec<String> = archive.objects().list("epochs").unwrap().into_iter().map(|o| o.key).skip(2).collect();
    let keys = keys.into_iter().chain(
        ["floor", "folded", "snapshots"]
            .into_iter()
            .flat_map(|top| archive.objects().list(top).unwrap().into_iter().map(|o| o.key).collect::<Vec<_>>()),
    );
    let keys: Vec<String> = keys.collect();
    assert_eq!(keys.len(), 4 + 1 + 1 + 4, "{keys:?}");
    for key in keys {
        let whole = archive.objects().get(&key).unwrap().unwrap();
        let half = whole.slice(..whole.len() / 2);
        let mut flipped = whole.to_vec();
        flipped[whole.len() / 3] ^= 1;
        let foreign = theirs.epochs[4].bytes.clone();
        for (what, bytes) in [("torn", half), ("flipped", flipped.into()), ("foreign", foreign)] {
            // A flipped letter of a JSON text may leave it readable: what it then says is held against the rest.
            if what == "flipped" && key.ends_with(".json") {
                continue;
            }
            let archive = prepare();
            archive.objects().replace(&key, bytes).unwrap();
            let findings = archive.verify().unwrap();
            assert!(findings.iter().any(|finding| finding.key == key), "{what} {key}: {findings:?}");
        }
        let archive = prepare();
        archive.objects().delete(&key).unwrap();
        let findings = archive.verify().unwrap();
        // Without its manifest a snapshot is none, without its floor the epochs below it count again, and the last
        // epoch was never there.
        let silent = key.ends_with("manifest.json") || key.starts_with("floor/");
        let last = key == ours.epochs[5].key();
        assert!(silent || last || findings.iter().any(|f| f.key == key), "missing {key}: {findings:?}");
    }
}

#[test]
fn an_epoch_of_another_chain_and_a_gap_are_not_restored_from() {
    let (ours, theirs) = (story(4, "a"), story(4, "b"));
    let archive = Archive::new(Objects::memory().unwrap());
    for epoch in &ours.epochs {
        archive.commit(std::slice::from_ref(epoch)).remove(0).unwrap();
    }
    // Whole and of the same input and number, but of another writer's chain.
    archive.objects().replace(&ours.epochs[2].key(), theirs.epochs[2].bytes.clone()).unwrap();
    let findings = archive.verify().unwrap();
    let named = findings.iter().find(|f| f.key == ours.epochs[2].key()).unwrap();
    assert!(named.problem.contains("chain is broken"), "{named:?}");
    assert!(archive.fold(&ours.input, &policy()).is_err());
    archive.objects().delete(&ours.epochs[2].key()).unwrap();
    match archive.files(&ours.input) {
        Err(StoreError::Gap { missing, key, .. }) => {
            assert_eq!((missing, key), (EpochNumber(2), ours.epochs[2].key()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_damaged_snapshot_gives_way_to_the_one_before() {
    let story = story(5, "a");
    let archive = Archive::new(Objects::memory().unwrap());
    for (n, epoch) in story.epochs.iter().enumerate() {
        archive.commit(std::slice::from_ref(epoch)).remove(0).unwrap();
        snapshot(&archive, &story, n as u64).unwrap();
    }
    let plan = plan(&archive.listing(&story.input).unwrap()).unwrap();
    assert_eq!(plan.snapshots, [4, 3, 2, 1, 0].map(EpochNumber));
    for epoch in [4, 3, 2, 1, 0] {
        archive.objects().replace(&layout::part_key(&story.input, EpochNumber(epoch), 0), "x".into()).unwrap();
        assert_eq!(restore(&archive, &plan), story.rows_before(5));
    }
}

#[test]
fn what_a_crash_left_goes_when_it_is_old_and_nothing_else() {
    let story = story(6, "a");
    for place in places() {
        let objects = place.open();
        let archive = Archive::new(objects.clone());
        live(&archive, &story, &mut 0).unwrap();
        let leftovers =
            [layout::folded_key(&story.input, Checksum(7)), layout::part_key(&story.input, EpochNumber(4), 0)];
        for key in &leftovers {
            objects.create(key, "half".into()).unwrap();
        }
        if let Place::Folder(folder) = &place {
            let staged = folder.path().join("data/epochs/trade/3/00000000000000000009.parquet#1");
            std::fs::write(&staged, "half").unwrap();
            assert_eq!(check(&objects, &story), 6);
        }
        let young = archive.sweep(&story.input, Duration::from_secs(3600), now_of(&objects)).unwrap();
        assert_eq!(young, Swept::default());
        let old = sweep(&archive, &story.input).unwrap();
        assert_eq!((old.folded, old.snapshots), (1, 1));
        assert_eq!(old.staged, usize::from(matches!(place, Place::Folder(_))));
        assert!(leftovers.iter().all(|key| objects.get(key).unwrap().is_none()));
        assert_eq!(check(&objects, &story), 6);
        assert_eq!(sweep(&archive, &story.input).unwrap(), Swept::default());
    }
}

/// The store's own time: that of its youngest object.
fn now_of(objects: &Objects) -> i64 {
    objects.create("clock", "now".into()).unwrap();
    objects.stat("clock").unwrap().unwrap().modified_ms
}

#[test]
fn a_store_that_errs_is_asked_again_and_one_that_is_away_is_named() {
    let story = story(5, "a");
    for seed in 0..12 {
        let objects = Objects::memory().unwrap();
        let text = format!("seed={seed},fail=0.2,lost_answer=0.2,tries=40,pause_ms=0");
        live(&Archive::new(objects.faulty(&text).unwrap()), &story, &mut 0).unwrap();
        assert_eq!(check(&objects, &story), 5);
    }
    let away = Objects::memory().unwrap();
    for text in ["fail=1,tries=3,pause_ms=1", "hang=1,tries=2,try_ms=20,pause_ms=1"] {
        let erring = away.faulty(text).unwrap();
        let error = erring.create("a/b", "x".into()).unwrap_err();
        assert!(error.is_passing());
        assert!(error.to_string().contains("a/b"), "{error}");
    }
}

#[test]
fn a_torn_object_is_never_taken_for_whole() {
    let story = story(5, "a");
    let mut torn = 0;
    for seed in 0..12 {
        let objects = Objects::memory().unwrap();
        let archive = Archive::new(objects.faulty(&format!("seed={seed},torn=0.1,tries=4,pause_ms=0")).unwrap());
        archive.declare(&declaration()).ok();
        for epoch in &story.epochs {
            match archive.commit(std::slice::from_ref(epoch)).remove(0) {
                Ok(Committed::Ours) => {}
                Ok(Committed::Lost) => {
                    let findings = Archive::new(objects.clone()).verify().unwrap();
                    assert!(findings.iter().any(|finding| finding.key == epoch.key()), "{findings:?}");
                    torn += 1;
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(torn > 0);
}

#[test]
fn what_is_declared_first_holds() {
    let archive = Archive::new(Objects::memory().unwrap());
    let grown = SourceDeclaration { partitions: 9, ..declaration() };
    assert_eq!(archive.declare(&declaration()).unwrap(), declaration());
    assert_eq!(archive.declare(&grown).unwrap(), declaration());
    assert_eq!(archive.sources().unwrap(), [declaration()]);
    assert_eq!(archive.inputs().unwrap().len(), 4);
}

#[test]
fn hints_and_large_rejects_are_kept() {
    let archive = Archive::new(Objects::memory().unwrap());
    let input = story(1, "a").input;
    assert_eq!(archive.published(&input).unwrap(), None);
    for epoch in [3, 4] {
        archive.note_published(&input, EpochNumber(epoch)).unwrap();
        assert_eq!(archive.published(&input).unwrap(), Some(EpochNumber(epoch)));
    }
    let large = Bytes::from(vec![7; 600_000]);
    archive.put_raw(&input, "t", Offset(5), large.clone()).unwrap();
    archive.put_raw(&input, "t", Offset(5), large.clone()).unwrap();
    assert_eq!(archive.get_raw(&input, "t", Offset(5)).unwrap(), Some(large));
    assert_eq!(archive.get_raw(&input, "t", Offset(6)).unwrap(), None);
    assert!(archive.put_raw(&input, "t", Offset(5), "other".into()).is_err());
}

#[test]
fn the_alert_log_is_appended_once_a_number() {
    let log = DetectLog::new(Objects::memory().unwrap());
    let versions = Versions { catalog: "c".into(), model: "m".into(), build: "b".into() };
    let entry = |number: u64, day: i32| DetectEntry {
        number,
        closed_to: Day(day),
        epochs: BTreeMap::from([("trade/3".to_owned(), EpochNumber(number))]),
        alerts: Vec::new(),
        versions: versions.clone(),
        cells: (number == 1).then_some(Cells { watched: 386, not_watched: 26 }),
    };
    assert_eq!(log.closed_to().unwrap(), None);
    for number in 0..3 {
        assert_eq!(log.append(&entry(number, number as i32)).unwrap(), Created::New);
    }
    assert_eq!(log.append(&entry(2, 9)).unwrap(), Created::Other);
    assert_eq!(log.closed_to().unwrap(), Some(Day(2)));
    let read: Vec<_> = log.list(1).unwrap().map(Result::unwrap).collect();
    assert_eq!(read, [entry(1, 1), entry(2, 2)]);
    assert_eq!(log.append(&entry(5, 5)).unwrap(), Created::New);
    assert!(log.list(0).is_err());
}

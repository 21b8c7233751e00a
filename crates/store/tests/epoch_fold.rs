//! Folding keeps every row and every sum, and puts rows in order.
#![allow(clippy::unwrap_used)]

mod epoch_support;

use std::collections::BTreeMap;

use bytes::Bytes;
use epoch_support::*;
use headwater_model::*;
use headwater_store::{Change, EpochRows, FileHead, FoldHead, StoreError, Wanted, fold, open};
use proptest::prelude::*;
use serde_json::json;

/// One record of a random epoch.
#[derive(Clone, Debug)]
struct Told {
    source: usize,
    event: u8,
    revision: u8,
    known: u8,
    kind: u8,
    grams: u16,
    /// Whether a change of its items follows.
    changed: bool,
}

fn told() -> impl Strategy<Value = Told> {
    (0..3usize, 0..6u8, 0..3u8, 0..4u8, 0..8u8, any::<u16>(), any::<bool>()).prop_map(
        |(source, event, revision, known, kind, grams, changed)| Told {
            source,
            event,
            revision,
            known,
            kind,
            grams,
            changed,
        },
    )
}

fn record(told: &Told) -> Vec<u8> {
    let event = json!({
        // Beginnings alike, longer and shorter than what a comparison looks at first.
        "event_id": format!("event{}-{}", if told.event > 2 { "" } else { "-of-a-long-common-beginning" }, told.event),
        "revision": told.revision, "source": (["customs-nl", "carrier", "police-be"][told.source]),
        "reported_at": format!("2024-03-{:02}T10:00:00Z", 5 + told.known),
    });
    match told.kind {
        0 => vec![b'{'; usize::from(told.grams % 300)],
        1 => with(event, json!({"status": "withdrawn"})).to_string().into_bytes(),
        2 => with(
            event,
            json!({"kind": "seizure", "occurred_on": "2024-03-02", "place": {"country": "BE", "office": told.grams.to_string()},
                "items": [{"name": "Heroin", "quantity": {"value": told.grams, "unit": "g"}}, {"name": "MDMA", "quantity": {"value": 3, "unit": "g"}}]}),
        )
        .to_string()
        .into_bytes(),
        _ => {
            let whole = with(trade(), event);
            with(whole, json!({"quantity": {"value": told.grams, "unit": "g"}, "item": {"name": (["ephedrine", "acetone"][usize::from(told.kind) % 2])}}))
                .to_string()
                .into_bytes()
        }
    }
}

/// The file of an epoch of these records.
fn epoch(world: &mut World, number: u64, told: &[Told]) -> Bytes {
    let batch = world.rows(&told.iter().map(record).collect::<Vec<_>>());
    let mut changes = Vec::new();
    for head in &world.out.heads {
        for row in world.out.rows_of(head).iter().filter(|_| told[head.input as usize].changed) {
            let key = PaneKey {
                series: row.series,
                event_day: row.event_day,
                period_days: row.period_days,
                known_on: head.known_on,
            };
            changes.push(Change {
                row: SignedRow {
                    sign: Sign::Minus,
                    identity: head.identity,
                    rank: head.rank,
                    item: row.item,
                    key,
                    mass_mg: row.mass_mg,
                    pieces: row.pieces,
                    incidents: row.incidents,
                },
                source: head.source,
                event_id: format!("event-{}", told[head.input as usize].event).into(),
                topic: "trade-events".into(),
                partition: Partition(3),
                offset: Offset(i64::from(head.input)),
            });
        }
    }
    let mut writer = writer(Some(day("2024-03-06")));
    writer.write(&batch, &EpochRows { changes, ..all(&batch) }, &world.names).unwrap();
    writer.seal(head(number)).unwrap().bytes
}

fn sums(files: &[Bytes]) -> BTreeMap<String, Sums> {
    let mut names = Names::default();
    let mut sums: BTreeMap<_, Sums> = BTreeMap::new();
    for file in files {
        let file = open(file.clone()).unwrap();
        file.read::<StoreError>(Wanted::Sums, &mut names, &mut |row| {
            if let Some(of) = row.of {
                let sum = sums.entry(of.key(row.counted_on.unwrap())).or_default();
                let more = of.sums(row.sign);
                sum.mass_mg += more.mass_mg;
                sum.pieces += more.pieces;
                sum.incidents += more.incidents;
                sum.events += more.events;
            }
            Ok(())
        })
        .unwrap();
    }
    let text = |key: &PaneKey| {
        format!("{} {:?}", series_text(&names, key.series), (key.event_day, key.period_days, key.known_on))
    };
    sums.iter().map(|(key, sums)| (text(key), *sums)).collect()
}

/// What a row is sorted by.
fn place(row: &str) -> impl Ord + std::fmt::Debug + use<> {
    let number = |name| field(row, name).parse::<i64>().ok();
    let text = |name| field(row, name).to_owned();
    if field(row, "known_on") == "-" {
        return (
            1,
            String::new(),
            String::new(),
            text("topic"),
            number("partition"),
            String::new(),
            number("offset"),
            None,
        );
    }
    let event_id = field(row, "event_id").trim_matches('"').to_owned();
    (0, text("known_on"), text("source"), event_id, number("revision"), text("status"), number("item"), number("sign"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_fold_keeps_every_row_and_every_sum(epochs in prop::collection::vec(prop::collection::vec(told(), 0..12), 1..5), split in 1..4usize) {
        let mut world = World::default();
        let files: Vec<Bytes> = epochs.iter().enumerate().map(|(i, told)| epoch(&mut world, i as u64, told)).collect();
        let folded = fold(&files).unwrap();
        let rows = file_texts(&folded.bytes);
        prop_assert!(rows.is_sorted_by_key(|row| place(row)), "{:#?}", rows);

        let before: Vec<String> = files.iter().flat_map(file_texts).collect();
        // Alike in what they are sorted by, rows stay in the order in which they came.
        let mut expected = before.clone();
        expected.sort_by_cached_key(|row| place(row));
        prop_assert_eq!(&rows, &expected);
        prop_assert_eq!(sums(&files), sums(std::slice::from_ref(&folded.bytes)));

        let mut counts = Counts::default();
        (0..files.len() as u64).for_each(|i| counts += head(i).counts);
        let last = EpochNumber(files.len() as u64 - 1);
        let told = FoldHead { input: head(0).input, first: EpochNumber(0), last, rows: before.len() as u64, counts };
        prop_assert_eq!(&folded.head, &told);
        let file = open(folded.bytes.clone()).unwrap();
        prop_assert_eq!(file.head(), &FileHead::Fold(told));
        prop_assert_eq!((folded.rows, folded.checksum), (before.len() as u64, Checksum::of(&folded.bytes)));

        let rejects = |files: &[Bytes]| {
            let all = files.iter().flat_map(|file| open(file.clone()).unwrap().rejects().unwrap().collect::<Vec<_>>());
            all.map(Result::unwrap).collect::<Vec<_>>()
        };
        prop_assert_eq!(rejects(&files), rejects(std::slice::from_ref(&folded.bytes)), "their offsets climb");

        // In two steps the same file comes out.
        let split = split.min(files.len());
        let mut steps = vec![fold(&files[..split]).unwrap().bytes];
        steps.extend_from_slice(&files[split..]);
        prop_assert_eq!(fold(&steps).unwrap(), folded);
    }
}

#[test]
fn only_a_run_of_epochs_is_folded() {
    let file = |number| writer(None).seal(head(number)).unwrap().bytes;
    assert!(fold(&[]).unwrap_err().to_string().contains("no file"));
    let error = fold(&[file(3), file(5)]).unwrap_err().to_string();
    assert_eq!(error, "cannot fold epoch 5 of trade/3 behind epoch 3 of trade/3");
    let mut other = head(4);
    other.input.partition = Partition(1);
    let other = writer(None).seal(other).unwrap().bytes;
    let error = fold(&[file(3), other]).unwrap_err().to_string();
    assert_eq!(error, "cannot fold epoch 4 of trade/1 behind epoch 3 of trade/3");
    let folded = fold(&[file(3), file(4)]).unwrap();
    assert_eq!((folded.rows, folded.head.first, folded.head.last), (0, EpochNumber(3), EpochNumber(4)));
}

#[test]
fn a_damaged_file_is_not_folded() {
    let mut bytes = writer(None).seal(head(0)).unwrap().bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    assert!(fold(&[bytes.into()]).unwrap_err().to_string().contains("damaged"));
}

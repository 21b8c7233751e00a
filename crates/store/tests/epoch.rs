//! An epoch's file: what is written is read back, column by column and row by row.
#![allow(clippy::unwrap_used)]

mod epoch_support;

use arrow_array::cast::AsArray;
use epoch_support::*;
use headwater_model::*;
use headwater_normalize::archive_schema;
use headwater_store::{ArchivedReject, Change, EpochRows, FileHead, StoreError, Wanted, Within, open};
use serde_json::json;

#[test]
fn every_column_of_every_row_comes_back() {
    let mut world = World::default();
    let batch = world.rows(&sample());
    assert_eq!(batch.num_rows(), 7, "four items, a withdrawal and two rejects");
    let sealed = sealed(&batch, &world.names);
    assert_eq!(file_texts(&sealed.bytes), texts(&batch));
    assert_eq!(sealed.head.rows, 7);
    assert_eq!(sealed.checksum, Checksum::of(&sealed.bytes));
    let file = open(sealed.bytes).unwrap();
    assert_eq!(*file.head(), FileHead::Epoch(sealed.head));
    assert_eq!((file.rows(), file.checksum()), (7, sealed.checksum));
}

#[test]
fn the_rows_read_are_the_observations() {
    let mut world = World::default();
    let batch = world.rows(&sample());
    let file = open(sealed(&batch, &world.names).bytes).unwrap();
    // Numbers of other names, in which these words come later.
    let mut names = Names::default();
    names.sources.intern("another");
    names.substances.intern("another");
    let read = read_texts(&file, Wanted::Ledger, &mut names);

    let mut expected = Vec::new();
    let whole = |head: &Head, item: u16, of: Option<String>| {
        let source = world.names.sources.get(head.source);
        let event_id = match &**source {
            "police-be" => "S-1",
            _ if head.rank.status == Status::Withdrawn => "T-9",
            _ => "T-1",
        };
        let (sign, known) = (i8::from(of.is_some()), Some(head.known_on));
        format!(
            "{sign} Some({source:?}) {event_id:?} {} {:?} {item} {:?} {known:?} {known:?} {of:?}",
            head.rank.revision,
            head.rank.status,
            Some(head.content)
        )
    };
    for head in &world.out.heads {
        for row in world.out.rows_of(head) {
            let series = series_text(&world.names, row.series);
            let of = format!(
                "{series} {} {} {:?} {:?} {:?} {}",
                row.event_day.0, row.period_days, row.flags, row.mass_mg, row.pieces, row.incidents
            );
            expected.push(whole(head, row.item, Some(of)));
        }
    }
    expected.extend(world.out.heads.iter().filter(|h| h.rows == 0).map(|head| whole(head, 0, None)));
    let reject = "0 None \"\" 0 Reported 0 None None None None";
    expected.extend([reject, reject].map(str::to_owned));
    assert_eq!(read, expected);
    assert!(read[0].contains("CN>TR>NL") && read[0].contains("TLP:GREEN A,B"), "{}", read[0]);
    assert!(read[1].contains("ANTWERP") || read[2].contains("ANTWERP"));
}

#[test]
fn sums_are_read_without_what_only_a_ledger_needs() {
    let mut world = World::default();
    let batch = world.rows(&sample());
    let file = open(sealed(&batch, &world.names).bytes).unwrap();
    let (mut sums, mut ledger) = (Vec::new(), Vec::new());
    for (wanted, rows) in [(Wanted::Sums, &mut sums), (Wanted::Ledger, &mut ledger)] {
        let mut names = Names::default();
        file.read::<StoreError>(wanted, &mut names, &mut |row| {
            let of = row.of.map(|of| (of.key(row.counted_on.unwrap()), of.sums(row.sign), of.flags));
            rows.push((row.sign, row.source, row.known_on, of));
            assert_eq!(row.event_id.is_empty(), wanted == Wanted::Sums || row.source.is_none());
            assert_eq!(row.record_hash.is_some(), wanted == Wanted::Ledger && row.source.is_some());
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(sums, ledger);
}

#[test]
fn the_callers_own_error_ends_the_reading() {
    #[derive(Debug)]
    enum Mine {
        Enough,
        #[allow(dead_code)] // shown by `unwrap`
        Store(StoreError),
    }
    impl From<StoreError> for Mine {
        fn from(error: StoreError) -> Mine {
            Mine::Store(error)
        }
    }
    let mut world = World::default();
    let batch = world.rows(&sample());
    let file = open(sealed(&batch, &world.names).bytes).unwrap();
    let mut seen = 0;
    let end = file.read(Wanted::Sums, &mut Names::default(), &mut |_| {
        seen += 1;
        if seen == 3 { Err(Mine::Enough) } else { Ok(()) }
    });
    assert!(matches!(end, Err(Mine::Enough)), "{end:?}");
    assert_eq!(seen, 3);
}

#[test]
fn rejects_come_back_with_their_bytes() {
    let mut world = World::default();
    let mut records = sample();
    let short = vec![b'x'; RAW_BYTES_MAX];
    records.extend([short.clone(), vec![b'x'; RAW_BYTES_MAX + 1]]);
    let batch = world.rows(&records);
    let file = open(sealed(&batch, &world.names).bytes).unwrap();
    let rejects: Vec<ArchivedReject> = file.rejects().unwrap().map(Result::unwrap).collect();
    assert_eq!(rejects.len(), 4);
    for (reject, told) in rejects.iter().zip(&world.out.rejects) {
        assert_eq!((&*reject.topic, reject.partition), ("trade-events", Partition(3)));
        assert_eq!(reject.offset, Offset(i64::from(told.input)));
        assert_eq!((reject.reason, &*reject.field), (told.reason, &*told.field));
        assert_eq!(reject.message, told.message);
    }
    let raw: Vec<Option<&[u8]>> = rejects.iter().map(|reject| reject.raw.as_deref()).collect();
    assert_eq!(raw, [Some(BROKEN), Some(&records[4][..]), Some(&short[..]), None]);
}

#[test]
fn only_kept_rows_are_written() {
    let mut world = World::default();
    let batch = world.rows(&sample());
    let mut writer = writer(None);
    writer.write(&batch, &EpochRows { kept: vec![1, 2, 6], changes: Vec::new() }, &world.names).unwrap();
    writer.write(&batch, &EpochRows::default(), &world.names).unwrap();
    assert_eq!(writer.rows(), 3);
    let rows = texts(&batch);
    let sealed = writer.seal(head(0)).unwrap();
    assert_eq!(file_texts(&sealed.bytes), [1, 2, 6].map(|row: usize| rows[row].clone()));
}

#[test]
fn rows_are_written_in_the_order_in_which_they_are_named() {
    let mut world = World::default();
    let batch = world.rows(&sample());
    let order = [3, 0, 6, 1, 2, 5, 4];
    let mut writer = writer(None);
    writer.write(&batch, &EpochRows { kept: order.to_vec(), changes: Vec::new() }, &world.names).unwrap();
    let rows = texts(&batch);
    let sealed = writer.seal(head(0)).unwrap();
    assert_eq!(file_texts(&sealed.bytes), order.map(|row| rows[row as usize].clone()));
}

#[test]
fn indexes_that_would_write_other_rows_are_refused() {
    let mut world = World::default();
    let batch = world.rows(&sample());
    for kept in [vec![7], vec![3, 3], vec![4, 2, 1, 2]] {
        let at_fault = *kept.last().unwrap();
        let mut writer = writer(None);
        let error = writer.write(&batch, &EpochRows { kept, changes: Vec::new() }, &world.names).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("row {at_fault} of a batch of 7")), "{text}");
        assert_eq!(writer.rows(), 0);
    }
}

#[test]
fn changes_repeat_keys_and_values_and_nothing_else() {
    let mut world = World::default();
    let batch = world.rows(&sample());
    let known_on = KnownDay(day("2024-05-01"));
    let mut changes = Vec::new();
    for head in &world.out.heads {
        for row in world.out.rows_of(head) {
            let key = PaneKey { series: row.series, event_day: row.event_day, period_days: row.period_days, known_on };
            let sign = if row.item == 1 { Sign::Plus } else { Sign::Minus };
            let (mass_mg, pieces, incidents) = (row.mass_mg, row.pieces, row.incidents);
            changes.push(Change {
                row: SignedRow {
                    sign,
                    identity: head.identity,
                    rank: head.rank,
                    item: row.item,
                    key,
                    mass_mg,
                    pieces,
                    incidents,
                },
                source: head.source,
                event_id: format!("an event id longer than a view, {}", head.input).into(),
                topic: "corrections".into(),
                partition: Partition(5),
                offset: Offset(77),
            });
        }
    }
    let mut writer = writer(Some(day("2024-05-02")));
    let count = changes.len();
    writer.write(&batch, &EpochRows { kept: Vec::new(), changes }, &world.names).unwrap();
    assert_eq!((writer.rows(), writer.late()), (count as u64, count as u64));
    let sealed = writer.seal(head(0)).unwrap();

    let repeated = [
        "source",
        "revision",
        "status",
        "item",
        "evidence",
        "event_day",
        "period_days",
        "substance",
        "route",
        "origin",
        "destination",
        "market",
        "place_country",
        "subdivision",
        "office",
        "mass_mg",
        "pieces",
        "incidents",
        "marking",
        "releasable_to",
    ];
    let own = ["sign", "event_id", "known_on", "counted_on", "flags", "topic", "partition", "offset"];
    let records = texts(&batch);
    let rows = file_texts(&sealed.bytes);
    assert_eq!(rows.len(), count);
    for (record, row) in records.iter().zip(&rows) {
        for column in archive_schema().fields().iter().map(|f| f.name().as_str()) {
            let value = field(row, column);
            if repeated.contains(&column) {
                assert_eq!(value, field(record, column), "{column}");
            } else if !own.contains(&column) {
                assert_eq!(value, "-", "{column}");
            }
        }
        assert_eq!(field(row, "sign"), if field(row, "item") == "1" { "1" } else { "-1" });
        assert_eq!((field(row, "known_on"), field(row, "counted_on")), ("2024-05-01", "2024-05-02"));
        assert_eq!(
            (field(row, "topic"), field(row, "partition"), field(row, "offset")),
            ("\"corrections\"", "5", "77")
        );
    }
    // Read back they are of the very series that they came from.
    let file = open(sealed.bytes).unwrap();
    let mut series = Vec::new();
    let length = world.names.series.len();
    file.read::<StoreError>(Wanted::Ledger, &mut world.names, &mut |row| {
        series.push(row.of.unwrap().series);
        assert_eq!(row.record_hash, None);
        assert!(row.event_id.starts_with("an event id longer than a view, "));
        Ok(())
    })
    .unwrap();
    assert_eq!(series, world.out.rows.iter().map(|row| row.series).collect::<Vec<_>>());
    assert_eq!(world.names.series.len(), length);
    assert!(series.iter().any(|id| world.names.series.get(*id).flagged), "a flagged one is among them");
}

#[test]
fn the_counted_day_is_the_known_day_or_the_clock_where_that_is_later() {
    let mut world = World::default();
    let known = ["2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08"];
    let mut records: Vec<Vec<u8>> = known
        .iter()
        .map(|day| {
            with(trade(), json!({"event_id": day, "reported_at": format!("{day}T10:00:00Z")})).to_string().into_bytes()
        })
        .collect();
    records.push(
        json!({"event_id": "w", "revision": 1, "status": "withdrawn", "source": "customs-nl",
        "reported_at": "2024-03-01T00:00:00Z"})
        .to_string()
        .into_bytes(),
    );
    records.push(BROKEN.to_vec());
    let batch = world.rows(&records);
    let cases = [
        (None, 0, ["2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08", "2024-03-01", "-"]),
        (Some("2024-03-01"), 0, ["2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08", "2024-03-01", "-"]),
        (Some("2024-03-07"), 3, ["2024-03-07", "2024-03-07", "2024-03-07", "2024-03-08", "2024-03-07", "-"]),
    ];
    for (clock, late, counted) in cases {
        let mut writer = writer(clock.map(day));
        writer.write(&batch, &all(&batch), &world.names).unwrap();
        assert_eq!(writer.late(), late, "{clock:?}");
        let sealed = writer.seal(head(0)).unwrap();
        assert_eq!(sealed.head.late_report, late);
        assert_eq!(sealed.head.clock_before, clock.map(day));
        let rows = file_texts(&sealed.bytes);
        assert_eq!(rows.iter().map(|row| field(row, "counted_on")).collect::<Vec<_>>(), counted, "{clock:?}");
        assert_eq!(field(&rows[0], "known_on"), "2024-03-05");
    }
}

#[test]
fn an_epoch_may_have_no_rows() {
    let sealed = writer(None).seal(head(4)).unwrap();
    let file = open(sealed.bytes.clone()).unwrap();
    assert_eq!((file.rows(), file.head().first()), (0, EpochNumber(4)));
    assert!(file_texts(&sealed.bytes).is_empty());
    assert!(read_texts(&file, Wanted::Ledger, &mut Names::default()).is_empty());
    assert_eq!(file.rejects().unwrap().count(), 0);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let file = || {
        let mut world = World::default();
        let batch = world.rows(&sample());
        sealed(&batch, &world.names).bytes
    };
    assert_eq!(file(), file());
}

#[test]
fn a_word_that_no_column_can_have_is_named() {
    let mut world = World::default();
    let batch = world.rows(&sample());
    let at = batch.schema().index_of("evidence").unwrap();
    let (schema, mut columns, _) = batch.into_parts();
    let words = columns[at].as_dictionary::<arrow_array::types::UInt32Type>();
    let other = arrow_array::StringArray::from_iter_values((0..words.values().len()).map(|i| format!("rumour-{i}")));
    columns[at] = std::sync::Arc::new(words.with_values(std::sync::Arc::new(other)));
    let batch = arrow_array::RecordBatch::try_new(schema, columns).unwrap();
    let file = open(sealed(&batch, &world.names).bytes).unwrap();
    let error = file.read::<StoreError>(Wanted::Sums, &mut Names::default(), &mut |_| Ok(())).unwrap_err().to_string();
    assert!(error.contains("evidence") && error.contains("rumour-"), "{error}");
}

#[test]
fn row_groups_outside_the_days_asked_for_are_passed_over() {
    // 129 batches of 1,024 rows known on one day and one on another: the second row group holds both days.
    let mut world = World::default();
    let mut writer = writer(None);
    for (reported, times) in [("2024-03-05", 129), ("2024-06-05", 1)] {
        let reported_at = format!("{reported}T10:00:00Z");
        // Only the second row group has places.
        let place = if times == 1 { json!({"country": "BE", "office": "ANTWERP"}) } else { json!(null) };
        let record = |i: i32| {
            let event = with(trade(), json!({"event_id": format!("E-{i}"), "reported_at": reported_at}));
            let seizure =
                json!({"kind": "seizure", "place": place, "items": [event["item"]], "item": null, "quantity": null});
            if times == 1 { with(event, seizure).to_string() } else { event.to_string() }
        };
        let batch = world.rows(&(0..1 << 10).map(record).collect::<Vec<_>>());
        for _ in 0..times {
            writer.write(&batch, &all(&batch), &world.names).unwrap();
        }
    }
    let sealed = writer.seal(head(0)).unwrap();
    let file = open(sealed.bytes).unwrap();
    assert_eq!(file.rows(), 130 << 10);
    let count = |within: &[Within<'_>]| {
        let batches = file.batches(&["event_id", "known_on"], within).unwrap();
        batches.map(|batch| batch.unwrap().num_rows()).sum::<usize>()
    };
    let within = |column, from, to| Within { column, from: day(from), to: day(to) };
    assert_eq!(count(&[]), 130 << 10);
    assert_eq!(count(&[within("known_on", "2024-03-05", "2024-03-05")]), 130 << 10, "both have that day");
    assert_eq!(count(&[within("counted_on", "2024-06-01", "2024-07-01")]), 2 << 10, "the second");
    assert_eq!(count(&[within("known_on", "2024-06-06", "2024-07-01")]), 0, "after both days");
    assert_eq!(
        count(&[within("event_day", "2024-03-01", "2024-03-01"), within("known_on", "2024-04-01", "2024-05-01")]),
        2 << 10
    );
    assert_eq!(count(&[within("event_day", "2024-03-02", "2024-03-03")]), 0);
    let error = file.batches(&["nothing"], &[]).err().unwrap().to_string();
    assert!(error.contains("nothing"), "{error}");
    // The words of a row group are its own: every row is of its one series.
    let mut names = Names::default();
    let mut rows = std::collections::BTreeMap::new();
    file.read::<StoreError>(Wanted::Ledger, &mut names, &mut |row| {
        *rows.entry(row.of.unwrap().series).or_insert(0) += 1;
        Ok(())
    })
    .unwrap();
    let read: Vec<(String, i32)> = rows.into_iter().map(|(id, rows)| (series_text(&names, id), rows)).collect();
    assert_eq!(read.iter().map(|(_, rows)| *rows).collect::<Vec<_>>(), [129 << 10, 1 << 10]);
    assert!(read[0].0.contains("import None") && read[1].0.contains("ANTWERP"), "{read:?}");
}

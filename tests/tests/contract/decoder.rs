//! Every example through the decoder that reads what sources send.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_buffer::Buffer;
use headwater_catalog::Catalog;
use headwater_model::{
    Names, Observations, Offset, Partition, RECORD_BYTES_MAX, RawBatch, RawRecord, Reason, SpilledRecord,
};
use headwater_normalize::{Normalizer, Settings};
use headwater_tests::examples::{self, EVENT_KINDS};
use serde_json::Value;

use crate::validator;

/// The reasons that a record alone can cause: the others need a clock, a partition, an Avro frame.
const OF_A_RECORD: [Reason; 14] = [
    Reason::BadUtf8,
    Reason::BadJson,
    Reason::TooLarge,
    Reason::TooDeep,
    Reason::MissingField,
    Reason::WrongType,
    Reason::OutOfRange,
    Reason::BadDate,
    Reason::BadPlace,
    Reason::BadUnit,
    Reason::BadCas,
    Reason::BadKind,
    Reason::BadMarking,
    Reason::TooLate,
];

/// What became of one record.
#[derive(Debug, Default)]
struct Outcome {
    heads: usize,
    rows: usize,
    rejects: Vec<(Reason, String)>,
}

/// Decodes the records as one batch, so that a bad one has neighbours.
fn decode(records: &[&[u8]]) -> Vec<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    let (mut data, mut places, mut spilled) = (Vec::new(), Vec::new(), Vec::new());
    for (i, record) in records.iter().enumerate() {
        let held = &record[..record.len().min(RECORD_BYTES_MAX)];
        if held.len() < record.len() {
            let file = folder.path().join(i.to_string());
            std::fs::write(&file, record).unwrap();
            spilled.push(SpilledRecord { record: i, file: Arc::new(file), whole_len: record.len() as u64 });
        }
        places.push(RawRecord {
            start: data.len() as u32,
            len: held.len() as u32,
            offset: Offset(data.len() as i64),
            line: i as u64 + 1,
        });
        data.extend_from_slice(held);
    }
    let batch = RawBatch {
        data: Buffer::from_vec(data),
        records: places,
        origin: "examples".into(),
        partition: Partition(0),
        spilled,
        misrouted: Vec::new(),
    };
    let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default());
    let (mut names, mut observations) = (Names::default(), Observations::default());
    normalizer.process(&batch, &mut names, &mut observations);

    let mut outcomes: Vec<Outcome> = records.iter().map(|_| Outcome::default()).collect();
    for head in &observations.heads {
        outcomes[head.input as usize].heads += 1;
        outcomes[head.input as usize].rows += observations.rows_of(head).len();
    }
    for reject in observations.rejects {
        assert!(!reject.message.is_empty(), "a reject says what is wrong");
        outcomes[reject.input as usize].rejects.push((reject.reason, reject.field.into_owned()));
    }
    outcomes
}

fn assert_taken(name: &str, outcome: &Outcome) {
    assert!(outcome.heads == 1 && outcome.rejects.is_empty(), "{name} must be taken: {outcome:?}");
}

#[test]
fn every_valid_example_is_taken() {
    for kind in EVENT_KINDS {
        let examples = examples::valid(kind);
        assert!(examples.len() >= 12, "{kind}: {} valid examples", examples.len());
        let records: Vec<&[u8]> = examples.iter().map(|e| e.record.as_bytes()).collect();
        for (example, outcome) in examples.iter().zip(decode(&records)) {
            assert_taken(&example.name, &outcome);
            let event: Value = serde_json::from_str(&example.record).unwrap();
            let rows = match event["status"].as_str() {
                Some("withdrawn") => 0,
                _ => event["items"].as_array().map_or(1, Vec::len),
            };
            assert_eq!(outcome.rows, rows, "{}: rows", example.name);
        }
    }
}

#[test]
fn every_invalid_example_is_rejected_for_its_reason_and_field() {
    for kind in EVENT_KINDS {
        let examples = examples::invalid(kind);
        assert!(examples.len() >= 20, "{kind}: {} invalid examples", examples.len());
        let records: Vec<&[u8]> = examples.iter().map(|e| &*e.record).collect();
        let mut wrong = Vec::new();
        for (example, outcome) in examples.iter().zip(decode(&records)) {
            if outcome.heads != 0 || outcome.rejects != [(example.reason, example.field.clone())] {
                wrong.push(format!("{}: {} at {:?}, got {outcome:?}", example.name, example.reason, example.field));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn every_invalid_example_is_taken_once_the_field_it_names_is_repaired() {
    for kind in EVENT_KINDS {
        let validator = validator(kind);
        let examples = examples::invalid(kind);
        let records: Vec<&[u8]> = examples.iter().map(|e| &*e.repaired).collect();
        for (example, outcome) in examples.iter().zip(decode(&records)) {
            assert_taken(&format!("{}, repaired,", example.name), &outcome);
            let value = serde_json::from_slice(&example.repaired).unwrap();
            assert!(validator.is_valid(&value), "{}: repaired, it must meet the schema", example.name);
        }
    }
}

#[test]
fn every_reason_that_a_record_alone_can_cause_has_an_example_in_both_kinds() {
    for kind in EVENT_KINDS {
        let reasons: BTreeSet<Reason> = examples::invalid(kind).iter().map(|e| e.reason).collect();
        assert_eq!(reasons, BTreeSet::from(OF_A_RECORD), "{kind}");
    }
    let others = [Reason::BadAvro, Reason::Future, Reason::Misrouted];
    assert_eq!(OF_A_RECORD.len() + others.len(), Reason::ALL.len());
}

/// A schema cannot know the calendar, the countries, check digits or the day of the report. All else it must refuse.
#[test]
fn the_schema_refuses_what_a_schema_can() {
    for kind in EVENT_KINDS {
        let validator = validator(kind);
        let mut let_through: BTreeMap<Reason, Vec<String>> = BTreeMap::new();
        for example in examples::invalid(kind) {
            if let Ok(value) = serde_json::from_slice::<Value>(&example.record)
                && validator.is_valid(&value)
            {
                let_through.entry(example.reason).or_default().push(example.name);
            }
        }
        let beyond = [
            Reason::BadJson,  // a field that occurs twice: a tree of values holds one of them
            Reason::TooLarge, // of the record as a whole
            Reason::TooDeep,
            Reason::OutOfRange,
            Reason::BadDate,
            Reason::BadPlace,
            Reason::BadCas,
            Reason::TooLate,
        ];
        for (reason, names) in let_through {
            assert!(beyond.contains(&reason), "{reason}: the schema accepts {names:?}");
        }
    }
}

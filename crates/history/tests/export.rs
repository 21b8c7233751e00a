//! Answers as files, read back.
#![allow(clippy::unwrap_used)]

mod support;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use headwater_history::*;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;
use support::*;

#[test]
fn every_format_holds_every_row_and_says_how_it_is_marked() {
    let mut store = Store::new(1);
    let formula =
        json!({"source": "SIM-nl", "item": {"name": "=cmd, \"x\""}, "marking": "TLP:RED", "releasable_to": ["B", "A"]});
    store.epoch(0, &[with(trade("1"), formula), trade("2"), seizure("3")]);
    let page = store.history().observations(&everyone(), &bounds(), &ObservationQuery::default()).unwrap();
    let bytes = |format| export(&page.rows, &page.seen, format).unwrap();

    let csv = String::from_utf8(bytes(Format::Csv)).unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(names, Observation::schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, name: &str| rows[row][names.iter().position(|n| n == name).unwrap()].to_owned();
    assert_eq!((rows.len(), cell(1, "event_id"), cell(1, "raw_name")), (4, "2".into(), "acetic anhydride".into()));
    assert_eq!((cell(0, "raw_name"), cell(0, "releasable_to")), ("'=cmd, \"x\"".into(), "A,B".into()));
    assert_eq!(
        (cell(0, "mass_mg"), cell(0, "office"), cell(2, "office")),
        ("1000000".into(), String::new(), "ANTWERP".into())
    );

    let parquet = bytes(Format::Parquet);
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet)).unwrap();
    let metadata = builder.schema().metadata().clone();
    assert_eq!(metadata.get("headwater.marking").map(|s| &**s), Some("TLP:RED"));
    assert_eq!(metadata.get("headwater.simulated").map(|s| &**s), Some("true"));
    let batch = builder.build().unwrap().next().unwrap().unwrap();
    let sum = |batch: &arrow_array::RecordBatch| -> i64 {
        batch.column_by_name("mass_mg").unwrap().as_primitive::<Int64Type>().iter().flatten().sum()
    };
    assert_eq!(sum(&batch), page.totals.mass_mg);

    let arrow = bytes(Format::Arrow);
    let mut reader = arrow_ipc::reader::StreamReader::try_new(std::io::Cursor::new(arrow), None).unwrap();
    assert_eq!(reader.schema().metadata().get("headwater.marking").map(|s| &**s), Some("TLP:RED"));
    assert_eq!(sum(&reader.next().unwrap().unwrap()), page.totals.mass_mg);

    for format in Format::ALL {
        assert_eq!(bytes(format), bytes(format));
        assert_eq!(Format::parse(format.as_str()), Some(format));
        assert!(!export::<VolumeBucket>(&[], &Seen::default(), format).unwrap().is_empty());
    }
}

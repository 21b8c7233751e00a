//! What the tests of an epoch's file share: real rows, heads, and rows as text.
#![allow(dead_code)] // each test takes what it needs

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use bytes::Bytes;
use headwater_catalog::Catalog;
use headwater_model::*;
use headwater_normalize::{Normalizer, Settings, archive_schema};
use headwater_store::{EpochFile, EpochRows, EpochWriter, SealedEpoch, Wanted, open};
use serde_json::{Value, json};

pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub fn trade() -> Value {
    json!({
        "event_id": "T-1", "kind": "import", "occurred_on": "2024-03-01", "reported_at": "2024-03-05T10:00:00Z",
        "source": "customs-nl", "item": {"name": "acetic anhydride"}, "quantity": {"value": 12.5, "unit": "kg"},
        "origin": "CN", "destination": "NL",
    })
}

pub fn with(mut event: Value, more: Value) -> Value {
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

pub const BROKEN: &[u8] = b"{\"broken\xff";

/// Six records: seven rows of which one is a withdrawal and two are rejects.
pub fn sample() -> Vec<Vec<u8>> {
    let full = json!({
        "revision": 3, "period_days": 31, "item": {"name": "Acetic \"anhydride\" of a long name", "cas": "108-24-7"},
        "quantity": {"value": 0.50, "unit": "kg", "basis": "gross", "qualifier": "estimated"}, "origin": "CN", "via": ["TR"],
        "mode": "road", "consignor": "C-1", "consignee": "C-é", "permit": "P\n1",
        "value": {"amount": 1000.10, "currency": "EUR"}, "marking": "TLP:GREEN", "releasable_to": ["B", "A"],
    });
    let seizure = json!({
        "event_id": "S-1", "kind": "seizure", "occurred_on": "2024-03-02", "reported_at": "2024-03-07T10:00:00Z",
        "source": "police-be", "place": {"country": "BE", "subdivision": "BE-VAN", "office": "ANTWERP"}, "incidents": 4,
        "items": [{"name": "Heroin", "quantity": {"value": 1.5, "unit": "kg"}, "purity_percent": 40.5, "form": "brick"},
                  {"name": "dust", "quantity": {"value": 3, "unit": "package"}}],
    });
    let withdrawal = json!({"event_id": "T-9", "revision": 2, "status": "withdrawn", "source": "customs-nl",
        "reported_at": "2024-04-01T00:00:00Z"});
    vec![
        with(trade(), full).to_string().into_bytes(),
        withdrawal.to_string().into_bytes(),
        BROKEN.to_vec(),
        seizure.to_string().into_bytes(),
        with(trade(), json!({"event_id": "bad", "quantity": {"value": 1, "unit": "stone"}})).to_string().into_bytes(),
        trade().to_string().into_bytes(),
    ]
}

/// The normaliser with the names that it fills.
pub struct World {
    normalizer: Normalizer,
    pub names: Names,
    pub out: Observations,
    next: i64,
}

impl Default for World {
    fn default() -> World {
        let normalizer = Normalizer::new(Catalog::embedded(), Settings::default()).with_columns();
        World { normalizer, names: Names::default(), out: Observations::default(), next: 0 }
    }
}

impl World {
    /// The rows of records that lie one behind the other in the input.
    pub fn rows<R: AsRef<[u8]>>(&mut self, records: &[R]) -> RecordBatch {
        let (mut data, mut spans) = (Vec::new(), Vec::new());
        for record in records {
            let (start, len) = (data.len() as u32, record.as_ref().len() as u32);
            spans.push(RawRecord { start, len, offset: Offset(self.next), line: 0 });
            self.next += 1;
            data.extend_from_slice(record.as_ref());
        }
        let batch = RawBatch {
            data: data.into(),
            records: spans,
            origin: "trade-events".into(),
            partition: Partition(3),
            spilled: Vec::new(),
            misrouted: Vec::new(),
        };
        self.normalizer.process(&batch, &mut self.names, &mut self.out);
        self.normalizer.record_batch(&batch, &self.names, &self.out).unwrap()
    }
}

pub fn all(batch: &RecordBatch) -> EpochRows {
    EpochRows { kept: (0..batch.num_rows() as u32).collect(), changes: Vec::new() }
}

pub fn head(epoch: u64) -> EpochHead {
    let counts = Counts { read: epoch + 2, accepted: epoch + 2, ..Counts::default() };
    EpochHead {
        input: Input { source: "trade".into(), partition: Partition(3) },
        epoch: EpochNumber(epoch),
        origin: "trade-events".into(),
        partitions: 4,
        from: Progress::Offset(Offset(10 * epoch as i64)),
        to: Progress::Offset(Offset(10 * epoch as i64 + 10)),
        clock_before: None,
        clock: Some(day("2024-03-07")),
        highest_known: None,
        counts,
        total: counts,
        late_report: 0,
        late_total: 0,
        rows: 0,
        writer: "w".into(),
        build: "b".into(),
        previous: None,
    }
}

pub fn writer(clock_before: Option<Day>) -> EpochWriter {
    EpochWriter::new(archive_schema(), clock_before).unwrap()
}

/// The file of one batch, all of it.
pub fn sealed(batch: &RecordBatch, names: &Names) -> SealedEpoch {
    let mut writer = writer(None);
    writer.write(batch, &all(batch), names).unwrap();
    writer.seal(head(0)).unwrap()
}

/// The value of a column in a row as text, `-` for null.
pub fn value(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "-".into();
    }
    match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(row).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Date32 => Day(array.as_primitive::<Date32Type>().value(row)).to_string(),
        DataType::Utf8View => format!("{:?}", array.as_string_view().value(row)),
        DataType::Binary => format!("{:?}", array.as_binary::<i32>().value(row)),
        DataType::Dictionary(..) => {
            let words = array.as_dictionary::<UInt32Type>();
            format!("{:?}", words.values().as_string::<i32>().value(words.key(row).unwrap()))
        }
        other => panic!("{other} is no type of the archive"),
    }
}

/// Every row as text: `name=value` of each column.
pub fn texts(batch: &RecordBatch) -> Vec<String> {
    let names: Vec<String> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
    let row = |row| {
        let values = names.iter().zip(batch.columns()).map(|(name, column)| format!("{name}={}", value(column, row)));
        values.collect::<Vec<_>>().join(" ")
    };
    (0..batch.num_rows()).map(row).collect()
}

/// Every row of a file as text, all columns.
pub fn file_texts(bytes: &Bytes) -> Vec<String> {
    let file = open(bytes.clone()).unwrap();
    let schema = archive_schema();
    let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    file.batches(&columns, &[]).unwrap().flat_map(|batch| texts(&batch.unwrap())).collect()
}

/// A value of a row's text.
pub fn field<'a>(row: &'a str, name: &str) -> &'a str {
    let start = row.find(&format!("{name}=")).unwrap() + name.len() + 1;
    row[start..].split(' ').next().unwrap()
}

/// A series in words.
pub fn series_text(names: &Names, id: Id<Series>) -> String {
    let series = names.series.get(id);
    format!(
        "{} {} {} {} {:?} {} {}",
        names.substances.get(series.substance),
        names.routes.get(series.route),
        names.sources.get(series.source),
        series.evidence,
        series.place.map(|place| names.places.get(place)),
        names.accesses.get(series.access),
        series.flagged,
    )
}

/// Every row of a file as the reader tells of it, in words.
pub fn read_texts(file: &EpochFile, wanted: Wanted, names: &mut Names) -> Vec<String> {
    let mut rows = Vec::new();
    let mut kept: Vec<(ArchivedRow<'static>, String)> = Vec::new();
    file.read::<headwater_store::StoreError>(wanted, names, &mut |row| {
        kept.push((ArchivedRow { event_id: "", ..row }, row.event_id.to_owned()));
        Ok(())
    })
    .unwrap();
    for (row, event_id) in kept {
        let source = row.source.map(|source| names.sources.get(source).clone());
        let item = row.of.map(|of| {
            let series = series_text(names, of.series);
            format!(
                "{series} {} {} {:?} {:?} {:?} {}",
                of.event_day.0, of.period_days, of.flags, of.mass_mg, of.pieces, of.incidents
            )
        });
        rows.push(format!(
            "{} {source:?} {event_id:?} {} {:?} {} {:?} {:?} {:?} {item:?}",
            row.sign, row.revision, row.status, row.item, row.record_hash, row.known_on, row.counted_on
        ));
    }
    rows
}

//! `volumes.parquet`: the exact volumes, one row a day, length of period, substance, route, source and kind.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use headwater_model::{Place, Rolling, SplitBy, VolumeRow, WINDOW_DAYS};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::{OutputFolder, Partial, StoreError};

/// Name of the file.
pub const VOLUMES_FILE: &str = "volumes.parquet";

/// Rows laid out at a time: some 20 MiB of columns, enough for good pages.
const ROWS_PER_BATCH: usize = 1 << 16;

/// The columns. Masses are milligrams, days are dates, a rolling column sums what lies in the window that ends on `day`.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `day` | date | the event day, or the last day of the period |
/// | `period_days` | int32 | length of the period, 1 for a single day |
/// | `substance` | string | catalog id, or `unmapped:<HS6 or normalised name>` |
/// | `family`, `market_family` | string, null | main precursor family; market family |
/// | `route`, `origin`, `destination`, `market` | string | `CN>MX>US` and its ends |
/// | `source`, `evidence` | string | reporting organisation; kind of event |
/// | `place_country`, `subdivision`, `office` | string, null | by place: where a seizure was made |
/// | `access` | string | by access: marking, and organisations where there are any |
/// | `flagged` | bool | by flagged: whether amount or substance were derived |
/// | `known_on` | date | by known day: when the change was known |
/// | `mass_mg`, `pieces`, `incidents`, `events` | int64 | sums; `events` is the signed count of observations |
/// | `mass_mg_7d` ... `incidents_364d` | int64 | rolling sums over all lengths of period of the remaining key; null by known day |
pub fn volumes_schema(by: SplitBy) -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let text_or_null = |name| Field::new(name, DataType::Utf8, true);
    let mut fields = vec![
        Field::new("day", DataType::Date32, false),
        Field::new("period_days", DataType::Int32, false),
        text("substance"),
        text_or_null("family"),
        text_or_null("market_family"),
    ];
    fields.extend(["route", "origin", "destination", "market", "source", "evidence"].map(text));
    if by.place {
        fields.extend(["place_country", "subdivision", "office"].map(text_or_null));
    }
    if by.access {
        fields.push(text("access"));
    }
    if by.flagged {
        fields.push(Field::new("flagged", DataType::Boolean, false));
    }
    if by.known_on {
        fields.push(Field::new("known_on", DataType::Date32, false));
    }
    fields.extend(["mass_mg", "pieces", "incidents", "events"].map(|name| Field::new(name, DataType::Int64, false)));
    for what in ["mass_mg", "incidents"] {
        fields.extend(WINDOW_DAYS.map(|days| Field::new(format!("{what}_{days}d"), DataType::Int64, by.known_on)));
    }
    Arc::new(Schema::new(fields))
}

/// Writes the rows, which come sorted by their key and without a split, as [`VOLUMES_FILE`].
pub fn write_volumes<'n>(folder: &OutputFolder, rows: impl Iterator<Item = VolumeRow<'n>>) -> Result<(), StoreError> {
    write_volumes_by(folder.begin(VOLUMES_FILE)?, SplitBy::default(), rows)
}

/// Writes the rows, which come sorted by their key and split so, and puts the file in its place.
pub fn write_volumes_by<'n>(
    mut file: Partial,
    by: SplitBy,
    mut rows: impl Iterator<Item = VolumeRow<'n>>,
) -> Result<(), StoreError> {
    let path = file.target().to_path_buf();
    let parquet = |source| StoreError::Parquet { path: path.clone(), source };
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // The library's own version would change the bytes of the same volumes with every upgrade.
        .set_created_by("headwater".to_owned())
        .build();
    let schema = volumes_schema(by);
    let mut writer = ArrowWriter::try_new(&mut file, Arc::clone(&schema), Some(properties)).map_err(parquet)?;
    let mut chunk = Vec::new();
    loop {
        chunk.clear();
        chunk.extend(rows.by_ref().take(ROWS_PER_BATCH));
        if chunk.is_empty() {
            break;
        }
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns(by, &chunk))
            .map_err(|source| StoreError::Arrow { path: path.clone(), source })?;
        writer.write(&batch).map_err(parquet)?;
    }
    writer.close().map_err(parquet)?;
    file.publish()
}

fn columns(by: SplitBy, rows: &[VolumeRow<'_>]) -> Vec<ArrayRef> {
    let number = |get: &dyn Fn(&VolumeRow<'_>) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(get)))
    };
    let text = |get: &dyn Fn(&VolumeRow<'_>) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(get)))
    };
    let text_or_null = |get: &dyn for<'n> Fn(&VolumeRow<'n>) -> Option<&'n str>| -> ArrayRef {
        Arc::new(StringArray::from_iter(rows.iter().map(get)))
    };
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| row.day.0))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| i32::from(row.period_days)))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.substance))),
        text_or_null(&|row| row.families.family),
        text_or_null(&|row| row.families.market_family),
        text(&|row| row.route.to_string()),
        text(&|row| row.route.origin().to_string()),
        text(&|row| row.route.destination().to_string()),
        text(&|row| row.route.destination().to_string()),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.source))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.evidence.as_str()))),
    ];
    if by.place {
        columns.push(text_or_null(&|row| place(row).map(|place| place.country.as_str())));
        columns.push(text_or_null(&|row| place(row)?.subdivision.as_deref()));
        columns.push(text_or_null(&|row| place(row)?.office.as_deref()));
    }
    if by.access {
        columns.push(text(&|row| row.split.access.map(ToString::to_string).unwrap_or_default()));
    }
    if by.flagged {
        let flags: Vec<bool> = rows.iter().map(|row| row.split.flagged == Some(true)).collect();
        columns.push(Arc::new(BooleanArray::from(flags)));
    }
    if by.known_on {
        columns.push(Arc::new(Date32Array::from_iter(rows.iter().map(|row| row.split.known_on.map(|day| day.0.0)))));
    }
    columns.extend([
        number(&|row| row.sums.mass_mg),
        number(&|row| row.sums.pieces),
        number(&|row| row.sums.incidents),
        number(&|row| row.sums.events),
    ]);
    for get in [|rolling: Rolling| rolling.mass_mg, |rolling: Rolling| rolling.incidents] {
        for window in 0..WINDOW_DAYS.len() {
            let sums = rows.iter().map(|row| row.rolling.map(|rolling| get(rolling[window])));
            columns.push(Arc::new(Int64Array::from_iter(sums)));
        }
    }
    columns
}

fn place<'n>(row: &VolumeRow<'n>) -> Option<&'n Place> {
    row.split.place.flatten()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use arrow_array::cast::AsArray;
    use arrow_array::types::{Date32Type, Int64Type};
    use headwater_model::{Access, Country, Day, Evidence, Families, KnownDay, Marking, Route, Split, Sums};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_the_same_rows_give_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let folder = OutputFolder::create(dir.path()).unwrap();
        let (cn, us) = (Country::from_letters(*b"CN").unwrap(), Country::from_letters(*b"US").unwrap());
        let route = Route::new(cn, [], us);
        let row = VolumeRow {
            day: Day(18_000),
            period_days: 31,
            substance: "npp",
            families: Families { family: Some("fentanyl"), market_family: None },
            route: &route,
            source: "S",
            evidence: Evidence::Export,
            split: Split::default(),
            sums: Sums { mass_mg: 5, pieces: 6, incidents: 7, events: 8 },
            rolling: Some([1, 2, 3, 4].map(|n| Rolling { mass_mg: n * 10, incidents: n })),
        };
        write_volumes(&folder, [row, VolumeRow { day: Day(18_001), ..row }].into_iter()).unwrap();
        let path = dir.path().join(VOLUMES_FILE);
        let bytes = fs::read(&path).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
        let batch = reader.build().unwrap().next().unwrap().unwrap();
        let schema = volumes_schema(SplitBy::default());
        assert_eq!(batch.schema().fields(), schema.fields());
        let names: Vec<_> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let last = batch.num_columns() - 1;
        assert_eq!(names[last], "incidents_364d");
        assert_eq!(batch.column(0).as_primitive::<Date32Type>().value(1), 18_001);
        assert_eq!(batch.column(5).as_string::<i32>().value(0), "CN>US");
        assert!(batch.column(4).is_null(0));
        assert_eq!(batch.column_by_name("mass_mg_91d").unwrap().as_primitive::<Int64Type>().value(0), 30);
        assert_eq!(batch.column(last).as_primitive::<Int64Type>().value(0), 4);
        write_volumes(&folder, [row, VolumeRow { day: Day(18_001), ..row }].into_iter()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn no_rows_make_a_file_with_columns() {
        let dir = tempfile::tempdir().unwrap();
        write_volumes(&OutputFolder::create(dir.path()).unwrap(), std::iter::empty()).unwrap();
        let file = File::open(dir.path().join(VOLUMES_FILE)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        assert_eq!(reader.schema().fields(), volumes_schema(SplitBy::default()).fields());
    }

    #[test]
    fn a_split_has_its_columns_and_no_window_over_known_days() {
        let dir = tempfile::tempdir().unwrap();
        let folder = OutputFolder::create(dir.path()).unwrap();
        let (cn, us) = (Country::from_letters(*b"CN").unwrap(), Country::from_letters(*b"US").unwrap());
        let route = Route::new(cn, [], us);
        let place = Place { country: us, subdivision: Some("US-TX".into()), office: None };
        let access = Access { marking: Marking::Red, releasable_to: Box::from(["A".into(), "B".into()]) };
        let split = Split {
            place: Some(Some(&place)),
            access: Some(&access),
            flagged: Some(true),
            known_on: Some(KnownDay(Day(18_007))),
        };
        let row = VolumeRow {
            day: Day(18_000),
            period_days: 1,
            substance: "npp",
            families: Families::default(),
            route: &route,
            source: "S",
            evidence: Evidence::Seizure,
            split,
            sums: Sums { mass_mg: 5, pieces: 6, incidents: 7, events: 8 },
            rolling: None,
        };
        let other = VolumeRow { split: Split { place: Some(None), flagged: Some(false), ..split }, ..row };
        let by = SplitBy { place: true, access: true, flagged: true, known_on: true };
        write_volumes_by(folder.begin("v.parquet").unwrap(), by, [row, other].into_iter()).unwrap();
        let file = File::open(dir.path().join("v.parquet")).unwrap();
        let batch = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().next().unwrap().unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let at = |name: &str| batch.schema().index_of(name).unwrap();
        assert_eq!((at("evidence"), at("place_country"), at("mass_mg")), (10, 11, 17));
        assert_eq!(column("place_country").as_string::<i32>().iter().collect::<Vec<_>>(), [Some("US"), None]);
        assert_eq!(column("subdivision").as_string::<i32>().iter().collect::<Vec<_>>(), [Some("US-TX"), None]);
        assert_eq!(column("office").null_count(), 2);
        assert_eq!(column("access").as_string::<i32>().value(0), "TLP:RED A,B");
        assert_eq!((column("flagged").as_boolean().value(0), column("flagged").as_boolean().value(1)), (true, false));
        assert_eq!(column("known_on").as_primitive::<Date32Type>().value(1), 18_007);
        assert_eq!((column("mass_mg_7d").null_count(), column("incidents_364d").null_count()), (2, 2));
        assert_eq!(column("events").as_primitive::<Int64Type>().value(1), 8);

        // Split by anything but the known day, the windows stay.
        let rolling = Some([Rolling { mass_mg: 9, incidents: 3 }; WINDOW_DAYS.len()]);
        let row = VolumeRow { split: Split { access: Some(&access), ..Split::default() }, rolling, ..row };
        let by = SplitBy { access: true, ..SplitBy::default() };
        write_volumes_by(folder.begin("v.parquet").unwrap(), by, [row].into_iter()).unwrap();
        let file = File::open(dir.path().join("v.parquet")).unwrap();
        let batch = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().next().unwrap().unwrap();
        assert!(!batch.schema().field_with_name("mass_mg_7d").unwrap().is_nullable());
        assert_eq!(batch.column_by_name("incidents_28d").unwrap().as_primitive::<Int64Type>().value(0), 3);
    }
}

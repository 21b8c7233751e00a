//! `volumes.parquet`: the exact volumes, one row a day, length of period, substance, route, source and kind.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, Date32Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use headwater_model::{Rolling, VolumeRow, WINDOW_DAYS};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::{OutputFolder, StoreError};

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
/// | `mass_mg`, `pieces`, `incidents`, `events` | int64 | sums; `events` is the signed count of observations |
/// | `mass_mg_7d` ... `incidents_364d` | int64 | rolling sums over all lengths of period of the remaining key |
pub fn volumes_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let text = |name| Field::new(name, DataType::Utf8, false);
        let number = |name: String| Field::new(name, DataType::Int64, false);
        let mut fields = vec![
            Field::new("day", DataType::Date32, false),
            Field::new("period_days", DataType::Int32, false),
            text("substance"),
            Field::new("family", DataType::Utf8, true),
            Field::new("market_family", DataType::Utf8, true),
        ];
        fields.extend(["route", "origin", "destination", "market", "source", "evidence"].map(text));
        fields.extend(["mass_mg", "pieces", "incidents", "events"].map(|name| number(name.to_owned())));
        for what in ["mass_mg", "incidents"] {
            fields.extend(WINDOW_DAYS.map(|days| number(format!("{what}_{days}d"))));
        }
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Writes the rows, which come sorted by their key.
pub fn write_volumes<'n>(
    folder: &OutputFolder,
    mut rows: impl Iterator<Item = VolumeRow<'n>>,
) -> Result<(), StoreError> {
    let mut file = folder.begin(VOLUMES_FILE)?;
    let path = file.target().to_path_buf();
    let parquet = |source| StoreError::Parquet { path: path.clone(), source };
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        // The library's own version would change the bytes of the same volumes with every upgrade.
        .set_created_by("headwater".to_owned())
        .build();
    let mut writer = ArrowWriter::try_new(&mut file, volumes_schema(), Some(properties)).map_err(parquet)?;
    let mut chunk = Vec::new();
    loop {
        chunk.clear();
        chunk.extend(rows.by_ref().take(ROWS_PER_BATCH));
        if chunk.is_empty() {
            break;
        }
        let batch = RecordBatch::try_new(volumes_schema(), columns(&chunk))
            .map_err(|source| StoreError::Arrow { path: path.clone(), source })?;
        writer.write(&batch).map_err(parquet)?;
    }
    writer.close().map_err(parquet)?;
    file.publish()
}

fn columns(rows: &[VolumeRow<'_>]) -> Vec<ArrayRef> {
    let number = |get: &dyn Fn(&VolumeRow<'_>) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(rows.iter().map(get)))
    };
    let text = |get: &dyn Fn(&VolumeRow<'_>) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(get)))
    };
    let family = |get: &dyn for<'n> Fn(&VolumeRow<'n>) -> Option<&'n str>| -> ArrayRef {
        let mut column = StringBuilder::new();
        rows.iter().for_each(|row| column.append_option(get(row)));
        Arc::new(column.finish())
    };
    let rolling = |row: &VolumeRow<'_>, window: usize| row.rolling.map_or(Rolling::default(), |r| r[window]);
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Date32Array::from_iter_values(rows.iter().map(|row| row.day.0))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| i32::from(row.period_days)))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.substance))),
        family(&|row| row.families.family),
        family(&|row| row.families.market_family),
        text(&|row| row.route.to_string()),
        text(&|row| row.route.origin().to_string()),
        text(&|row| row.route.destination().to_string()),
        text(&|row| row.route.destination().to_string()),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.source))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.evidence.as_str()))),
        number(&|row| row.sums.mass_mg),
        number(&|row| row.sums.pieces),
        number(&|row| row.sums.incidents),
        number(&|row| row.sums.events),
    ];
    for window in 0..WINDOW_DAYS.len() {
        columns.push(number(&|row| rolling(row, window).mass_mg));
    }
    for window in 0..WINDOW_DAYS.len() {
        columns.push(number(&|row| rolling(row, window).incidents));
    }
    columns
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use arrow_array::cast::AsArray;
    use arrow_array::types::{Date32Type, Int64Type};
    use headwater_model::{Country, Day, Evidence, Families, Route, Split, Sums};
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
        assert_eq!(batch.schema().fields(), volumes_schema().fields());
        let names: Vec<_> = volumes_schema().fields().iter().map(|f| f.name().clone()).collect();
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
        assert_eq!(reader.schema().fields().len(), volumes_schema().fields().len());
    }
}

//! How a file is laid out: measured for a quick write, a quick read and a small file, in this order.

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use arrow_schema::SchemaRef;

use super::GROUP_ROWS;

/// Columns whose values seldom repeat: a dictionary would be built and thrown away.
const SELDOM_REPEATED: [&str; 6] = ["event_id", "record_hash", "mass_mg", "refers_to", "message", "raw"];
/// Columns whose bounds and numbers of nulls are told: the days and the lengths of periods, by which row groups are passed
/// over, and words that a whole row group may lack, which are then not read.
const BOUNDED: [&str; 9] = [
    "event_day",
    "period_days",
    "known_on",
    "counted_on",
    "place_country",
    "subdivision",
    "office",
    "releasable_to",
    "reason",
];

/// A writer of one file into memory.
pub(super) fn begin(schema: SchemaRef) -> Result<ArrowWriter<Vec<u8>>, ParquetError> {
    let column = |name: &str| ColumnPath::from(name);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        // The library's own version would change the bytes of the same rows with every upgrade.
        .set_created_by("headwater".to_owned())
        // Offsets climb by about one record's length: the differences take a quarter of the room.
        .set_column_dictionary_enabled(column("offset"), false)
        .set_column_encoding(column("offset"), Encoding::DELTA_BINARY_PACKED)
        // A hash has nothing that could be packed.
        .set_column_compression(column("record_hash"), Compression::UNCOMPRESSED);
    for name in SELDOM_REPEATED {
        properties = properties.set_column_dictionary_enabled(column(name), false);
    }
    for name in BOUNDED {
        properties = properties.set_column_statistics_enabled(column(name), EnabledStatistics::Chunk);
    }
    let options = ArrowWriterOptions::new().with_properties(properties.build());
    ArrowWriter::try_new_with_options(Vec::new(), schema, options)
}

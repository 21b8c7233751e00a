//! Rows of an answer as columns: one declaration gives the row, its JSON and its columns.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int8Array, Int32Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use headwater_model::{Day, EventRef};

/// Rows that can be laid out as columns, with the names of their JSON.
pub trait Table: Sized {
    /// The columns.
    fn schema() -> SchemaRef;
    /// The rows as columns.
    fn batch(rows: &[Self]) -> RecordBatch;
}

/// What a field of a row is as a column.
pub(crate) trait Cell: Sized {
    const TYPE: DataType;
    const NULLS: bool = false;
    fn array<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef
    where
        Self: 'a;
}

macro_rules! numbers {
    ($($cell:ty => $array:ident $type:ident),* $(,)?) => {$(
        impl Cell for $cell {
            const TYPE: DataType = DataType::$type;
            fn array<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(cells.map(|cell| Some(*cell)).collect::<$array>())
            }
        }
        impl Cell for Option<$cell> {
            const TYPE: DataType = DataType::$type;
            const NULLS: bool = true;
            fn array<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(cells.copied().collect::<$array>())
            }
        }
    )*};
}
numbers!(
    i8 => Int8Array Int8, u16 => UInt16Array UInt16, u32 => UInt32Array UInt32, u64 => UInt64Array UInt64,
    i32 => Int32Array Int32, i64 => Int64Array Int64, f64 => Float64Array Float64, bool => BooleanArray Boolean,
);

macro_rules! texts {
    ($($cell:ty => $text:expr),* $(,)?) => {$(
        impl Cell for $cell {
            const TYPE: DataType = DataType::Utf8;
            fn array<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
                Arc::new(cells.map(|cell| Some($text(cell))).collect::<StringArray>())
            }
        }
    )*};
}
texts!(
    String => |cell: &'a String| cell.as_str(),
    &'static str => |cell: &&'static str| *cell,
    Vec<String> => |cell: &Vec<String>| cell.join(","),
    Vec<&'static str> => |cell: &Vec<&'static str>| cell.join(","),
    Vec<EventRef> => |cell: &Vec<EventRef>| serde_json::to_string(cell).unwrap_or_default(),
);

impl Cell for Option<String> {
    const TYPE: DataType = DataType::Utf8;
    const NULLS: bool = true;
    fn array<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(cells.map(|cell| cell.as_deref()).collect::<StringArray>())
    }
}

impl Cell for Day {
    const TYPE: DataType = DataType::Date32;
    fn array<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(cells.map(|day| Some(day.0)).collect::<Date32Array>())
    }
}

impl Cell for Option<Day> {
    const TYPE: DataType = DataType::Date32;
    const NULLS: bool = true;
    fn array<'a>(cells: impl Iterator<Item = &'a Self>) -> ArrayRef {
        Arc::new(cells.map(|day| day.map(|day| day.0)).collect::<Date32Array>())
    }
}

pub(crate) fn column<C: Cell>(name: &str) -> Field {
    Field::new(name, C::TYPE, C::NULLS)
}

pub(crate) fn schema(fields: Vec<Field>) -> SchemaRef {
    Arc::new(Schema::new(fields))
}

pub(crate) fn batch(schema: SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).expect("schema and columns come of one declaration")
}

/// A row of an answer.
macro_rules! table {
    ($(#[$about:meta])* pub struct $name:ident { $($(#[$of:meta])* pub $field:ident: $cell:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        pub struct $name { $($(#[$of])* pub $field: $cell,)* }

        impl $crate::Table for $name {
            fn schema() -> arrow_schema::SchemaRef {
                $crate::table::schema(vec![$($crate::table::column::<$cell>(stringify!($field)),)*])
            }
            fn batch(rows: &[$name]) -> arrow_array::RecordBatch {
                use $crate::table::Cell;
                let columns = vec![$(<$cell>::array(rows.iter().map(|row| &row.$field)),)*];
                $crate::table::batch(Self::schema(), columns, rows.len())
            }
        }
    };
}
pub(crate) use table;

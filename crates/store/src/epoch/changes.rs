//! Rows that take back, or put back in force, what older records said.

use std::sync::Arc;

use arrow_array::builder::{StringDictionaryBuilder, StringViewBuilder};
use arrow_array::types::{Date32Type, Int8Type, Int32Type, Int64Type, UInt16Type, UInt32Type};
use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray, RecordBatch, new_null_array};
use arrow_schema::SchemaRef;
use headwater_model::{Access, Flags, Id, Names, Offset, Partition, Place, Route, Series, SignedRow, Status};

use super::EpochError;

/// The flags of a changed row whose series is flagged. The series only tells that the amount or the substance was
/// derived, not how; no record has all of these at once.
pub const DERIVED: Flags = Flags(Flags::FROM_VOLUME.0 | Flags::FROM_COUNT.0 | Flags::FROM_HS.0 | Flags::GROSS.0);

/// One item of an older record, taken back or put back in force by a record at `topic`, `partition`, `offset`.
#[derive(Clone, Debug)]
pub struct Change {
    /// The item; its known day is that of the change.
    pub row: SignedRow,
    /// Reporting organisation.
    pub source: Id<Box<str>>,
    /// The event's id.
    pub event_id: Box<str>,
    /// Topic or file of the record that made the change.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: Partition,
    /// Its offset.
    pub offset: Offset,
}

/// The changes as rows: key columns and values; what is known of records alone is null.
pub(super) fn changed(schema: &SchemaRef, changes: &[Change], names: &Names) -> Result<RecordBatch, EpochError> {
    let of = Of { changes, names };
    let column = |name: &str| -> Option<ArrayRef> {
        Some(match name {
            "sign" => of.numbers::<Int8Type>(|c| Some(c.row.sign as i8)),
            "source" => of.words(|c, word| word.push_str(names.sources.get(c.source))),
            "event_id" => {
                let mut ids = StringViewBuilder::with_capacity(changes.len());
                changes.iter().for_each(|c| ids.append_value(&c.event_id));
                Arc::new(ids.finish())
            }
            "revision" => of.numbers::<UInt32Type>(|c| Some(c.row.rank.revision)),
            "status" => of.words(|c, word| word.push_str(status_word(c.row.rank.status))),
            "item" => of.numbers::<UInt16Type>(|c| Some(c.row.item)),
            "evidence" => of.words(|c, word| word.push_str(of.series(c).evidence.as_str())),
            "event_day" => of.numbers::<Date32Type>(|c| Some(c.row.key.event_day.0.0)),
            "period_days" => of.numbers::<UInt16Type>(|c| Some(c.row.key.period_days)),
            // The writer sets the counted day from the known day.
            "known_on" | "counted_on" => of.numbers::<Date32Type>(|c| Some(c.row.key.known_on.0.0)),
            "substance" => of.words(|c, word| word.push_str(names.substances.get(of.series(c).substance))),
            "route" => of.words(|c, word| {
                for (i, country) in of.route(c).countries().iter().enumerate() {
                    word.push_str(if i > 0 { ">" } else { "" });
                    word.push_str(country.as_str());
                }
            }),
            "origin" => of.words(|c, word| word.push_str(of.route(c).origin().as_str())),
            "destination" | "market" => of.words(|c, word| word.push_str(of.route(c).destination().as_str())),
            "place_country" => of.some_words(|c| of.place(c).map(|place| place.country.as_str())),
            "subdivision" => of.some_words(|c| of.place(c).and_then(|place| place.subdivision.as_deref())),
            "office" => of.some_words(|c| of.place(c).and_then(|place| place.office.as_deref())),
            "mass_mg" => of.numbers::<Int64Type>(|c| c.row.mass_mg),
            "pieces" => of.numbers::<Int64Type>(|c| c.row.pieces),
            "incidents" => of.numbers::<Int64Type>(|c| Some(c.row.incidents)),
            "flags" => of.numbers::<UInt16Type>(|c| Some(if of.series(c).flagged { DERIVED.0 } else { 0 })),
            "marking" => of.words(|c, word| word.push_str(of.access(c).marking.as_str())),
            "releasable_to" => of.releasable_to(),
            "topic" => of.words(|c, word| word.push_str(&c.topic)),
            "partition" => of.numbers::<Int32Type>(|c| Some(c.partition.0)),
            "offset" => of.numbers::<Int64Type>(|c| Some(c.offset.0)),
            _ => return None,
        })
    };
    let columns = schema
        .fields()
        .iter()
        .map(|field| column(field.name()).unwrap_or_else(|| new_null_array(field.data_type(), changes.len())));
    Ok(RecordBatch::try_new(schema.clone(), columns.collect())?)
}

/// The word of a status.
pub(super) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Reported => "reported",
        Status::Withdrawn => "withdrawn",
    }
}

#[derive(Clone, Copy)]
struct Of<'a> {
    changes: &'a [Change],
    names: &'a Names,
}

impl<'a> Of<'a> {
    fn series(self, change: &Change) -> &'a Series {
        self.names.series.get(change.row.key.series)
    }

    fn route(self, change: &Change) -> &'a Route {
        self.names.routes.get(self.series(change).route)
    }

    fn place(self, change: &Change) -> Option<&'a Place> {
        self.series(change).place.map(|place| self.names.places.get(place))
    }

    fn access(self, change: &Change) -> &'a Access {
        self.names.accesses.get(self.series(change).access)
    }

    fn numbers<T: ArrowPrimitiveType>(self, number: impl Fn(&'a Change) -> Option<T::Native>) -> ArrayRef {
        Arc::new(PrimitiveArray::<T>::from_iter(self.changes.iter().map(number)))
    }

    fn words(self, write: impl Fn(&'a Change, &mut String)) -> ArrayRef {
        let (mut column, mut word) = (StringDictionaryBuilder::<UInt32Type>::new(), String::new());
        for change in self.changes {
            word.clear();
            write(change, &mut word);
            column.append_value(&word);
        }
        Arc::new(column.finish())
    }

    fn some_words(self, word: impl Fn(&'a Change) -> Option<&'a str>) -> ArrayRef {
        let mut column = StringDictionaryBuilder::<UInt32Type>::new();
        self.changes.iter().for_each(|change| column.append_option(word(change)));
        Arc::new(column.finish())
    }

    fn releasable_to(self) -> ArrayRef {
        let mut column = StringDictionaryBuilder::<UInt32Type>::new();
        for change in self.changes {
            let list = &self.access(change).releasable_to;
            if list.is_empty() { column.append_null() } else { column.append_value(list.join(",")) }
        }
        Arc::new(column.finish())
    }
}

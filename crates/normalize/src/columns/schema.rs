//! The columns of the archive, one by one.

use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// Text that repeats: a key into the words of the batch.
pub(super) fn words() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
}

/// The archive's columns in their order. Rows with sign 0 are withdrawals and rejects: they have only the columns that
/// say so.
pub fn archive_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| Arc::new(Schema::new(fields())));
    SCHEMA.clone()
}

fn fields() -> Vec<Field> {
    use DataType::{Binary, Date32, Float64, Int8, Int32, Int64, UInt16, UInt32, UInt64, Utf8View};
    let must = |name: &str, data_type| Field::new(name, data_type, false);
    let may = |name: &str, data_type| Field::new(name, data_type, true);
    vec![
        must("sign", Int8),              // +1 counted, -1 taken back, 0 a withdrawal or a reject
        may("source", words()),          // withdrawals too
        may("event_id", Utf8View),       // withdrawals too
        may("revision", UInt32),         // withdrawals too
        may("status", words()),          // `reported` or `withdrawn`
        may("item", UInt16),             // position in the event's items, from 0
        may("record_hash", UInt64),      // XXH3-64 of the content in normal form; withdrawals too
        may("evidence", words()),        // the event's kind
        may("event_day", Date32),        // first day of the period
        may("period_days", UInt16),      // 1 to 366
        may("known_on", Date32),         // UTC day of `reported_at`; withdrawals too
        may("counted_on", Date32),       // the known day, or the partition's clock where that is later
        may("substance", words()),       // catalog id, or `unmapped:<HS6 or normalised name>`
        may("hs", Utf8View),             // digits alone
        may("route", words()),           // `CN>MX>US`
        may("origin", words()),          // country in which the route starts
        may("destination", words()),     // country in which it ends
        may("market", words()),          // the same: where the goods were bound for
        may("place_country", words()),   // where a seizure was made
        may("subdivision", words()),     // likewise
        may("office", words()),          // likewise
        may("mass_mg", Int64),           // null = the record gives no mass
        may("pieces", Int64),            // for what is counted and has no mass
        may("incidents", Int64),         // on the first item of each substance, 0 on its others
        may("raw_name", Utf8View),       // as written
        may("raw_cas", Utf8View),        // as written
        may("raw_value", Utf8View),      // the number as written
        may("raw_unit", Utf8View),       // as written
        may("basis", Utf8View),          // what the mass is the mass of
        may("qualifier", Utf8View),      // the source's own word on the figure
        may("value_amount", Utf8View),   // the number as written
        may("value_currency", Utf8View), // ISO 4217
        may("suggestion", Utf8View),     // catalog id whose name comes nearest, for an unmapped item
        may("form", Utf8View),           // as written
        may("purity", Float64),          // percent
        may("mode", Utf8View),           // of transport
        may("consignor", Utf8View),      // opaque id
        may("consignee", Utf8View),      // opaque id
        may("permit", Utf8View),         // number of the permit
        may("refers_to", Utf8View),      // JSON list of {source, event_id}, as written
        may("flags", UInt16),            // bits of `headwater_model::Flags`
        may("marking", words()),         // TLP 2.0
        may("releasable_to", words()),   // organisations, sorted, joined by commas; null = everyone with the clearance
        must("topic", words()),          // topic or file
        must("partition", Int32),        // 0 for files
        must("offset", Int64),           // offset in the partition, or byte offset in the file
        may("reason", words()),          // rejects only, from here on
        may("field", Utf8View),          // path of the field at fault; empty = the record as a whole
        may("message", Utf8View),        // a sentence for people
        may("raw", Binary), // the record's bytes; null = over `RAW_BYTES_MAX`: they lie in the store as an object
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_those_of_the_contract() {
        let contract = "sign, source, event_id, revision, status, item, record_hash, evidence, event_day, period_days, known_on, \
            counted_on, substance, hs, route, origin, destination, market, place_country, subdivision, office, mass_mg, pieces, \
            incidents, raw_name, raw_cas, raw_value, raw_unit, basis, qualifier, value_amount, value_currency, suggestion, form, \
            purity, mode, consignor, consignee, permit, refers_to, flags, marking, releasable_to, topic, partition, offset, \
            reason, field, message, raw";
        let schema = archive_schema();
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, contract.split(", ").collect::<Vec<_>>());
    }
}

//! What can be wrong with a writer's schema.

use crate::limits::AVRO_TYPES_MAX;

/// Why a schema cannot be a writer's schema of events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not JSON.
    #[error("it is no JSON: {0}")]
    Json(String),
    /// JSON, and not a schema of Avro.
    #[error("it is no Avro schema: {at}{message}")]
    Schema {
        /// The field, with a colon; empty for the schema itself.
        at: String,
        /// What is wrong there.
        message: String,
    },
    /// An event is a record.
    #[error("it is {found}, and an event is a record")]
    NoRecord {
        /// What it is.
        found: &'static str,
    },
    /// A field of the contract has a type that cannot be read as one that the contract has there.
    #[error("the field {field} is {found}; {wanted} is wanted there")]
    Type {
        /// The field, as a path.
        field: String,
        /// Its type in the schema.
        found: String,
        /// What the contract wants.
        wanted: &'static str,
    },
    /// No record of it could be taken.
    #[error("it has no field {field}, and no event is without one")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// Larger than any schema of events.
    #[error("it has more than {AVRO_TYPES_MAX} types")]
    TooLarge,
}

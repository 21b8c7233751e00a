//! Avro against JSON: the same records in either form are the same observations, rows and rejects, by whatever schema
//! their senders write; and on a real Kafka they are the same volumes.
#![allow(clippy::unwrap_used)]

mod live;
mod twins;
mod writers;

//! What one client may take of a server.

use std::time::Duration;

use crate::api::BODY_BYTES_MAX;

/// Limits of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; more wait in the system's queue until one ends.
    pub connections: usize,
    /// From the beginning of a connection, or the end of an answer, to the end of the next request's head: what a client
    /// that says nothing holds a connection for.
    pub head_at_most: Duration,
    /// A connection ends behind the answer that it is at when it is this old.
    pub connection_at_most: Duration,
    /// And at once so much later: what a client that does not read holds a connection for.
    pub answer_at_most: Duration,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Bytes of a request's body; 0: none is taken.
    pub body_bytes: usize,
}

impl Limits {
    /// For a few scrapers and probes: they ask every few seconds, by requests of a few hundred bytes without a body. A
    /// scraper's connection outlives its interval of up to a minute.
    pub const OPERATIONS: Limits = Limits {
        connections: 64,
        head_at_most: Duration::from_secs(75),
        connection_at_most: Duration::from_secs(600),
        answer_at_most: Duration::from_secs(10),
        head_bytes: 16 << 10,
        body_bytes: 0,
    };

    /// For people's browsers and programs, and their live streams. A connection ends after an hour: a stream goes on at
    /// the next one where this one ended.
    pub const API: Limits = Limits {
        connections: 1_280,
        head_at_most: Duration::from_secs(75),
        connection_at_most: Duration::from_secs(3_600),
        answer_at_most: Duration::from_secs(30),
        head_bytes: 16 << 10,
        body_bytes: BODY_BYTES_MAX,
    };
}

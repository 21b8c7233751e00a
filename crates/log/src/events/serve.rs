//! The API and what it answers from.

use std::fmt::Display;

events! {
    SERVE "headwater::serve"

    /// The API is served there, under `/api/v1`.
    INFO ApiServed<'a> "api_served" "API" ""
    { addr: &'a dyn Display }

    /// Everything committed was read: from now on the API answers.
    INFO ReadModelReady "read_model_ready" "the API answers" ""
    { ms: u64 }

    /// The store cannot be followed: the API answers from what was read before, and it is tried again. Said when it begins
    /// and then at most every 30 s.
    ERROR ReadModelFailing<'a> "read_model_failing" "the store cannot be followed, and is tried again"
    "The error names the cause: the store (as for `commit_failing`) or a damaged object (`headwater archive verify`)."
    { times: u64, ms: u64, error: &'a dyn Display }

    /// The store is followed again.
    INFO ReadModelRecovered "read_model_recovered" "the store is followed again" ""
    { times: u64, ms: u64 }
}

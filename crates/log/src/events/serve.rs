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

    /// The service by which people or programs show who they are does not answer as it should: its keys, its description or
    /// a token cannot be had. What was had before is used on for a day; people who are signed in stay so.
    WARN SignInServiceFailing<'a> "sign_in_service_failing" "the sign-in service does not answer as it should"
    "The error names the address and the cause: reach it from this machine (`curl`), with its certificate trusted here."
    { error: &'a dyn Display }

    /// How far the audit log goes cannot be kept in the file `people.anchor`: the file cannot be written, or the log does not
    /// go on from what the file says. It is tried again.
    ERROR AnchorFailing<'a> "anchor_failing" "how far the audit log goes is not kept"
    "The error names the cause. Where the log does not go on from the file, somebody changed or cut it: keep both, and run `headwater audit verify`."
    { times: u64, ms: u64, error: &'a dyn Display }

    /// It is kept again.
    INFO AnchorRecovered "anchor_recovered" "how far the audit log goes is kept again" ""
    { times: u64, ms: u64 }
}

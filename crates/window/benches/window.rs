//! Events per second of ledger and panes.
fn main() {}

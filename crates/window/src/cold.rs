//! What the ledger asks of a place outside memory.

use std::ops::ControlFlow;

use headwater_model::Identity;

/// Why a cold store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColdError {
    /// The store beneath refused; its own words.
    #[error("the ledger's cache: {0}")]
    Store(String),
    /// What it gave is not what it was given.
    #[error("the ledger's cache: what it holds of event {identity:032x} is damaged")]
    Damaged {
        /// The event, by its hash.
        identity: u128,
    },
}

/// Entries handed over one by one, ascending by identity, none twice.
pub trait Entries {
    /// The next, or `None` after the last.
    fn next(&mut self) -> Option<(Identity, &[u8])>;
}

/// Keeps what a ledger has no room for, by identity. One ledger's alone: it begins empty and lives as long as the
/// ledger, for the bytes hold numbers of that ledger's names. They mean nothing to anybody else.
pub trait Cold: Send {
    /// Puts what is held of an identity into `value`, in place of what it held. False where nothing is.
    ///
    /// # Errors
    /// Where the store beneath fails.
    fn get(&mut self, identity: Identity, value: &mut Vec<u8>) -> Result<bool, ColdError>;

    /// Takes many entries at once; a later one replaces an earlier one of the same identity.
    ///
    /// # Errors
    /// Where the store beneath fails: the ledger must not be used after it.
    fn put_all(&mut self, entries: &mut dyn Entries) -> Result<(), ColdError>;

    /// Hands out everything, ascending by identity, until told to stop.
    ///
    /// # Errors
    /// Where the store beneath fails.
    fn for_each(&self, each: &mut dyn FnMut(Identity, &[u8]) -> ControlFlow<()>) -> Result<(), ColdError>;
}

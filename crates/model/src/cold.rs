//! What a ledger asks of a place outside memory.

use std::fmt;
use std::ops::ControlFlow;

use crate::Identity;

/// Why a cold store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColdError {
    /// The store beneath refused; its own words.
    Store(String),
    /// What it gave is not what it was given.
    Damaged {
        /// The event, by its hash.
        identity: u128,
    },
}

impl fmt::Display for ColdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColdError::Store(words) => write!(f, "the ledger's cache: {words}"),
            ColdError::Damaged { identity } => {
                write!(f, "the ledger's cache: what it holds of event {identity:032x} is damaged")
            }
        }
    }
}

impl std::error::Error for ColdError {}

/// Entries handed over one by one, ascending by identity, none twice.
pub trait Entries {
    /// The next, or `None` after the last.
    fn next(&mut self) -> Option<(Identity, &[u8])>;
}

/// Keeps what a ledger has no room for, by identity. One ledger's alone: it begins empty and lives as long as the
/// ledger, for the bytes hold numbers of that ledger's names. They mean nothing to anybody else.
pub trait Cold: Send + Sync {
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

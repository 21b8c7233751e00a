//! A window as bytes, in parts.
//!
//! A part is: four letters, the version, what kind of part it is, its number from 0, the body, and a checksum over all
//! of these. The parts are the tables of names in the order in which they refer to each other, the ledger's
//! identities with their staircases, and an end that says how much there must be of each. A table and the identities take
//! as many parts as they need. What records sum to is no part of it: it follows from the staircases.

use std::ops::ControlFlow;

use headwater_model::{Access, Checksum, ColdError, Names, Place};

use crate::coding::{put, put_bytes};
use crate::{Window, staircase};

/// The first letters of a part.
pub(crate) const LETTERS: [u8; 4] = *b"HWSN";
/// The version written. Version 1 also held panes.
pub(crate) const VERSION: u16 = 2;
/// Bytes before a part's body.
pub(crate) const HEAD_BYTES: usize = LETTERS.len() + 2 + 1 + 4;
/// Bytes after it.
pub(crate) const TAIL_BYTES: usize = 16;

/// A part is closed when its body has grown to this: the memory that a snapshot takes beside the window.
const BODY_BYTES: usize = 32 << 20;

/// What a part holds. The order is that of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    Substances,
    Routes,
    Sources,
    Places,
    Accesses,
    Series,
    Ledger,
    End,
}

impl Kind {
    pub const ALL: [Kind; 8] = [
        Kind::Substances,
        Kind::Routes,
        Kind::Sources,
        Kind::Places,
        Kind::Accesses,
        Kind::Series,
        Kind::Ledger,
        Kind::End,
    ];
}

impl Window {
    /// Hands out the window in parts of some 32 MiB, for a [`crate::WindowLoader`]; a part is larger only where one
    /// event is. Reads the cold store whole where there is one.
    ///
    /// # Errors
    /// What `each` returns, or what befell the cold store.
    pub fn snapshot<E: From<ColdError>>(&self, each: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        self.snapshot_by(BODY_BYTES, each)
    }

    pub(crate) fn snapshot_by<E: From<ColdError>>(
        &self,
        body_bytes: usize,
        each: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut parts = Parts { body_bytes, number: 0, part: Vec::new(), each };
        write_names(&self.names, &mut parts)?;
        let mut value = Vec::new();
        let hot = &self.ledger.hot;
        for top in hot.sorted_tops() {
            value.clear();
            staircase::encode(hot, top, &mut value);
            parts.identity(hot.records.get(top).identity().0, &value)?;
        }
        let mut failed = None;
        self.ledger.each_cold(&mut |identity, value| match parts.identity(identity.0, value) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(()), Err)?;
        let end = parts.of(Kind::End)?;
        let counts = &self.counts;
        let counts =
            [counts.read, counts.accepted, counts.duplicate, counts.superseded, counts.rejected, counts.conflict];
        let holds = [self.names.series.len() as u64, self.ledger.len() as u64];
        counts.iter().chain(&holds).for_each(|&n| put(end, n));
        parts.close()
    }
}

fn write_names<E>(names: &Names, parts: &mut Parts<'_, E>) -> Result<(), E> {
    for (_, substance) in names.substances.iter() {
        put_bytes(parts.of(Kind::Substances)?, substance.as_bytes());
    }
    for (_, route) in names.routes.iter() {
        let out = parts.of(Kind::Routes)?;
        put(out, route.countries().len() as u64);
        route.countries().iter().for_each(|country| out.extend_from_slice(&country.letters()));
    }
    for (_, source) in names.sources.iter() {
        put_bytes(parts.of(Kind::Sources)?, source.as_bytes());
    }
    for (_, Place { country, subdivision, office }) in names.places.iter() {
        let out = parts.of(Kind::Places)?;
        out.extend_from_slice(&country.letters());
        for text in [subdivision, office] {
            out.push(u8::from(text.is_some()));
            text.iter().for_each(|text| put_bytes(out, text.as_bytes()));
        }
    }
    for (_, Access { marking, releasable_to }) in names.accesses.iter() {
        let out = parts.of(Kind::Accesses)?;
        put_bytes(out, marking.as_str().as_bytes());
        put(out, releasable_to.len() as u64);
        releasable_to.iter().for_each(|organisation| put_bytes(out, organisation.as_bytes()));
    }
    for (_, series) in names.series.iter() {
        let out = parts.of(Kind::Series)?;
        put_bytes(out, series.evidence.as_str().as_bytes());
        out.push(u8::from(series.flagged));
        for number in [series.substance.raw(), series.route.raw(), series.source.raw(), series.access.raw()] {
            put(out, u64::from(number));
        }
        put(out, series.place.map_or(0, |place| u64::from(place.raw()) + 1));
    }
    Ok(())
}

/// The part that is being written.
struct Parts<'a, E> {
    body_bytes: usize,
    number: u32,
    /// Empty between two parts.
    part: Vec<u8>,
    each: &'a mut dyn FnMut(&[u8]) -> Result<(), E>,
}

impl<E> Parts<'_, E> {
    /// Where the next entry of a kind goes: into the open part, unless it is of another kind or full.
    fn of(&mut self, kind: Kind) -> Result<&mut Vec<u8>, E> {
        let kind = kind as u8;
        let full = self.part.len() >= HEAD_BYTES + self.body_bytes;
        if !self.part.is_empty() && (full || self.part[HEAD_BYTES - 5] != kind) {
            self.close()?;
        }
        if self.part.is_empty() {
            // Room that is not written to takes no memory.
            self.part.reserve(HEAD_BYTES + self.body_bytes + TAIL_BYTES);
            self.part.extend_from_slice(&LETTERS);
            self.part.extend_from_slice(&VERSION.to_le_bytes());
            self.part.push(kind);
            self.part.extend_from_slice(&self.number.to_le_bytes());
        }
        Ok(&mut self.part)
    }

    fn identity(&mut self, identity: u128, value: &[u8]) -> Result<(), E> {
        let out = self.of(Kind::Ledger)?;
        out.extend_from_slice(&identity.to_le_bytes());
        put_bytes(out, value);
        Ok(())
    }

    fn close(&mut self) -> Result<(), E> {
        let checksum = Checksum::of(&self.part);
        self.part.extend_from_slice(&checksum.0.to_le_bytes());
        (self.each)(&self.part)?;
        self.part.clear();
        self.number += 1;
        Ok(())
    }
}

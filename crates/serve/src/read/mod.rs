//! The read model: what is committed, laid out for questions, and nothing of it without a [`Clearance`].
//!
//! Whoever follows the store puts files and alerts in ([`Held`]); whoever asks opens a [`View`] for a reader, and every
//! question is a method of that view. What the reader may not see is left out before anything is added up or counted.

mod alerts;
mod complete;
mod coverage;
mod held;
mod index;
mod reporting;
mod sources;
mod volumes;

#[cfg(test)]
pub(crate) mod fixture;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use headwater_catalog::Catalog;
use headwater_model::{Budgets, Clearance, Day};
use tokio::sync::watch;

pub use alerts::{AlertFilter, Sight, Sort, Told};
pub use complete::Complete;
pub use coverage::{Coverage, LittleSeen, Needs};
pub use held::{Held, Taken};
pub use sources::{Account, Reporters, SourceState};
pub use volumes::{Granularity, Refused, RollUp, Selection, VolumeLine, VolumeSheet};

/// What is held, behind a lock: written some times a second at most, read by every question.
pub struct ReadModel {
    catalog: Arc<Catalog>,
    /// What a desk can work through: ranks are told anew for each reader.
    budgets: Budgets,
    /// What detection must have of a cell.
    needs: Needs,
    held: RwLock<Option<Held>>,
    changed: watch::Sender<u64>,
}

impl ReadModel {
    /// Without anything in it: it answers when something was published.
    pub fn new(catalog: Arc<Catalog>, budgets: Budgets, needs: Needs) -> ReadModel {
        ReadModel { catalog, budgets, needs, held: RwLock::new(None), changed: watch::channel(0).0 }
    }

    /// Puts another state in place of the one there was.
    pub fn publish(&self, held: Held) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        self.tell();
    }

    /// Changes what was published; nothing where nothing was.
    pub fn change<R>(&self, change: impl FnOnce(&mut Held) -> R) -> Option<R> {
        let changed = self.held.write().unwrap_or_else(PoisonError::into_inner).as_mut().map(change);
        self.tell();
        changed
    }

    fn tell(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// Hears of every change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The reference data.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// What a reader may see of it; none as long as the store is being read for the first time.
    pub fn view<'a>(&'a self, reader: &'a Clearance) -> Option<View<'a>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.is_some().then_some(View { held, reader, model: self })
    }
}

/// What one reader may see, as it stands now. Nothing is written while a view is open: answer and close it.
pub struct View<'a> {
    held: RwLockReadGuard<'a, Option<Held>>,
    reader: &'a Clearance,
    model: &'a ReadModel,
}

impl View<'_> {
    fn held(&self) -> &Held {
        self.held.as_ref().expect("a view is opened over something")
    }

    /// The last day that detection closed.
    pub fn closed_to(&self) -> Option<Day> {
        self.held().closed_to
    }

    /// How many alerts a week people can work through, of those that fall to no budget of their own.
    pub fn weekly_budget(&self) -> u32 {
        self.model.budgets.common
    }

    /// Cells that are watched, and that are not; for a reader who sees everything alone, for each is there by records of
    /// any label.
    pub fn cells(&self) -> Option<(u64, u64)> {
        self.held().cells.filter(|_| self.reader.sees_everything())
    }
}

//! Closing days one by one.

use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_detect::{Config, Detector};
use headwater_model::{Alert, EvidenceQuery, KnownDay, Names};
use headwater_store::Cells;
use headwater_window::PaneIndex;

use crate::archive::{Evidence, Holdings};

/// Closes days in order, those without a change too, and answers the detector's questions from the archive.
///
/// After an error it can be asked again: a day that was closed is not closed twice.
pub struct Walk {
    detector: Detector,
    evidence: Evidence,
    panes: Option<Lot>,
    /// A day that was closed and whose questions are open.
    asked: Option<(KnownDay, Vec<EvidenceQuery>)>,
    /// The last day walked.
    last: Option<KnownDay>,
}

/// The panes of days that are to be walked.
struct Lot {
    panes: PaneIndex,
    up_to: KnownDay,
}

/// A day that was walked, and the alerts told on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Walked {
    /// The day.
    pub day: KnownDay,
    /// Every revision, in the order in which it was made.
    pub alerts: Vec<Alert>,
}

impl Walk {
    /// Begins before the first day.
    pub fn new(catalog: &Arc<Catalog>, config: &Config) -> Walk {
        Walk {
            detector: Detector::new(Arc::clone(catalog), config.clone()),
            evidence: Evidence::new(),
            panes: None,
            asked: None,
            last: None,
        }
    }

    /// The last day walked.
    pub fn last(&self) -> Option<KnownDay> {
        self.last
    }

    /// Places that no shift is looked for in by themselves: [`Detector::unwatched`].
    pub fn unwatched(&self) -> u64 {
        self.detector.unwatched().count() as u64
    }

    /// What is looked at: [`Detector::cells`].
    pub fn cells(&self) -> Cells {
        let (watched, not_watched) = self.detector.cells();
        Cells { watched, not_watched }
    }

    /// Whether panes have been handed in up to a day.
    pub fn holds(&self, day: KnownDay) -> bool {
        self.panes.as_ref().is_some_and(|lot| day <= lot.up_to)
    }

    /// Hands in the panes of the days after the last lot, whose days must all have been walked.
    pub fn hand_in(&mut self, panes: PaneIndex, up_to: KnownDay) {
        debug_assert!(self.panes.as_ref().is_none_or(|lot| Some(lot.up_to) == self.last && lot.up_to < up_to));
        self.panes = Some(Lot { panes, up_to });
    }

    /// Walks the next day: the one after the last, or `first`. Nothing without panes up to it.
    pub fn next(
        &mut self,
        holdings: &impl Holdings,
        first: KnownDay,
        names: &mut Names,
    ) -> anyhow::Result<Option<Walked>> {
        let day = self.last.map_or(first, |last| KnownDay(last.0 + 1));
        let Some(lot) = self.panes.as_ref().filter(|lot| day <= lot.up_to) else { return Ok(None) };
        if self.asked.is_none() {
            self.asked = Some((day, self.detector.close(day, lot.panes.known_on(day), names)));
        }
        let queries = self.asked.as_ref().map_or(&[][..], |(_, queries)| queries);
        let answers = self.evidence.trace(holdings, queries, names)?;
        let alerts = self.detector.conclude(&answers, names);
        (self.asked, self.last) = (None, Some(day));
        Ok(Some(Walked { day, alerts }))
    }
}

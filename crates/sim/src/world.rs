//! A world: what was wished for, what is planted, and its records.

use std::io::{self, Write};

use headwater_catalog::Catalog;

use crate::palette::palette;
use crate::plan::{Happening, Move, Plan};
use crate::record::Feed;
use crate::records::Records;
use crate::source::Source;
use crate::truth::{Decoy, DecoyKind, PlantedShift, ShiftKind, Tally, TrueCell, Truth};
use crate::{SimError, Spec};

/// A world: everything planted is fixed, its records are made as they are asked for.
pub struct World {
    spec: Spec,
    plan: Plan,
}

impl World {
    /// Plans a world from the embedded catalog.
    ///
    /// # Errors
    /// A wish out of range, or a catalog with too few families.
    pub fn new(spec: &Spec) -> Result<World, SimError> {
        spec.check()?;
        let plan = Plan::new(spec, &palette(&Catalog::embedded()))?;
        Ok(World { spec: spec.clone(), plan })
    }

    /// Its records by the time at which they are sent, up to the end of its last day. Memory holds what is under way at
    /// one time, not the world.
    pub fn records(&self) -> Records<'_> {
        Records::new(&self.spec, &self.plan)
    }

    /// Writes both files and tells what was planted and written.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn write(&self, mut trade: impl Write, mut seizure: impl Write) -> io::Result<Truth> {
        let mut records = self.records();
        for record in records.by_ref() {
            match record.feed {
                Feed::Trade => record.write(&mut trade)?,
                Feed::Seizure => record.write(&mut seizure)?,
            }
        }
        trade.flush()?;
        seizure.flush()?;
        Ok(self.truth(records.tally()))
    }

    /// What was planted, with the counts of [`Records::tally`].
    pub fn truth(&self, records: Tally) -> Truth {
        let spec = &self.spec;
        let mut shifts = Vec::new();
        let mut decoys = self.source_decoys();
        for cell in &self.plan.cells {
            let substance = |k: usize| cell.substances[k].id.clone();
            let route = |r: usize| cell.routes[r].to_string();
            let (family, market) = (cell.family.clone(), cell.market.to_string());
            let shift = |kind, m: &Move, falling, rising, displaced_to| PlantedShift {
                kind,
                family: family.clone(),
                market: market.clone(),
                falling,
                rising,
                onset: spec.day_of_week(m.onset),
                ramp_weeks: m.ramp_weeks,
                fraction: m.fraction,
                volume_ratio: m.volume_ratio,
                rising_is_new: m.rising_is_new,
                displaced_to,
            };
            let decoy = |kind, from, to, factor| Decoy {
                family: Some(family.clone()),
                market: Some(market.clone()),
                ..self.decoy(kind, from, to, factor)
            };
            let source = |r: usize| Some(self.plan.sources[cell.reporters[r].source].name.clone());
            for happening in &cell.events {
                match happening {
                    Happening::Substitution { move_: m, displaced_to } => {
                        let (falling, rising) = (substance(m.falling), substance(m.rising));
                        shifts.push(shift(ShiftKind::Substitution, m, falling, rising, displaced_to.map(route)));
                    }
                    Happening::Displacement { move_: m } => {
                        shifts.push(shift(ShiftKind::Displacement, m, route(m.falling), route(m.rising), None));
                    }
                    Happening::Surge { from, to, factor } => decoys.push(decoy(DecoyKind::Surge, *from, *to, *factor)),
                    Happening::Campaign { from, to, factor, reporter, substance: k } => decoys.push(Decoy {
                        source: source(*reporter),
                        substance: Some(substance(*k)),
                        ..decoy(DecoyKind::Campaign, *from, *to, *factor)
                    }),
                    Happening::Operation { from, to, seizures_per_week, reporter, substance: k, route: _ } => {
                        decoys.push(Decoy {
                            source: source(*reporter),
                            substance: Some(substance(*k)),
                            ..decoy(DecoyKind::Operation, *from, *to, *seizures_per_week)
                        });
                    }
                    Happening::Laboratory { from, reporter, substance: k, named_as, factor } => decoys.push(Decoy {
                        source: source(*reporter),
                        substance: Some(substance(*k)),
                        named_as: Some(substance(*named_as)),
                        ..decoy(DecoyKind::Laboratory, *from, spec.weeks() - 1, *factor)
                    }),
                }
            }
        }
        let cells = self.plan.cells.iter().map(|cell| TrueCell {
            family: cell.family.clone(),
            market: cell.market.to_string(),
            substances: cell.substances.iter().map(|s| s.id.clone()).collect(),
            routes: cell.routes.iter().map(ToString::to_string).collect(),
            events_per_week: (cell.rate * 1_000.0).round() / 1_000.0,
        });
        Truth {
            seed: spec.seed,
            scenario: spec.scenario,
            start: spec.start(),
            history_until: spec.day_of_week(spec.history_weeks()) - 1,
            end: spec.end,
            scale: spec.scale,
            cells: cells.collect(),
            shifts,
            decoys,
            records,
        }
    }

    fn decoy(&self, kind: DecoyKind, from: i32, to: i32, factor: f64) -> Decoy {
        let (from, to) = (self.spec.day_of_week(from), self.spec.day_of_week(to) + 6);
        Decoy { kind, family: None, market: None, source: None, substance: None, named_as: None, from, to, factor }
    }

    fn source_decoys(&self) -> Vec<Decoy> {
        let last = self.spec.weeks() - 1;
        let of = |source: &Source| {
            let mut found = Vec::new();
            found.extend(source.outages.iter().map(|o| self.decoy(DecoyKind::Outage, o.from, o.to, 0.0)));
            found.extend((source.joins > 0).then(|| self.decoy(DecoyKind::Joining, source.joins, last, 1.0)));
            found.extend(source.slower_from.map(|from| self.decoy(DecoyKind::Delay, from, last, 4.0)));
            found.into_iter().map(|d| Decoy { source: Some(source.name.clone()), ..d }).collect::<Vec<_>>()
        };
        self.plan.sources.iter().flat_map(of).collect()
    }
}

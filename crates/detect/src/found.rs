//! A shift that was found in a cell: the analysis, its onset and its figures, from records up to one label.

use std::collections::BTreeMap;

use headwater_model::{Country, Evidence, Interval, Marking, Onset, Scope};

use crate::analysis::{Analysis, Ground};
use crate::area::Area;
use crate::figures::{Figures, windows};
use crate::labels::Label;
use crate::movement::moved_fraction;
use crate::onset::onset;
use crate::registry::StratumId;
use crate::tally::Lens;

/// What was found.
pub(crate) struct Found {
    pub up_to: Marking,
    pub analysis: Analysis,
    pub onset: Onset,
    pub figures: Figures,
    pub moved: Interval,
    /// Reporters that carry a share of the pair's incidents that counts, by name.
    pub reporters: Vec<Box<str>>,
    /// Strata that carry such a share,
    offices: Vec<StratumId>,
    /// and markets, in a cell of the world.
    markets: Vec<Country>,
}

impl Found {
    /// Looks at a cell up to a label: at its leading pair, or at the pair given.
    pub fn look(ground: &Ground<'_>, up_to: Marking, pair: Option<(Label, Label)>) -> Option<Found> {
        let labels = ground.labels(up_to, pair);
        let analysis = ground.analyse(&Lens { labels: Some(&labels), ..Lens::up_to(up_to) }, pair)?;
        Found::of(ground, up_to, analysis)
    }

    /// What the leading pair of a cell is, up to a label, where it exceeds the cell's bar; where it does not, no more is
    /// asked.
    pub fn above_bar(ground: &Ground<'_>, up_to: Marking) -> Option<Found> {
        let labels = ground.labels(up_to, None);
        let analysis = ground.analyse(&Lens { labels: Some(&labels), ..Lens::up_to(up_to) }, None)?;
        if !analysis.leads(ground) {
            return None;
        }
        Found::of(ground, up_to, analysis)
    }

    fn of(ground: &Ground<'_>, up_to: Marking, analysis: Analysis) -> Option<Found> {
        let onset = onset(&analysis.record, &ground.config.statistic)?;
        let evidence = leading_evidence(ground, &analysis, &onset)?;
        let blocks = || analysis.tally.weeks.values().flatten().map(|b| b.key);
        let first = blocks().map(|key| key.first).min()?;
        let last = blocks().map(|key| key.last()).max()?;
        let pair = (analysis.falling, analysis.rising);
        let figures = Figures::of(ground, up_to, windows(&onset, first, last), evidence, &analysis);
        let moved = moved_fraction(&figures, pair);
        let Carriers { reporters, offices, markets } = carriers(ground, &analysis);
        Some(Found { up_to, analysis, onset, figures, moved, reporters, offices, markets })
    }

    /// The two labels.
    pub fn pair(&self) -> (Label, Label) {
        (self.analysis.falling, self.analysis.rising)
    }

    /// What it looked through, its labels told apart as it did.
    pub fn lens(&self) -> Lens<'_> {
        Lens { labels: Some(&self.analysis.labels), ..Lens::up_to(self.up_to) }
    }

    /// Whether the pair still passes without what lies in some areas.
    pub fn passes_without(&self, ground: &Ground<'_>, areas: &[Area]) -> bool {
        let lens = Lens { without_areas: areas, ..self.lens() };
        ground.leads(&lens, self.pair())
    }

    /// Whether, without some areas, the pair stands without any one of the markets that count in it: what one market
    /// carries is no shift of the world's.
    pub fn spread(&self, ground: &Ground<'_>, without: &[Area]) -> bool {
        self.markets.iter().all(|market| {
            let areas = [without, &[Area::Market(*market)]].concat();
            let rest = self.through(ground, Lens { without_areas: &areas, ..self.lens() });
            rest.is_some_and(|log| log > ground.config.corroboration_bar)
        })
    }

    /// What stands besides one block and besides any one reporter: an operation, a batch of laboratory reports or a
    /// campaign of one office moves no further than this. Nor does a new way to know: where many more of the records are
    /// derived since the onset than before (codes that came with another edition resolve what a basket hid), those that
    /// are not must carry it.
    pub fn corroborated(&self, ground: &Ground<'_>) -> bool {
        let config = ground.config;
        let alone = self.analysis.record.pair_log_without_strongest_block(self.onset.earliest.week());
        if alone.is_none_or(|log| log < self.analysis.pair_spent_log + config.one_block_margin) {
            return false;
        }
        let stands = |log: Option<f64>| log.is_some_and(|log| log > config.corroboration_bar);
        let [before, after] = self.figures.flagged_shares();
        let otherwise_known = after - before > config.derived_rise_max;
        if otherwise_known && !stands(self.through(ground, Lens { without_flagged: true, ..self.lens() })) {
            return false;
        }
        if self.reporters.len() > 1 {
            return self.reporters.iter().all(|reporter| self.added_to(ground, reporter) > config.added_bar);
        }
        // To one reporter no other adds, but its offices can be left out: a campaign or a new laboratory is one office's.
        // They share a house, its forms and its codes, so that the others must tell it by themselves. For the same reason
        // one office's one kind of records carries no alert of that office.
        if self.offices.len() < 2 {
            return ground.cell.key.area.scope() != Scope::Office;
        }
        self.offices
            .iter()
            .all(|office| stands(self.through(ground, Lens { without_stratum: Some(*office), ..self.lens() })))
    }

    /// Nats that the others add to what a reporter says alone.
    pub fn added_to(&self, ground: &Ground<'_>, reporter: &str) -> f64 {
        let stratum = |rank: u16| ground.registry.stratum(self.analysis.tally.strata[usize::from(rank)].0);
        self.analysis.record.added_to(|rank| *stratum(rank).source == *reporter)
    }

    /// What the pair says for itself without a reporter.
    pub fn without(&self, ground: &Ground<'_>, reporter: &str) -> Option<f64> {
        let source = ground.names.sources.find(reporter)?;
        self.through(ground, Lens { without_source: Some(source), ..self.lens() })
    }

    fn through(&self, ground: &Ground<'_>, lens: Lens<'_>) -> Option<f64> {
        ground.own_log(&lens, self.pair())
    }
}

/// The kind of evidence that says most for the pair since the onset may have begun; of equals the first in the
/// contract's order.
fn leading_evidence(ground: &Ground<'_>, analysis: &Analysis, onset: &Onset) -> Option<Evidence> {
    let by_stratum = analysis.evidence_by_stratum(onset.earliest.week());
    let kind = |rank: usize| ground.registry.stratum(analysis.tally.strata[rank].0).evidence;
    let total = |evidence: Evidence| -> Option<f64> {
        let own = by_stratum.iter().enumerate().filter(|(rank, log)| kind(*rank) == evidence && **log > f64::MIN);
        own.map(|(_, log)| *log).reduce(|x, y| x + y)
    };
    let kinds = Evidence::ALL.into_iter().filter_map(|e| Some((e, total(e)?)));
    kinds.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(evidence, _)| evidence)
}

/// Who carries a share of the pair's incidents that counts, by name.
#[derive(Default)]
struct Carriers {
    reporters: Vec<Box<str>>,
    offices: Vec<StratumId>,
    markets: Vec<Country>,
}

fn carriers(ground: &Ground<'_>, analysis: &Analysis) -> Carriers {
    let tally = &analysis.tally;
    let (Some(a), Some(b)) = (tally.local(analysis.falling), tally.local(analysis.rising)) else {
        return Carriers::default();
    };
    let mut by_stratum = vec![0.0; tally.strata.len()];
    for block in tally.weeks.values().flatten() {
        by_stratum[usize::from(block.stratum)] += block.counts[a] + block.counts[b];
    }
    let mut by_source: BTreeMap<&str, f64> = BTreeMap::new();
    let mut by_market: BTreeMap<Country, f64> = BTreeMap::new();
    for ((stratum, _), n) in tally.strata.iter().zip(&by_stratum) {
        let stratum = ground.registry.stratum(*stratum);
        *by_source.entry(&*stratum.source).or_default() += n;
        if let Some(market) = stratum.market {
            *by_market.entry(market).or_default() += n;
        }
    }
    let total: f64 = by_stratum.iter().sum();
    let counts = |n: f64| n > 0.0 && n >= ground.config.reporter_share_min * total;
    let offices = tally.strata.iter().zip(&by_stratum).filter(|(_, n)| counts(**n)).map(|((stratum, _), _)| *stratum);
    Carriers {
        reporters: by_source.into_iter().filter(|(_, n)| counts(*n)).map(|(source, _)| source.into()).collect(),
        offices: offices.collect(),
        markets: by_market.into_iter().filter(|(_, n)| counts(*n)).map(|(market, _)| market).collect(),
    }
}

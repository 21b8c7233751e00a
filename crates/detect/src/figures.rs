//! What an alert shows in numbers: masses, shares and incidents before and after, by label, route and reporter.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Access, Day, Evidence, Marking, Onset, RouteFigures, RoutesOther, Share, Window, Windows};

use crate::analysis::{Analysis, Ground};
use crate::block::BlockKey;
use crate::labels::Label;
use crate::registry::StratumKey;
use crate::tally::Lens;

/// Days of the window before: a year, so that every season is in it once.
const BEFORE_DAYS: i32 = 364;
/// Routes named one by one: what two small maps can carry.
const ROUTES_NAMED: usize = 6;
/// Standard errors of a 90 % interval.
pub(crate) const Z90: f64 = 1.645;

/// Sums on both sides of the onset: index 0 before, 1 after.
pub(crate) type BeforeAfter<T> = [T; 2];

/// Mass and incidents.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    pub mass_mg: i128,
    pub incidents: i64,
}

/// All that the alert's figures are made of, from records up to one label.
pub(crate) struct Figures {
    pub windows: Windows,
    /// The kind of evidence that speaks: masses and shares are of this kind alone, for kinds are never added.
    pub evidence: Evidence,
    /// By block and label, of that kind: a sum for each side.
    pub blocks: BeforeAfter<BTreeMap<BlockKey, BTreeMap<Label, Sum>>>,
    /// By stratum and label, of every kind: incidents.
    pub strata: BTreeMap<StratumKey, BTreeMap<Label, BeforeAfter<i64>>>,
    /// Incidents of the two labels together, by stratum and block of every kind.
    pub pair_blocks: BeforeAfter<BTreeMap<(StratumKey, BlockKey), i64>>,
    /// Mass by route, of that kind.
    routes: BTreeMap<String, BeforeAfter<i128>>,
    /// Incidents of the two labels: all, and those that were derived, for each side.
    flagged: BeforeAfter<[i64; 2]>,
    /// Access of everything used, and the sources it came from.
    pub access: Access,
    pub sources: BTreeSet<Box<str>>,
}

/// The two windows around an onset; the last day is that of the last block.
pub(crate) fn windows(onset: &Onset, first: Day, last: Day) -> Windows {
    let to = onset.earliest - 1;
    Windows {
        before: Window { from: (to - (BEFORE_DAYS - 1)).max(first).min(to), to },
        after: Window { from: onset.date, to: last.max(onset.date) },
    }
}

impl Figures {
    /// Sums a cell up.
    pub fn of(
        ground: &Ground<'_>,
        up_to: Marking,
        windows: Windows,
        evidence: Evidence,
        analysis: &Analysis,
    ) -> Figures {
        let lens = Lens::up_to(up_to);
        let mut figures = Figures {
            windows,
            evidence,
            blocks: [BTreeMap::new(), BTreeMap::new()],
            strata: BTreeMap::new(),
            pair_blocks: [BTreeMap::new(), BTreeMap::new()],
            routes: BTreeMap::new(),
            flagged: [[0, 0]; 2],
            access: Access::open(Marking::Clear),
            sources: BTreeSet::new(),
        };
        let mut accesses = BTreeSet::new();
        for (key, id, amount) in ground.cell.entries(ground.registry, i32::MIN, i32::MAX) {
            let Some(info) = ground.registry.info(id).filter(|i| lens.sees(i)) else { continue };
            let Some(label) = ground.cell.label(info) else { continue };
            let label = analysis.labels.of(label, ground.registry);
            let side = [windows.before, windows.after].iter().position(|w| key.last() >= w.from && key.last() <= w.to);
            accesses.insert(info.access);
            let stratum = ground.registry.stratum(ground.cell.stratum(info));
            figures.sources.insert(stratum.source.clone());
            let Some(side) = side else { continue };
            figures.strata.entry(stratum.clone()).or_default().entry(label).or_default()[side] += amount.incidents;
            if label == analysis.falling || label == analysis.rising {
                figures.flagged[side][0] += amount.incidents;
                *figures.pair_blocks[side].entry((stratum.clone(), key)).or_default() += amount.incidents;
                figures.flagged[side][1] += if info.flagged { amount.incidents } else { 0 };
            }
            if info.evidence == evidence {
                let sum = figures.blocks[side].entry(key).or_default().entry(label).or_default();
                sum.mass_mg += i128::from(amount.mass_mg);
                sum.incidents += amount.incidents;
                let route = ground.names.routes.get(info.route).to_string();
                figures.routes.entry(route).or_default()[side] += i128::from(amount.mass_mg);
            }
        }
        // Combining is commutative: the numbers' order does not show.
        for id in accesses {
            figures.access = figures.access.combine(ground.names.accesses.get(id));
        }
        figures
    }

    /// What a label (none: the cell) sums to, of the leading kind.
    pub fn sum(&self, label: Option<Label>) -> BeforeAfter<Sum> {
        self.blocks.each_ref().map(|blocks| {
            let mut total = Sum::default();
            for (_, sum) in blocks.values().flatten().filter(|(l, _)| label.is_none_or(|label| **l == label)) {
                total.mass_mg += sum.mass_mg;
                total.incidents += sum.incidents;
            }
            total
        })
    }

    /// Incidents of a label over all strata.
    pub fn records(&self, label: Label) -> BeforeAfter<i64> {
        let mut total = [0, 0];
        for counts in self.strata.values().filter_map(|labels| labels.get(&label)) {
            total[0] += counts[0];
            total[1] += counts[1];
        }
        total
    }

    /// A label's share of the cell's mass (of its incidents where a side has no mass), by side, with the interval of
    /// a ratio estimator over blocks (Cochran, Sampling Techniques, 1977, 6.3): blocks, not records, are what repeats.
    pub fn share(&self, label: Label) -> BeforeAfter<Share> {
        let by_mass = self.sum(None).iter().all(|sum| sum.mass_mg > 0);
        let amount = |sum: &Sum| if by_mass { sum.mass_mg.max(0) as f64 } else { sum.incidents.max(0) as f64 };
        self.blocks.each_ref().map(|blocks| {
            let rows: Vec<(f64, f64)> = blocks
                .values()
                .map(|m| (m.get(&label).map_or(0.0, amount), m.values().map(amount).sum::<f64>()))
                .collect();
            let own: f64 = rows.iter().map(|(own, _)| own).sum();
            let all: f64 = rows.iter().map(|(_, all)| all).sum();
            if all <= 0.0 {
                return Share { value: 0.0, low: 0.0, high: 1.0 };
            }
            let share = own / all;
            let n = rows.len() as f64;
            let error = if n > 1.0 {
                let squares: f64 = rows.iter().map(|(own, all)| (own - share * all) * (own - share * all)).sum();
                (squares * n / (n - 1.0)).sqrt() / all
            } else {
                1.0
            };
            Share {
                value: share,
                low: (share - Z90 * error).clamp(0.0, share),
                high: (share + Z90 * error).clamp(share, 1.0),
            }
        })
    }

    /// Share of the two labels' incidents that was derived.
    pub fn flagged_share(&self) -> f64 {
        let [before, after] = self.flagged;
        share_of([before[0] + after[0], before[1] + after[1]])
    }

    /// The same on each side.
    pub fn flagged_shares(&self) -> BeforeAfter<f64> {
        self.flagged.map(share_of)
    }

    /// The routes that carry most on either side, and the rest of them: together the family's mass.
    pub fn routes(&self) -> (Vec<RouteFigures>, RoutesOther) {
        let mut rows: Vec<(&String, BeforeAfter<i128>)> =
            self.routes.iter().filter(|(_, m)| **m != [0, 0]).map(|(route, mass)| (route, *mass)).collect();
        rows.sort_by(|x, y| y.1.iter().max().cmp(&x.1.iter().max()).then_with(|| x.0.cmp(y.0)));
        let rest = rows.split_off(rows.len().min(ROUTES_NAMED));
        let named = rows.into_iter().map(|(route, mass)| RouteFigures {
            route: route.clone(),
            mass_mg_before: milligrams(mass[0]),
            mass_mg_after: milligrams(mass[1]),
        });
        let other = RoutesOther {
            count: rest.len() as u32,
            mass_mg_before: milligrams(rest.iter().map(|(_, mass)| mass[0]).sum()),
            mass_mg_after: milligrams(rest.iter().map(|(_, mass)| mass[1]).sum()),
        };
        (named.collect(), other)
    }
}

/// The second as a share of the first.
fn share_of([all, some]: [i64; 2]) -> f64 {
    if all > 0 { (some as f64 / all as f64).clamp(0.0, 1.0) } else { 0.0 }
}

/// A sum of masses as the contract carries it.
pub(crate) fn milligrams(mass: i128) -> i64 {
    mass.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// A count as the contract carries it.
pub(crate) fn count(n: i64) -> u32 {
    n.clamp(0, i64::from(u32::MAX)) as u32
}

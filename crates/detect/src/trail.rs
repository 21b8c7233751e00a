//! The events behind an alert, and how much of it each one carries.

use headwater_model::{EventTrace, Role, TopEvent};

use crate::analysis::{Analysis, Ground};
use crate::block::BlockKey;
use crate::figures::Figures;
use crate::round;
use crate::tally::Lens;

/// Events named in an alert: what a person opens before deciding.
const TOP_EVENTS: usize = 10;
/// Events of what rose whose weight is computed by running the statistic again,
const RISING_TRIED: usize = 8;
/// and of what fell, whose absence after the onset is the evidence and whose weight is therefore small.
const FALLING_TRIED: usize = 4;

/// What the traces say.
#[derive(Default)]
pub(crate) struct Trail {
    /// Events of the two labels in the windows.
    pub count: u32,
    /// Those that carry most, the heaviest first.
    pub top: Vec<TopEvent>,
    /// The first of them, with the statistic without it (none: nothing could be tested without it).
    pub largest: Option<Largest>,
}

/// The event that carries most.
pub(crate) struct Largest {
    pub source: String,
    pub event_id: String,
    pub incidents: i64,
    pub mass_mg: i64,
    pub log_without: Option<f64>,
}

/// An event before its weight is known.
struct Candidate<'a> {
    trace: &'a EventTrace,
    role: Role,
    incidents: i64,
    mass_mg: i64,
    /// What its blocks lose without it, all else unchanged: good enough to choose whom to try.
    guess: f64,
}

/// Follows the traces: chooses the candidates by what their own blocks lose, then runs the statistic without each.
pub(crate) fn trail(
    ground: &Ground<'_>,
    analysis: &Analysis,
    figures: &Figures,
    lens: &Lens<'_>,
    traces: &[EventTrace],
) -> Trail {
    let mut candidates: Vec<Candidate<'_>> =
        traces.iter().filter_map(|trace| candidate(ground, analysis, figures, lens, trace)).collect();
    let count = candidates.len() as u32;
    let name = |c: &Candidate<'_>| (c.trace.source.clone(), c.trace.event_id.clone());
    candidates.sort_by(|x, y| {
        let heavier = y.guess.total_cmp(&x.guess).then(y.incidents.cmp(&x.incidents)).then(y.mass_mg.cmp(&x.mass_mg));
        heavier.then_with(|| name(x).cmp(&name(y)))
    });
    let (pair, mut tried) = ((analysis.falling, analysis.rising), [0, 0]);
    let mut weighed: Vec<(f64, Option<f64>, Candidate<'_>)> = Vec::new();
    for candidate in candidates {
        let (at, most) = if candidate.role == Role::Rising { (0, RISING_TRIED) } else { (1, FALLING_TRIED) };
        if tried[at] < most {
            tried[at] += 1;
            let without = ground.own_log(&Lens { minus: &candidate.trace.panes, ..*lens }, pair);
            weighed.push((analysis.own_log - without.unwrap_or(0.0), without, candidate));
        }
    }
    weighed.sort_by(|x, y| y.0.total_cmp(&x.0).then_with(|| name(&x.2).cmp(&name(&y.2))));
    let largest = weighed.first().map(|(_, without, c)| Largest {
        source: c.trace.source.to_string(),
        event_id: c.trace.event_id.to_string(),
        incidents: c.incidents,
        mass_mg: c.mass_mg,
        log_without: *without,
    });
    // What speaks against the alert carries nothing of it; the largest is named all the same.
    let carry = weighed.iter().enumerate().filter(|(i, (weight, _, _))| *i == 0 || *weight > 0.0).map(|(_, w)| w);
    let top = carry.take(TOP_EVENTS).map(|(weight, _, c)| TopEvent {
        source: c.trace.source.to_string(),
        event_id: c.trace.event_id.to_string(),
        weight: round::log(*weight),
        role: c.role,
    });
    Trail { count, top: top.collect(), largest }
}

/// An event that has something left in the windows of what the alert looked at.
fn candidate<'a>(
    ground: &Ground<'_>,
    analysis: &Analysis,
    figures: &Figures,
    lens: &Lens<'_>,
    trace: &'a EventTrace,
) -> Option<Candidate<'a>> {
    let (mut incidents, mut mass) = ([0i64; 2], [0i64; 2]);
    let mut blocks: Vec<(BlockKey, u16, [i64; 2])> = Vec::new();
    for pane in &trace.panes {
        let Some(info) = ground.registry.info(pane.key.series) else { continue };
        let key = BlockKey::of(pane.key);
        let inside = [figures.windows.before, figures.windows.after].iter().any(|w| {
            let last = key.last();
            last >= w.from && last <= w.to
        });
        let label = ground.cell.label(info).map(|own| analysis.labels.of(own, ground.registry));
        let side = [analysis.falling, analysis.rising].iter().position(|l| Some(*l) == label);
        let (Some(side), true) = (side, inside && lens.sees(info) && ground.cell.takes(info)) else { continue };
        incidents[side] += pane.sums.incidents;
        mass[side] = mass[side].saturating_add(pane.sums.mass_mg);
        let Some(stratum) = ground.cell.strata().iter().position(|s| *s == ground.cell.stratum(info)) else { continue };
        match blocks.iter_mut().find(|(k, s, _)| (*k, *s) == (key, stratum as u16)) {
            Some((_, _, counts)) => counts[side] += pane.sums.incidents,
            None => {
                let mut counts = [0; 2];
                counts[side] = pane.sums.incidents;
                blocks.push((key, stratum as u16, counts));
            }
        }
    }
    if incidents == [0, 0] && mass == [0, 0] {
        return None; // taken back, or elsewhere
    }
    let config = &ground.config.statistic;
    let guess = blocks.iter().map(|(key, stratum, own)| {
        let block = analysis.record.blocks.iter().find(|b| b.key == *key && b.stratum == *stratum);
        block.map_or(0.0, |b| {
            let left = b.log_with((b.falling - own[0] as f64).max(0.0), (b.rising - own[1] as f64).max(0.0), config);
            b.log.iter().zip(left).map(|(with, without)| with - without).fold(f64::MIN, f64::max)
        })
    });
    let side = usize::from(incidents[1] > 0 || (incidents[0] <= 0 && mass[1] > 0));
    Some(Candidate {
        trace,
        role: if side == 1 { Role::Rising } else { Role::Falling },
        incidents: incidents[side],
        mass_mg: mass[side],
        guess: guess.sum(),
    })
}

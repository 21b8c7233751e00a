//! An alert put together from what was found: every field of the contract, each computed here or marked unknown.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{
    Alert, AlertEvidence, AlertStatus, Country, Day, EventTrace, FamilyTotal, Interval, Kind, Mover, Priority, Share,
    Statistic, StatisticPoint, StratumFigures, Versions,
};

use crate::analysis::Ground;
use crate::block::week_last;
use crate::config::MODEL;
use crate::counter_evidence::{Case, Silence};
use crate::figures::{count, milligrams};
use crate::found::Found;
use crate::likelihood::likelihood;
use crate::tally::Lens;
use crate::trail::{Trail, trail};
use crate::watch::Habits;
use crate::{confidence, control, headline, movement, priority, round};

/// Weeks of the statistic's course that an alert carries: three years.
const SERIES_WEEKS: usize = 156;
/// Sources whose name begins so are simulated.
const SIMULATED: &str = "SIM-";

/// Puts the first revision together; id, ordinal and rank are the caller's. Also the trail, which may forbid it.
pub(crate) fn compose(ground: &Ground<'_>, found: &Found, habits: &Habits, traces: &[EventTrace]) -> (Alert, Trail) {
    let lens = Lens::up_to(found.up_to);
    let (figures, analysis, config) = (&found.figures, &found.analysis, ground.config);
    let key = &ground.cell.key;
    let trail = trail(ground, analysis, figures, &lens, traces);
    let substance = |member: u16| {
        let members = &ground.catalog.family_at(ground.cell.family).members;
        ground.catalog.substance(members[usize::from(member)])
    };
    let (falling, rising) = (substance(found.pair().0), substance(found.pair().1));
    let (headline, headline_parts) = headline::substitution(
        &falling.short_name,
        &rising.short_name,
        key.market,
        key.subdivision.as_deref(),
        figures.evidence,
        found.onset.date,
        ground.catalog,
    );

    let sources: BTreeSet<&str> = figures.strata.keys().map(|stratum| &*stratum.source).collect();
    let without: BTreeMap<&str, Option<f64>> = match sources.len() {
        0 | 1 => BTreeMap::new(),
        _ => sources.iter().map(|source| (*source, found.without(ground, source))).collect(),
    };
    let without_reporter: Vec<(String, Option<f64>)> = found
        .reporters
        .iter()
        .map(|reporter| (reporter.to_string(), without.get(&**reporter).copied().flatten()))
        .collect();

    let context = control::context(&[&falling.id, &rising.id], &countries(ground, &lens), ground.day, ground.catalog);
    let silences: Vec<Silence> = habits
        .iter()
        .filter(|((source, _), _)| sources.contains(&**source))
        .filter_map(|((source, _), habit)| {
            habit.silent(ground.day).map(|(days, usual)| (source.to_string(), days, usual))
        })
        .collect();
    let counter_evidence = Case {
        ground,
        lens,
        analysis,
        figures,
        trail: &trail,
        onset: &found.onset,
        without_reporter: &without_reporter,
        context: &context,
        silences: &silences,
    }
    .examine();

    let likelihood = likelihood(analysis.value.log, found.reporters.len(), config);
    let flagged_share = round::share(figures.flagged_share());
    let confidence = confidence::confidence(found.reporters.len(), &counter_evidence, flagged_share);
    let mover = |member: u16, id: &str, name: &str, cas: Option<&str>| {
        let [before, after] = figures.sum(Some(member));
        let [share_before, share_after] = figures.share(member).map(rounded);
        let [records_before, records_after] = figures.records(member).map(count);
        Mover {
            id: id.into(),
            name: name.into(),
            cas: cas.map(Into::into),
            share_before,
            share_after,
            mass_mg_before: milligrams(before.mass_mg),
            mass_mg_after: milligrams(after.mass_mg),
            records_before,
            records_after,
        }
    };
    let falling = mover(found.pair().0, &falling.id, &falling.name, falling.cas.first().map(|c| &**c));
    let rising = mover(found.pair().1, &rising.id, &rising.name, rising.cas.first().map(|c| &**c));
    let after = figures.windows.after;
    let priority = Priority {
        band: priority::band(likelihood.probability, &confidence),
        score: priority::score(
            likelihood.probability,
            rising.mass_mg_after,
            rising.records_after,
            after.to - after.from + 1,
            &counter_evidence,
        ),
        within_budget: false,
        rank: 0,
    };
    let [total_before, total_after] = figures.sum(None);
    let (routes, routes_other) = figures.routes();
    let (complete_to, complete_to_set_by) = complete_to(habits, &sources, ground.day);
    let alert = Alert {
        alert_id: String::new(),
        revision: 1,
        status: AlertStatus::Raised,
        changes: None,
        kind: Kind::Substitution,
        scope: key.scope(),
        market: key.market.as_str().into(),
        place: key.subdivision.as_deref().map(Into::into),
        headline,
        headline_parts,
        family: key.family.to_string(),
        falling: vec![falling],
        rising: vec![rising],
        onset: found.onset,
        windows: figures.windows,
        detected_at: ground.day,
        as_of: ground.day,
        complete_to,
        complete_to_set_by,
        likelihood,
        confidence,
        priority,
        fdr: 1.0,
        statistic: Statistic {
            value: round::log(analysis.value.log),
            bar: config.bar,
            false_alarms_per_1000_market_years: config.false_alarms_per_1000_market_years,
            series: series(found, ground.day),
        },
        strata: strata(found, &without, habits),
        moved_fraction: Interval {
            median: round::share(found.moved.median),
            low: round::share(found.moved.low),
            high: round::share(found.moved.high),
        },
        family_total: FamilyTotal {
            mass_mg_before: milligrams(total_before.mass_mg),
            mass_mg_after: milligrams(total_after.mass_mg),
            level: movement::level(figures),
        },
        routes,
        routes_other,
        evidence: AlertEvidence { count: trail.count, flagged_share, top_events: trail.top.clone() },
        counter_evidence,
        control_context: context,
        marking: figures.access.marking,
        releasable_to: figures.access.releasable_to.iter().map(|o| o.to_string()).collect(),
        computed_up_to: found.up_to,
        exercise: config.exercise,
        simulated: figures.sources.iter().any(|s| s.starts_with(SIMULATED)),
        versions: Versions { catalog: ground.catalog.version(), model: MODEL.into(), build: config.build.clone() },
        gap: None,
        emergence: None,
        surge: None,
        unmapped: None,
    };
    (alert, trail)
}

fn rounded(share: Share) -> Share {
    Share { value: round::share(share.value), low: round::share(share.low), high: round::share(share.high) }
}

/// The market and every country on the cell's routes.
fn countries(ground: &Ground<'_>, lens: &Lens<'_>) -> BTreeSet<Country> {
    let mut countries = BTreeSet::from([ground.cell.key.market]);
    let series: BTreeSet<_> = ground.cell.entries().flat_map(|(_, series)| series.keys().copied()).collect();
    for info in series.into_iter().filter_map(|id| ground.registry.info(id)).filter(|i| lens.sees(i)) {
        countries.extend(ground.names.routes.get(info.route).countries());
    }
    countries.remove(&Country::UNKNOWN);
    countries
}

fn series(found: &Found, day: Day) -> Vec<StatisticPoint> {
    let all = &found.analysis.record.series;
    let latest = all[all.len().saturating_sub(SERIES_WEEKS)..].iter();
    latest
        .map(|(week, log)| StatisticPoint {
            day: week_last(*week).min(day.max(week_last(*week) - 6)),
            value: round::log(*log),
        })
        .collect()
}

/// One row a reporter and kind of evidence, its offices added up.
fn strata(found: &Found, without: &BTreeMap<&str, Option<f64>>, habits: &Habits) -> Vec<StratumFigures> {
    let mut rows: BTreeMap<(&str, headwater_model::Evidence), [[i64; 2]; 2]> = BTreeMap::new();
    for (stratum, members) in &found.figures.strata {
        let row = rows.entry((&stratum.source, stratum.evidence)).or_default();
        for (side, member) in [found.pair().0, found.pair().1].iter().enumerate() {
            let counts = members.get(member).copied().unwrap_or_default();
            row[side][0] += counts[0];
            row[side][1] += counts[1];
        }
    }
    let figures = rows.into_iter().map(|((source, evidence), [falling, rising])| StratumFigures {
        source: source.into(),
        evidence,
        falling_before: count(falling[0]),
        rising_before: count(rising[0]),
        falling_after: count(falling[1]),
        rising_after: count(rising[1]),
        statistic_without: without.get(source).copied().flatten().map(round::log),
        delay_p90_days: habits.get(&(source.into(), evidence)).map_or(0, crate::reporting::Reporting::delay_p90),
    });
    figures.collect()
}

/// The earliest of the sources' last known day less their delay, and whose it is.
fn complete_to(habits: &Habits, sources: &BTreeSet<&str>, day: Day) -> (Day, String) {
    let own = habits.iter().filter(|((source, _), _)| sources.contains(&**source));
    let ends = own.filter_map(|((source, _), habit)| Some((habit.last()? - i32::from(habit.delay_p90()), source)));
    ends.min().map_or_else(|| (day, String::new()), |(end, source)| (end, source.to_string()))
}

//! An alert put together from what was found: every field of the contract, each computed here or marked unknown.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{
    Alert, AlertEvidence, AlertStatus, Country, Day, EventTrace, FamilyTotal, Interval, Kind, Mover, Priority, Share,
    Statistic, StatisticPoint, Versions,
};

use crate::analysis::Ground;
use crate::block::week_last;
use crate::config::MODEL;
use crate::counter_evidence::{Case, Silence, WithoutReporter};
use crate::figures::{count, milligrams};
use crate::found::Found;
use crate::label_name::LabelName;
use crate::labels::Label;
use crate::likelihood::likelihood;
use crate::tally::Lens;
use crate::trail::{Trail, trail};
use crate::watch::Habits;
use crate::{confidence, control, headline, movement, priority, reporters, round};

/// Weeks of the statistic's course that an alert carries: three years.
const SERIES_WEEKS: usize = 156;
/// Sources whose name begins so are simulated.
const SIMULATED: &str = "SIM-";

/// Puts the first revision together; id, ordinal and rank are the caller's. Also the trail, which may forbid it.
pub(crate) fn compose(ground: &Ground<'_>, found: &Found, habits: &Habits, traces: &[EventTrace]) -> (Alert, Trail) {
    let lens = found.lens();
    let (figures, analysis, config) = (&found.figures, &found.analysis, ground.config);
    let key = &ground.cell.key;
    let trail = trail(ground, analysis, figures, &lens, traces);
    let named = |label: Label| LabelName::of(label, ground.cell, ground.registry, ground.catalog);
    let (falling, rising) = (named(found.pair().0), named(found.pair().1));
    let (headline, headline_parts) =
        headline::sentence(key, &falling, &rising, figures.evidence, found.onset.date, ground.catalog);

    let sources: BTreeSet<&str> = figures.strata.keys().map(|stratum| &*stratum.source).collect();
    let without: BTreeMap<&str, Option<f64>> = match sources.len() {
        0 | 1 => BTreeMap::new(),
        _ => sources.iter().map(|source| (*source, found.without(ground, source))).collect(),
    };
    let without_reporter: Vec<WithoutReporter> = found
        .reporters
        .iter()
        .map(|reporter| WithoutReporter {
            reporter: reporter.to_string(),
            log: without.get(&**reporter).copied().flatten(),
            added: found.added_to(ground, reporter),
        })
        .collect();

    let substances: Vec<&str> = match key.kind {
        Kind::Displacement => members(ground),
        _ => vec![&falling.id, &rising.id],
    };
    let context = control::context(&substances, &countries(ground, &lens), ground.day, ground.catalog);
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
        substances: &substances,
        silences: &silences,
    }
    .examine();

    let likelihood = likelihood(analysis.level.log, found.reporters.len(), config);
    let flagged_share = round::share(figures.flagged_share());
    let confidence = confidence::confidence(found.reporters.len(), &counter_evidence, flagged_share);
    let mover = |label: Label, name: LabelName| {
        let [before, after] = figures.sum(Some(label));
        let [share_before, share_after] = figures.share(label).map(rounded);
        let [records_before, records_after] = figures.records(label).map(count);
        Mover {
            id: name.id,
            name: name.name,
            cas: name.cas,
            share_before,
            share_after,
            mass_mg_before: milligrams(before.mass_mg),
            mass_mg_after: milligrams(after.mass_mg),
            records_before,
            records_after,
        }
    };
    let (falling, rising) = (mover(found.pair().0, falling), mover(found.pair().1, rising));
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
        kind: key.kind,
        scope: key.area.scope(),
        market: key.area.market_word(),
        place: key.area.place().map(Into::into),
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
            value: round::log(analysis.level.log),
            bar: round::log(ground.bar),
            false_alarms_per_1000_market_years: config.false_alarms_per_1000_market_years,
            series: series(ground, found, ground.day),
        },
        strata: reporters::figures(found, &without, habits, config.statistic.precision),
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

/// The ids of the family's substances: what a way brings is any of them.
fn members<'a>(ground: &Ground<'a>) -> Vec<&'a str> {
    let members = &ground.catalog.family_at(ground.cell.family).members;
    members.iter().map(|member| &*ground.catalog.substance(*member).id).collect()
}

/// The market and every country on the cell's routes.
fn countries(ground: &Ground<'_>, lens: &Lens<'_>) -> BTreeSet<Country> {
    let mut countries: BTreeSet<Country> = ground.cell.key.area.market().into_iter().collect();
    let counted = ground.cell.series(ground.registry).filter(|(id, _)| !ground.registry.amounts(*id).is_empty());
    for (_, info) in counted.filter(|(_, info)| lens.sees(info)) {
        countries.extend(ground.names.routes.get(info.route).countries());
    }
    countries.remove(&Country::UNKNOWN);
    countries
}

fn series(ground: &Ground<'_>, found: &Found, day: Day) -> Vec<StatisticPoint> {
    let all = ground.course(&found.lens());
    let latest = all[all.len().saturating_sub(SERIES_WEEKS)..].iter();
    latest
        .map(|(week, log)| StatisticPoint {
            day: week_last(*week).min(day.max(week_last(*week) - 6)),
            value: round::log(*log),
        })
        .collect()
}

/// The earliest of the sources' last known day less their delay, and whose it is.
fn complete_to(habits: &Habits, sources: &BTreeSet<&str>, day: Day) -> (Day, String) {
    let own = habits.iter().filter(|((source, _), _)| sources.contains(&**source));
    let ends = own.filter_map(|((source, _), habit)| Some((habit.last()? - i32::from(habit.delay_p90()), source)));
    ends.min().map_or_else(|| (day, String::new()), |(end, source)| (end, source.to_string()))
}

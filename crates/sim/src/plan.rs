//! The plan of a world: who reports what from where, and what is planted. Everything that `truth.json` tells is here.

use headwater_model::{Country, Evidence, Route};

use crate::palette::{FAMILY_LEAST, PaletteFamily, PaletteSubstance};
use crate::rng::Rng;
use crate::scenario::Knobs;
use crate::source::{Source, Sources};
use crate::{SimError, Spec};

/// Markets and origins are drawn from these; the sources of a simulated world say that it is one.
const MARKETS: [&str; 10] = ["AU", "BR", "CA", "DE", "JP", "MX", "NL", "PL", "US", "ZA"];
const ORIGINS: [&str; 10] = ["BE", "CN", "CO", "ES", "IN", "KR", "MY", "PK", "TH", "TR"];
const TRANSITS: [&str; 8] = ["AE", "EG", "GT", "HK", "MA", "PA", "SG", "VN"];

/// The part of a cell's events that each of its three reporters sees.
const REPORTER_SHARES: [f64; 3] = [0.6, 0.25, 0.15];
/// Substances of a cell, from and to.
const SUBSTANCES: (i64, i64) = (3, 7);
/// Routes of a cell, from and to.
const ROUTES: (i64, i64) = (2, 6);
/// Room that a planted shift has to be seen in, in weeks: more than the longest ramp.
const AFTER_WEEKS: i64 = 40;
const WEEKS_A_YEAR: i32 = 52;
/// Event weeks over which a large operation's seizures come.
const OPERATION_WEEKS: i32 = 2;

/// The whole plan.
pub(crate) struct Plan {
    pub sources: Vec<Source>,
    pub cells: Vec<Cell>,
}

/// A family in a market.
pub(crate) struct Cell {
    pub family: String,
    pub market: Country,
    pub substances: Vec<PaletteSubstance>,
    /// Median grams of an event of each substance.
    pub grams: Vec<f64>,
    pub routes: Vec<Route>,
    /// Events a week over all reporters.
    pub rate: f64,
    pub reporters: Vec<Reporter>,
    /// Season of the whole cell, then of each substance: (amplitude, fraction of the year at which it peaks).
    pub seasons: Vec<(f64, f64)>,
    /// Log drift of each substance a year.
    pub drift: Vec<f64>,
    /// Shape of the weekly frailty: the larger, the calmer.
    pub frailty: f64,
    /// Standard deviations of the weekly noise of log shares: fresh every week, and carried on (AR(1)).
    pub noise: (f64, f64),
    pub events: Vec<Happening>,
}

/// One reporter's view of a cell.
pub(crate) struct Reporter {
    /// Index into the plan's sources.
    pub source: usize,
    pub kind: Evidence,
    pub share: f64,
    /// Share of each substance, summing to 1.
    pub mix: Vec<f64>,
    /// Share of each route, summing to 1.
    pub routes: Vec<f64>,
}

/// Something that happens to a cell's rates, from a week on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Happening {
    Substitution { move_: Move, displaced_to: Option<usize> },
    Displacement { move_: Move },
    Surge { from: i32, to: i32, factor: f64 },
    Campaign { from: i32, to: i32, factor: f64, reporter: usize, substance: usize },
    Laboratory { from: i32, reporter: usize, substance: usize, named_as: usize, factor: f64 },
    Operation { from: i32, to: i32, seizures_per_week: f64, reporter: usize, substance: usize, route: usize },
}

/// A flow that moves from one label to another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Move {
    pub falling: usize,
    pub rising: usize,
    pub onset: i32,
    pub ramp_weeks: u16,
    pub fraction: f64,
    pub volume_ratio: f64,
    pub rising_is_new: bool,
}

impl Move {
    /// The fraction that has moved by a week.
    pub fn moved(&self, week: i32) -> f64 {
        let since = week - self.onset + 1;
        if since <= 0 { 0.0 } else { self.fraction * (f64::from(since) / f64::from(self.ramp_weeks.max(1))).min(1.0) }
    }
}

impl Plan {
    pub fn new(spec: &Spec, families: &[PaletteFamily]) -> Result<Plan, SimError> {
        let knobs = spec.scenario.knobs();
        if families.len() < knobs.families {
            let (found, needed) = (families.len(), knobs.families);
            return Err(SimError::Families { found, least: FAMILY_LEAST, needed });
        }
        let mut rng = Rng::new(spec.seed, &[0]);
        let families = choose_families(&mut rng, families, knobs.families);
        let mut markets = MARKETS;
        rng.shuffle(&mut markets);
        let mut sources = Sources::new(spec, &knobs);
        let mut cells = Vec::new();
        for (f, family) in families.iter().enumerate() {
            let mut rng = Rng::new(spec.seed, &[1, f as u64]);
            let shared = SharedByFamily::draw(&mut rng, family);
            for (m, market) in markets.iter().take(knobs.markets).enumerate() {
                let mut rng = Rng::new(spec.seed, &[2, f as u64, m as u64]);
                cells.push(cell(&mut rng, spec, &knobs, &shared, market, &mut sources));
            }
        }
        plant(&mut Rng::new(spec.seed, &[3]), spec, &knobs, &mut cells);
        Ok(Plan { sources: sources.list, cells })
    }
}

/// Random families, but always one of drugs where there is one: their records are all seizures.
fn choose_families<'a>(rng: &mut Rng, families: &'a [PaletteFamily], count: usize) -> Vec<&'a PaletteFamily> {
    let mut order: Vec<&PaletteFamily> = families.iter().collect();
    rng.shuffle(&mut order);
    if let Some(drugs) = order.iter().position(|f| f.drugs) {
        order.swap(0, drugs);
    }
    order.truncate(count);
    order
}

/// What a family has in common over its markets.
struct SharedByFamily<'a> {
    family: &'a PaletteFamily,
    substances: Vec<PaletteSubstance>,
    grams: Vec<f64>,
    weights: Vec<f64>,
    seasons: Vec<(f64, f64)>,
}

impl SharedByFamily<'_> {
    fn draw<'a>(rng: &mut Rng, family: &'a PaletteFamily) -> SharedByFamily<'a> {
        let count = (rng.between(SUBSTANCES.0, SUBSTANCES.1) as usize).min(family.substances.len());
        let mut substances = family.substances.clone();
        rng.shuffle(&mut substances);
        substances.truncate(count);
        let median = if family.drugs { (300.0, 20_000.0) } else { (20_000.0, 400_000.0) };
        let grams = substances.iter().map(|_| rng.log_range(median.0, median.1)).collect();
        let weights = substances.iter().map(|_| rng.gamma(1.5)).collect();
        let seasons = substances.iter().map(|_| (rng.range(0.0, 0.2), rng.unit())).collect();
        SharedByFamily { family, substances, grams, weights, seasons }
    }
}

/// A cell of a family by itself, in some market, with sources of its own.
pub(crate) fn cell_alone(
    rng: &mut Rng,
    spec: &Spec,
    knobs: &Knobs,
    family: &PaletteFamily,
    sources: &mut Sources,
) -> Cell {
    let shared = SharedByFamily::draw(rng, family);
    let market = MARKETS[rng.index(MARKETS.len())];
    cell(rng, spec, knobs, &shared, market, sources)
}

fn cell(
    rng: &mut Rng,
    spec: &Spec,
    knobs: &Knobs,
    shared: &SharedByFamily,
    market: &str,
    sources: &mut Sources,
) -> Cell {
    let routes = routes(rng, market);
    let route_weights: Vec<f64> = routes.iter().map(|_| rng.gamma(1.5)).collect();
    let here: Vec<f64> = shared.weights.iter().map(|w| w * rng.log_normal(1.0, 0.3)).collect();
    let reporters = sources
        .of_market(market, shared.family.drugs)
        .into_iter()
        .zip(REPORTER_SHARES)
        .map(|((source, kind), share)| Reporter {
            source,
            kind,
            share,
            mix: normalised(here.iter().map(|w| w * rng.log_normal(1.0, 0.4)).collect()),
            routes: normalised(route_weights.iter().map(|w| w * rng.log_normal(1.0, 0.3)).collect()),
        })
        .collect();
    let mut seasons = vec![(rng.range(0.0, 0.3), rng.unit())];
    seasons.extend(&shared.seasons);
    Cell {
        family: shared.family.id.clone(),
        market: country(market),
        substances: shared.substances.clone(),
        grams: shared.grams.clone(),
        routes,
        rate: rng.log_range(knobs.rate.0, knobs.rate.1) * spec.scale,
        reporters,
        seasons,
        drift: here.iter().map(|_| 0.08 * rng.normal()).collect(),
        frailty: rng.range(3.0, 15.0),
        noise: (rng.range(0.1, 0.25), knobs.wandering * rng.range(0.7, 1.3)),
        events: Vec::new(),
    }
}

/// Different routes into a market, each by at most one transit country.
fn routes(rng: &mut Rng, market: &str) -> Vec<Route> {
    let count = rng.between(ROUTES.0, ROUTES.1) as usize;
    let mut routes: Vec<Route> = Vec::new();
    while routes.len() < count {
        let origin = country(ORIGINS[rng.index(ORIGINS.len())]);
        let via = rng.chance(0.4).then(|| country(TRANSITS[rng.index(TRANSITS.len())]));
        let route = Route::new(origin, via, country(market));
        if !routes.contains(&route) {
            routes.push(route);
        }
    }
    routes
}

fn country(letters: &str) -> Country {
    // The lists above hold two capital letters each.
    letters.as_bytes().try_into().ok().and_then(Country::from_letters).unwrap_or(Country::UNKNOWN)
}

fn normalised(mut weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    weights
}

/// Gives happenings to cells in random order, one a cell.
fn plant(rng: &mut Rng, spec: &Spec, knobs: &Knobs, cells: &mut [Cell]) {
    let mut order: Vec<usize> = (0..cells.len()).collect();
    rng.shuffle(&mut order);
    let mut order = order.into_iter();
    let mut next = |count: usize| -> Vec<usize> { order.by_ref().take(count).collect() };
    for c in next(knobs.substitutions) {
        substitution(rng, spec, &mut cells[c]);
    }
    for c in next(knobs.displacements) {
        displacement(rng, spec, &mut cells[c]);
    }
    for c in next(knobs.surges) {
        surge(rng, spec, &mut cells[c]);
    }
    for c in next(knobs.campaigns) {
        campaign(rng, spec, &mut cells[c]);
    }
    for c in next(knobs.laboratories) {
        laboratory(rng, spec, &mut cells[c]);
    }
    for c in next(knobs.operations) {
        operations(rng, spec, &mut cells[c]);
    }
}

pub(crate) fn surge(rng: &mut Rng, spec: &Spec, cell: &mut Cell) {
    let (from, to) = span(rng, spec, 8, 26);
    cell.events.push(Happening::Surge { from, to, factor: tenths(rng, 18, 30) });
}

pub(crate) fn campaign(rng: &mut Rng, spec: &Spec, cell: &mut Cell) {
    let (from, to) = span(rng, spec, 12, 40);
    let reporter = rng.between(1, 2) as usize;
    let substance = rng.pick(&cell.reporters[reporter].mix);
    let factor = tenths(rng, 30, 60);
    cell.events.push(Happening::Campaign { from, to, factor, reporter, substance });
}

pub(crate) fn laboratory(rng: &mut Rng, spec: &Spec, cell: &mut Cell) {
    let (reporter, from) = (rng.between(1, 2) as usize, onset(rng, spec));
    let substance = rng.pick(&cell.reporters[reporter].mix);
    let named_as = other_than(rng, substance, cell.substances.len());
    let factor = tenths(rng, 5, 9);
    cell.events.push(Happening::Laboratory { from, reporter, substance, named_as, factor });
}

/// One in each year after the history, of one of the two smaller reporters; of any substance, on one route.
pub(crate) fn operations(rng: &mut Rng, spec: &Spec, cell: &mut Cell) {
    for first in (spec.history_weeks()..=spec.weeks() - WEEKS_A_YEAR).step_by(WEEKS_A_YEAR as usize) {
        let from = first + rng.between(0, i64::from(WEEKS_A_YEAR - OPERATION_WEEKS)) as i32;
        cell.events.push(Happening::Operation {
            from,
            to: from + OPERATION_WEEKS - 1,
            seizures_per_week: rng.between(10, 30) as f64,
            reporter: rng.between(1, 2) as usize,
            substance: rng.index(cell.substances.len()),
            route: rng.index(cell.routes.len()),
        });
    }
}

pub(crate) fn substitution(rng: &mut Rng, spec: &Spec, cell: &mut Cell) {
    let falling = rng.pick(&cell.reporters[0].mix);
    let rising = other_than(rng, falling, cell.substances.len());
    let move_ = draw_move(rng, spec, falling, rising);
    if move_.rising_is_new {
        cell.reporters.iter_mut().for_each(|r| silence(&mut r.mix, rising));
    }
    let displaced_to = rng.chance(0.5).then(|| rng.index(cell.routes.len()));
    cell.events.push(Happening::Substitution { move_, displaced_to });
}

pub(crate) fn displacement(rng: &mut Rng, spec: &Spec, cell: &mut Cell) {
    let falling = rng.pick(&cell.reporters[0].routes);
    let rising = other_than(rng, falling, cell.routes.len());
    let move_ = draw_move(rng, spec, falling, rising);
    if move_.rising_is_new {
        cell.reporters.iter_mut().for_each(|r| silence(&mut r.routes, rising));
    }
    cell.events.push(Happening::Displacement { move_ });
}

fn draw_move(rng: &mut Rng, spec: &Spec, falling: usize, rising: usize) -> Move {
    Move {
        falling,
        rising,
        onset: onset(rng, spec),
        ramp_weeks: if rng.chance(0.5) { 0 } else { rng.between(4, 16) as u16 },
        fraction: rng.between(40, 90) as f64 / 100.0,
        volume_ratio: rng.between(80, 120) as f64 / 100.0,
        rising_is_new: rng.chance(0.4),
    }
}

/// A week after the history and far enough from the end; where the world is too short for both, the first of them.
pub(crate) fn onset(rng: &mut Rng, spec: &Spec) -> i32 {
    let (first, last) = (i64::from(spec.history_weeks()), i64::from(spec.weeks()) - AFTER_WEEKS);
    rng.between(first, last.max(first)) as i32
}

/// A span of so many weeks after the history, from its first to its last week.
fn span(rng: &mut Rng, spec: &Spec, least: i64, most: i64) -> (i32, i32) {
    let from = onset(rng, spec);
    (from, (from + rng.between(least, most) as i32 - 1).min(spec.weeks() - 1))
}

fn tenths(rng: &mut Rng, low: i64, high: i64) -> f64 {
    rng.between(low, high) as f64 / 10.0
}

fn other_than(rng: &mut Rng, one: usize, count: usize) -> usize {
    (one + 1 + rng.index(count - 1)) % count
}

/// Takes a label out of a mix.
fn silence(mix: &mut Vec<f64>, label: usize) {
    mix[label] = 0.0;
    *mix = normalised(std::mem::take(mix));
}

//! How many events of each substance and route a reporter sees in a week.

use crate::math::{cos_turn, exp};
use crate::plan::{Cell, Happening, Move};
use crate::rng::Rng;

/// Weeks of a year of the world.
pub(crate) const YEAR_WEEKS: f64 = 52.0;
/// What the AR(1) noise of log shares keeps from one week to the next.
pub(crate) const KEPT: f64 = 0.8;
/// Probability that a reporter has nothing to say of a week.
const ZERO_WEEK: f64 = 0.02;

/// The noise that a cell carries from week to week. It has random numbers of its own, so that a world of another scale
/// has the same weather.
pub(crate) struct Weather {
    rng: Rng,
    wandering: Vec<f64>,
}

/// Events to expect of a week, substance by substance and route by route.
pub(crate) struct Rates {
    pub of: Vec<f64>,
    routes: usize,
}

impl Rates {
    /// Substance and route at a place of the list.
    pub fn labels(&self, place: usize) -> (usize, usize) {
        (place / self.routes, place % self.routes)
    }

    fn at(&mut self, substance: usize, route: usize) -> &mut f64 {
        &mut self.of[substance * self.routes + route]
    }

    /// Moves part of a flow; each moved event becomes `ratio` events.
    fn move_flow(&mut self, from: (usize, usize), to: (usize, usize), fraction: f64, ratio: f64) {
        let moved = *self.at(from.0, from.1) * fraction;
        *self.at(from.0, from.1) -= moved;
        *self.at(to.0, to.1) += moved * ratio;
    }
}

impl Weather {
    pub fn new(rng: Rng, cell: &Cell) -> Weather {
        Weather { rng, wandering: vec![0.0; cell.substances.len()] }
    }

    /// The rates of a week (from 0, in order), one for each reporter of the cell; `None` = it says nothing of it.
    pub fn week(&mut self, cell: &Cell, week: i32) -> Vec<Option<Rates>> {
        let year = f64::from(week) / YEAR_WEEKS;
        let season = |(height, peak): (f64, f64)| 1.0 + height * cos_turn(year - peak);
        let level = cell.rate * season(cell.seasons[0]) * self.rng.gamma(cell.frailty) / cell.frailty;
        let (fresh, carried) = cell.noise;
        let step = carried * (1.0 - KEPT * KEPT).sqrt();
        for w in &mut self.wandering {
            *w = KEPT * *w + step * self.rng.normal();
        }
        let mut all = Vec::with_capacity(cell.reporters.len());
        for (r, reporter) in cell.reporters.iter().enumerate() {
            let silent = self.rng.chance(ZERO_WEEK);
            let mut rates = Rates { of: Vec::new(), routes: cell.routes.len() };
            for (k, share) in reporter.mix.iter().enumerate() {
                let noise = exp(cell.drift[k] * year + self.wandering[k] + fresh * self.rng.normal());
                let rate = level * reporter.share * share * season(cell.seasons[k + 1]) * noise;
                rates.of.extend(reporter.routes.iter().map(|route| rate * route));
            }
            for happening in &cell.events {
                apply(happening, &mut rates, cell, r, week);
            }
            all.push((!silent).then_some(rates));
        }
        all
    }
}

fn apply(happening: &Happening, rates: &mut Rates, cell: &Cell, reporter: usize, week: i32) {
    let (substances, routes) = (cell.substances.len(), cell.routes.len());
    match happening {
        Happening::Substitution { move_, displaced_to } => {
            let Move { falling, rising, volume_ratio, .. } = *move_;
            for route in 0..routes {
                let to = displaced_to.unwrap_or(route);
                rates.move_flow((falling, route), (rising, to), move_.moved(week), volume_ratio);
            }
        }
        Happening::Displacement { move_ } => {
            let Move { falling, rising, volume_ratio, .. } = *move_;
            for k in 0..substances {
                rates.move_flow((k, falling), (k, rising), move_.moved(week), volume_ratio);
            }
        }
        Happening::Surge { from, to, factor } => {
            if (*from..=*to).contains(&week) {
                rates.of.iter_mut().for_each(|rate| *rate *= factor);
            }
        }
        Happening::Campaign { from, to, factor, reporter: whose, substance } => {
            if *whose == reporter && (*from..=*to).contains(&week) {
                (0..routes).for_each(|route| *rates.at(*substance, route) *= factor);
            }
        }
        Happening::Operation { from, to, seizures_per_week, reporter: whose, substance, route } => {
            if *whose == reporter && (*from..=*to).contains(&week) {
                *rates.at(*substance, *route) += seizures_per_week;
            }
        }
        Happening::Laboratory { from, reporter: whose, substance, named_as, factor } => {
            if *whose == reporter && week >= *from {
                (0..routes).for_each(|r| rates.move_flow((*substance, r), (*named_as, r), *factor, 1.0));
            }
        }
    }
}

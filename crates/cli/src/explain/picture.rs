//! An explanation as a picture: the cell, its pairs and its reporters over time.

use headwater_detect::{Explanation, StratumName};
use headwater_model::Day;
use headwater_svg::{Axis, Chart, Line};

use super::pair;

/// Reporters that are drawn: with the cell and its pairs as many lines as there are colours.
const STRATA: usize = 3;
/// Days of a year, to place a day on its axis.
const YEAR_DAYS: f64 = 365.25;
/// Lines of the grid, about.
const TICKS: f64 = 8.0;

/// The SVG.
pub fn of(name: &str, explanation: &Explanation, bar: f64) -> String {
    let line = |name: String, course: &[(Day, f64)]| {
        let points: Vec<(f64, f64)> = course.iter().map(|(day, value)| (year(*day), *value)).collect();
        Line { name, marked_every: points.len().div_ceil(12).max(1), points }
    };
    let mut lines = vec![line("all pairs".into(), &explanation.course)];
    lines.extend(explanation.pairs.iter().enumerate().map(|(at, of)| line(pair(explanation, at), &of.course)));
    lines.extend(explanation.strata.iter().take(STRATA).map(|of| line(reporter(&of.stratum), &of.course)));
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let all = || lines.iter().flat_map(|l| &l.points).map(of);
        (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max))
    };
    let ((first, last), (low, high)) = (ends(|p| p.0), ends(|p| p.1));
    let (low, high) = (low.min(0.0).floor(), high.max(bar).ceil());
    let step = ((high - low) / TICKS).ceil().max(1.0);
    let chart = Chart {
        title: format!("{name} on {}, bar {bar}", explanation.day),
        x: axis("year", (first.floor(), last.ceil()), 1.0),
        y: axis("nats: log statistic; of a reporter what it adds since the onset", (low, high), step),
        lines,
    };
    chart.to_string()
}

fn axis(title: &'static str, (from, to): (f64, f64), step: f64) -> Axis {
    let count = ((to - from) / step).floor() as u32;
    let ticks = (0..=count).map(|i| from + f64::from(i) * step).collect();
    Axis { title, from, to, logarithmic: false, ticks }
}

/// A day as a year with a fraction.
fn year(day: Day) -> f64 {
    1970.0 + f64::from(day.0) / YEAR_DAYS
}

fn reporter(name: &StratumName) -> String {
    let office = name.office.as_deref().map(|office| format!(", {office}")).unwrap_or_default();
    format!("{} {}{office}", name.source, name.evidence.as_str())
}

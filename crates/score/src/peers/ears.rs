//! EARS C2: how many standard deviations a week lies above the seven weeks that end two weeks before it.
//!
//! For each label by itself; it names what rises only. A floor of the standard deviation keeps quiet weeks from making
//! any count infinite.
//!
//! Source: Hutwagner, Thompson, Seeman and Treadwell, The bioterrorism preparedness and response Early Aberration
//! Reporting System (2003). Checked against `earsC` of the R package surveillance 1.20.3 on its series salmonella.agona.

use crate::method::{Method, Row, Trace};
use crate::view::View;
use crate::weekly::{Weekly, greatest, trace};

/// Weeks between the baseline and the week that is looked at.
const GAP_WEEKS: usize = 2;

/// C2 with its constants.
#[derive(Clone, Copy, Debug)]
struct EarsC2 {
    /// Weeks of the baseline; 7 as published.
    baseline_weeks: usize,
    /// Least standard deviation.
    deviation_min: f64,
}

/// The row.
pub fn row() -> Row {
    let grid = [7, 14, 28]
        .into_iter()
        .flat_map(|baseline_weeks| [0.5, 1.0].map(|deviation_min| EarsC2 { baseline_weeks, deviation_min }));
    Row::new("ears-c2", "EARS C2 on weekly counts (Hutwagner et al. 2003)", grid)
}

impl Method for EarsC2 {
    fn settings(&self) -> String {
        format!("baseline {} weeks, deviation at least {}", self.baseline_weeks, self.deviation_min)
    }

    /// As published.
    fn own_threshold(&self, _barred: bool) -> Option<f64> {
        Some(3.0)
    }

    fn run(&self, view: &View) -> Trace {
        let weekly = Weekly::new(view);
        let series: Vec<Vec<f64>> = (0..view.labels).map(|label| weekly.series(label)).collect();
        trace(view, |week| greatest(series.iter().map(|series| self.statistic(series, week))))
    }
}

impl EarsC2 {
    fn statistic(&self, series: &[f64], week: usize) -> f64 {
        let Some(begin) = week.checked_sub(self.baseline_weeks + GAP_WEEKS) else { return f64::NEG_INFINITY };
        let (mean, deviation) = moments(&series[begin..week - GAP_WEEKS]);
        (series[week] - mean) / deviation.max(self.deviation_min)
    }
}

/// Mean and standard deviation of a sample.
fn moments(sample: &[f64]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    (mean, (sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::salmonella::AGONA;
    use crate::weekly::tests::names_the_shift;

    /// Upper bounds of weeks 282 to 291 of the series at alpha 0.001: mean + 3.0902 standard deviations.
    #[test]
    fn bounds_are_those_of_surveillance() {
        let bounds =
            [2.223227, 2.223227, 3.050282, 3.523164, 5.746480, 9.753822, 11.206838, 10.794891, 10.558130, 11.129558];
        let z = 3.090_232_306_167_813;
        let c2 = EarsC2 { baseline_weeks: 7, deviation_min: 0.0 };
        let series: Vec<f64> = AGONA.iter().map(|count| f64::from(*count)).collect();
        for (week, bound) in (281..).zip(bounds) {
            let (mean, deviation) = moments(&series[week - 9..week - 2]);
            assert!((mean + z * deviation - bound).abs() < 1e-6, "week {week}");
            assert!((c2.statistic(&series, week) - z * (series[week] - mean) / (bound - mean)).abs() < 1e-4);
        }
        assert_eq!(c2.statistic(&series, 8), f64::NEG_INFINITY);
    }

    #[test]
    fn what_rises_is_named() {
        names_the_shift(&EarsC2 { baseline_weeks: 7, deviation_min: 0.5 }, [None, Some(1)]);
    }
}

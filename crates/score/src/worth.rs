//! What a part of the product is worth: the product without it, held against the product on the same cells.

use crate::score::{CORROBORATED, Score};

/// Name of the product's row, and what the names of the rows without a part begin with.
const PRODUCT: &str = "headwater";
const WITHOUT: &str = "headwater-without-";

/// A difference, and its standard error.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Of what.
    pub of: String,
    /// The product less the product without the part.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

/// What is lost without a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Worth {
    /// The part.
    pub part: String,
    /// Of the share of shifts found within 365 days: what is above 0 speaks for the part.
    pub recall: Vec<Difference>,
    /// Of alarms per 1,000 market-years beyond the model: what is below 0 speaks for it.
    pub stress: Vec<Difference>,
}

impl Worth {
    /// Whether anything speaks for the part by more than its standard error.
    pub fn is_worth_it(&self) -> bool {
        let beyond = |value: f64, error: f64| value > error && value > 0.0;
        self.recall.iter().any(|d| beyond(d.value, d.error)) || self.stress.iter().any(|d| beyond(-d.value, d.error))
    }
}

/// The worth of every part that a row was scored without; none where the product was not scored.
pub fn worth(scores: &[Score]) -> Vec<Worth> {
    let product = format!("{PRODUCT}{CORROBORATED}");
    let Some(product) = scores.iter().find(|score| score.method == product) else { return Vec::new() };
    scores
        .iter()
        .filter_map(|without| {
            let part = without.method.strip_prefix(WITHOUT)?.strip_suffix(CORROBORATED)?;
            let sides = [
                ("substitution", &product.substitution, &without.substitution),
                ("displacement", &product.displacement, &without.displacement),
            ];
            let recall = sides.map(|(of, with, without)| paired(of, &with.found, &without.found)).to_vec();
            let stress = product.stress.iter().zip(&without.stress);
            let stress = stress.map(|(with, without)| {
                let years = with.false_alarms.market_years;
                let counts = (with.false_alarms.alarms + without.false_alarms.alarms) as f64;
                Difference {
                    of: with.kind.to_owned(),
                    value: with.false_alarms.per_1000 - without.false_alarms.per_1000,
                    error: 1_000.0 * counts.sqrt() / years,
                }
            });
            Some(Worth { part: part.to_owned(), recall, stress: stress.collect() })
        })
        .collect()
}

/// The difference of two shares of the same cells. Its variance is that of the cells in which they differ (McNemar 1947).
fn paired(of: &str, with: &[bool], without: &[bool]) -> Difference {
    let cells = with.len().max(1) as f64;
    let count = |a: bool, b: bool| with.iter().zip(without).filter(|(x, y)| (**x, **y) == (a, b)).count() as f64;
    let (won, lost) = (count(true, false), count(false, true));
    let variance = (won + lost - (won - lost).powi(2) / cells).max(0.0);
    Difference { of: of.to_owned(), value: (won - lost) / cells, error: variance.sqrt() / cells }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_both_find_say_nothing() {
        let difference = paired("x", &[true; 8], &[true; 8]);
        assert_eq!((difference.value, difference.error), (0.0, 0.0));
        // 40 of 100 found by the one alone, 10 by the other alone: by hand, sqrt(50 - 9) / 100.
        let with: Vec<bool> = (0..100).map(|i| i < 60).collect();
        let without: Vec<bool> = (0..100).map(|i| (40..70).contains(&i)).collect();
        let difference = paired("x", &with, &without);
        assert!((difference.value - 0.3).abs() < 1e-12 && (difference.error - 41f64.sqrt() / 100.0).abs() < 1e-12);
    }

    #[test]
    fn a_part_is_worth_it_where_one_figure_says_so() {
        let of = |value: f64, error: f64| vec![Difference { of: "x".into(), value, error }];
        let worth = |recall, stress| Worth { part: "cap".into(), recall, stress }.is_worth_it();
        assert!(worth(of(0.03, 0.02), of(1.0, 2.0)) && worth(of(0.0, 0.02), of(-3.0, 2.0)));
        assert!(
            !worth(of(0.02, 0.03), of(-1.0, 2.0))
                && !worth(of(-0.5, 0.1), of(5.0, 1.0))
                && !worth(of(0.0, 0.0), vec![])
        );
    }
}

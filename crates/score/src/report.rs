//! The scoreboard as a table in Markdown, and as JSON.

use headwater_model::LikelihoodWords;
use serde::Serialize;

use crate::limit::LIMIT;
use crate::plan::Plan;
use crate::product::PRODUCT;
use crate::rate::{Part, Rate};
use crate::score::{RATES, Score, WITHIN_DAYS};
use crate::view::Labels;
use crate::words::{Calibration, Word};
use crate::worth::worth;

/// What was scored, and how.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was drawn and allowed.
    pub plan: Plan,
    /// The rows.
    pub scores: Vec<Score>,
    /// Bytes that the product holds of a cell of seven substances, three strata and six years, where it is among the rows
    /// and the system tells what a process holds.
    pub bytes_per_cell: Option<u64>,
    /// What the words of the product's likelihood are worth, where it is among the rows.
    pub calibration: Option<Calibration>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Plan { seed, cells, budget, .. } = self.plan;
        writeln!(
            f,
            "Thresholds and constants from {cells} quiet cells of their own at {budget} false alarms per 1,000 market-years; \
             seed {seed}. Recall is the share of planted shifts found within so many days of their onset.\n"
        )?;
        for labels in Labels::ALL {
            self.table(f, labels)?;
            writeln!(f)?;
        }
        self.beyond(f)?;
        writeln!(f)?;
        self.own(f)?;
        writeln!(f)?;
        self.rates(f)?;
        self.worth(f)?;
        self.calibration.as_ref().map_or(Ok(()), |calibration| words(f, calibration))
    }
}

impl Report {
    fn table(&self, f: &mut std::fmt::Formatter<'_>, labels: Labels) -> std::fmt::Result {
        let recall = WITHIN_DAYS.map(|days| format!("recall {days} d"));
        let head = [
            labels.shift(),
            &recall[0],
            &recall[1],
            &recall[2],
            "of the limit\'s",
            "median delay d",
            "right pair",
            "false alarms per 1,000",
            "at equal false alarms: recall 365 d",
            "half found d",
        ];
        line(f, &head.map(str::to_owned))?;
        writeln!(f, "|---|{}", "--:|".repeat(head.len() - 1))?;
        let limit = self.scores.iter().find(|score| score.method == LIMIT);
        let limit = limit.and_then(|score| score.side(labels).recall[2].share());
        for score in &self.scores {
            let side = score.side(labels);
            let mut cells = vec![score.method.clone()];
            cells.extend(side.recall.map(share));
            let of = side.recall[2].share().zip(limit).filter(|(_, limit)| *limit > 0.0);
            cells.push(of.map_or("-".to_owned(), |(share, limit)| format!("{:.2}", share / limit)));
            cells.push(side.median_delay.map_or("-".to_owned(), |days| days.to_string()));
            cells.push(format!("{}{}", share(side.right), if side.names_both { "" } else { " riser" }));
            cells.push(interval(side.false_alarms));
            cells.push(share(side.equal.recall));
            cells.push(side.equal.half_found.map_or("-".to_owned(), |days| days.to_string()));
            line(f, &cells)?;
        }
        Ok(())
    }

    fn beyond(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = self.scores.first().map_or(&[][..], |score| &score.stress);
        let mut head: Vec<String> =
            ["beyond the model", "rising alone", "falling alone"].map(str::to_owned).into_iter().collect();
        head.extend(kinds.iter().map(|stress| format!("{} per 1,000", stress.kind)));
        head.push("us per event".to_owned());
        head.push("bytes per cell".to_owned());
        head.push("constants".to_owned());
        line(f, &head)?;
        writeln!(f, "|---|{}---|", "--:|".repeat(head.len() - 2))?;
        for score in &self.scores {
            let mut cells = vec![score.method.clone(), share(score.rising_alone), share(score.falling_alone)];
            cells.extend(score.stress.iter().map(|stress| format!("{:.1}", stress.false_alarms.per_1000)));
            cells.push(format!("{:.1}", score.us_per_event));
            let bytes = self.bytes_per_cell.filter(|_| score.method == PRODUCT);
            cells.push(bytes.map_or("-".to_owned(), |bytes| bytes.to_string()));
            let of = if score.tried > 1 { format!(" (best of {})", score.tried) } else { String::new() };
            cells.push(format!("{}{of}", score.settings));
            line(f, &cells)?;
        }
        Ok(())
    }

    fn own(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = self.scores.first().map_or(&[][..], |score| &score.stress);
        let head = ["at the method's own threshold", "threshold", "recall 365 d", "false alarms per 1,000"];
        let mut head: Vec<String> = head.map(str::to_owned).into();
        head.extend(kinds.iter().map(|stress| format!("{} per 1,000", stress.kind)));
        line(f, &head)?;
        writeln!(f, "|---|{}", "--:|".repeat(head.len() - 1))?;
        for (score, own) in self.scores.iter().filter_map(|score| score.own.as_ref().map(|own| (score, own))) {
            let mut cells = vec![score.method.clone(), format!("{:.2}", own.threshold), share(own.recall)];
            cells.push(interval(own.false_alarms));
            cells.extend(own.stress.iter().map(|stress| format!("{:.1}", stress.false_alarms.per_1000)));
            line(f, &cells)?;
        }
        Ok(())
    }

    fn worth(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = worth(&self.scores);
        let Some(first) = parts.first() else { return Ok(()) };
        let mut head = vec!["worth of a part: the product less the product without it".to_owned()];
        head.extend(first.recall.iter().map(|difference| format!("recall of a {}", difference.of)));
        head.extend(first.stress.iter().map(|difference| format!("{} per 1,000", difference.of)));
        head.push("worth it".to_owned());
        writeln!(f)?;
        line(f, &head)?;
        writeln!(f, "|---|{}---|", "--:|".repeat(head.len() - 2))?;
        for part in &parts {
            let mut cells = vec![part.part.clone()];
            cells.extend(part.recall.iter().map(|d| format!("{:+.3} ± {:.3}", d.value, d.error)));
            cells.extend(part.stress.iter().map(|d| format!("{:+.1} ± {:.1}", d.value, d.error)));
            cells.push(if part.is_worth_it() { "yes" } else { "no" }.to_owned());
            line(f, &cells)?;
        }
        Ok(())
    }

    fn rates(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c] = RATES;
        let classes = [format!("below {a}"), format!("{a} to {b}"), format!("{b} to {c}"), format!("{c} and more")];
        let mut head = vec!["recall 365 d, by the falling substance's events a week".to_owned()];
        let cells = self.scores.first().map(|score| score.substitution.by_rate);
        head.extend(
            classes
                .iter()
                .enumerate()
                .map(|(i, class)| format!("{class} ({} cells)", cells.map_or(0, |cells| cells[i].cells))),
        );
        line(f, &head)?;
        writeln!(f, "|---|--:|--:|--:|--:|")?;
        for score in &self.scores {
            let mut cells = vec![score.method.clone()];
            cells.extend(score.substitution.by_rate.map(share));
            line(f, &cells)?;
        }
        Ok(())
    }
}

fn words(f: &mut std::fmt::Formatter<'_>, calibration: &Calibration) -> std::fmt::Result {
    writeln!(f)?;
    let Calibration { shifts_per_market_year, market_years, stress_market_years, shifts, .. } = calibration;
    let head = [
        "the likelihood says".to_owned(),
        "which means".to_owned(),
        "alerts true, false".to_owned(),
        "said on average".to_owned(),
        format!("true at {shifts_per_market_year} shifts a market-year"),
        "stress: alerts true, false".to_owned(),
        "true among stress".to_owned(),
    ];
    line(f, &head)?;
    writeln!(f, "|---|--:|--:|--:|--:|--:|--:|")?;
    for said in LikelihoodWords::ALL {
        let find = |words: &[Word]| words.iter().find(|word| word.words == *said).copied();
        let (mixture, stress) = (find(&calibration.words), find(&calibration.stress));
        if mixture.is_none() && stress.is_none() {
            continue;
        }
        let counts =
            |word: Option<Word>| word.map_or("-".to_owned(), |w| format!("{}, {}", w.true_alerts, w.false_alerts));
        let found = |word: Option<Word>| {
            word.map_or("-".to_owned(), |w| format!("{:.3} ({:.3} to {:.3})", w.share, w.low, w.high))
        };
        let (from, to) = said.band();
        let cells = [
            said.to_string(),
            format!("{from:.2} to {to:.2}"),
            counts(mixture),
            mixture.map_or("-".to_owned(), |word| format!("{:.3}", word.said)),
            found(mixture),
            counts(stress),
            found(stress),
        ];
        line(f, &cells)?;
    }
    writeln!(
        f,
        "\n{shifts} shifts and {market_years:.0} market-years without one; of stress {stress_market_years:.0}, before an \
         onset among either."
    )
}

fn line(f: &mut std::fmt::Formatter<'_>, cells: &[String]) -> std::fmt::Result {
    writeln!(f, "| {} |", cells.join(" | "))
}

fn share(part: Part) -> String {
    part.share().map_or("-".to_owned(), |share| format!("{share:.2}"))
}

fn interval(rate: Rate) -> String {
    format!("{:.1} ({:.1} to {:.1})", rate.per_1000, rate.low, rate.high)
}

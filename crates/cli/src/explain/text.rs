//! An explanation in words and tables.

use std::fmt::{Display, Formatter, Result};

use headwater_detect::{Explanation, StratumName};
use headwater_model::{Alert, Budgets, Falls, Priority, Raised};

use super::{nats, pair};

/// Weeks of the course that are told.
const WEEKS: usize = 26;

/// What is printed.
pub struct Text<'a> {
    /// The cell's name.
    pub name: &'a str,
    /// What is told.
    pub explanation: &'a Explanation,
    /// What the cell's statistic must exceed.
    pub bar: f64,
    /// The alert, where one is asked about.
    pub alert: Option<&'a Alert>,
    /// What ranked it.
    pub budgets: &'a Budgets,
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Text { name, explanation: e, bar, alert, budgets } = self;
        writeln!(f, "{name} on {}: log statistic {}, bar {}\n", e.day, nats(e.log), nats(*bar))?;
        if let Some(alert) = alert {
            writeln!(f, "{}\n", place(alert, budgets))?;
        }
        writeln!(f, "| pair | own log | part of the sum |\n|---|--:|--:|")?;
        for (at, of) in e.pairs.iter().enumerate() {
            let part = of.course.last().map_or(f64::NEG_INFINITY, |(_, log)| *log);
            writeln!(f, "| {} | {} | {} |", pair(e, at), nats(of.own_log), nats(part))?;
        }
        let (from, to) = e.onset;
        writeln!(f, "\n{} may have begun between {from} and {to} (90 %). Since {from}:\n", pair(e, 0))?;
        writeln!(f, "| reporter | evidence | office | nats |\n|---|---|---|--:|")?;
        for of in &e.strata {
            let end = of.course.last().map_or(0.0, |(_, nats)| *nats);
            writeln!(f, "| {} | {} |", stratum(&of.stratum), nats(end))?;
        }
        writeln!(f, "\nBlocks that moved it most; below 0 they speak against it:\n")?;
        writeln!(
            f,
            "| from | to | reporter | evidence | office | falling | rising | nats |\n|---|---|---|---|---|--:|--:|--:|"
        )?;
        for block in &e.blocks {
            let (from, to, of) = (block.first, block.last, stratum(&block.stratum));
            writeln!(f, "| {from} | {to} | {of} | {} | {} | {} |", block.falling, block.rising, nats(block.nats))?;
        }
        writeln!(f, "\n| week to | log statistic | {} |\n|---|--:|--:|", pair(e, 0))?;
        for (day, log) in &e.course[e.course.len().saturating_sub(WEEKS)..] {
            let own = e.pairs[0].course.iter().find(|(of, _)| of == day);
            writeln!(f, "| {day} | {} | {} |", nats(*log), own.map_or_else(String::new, |(_, log)| nats(*log)))?;
        }
        Ok(())
    }
}

/// Where the alert stands in its week, and why.
fn place(alert: &Alert, budgets: &Budgets) -> String {
    let Priority { rank, within_budget, .. } = alert.priority;
    let (falls, alerts) = budgets.of(&Raised::of(alert));
    let whose = match falls {
        Falls::Market(market) => format!("of the market {market}"),
        Falls::Family(family) => format!("of the family {family}"),
        Falls::Common => "that is common".to_owned(),
    };
    let room = if within_budget { "within" } else { "over" };
    format!(
        "raised on {}, rank {rank} of that week: {room} the budget {whose}, {alerts} alerts a week",
        alert.detected_at
    )
}

fn stratum(name: &StratumName) -> String {
    format!("{} | {} | {}", name.source, name.evidence.as_str(), name.office.as_deref().unwrap_or_default())
}

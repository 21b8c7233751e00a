//! When shifts are looked for, and how many alerts of them people can work through.

use std::collections::BTreeMap;

use super::ConfigProblem;
use super::section::Section;
use super::tree::Node;

/// From the pause of a busy producer to a day.
const IDLE_MS: std::ops::RangeInclusive<u64> = 1_000..=86_400_000;
const IDLE_MS_DEFAULT: u64 = 60_000;

/// Alerts in a week. None at all is no budget: what is not to be looked at is filtered by who reads. At a quarter of an
/// hour each, ten thousand are the week of some sixty people.
const WEEKLY_BUDGET: std::ops::RangeInclusive<u64> = 1..=10_000;
const WEEKLY_BUDGET_DEFAULT: u64 = 10;

/// When shifts are looked for, and how many alerts of them people can work through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectSettings {
    /// Milliseconds without a record after which a source counts as idle.
    pub idle_ms: u64,
    /// Alerts that are worked through in a week, of all that have no budget of their own.
    pub weekly_budget: u32,
    /// Budgets of their own.
    pub budgets: BudgetSettings,
}

/// Alerts that are worked through in a week, by a name as it was given: which names there are is not known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BudgetSettings {
    /// By family.
    pub family: BTreeMap<String, u32>,
    /// By market.
    pub market: BTreeMap<String, u32>,
}

/// Reads `[detect]`.
pub(super) fn settings(root: &mut Section, problems: &mut Vec<ConfigProblem>) -> DetectSettings {
    let mut section = root.section("detect", problems);
    let idle_ms = section.integer("idle_ms", IDLE_MS_DEFAULT, IDLE_MS, problems);
    let weekly_budget = section.integer("weekly_budget", WEEKLY_BUDGET_DEFAULT, WEEKLY_BUDGET, problems);
    let mut budgets = section.section("budgets", problems);
    let [family, market] = ["family", "market"].map(|of| {
        let mut section = budgets.section(of, problems);
        let named = section.named().into_iter();
        let budget = |(name, node): (String, Node)| {
            let alerts = section.whole_number(&name, node, &WEEKLY_BUDGET, problems)?;
            Some((name, alerts as u32))
        };
        named.filter_map(budget).collect()
    });
    budgets.finish(problems);
    section.finish(problems);
    DetectSettings { idle_ms, weekly_budget: weekly_budget as u32, budgets: BudgetSettings { family, market } }
}

//! The closed list of worlds that can be asked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SimError;

/// What is planted in a world and how badly it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Nothing happens: seasons, noise and everyday faults.
    Quiet,
    /// A third of the cells shifts to a substitute.
    Substitution,
    /// A third of the cells shifts to another route.
    Displacement,
    /// Some of everything.
    Mixed,
    /// The mixed world, badly reported.
    Messy,
    /// Police campaigns, each aimed at one substance.
    StressCampaign,
    /// One laboratory begins to call one substance another.
    StressLaboratory,
    /// Shares wander by themselves.
    StressNoise,
    /// Reports begin to come four times as late.
    StressDelay,
    /// Large operations make dozens of seizures of one substance each.
    StressOperation,
}

impl Scenario {
    /// The closed list.
    pub const ALL: [Scenario; 10] = [
        Scenario::Quiet,
        Scenario::Substitution,
        Scenario::Displacement,
        Scenario::Mixed,
        Scenario::Messy,
        Scenario::StressCampaign,
        Scenario::StressLaboratory,
        Scenario::StressNoise,
        Scenario::StressDelay,
        Scenario::StressOperation,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Scenario::Quiet => "quiet",
            Scenario::Substitution => "substitution",
            Scenario::Displacement => "displacement",
            Scenario::Mixed => "mixed",
            Scenario::Messy => "messy",
            Scenario::StressCampaign => "stress-campaign",
            Scenario::StressLaboratory => "stress-laboratory",
            Scenario::StressNoise => "stress-noise",
            Scenario::StressDelay => "stress-delay",
            Scenario::StressOperation => "stress-operation",
        }
    }

    /// What it is, in one line.
    pub fn about(self) -> &'static str {
        match self {
            Scenario::Quiet => "nothing planted: seasons, noise, everyday late and corrected records",
            Scenario::Substitution => "a third of the cells moves from one substance to another of its family",
            Scenario::Displacement => "a third of the cells moves from one route to another",
            Scenario::Mixed => "some substitutions and displacements among surges, campaigns and outages (the demo)",
            Scenario::Messy => {
                "the mixed world with many duplicates, corrections, withdrawals, unit errors and outages"
            }
            Scenario::StressCampaign => "nothing moves, but police campaigns aim at one substance each",
            Scenario::StressLaboratory => "nothing moves, but one reporter a cell begins to call one substance another",
            Scenario::StressNoise => "nothing moves, but shares wander by themselves (strong AR(1) noise)",
            Scenario::StressDelay => "nothing moves, but reports begin to come four times as late",
            Scenario::StressOperation => "nothing moves, but large operations make dozens of seizures of one substance",
        }
    }

    pub(crate) fn knobs(self) -> Knobs {
        let calm = Knobs {
            families: 4,
            markets: 3,
            rate: (4.0, 30.0),
            substitutions: 0,
            displacements: 0,
            surges: 0,
            campaigns: 0,
            laboratories: 0,
            operations: 0,
            long_outage: 0.1,
            wandering: 0.08,
            delay_change: false,
            faults: Faults { duplicate: 0.01, revision: 0.03, withdrawal: 0.01, reinstated: 0.05, unit_error: 0.005 },
        };
        let mixed = Knobs {
            markets: 4,
            substitutions: 4,
            displacements: 3,
            surges: 2,
            campaigns: 2,
            laboratories: 1,
            long_outage: 0.3,
            ..calm
        };
        match self {
            Scenario::Quiet => calm,
            Scenario::Substitution => Knobs { substitutions: 4, ..calm },
            Scenario::Displacement => Knobs { displacements: 4, ..calm },
            Scenario::Mixed => mixed,
            Scenario::Messy => Knobs {
                long_outage: 0.8,
                faults: Faults { duplicate: 0.08, revision: 0.15, withdrawal: 0.05, reinstated: 0.2, unit_error: 0.03 },
                ..mixed
            },
            Scenario::StressCampaign => Knobs { campaigns: usize::MAX, ..calm },
            Scenario::StressLaboratory => Knobs { laboratories: usize::MAX, ..calm },
            Scenario::StressNoise => Knobs { wandering: 0.35, ..calm },
            Scenario::StressDelay => Knobs { delay_change: true, ..calm },
            Scenario::StressOperation => Knobs { operations: usize::MAX, ..calm },
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scenario {
    type Err = SimError;

    fn from_str(text: &str) -> Result<Scenario, SimError> {
        let unknown = || SimError::UnknownScenario {
            name: text.to_owned(),
            known: Scenario::ALL.map(|s| format!("\n  {:<18} {}", s.as_str(), s.about())).concat(),
        };
        Scenario::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(unknown)
    }
}

/// How much of what a scenario has. Cells are given out in this order: substitutions, displacements, surges, campaigns,
/// laboratories, operations; a number beyond the cells means all that are left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knobs {
    pub families: usize,
    pub markets: usize,
    /// Events a week and cell, from and to, log-uniform.
    pub rate: (f64, f64),
    pub substitutions: usize,
    pub displacements: usize,
    pub surges: usize,
    pub campaigns: usize,
    pub laboratories: usize,
    pub operations: usize,
    /// Probability that a source has one outage of a quarter to half a year.
    pub long_outage: f64,
    /// Standard deviation of the AR(1) noise of log shares.
    pub wandering: f64,
    pub delay_change: bool,
    pub faults: Faults,
}

/// Probabilities per event (`reinstated`: per withdrawal).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faults {
    pub duplicate: f64,
    pub revision: f64,
    pub withdrawal: f64,
    pub reinstated: f64,
    pub unit_error: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_an_unknown_one_lists_all() {
        for scenario in Scenario::ALL {
            assert_eq!(scenario.as_str().parse::<Scenario>().unwrap(), scenario);
            assert_eq!(serde_json::to_value(scenario).unwrap(), scenario.as_str());
        }
        let message = "loud".parse::<Scenario>().unwrap_err().to_string();
        for scenario in Scenario::ALL {
            assert!(message.contains(scenario.as_str()) && message.contains(scenario.about()), "{message}");
        }
    }
}

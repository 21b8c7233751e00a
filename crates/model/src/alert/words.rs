//! The closed lists of words that an alert uses.

use serde::{Deserialize, Serialize};

/// A closed list of words: the enum, its wire form, and every member in order.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant),+
        }
        impl $name {
            /// Every member, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The word of the wire.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// What a revision says of its alert.
    AlertStatus {
        /// First told.
        Raised = "raised",
        /// Figures moved by more than the stated amounts.
        Updated = "updated",
        /// Corrections took its evidence away.
        Withdrawn = "withdrawn",
        /// Old: the change is the new normal; or merged: a wider alert tells it from now on.
        Expired = "expired",
    }
}

words! {
    /// What kind of change an alert tells.
    Kind {
        /// One substance falls and another rises, in one family and market.
        Substitution = "substitution",
        /// One route falls and another rises, for one family into one market.
        Displacement = "displacement",
        /// A substance without a baseline reaches a rate that no error explains.
        Emergence = "emergence",
        /// The family's total rises against its season and the reporter's other families.
        Surge = "surge",
        /// The unmapped share of an HS basket or of a source grows.
        UnmappedGrowth = "unmapped_growth",
        /// A source is silent beyond its own habit.
        ReportingGap = "reporting_gap",
    }
}

words! {
    /// How wide a cell is.
    Scope {
        /// An office of a source.
        Office = "office",
        /// A subdivision of a country, or a source's own region.
        Subdivision = "subdivision",
        /// A country as destination.
        Market = "market",
        /// A country as origin.
        Origin = "origin",
        /// All markets.
        World = "world",
    }
}

words! {
    /// Why a revision was made.
    ChangeReason {
        /// New reports moved the figures.
        NewData = "new_data",
        /// Revised or withdrawn reports moved the figures.
        Correction = "correction",
        /// Revised or withdrawn reports took the evidence away.
        EvidenceWithdrawn = "evidence_withdrawn",
        /// Its time is over.
        Expired = "expired",
    }
}

words! {
    /// A question put to an alert to see whether it stands.
    Check {
        /// The statistic again without the event that carries most of it.
        WithoutLargestOperation = "without_largest_operation",
        /// The statistic again without each reporter in turn; the smallest counts.
        WithoutAnyOneReporter = "without_any_one_reporter",
        /// The statistic again without converted or guessed records.
        WithoutFlagged = "without_flagged",
        /// Do the market's pooled incidents say the same?
        ByIncidents = "by_incidents",
        /// The statistic again with each block's incidents shared out by mass.
        ByMass = "by_mass",
        /// Did what fell fall alone? Enforcement would look the same.
        FallingAlone = "falling_alone",
        /// Did what rose rise alone? A surge would look the same.
        RisingAlone = "rising_alone",
        /// Was a substance's control status changed near the onset?
        ControlChangeNearOnset = "control_change_near_onset",
        /// Did a source change its codes near the onset?
        CodeChangeNearOnset = "code_change_near_onset",
        /// Did the same season move alike a year earlier?
        LicitTradeSeason = "licit_trade_season",
        /// Is a contributing source silent beyond its habit?
        ReportingGap = "reporting_gap",
    }
}

words! {
    /// What a check found.
    CheckResult {
        /// The alert stands all the same.
        Holds = "holds",
        /// It stands less firmly.
        Weakens = "weakens",
        /// It would not stand.
        Fails = "fails",
        /// There was nothing to check it with.
        NotChecked = "not_checked",
    }
}

words! {
    /// How soon to look.
    Band {
        /// At once.
        Critical = "critical",
        /// Today.
        High = "high",
        /// This week.
        Normal = "normal",
        /// When there is time.
        Low = "low",
    }
}

words! {
    /// How good the ground is on which an alert stands.
    ConfidenceLevel {
        /// One reporter, or a check fails.
        Low = "low",
        /// Several reporters with a weakness.
        Moderate = "moderate",
        /// Several reporters, every check holds.
        High = "high",
    }
}

words! {
    /// What the family as a whole did.
    Level {
        /// Its rate stayed within the noise.
        Steady = "steady",
        /// Its rate rose.
        Rose = "rose",
        /// Its rate fell.
        Fell = "fell",
    }
}

words! {
    /// On which side of the shift an event stands.
    Role {
        /// It reports what fell.
        Falling = "falling",
        /// It reports what rose.
        Rising = "rising",
    }
}

words! {
    /// Words of estimative probability, US Intelligence Community Directive 203 (2015), D.6.e.(2)(a).
    LikelihoodWords {
        /// 1 to 5 percent.
        AlmostNoChance = "almost no chance",
        /// 5 to 20 percent.
        VeryUnlikely = "very unlikely",
        /// 20 to 45 percent.
        Unlikely = "unlikely",
        /// 45 to 55 percent.
        RoughlyEvenChance = "roughly even chance",
        /// 55 to 80 percent.
        Likely = "likely",
        /// 80 to 95 percent.
        VeryLikely = "very likely",
        /// 95 to 99 percent.
        AlmostCertainly = "almost certainly",
    }
}

impl LikelihoodWords {
    /// The words of a probability; a bound belongs to the weaker claim, so that words never outrun their band.
    pub fn of(probability: f64) -> LikelihoodWords {
        match probability {
            p if p <= 0.05 => LikelihoodWords::AlmostNoChance,
            p if p <= 0.20 => LikelihoodWords::VeryUnlikely,
            p if p < 0.45 => LikelihoodWords::Unlikely,
            p if p <= 0.55 => LikelihoodWords::RoughlyEvenChance,
            p if p <= 0.80 => LikelihoodWords::Likely,
            p if p <= 0.95 => LikelihoodWords::VeryLikely,
            _ => LikelihoodWords::AlmostCertainly,
        }
    }

    /// The probabilities that the words stand for, from and to.
    pub fn band(self) -> (f64, f64) {
        match self {
            LikelihoodWords::AlmostNoChance => (0.01, 0.05),
            LikelihoodWords::VeryUnlikely => (0.05, 0.20),
            LikelihoodWords::Unlikely => (0.20, 0.45),
            LikelihoodWords::RoughlyEvenChance => (0.45, 0.55),
            LikelihoodWords::Likely => (0.55, 0.80),
            LikelihoodWords::VeryLikely => (0.80, 0.95),
            LikelihoodWords::AlmostCertainly => (0.95, 0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_never_outrun_their_band() {
        for (probability, words) in [
            (0.01, "almost no chance"),
            (0.05, "almost no chance"),
            (0.051, "very unlikely"),
            (0.3, "unlikely"),
            (0.5, "roughly even chance"),
            (0.55, "roughly even chance"),
            (0.551, "likely"),
            (0.8, "likely"),
            (0.801, "very likely"),
            (0.95, "very likely"),
            (0.951, "almost certainly"),
            (0.99, "almost certainly"),
        ] {
            assert_eq!(LikelihoodWords::of(probability).as_str(), words, "{probability}");
        }
    }

    #[test]
    fn closed_lists_are_their_words_on_the_wire() {
        for check in Check::ALL {
            assert_eq!(serde_json::to_string(check).unwrap(), format!("\"{check}\""));
        }
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
        }
        assert!(serde_json::from_str::<Scope>("\"market\"").is_ok());
        assert!(serde_json::from_str::<Scope>("\"Market\"").is_err());
    }
    #[test]
    fn bands_are_what_the_words_are_said_of() {
        for words in LikelihoodWords::ALL {
            let (from, to) = words.band();
            assert_eq!(LikelihoodWords::of((from + to) / 2.0), *words);
        }
    }
}

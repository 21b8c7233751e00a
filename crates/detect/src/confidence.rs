//! How good the ground is: apart from how likely the change is, and with its reasons.

use headwater_model::{Check, CheckResult, Confidence, ConfidenceLevel, CounterEvidence};

/// Share of derived amounts and substances above which the ground is not firm.
const FLAGGED_SHARE_MAX: f64 = 0.25;

/// Low with one reporter or where a check fails, high where several reporters agree and no check weakens, else moderate.
pub(crate) fn confidence(reporters: usize, checks: &[CounterEvidence], flagged_share: f64) -> Confidence {
    let mut reasons = Vec::new();
    let mut level = ConfidenceLevel::High;
    let mut lower = |to: ConfidenceLevel, reason: String| {
        level = level.min(to);
        reasons.push(reason);
    };
    if reporters < 2 {
        lower(ConfidenceLevel::Low, "one reporter".into());
    }
    for result in [CheckResult::Fails, CheckResult::Weakens] {
        for check in checks.iter().filter(|c| c.result == result) {
            let to = if result == CheckResult::Fails { ConfidenceLevel::Low } else { ConfidenceLevel::Moderate };
            lower(to, format!("{} {}", words(check.check), verb(result)));
        }
    }
    if flagged_share > FLAGGED_SHARE_MAX {
        lower(ConfidenceLevel::Moderate, "many amounts or substances are derived, not read".into());
    }
    if level == ConfidenceLevel::High {
        reasons.push(format!("{reporters} reporters agree and every check holds"));
    }
    Confidence { level, reasons }
}

fn verb(result: CheckResult) -> &'static str {
    match result {
        CheckResult::Fails => "fails",
        _ => "weakens",
    }
}

fn words(check: Check) -> String {
    check.as_str().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_model::Phrase;

    fn check(check: Check, result: CheckResult) -> CounterEvidence {
        CounterEvidence { check, result, value: None, bar: None, parts: Phrase::default() }
    }

    #[test]
    fn one_reporter_is_always_low_and_said_first() {
        let found = confidence(1, &[check(Check::ByMass, CheckResult::Weakens)], 0.0);
        assert_eq!(found.level, ConfidenceLevel::Low);
        assert_eq!(found.reasons, ["one reporter", "by mass weakens"]);
    }

    #[test]
    fn the_worst_check_sets_the_level() {
        let holds = check(Check::ByMass, CheckResult::Holds);
        let weak = check(Check::FallingAlone, CheckResult::Weakens);
        let bad = check(Check::WithoutFlagged, CheckResult::Fails);
        assert_eq!(confidence(2, std::slice::from_ref(&holds), 0.0).level, ConfidenceLevel::High);
        assert_eq!(confidence(2, &[holds.clone(), weak.clone()], 0.0).level, ConfidenceLevel::Moderate);
        assert_eq!(confidence(2, std::slice::from_ref(&holds), 0.3).level, ConfidenceLevel::Moderate);
        assert_eq!(confidence(3, &[weak, bad], 0.0).reasons[0], "without flagged fails");
    }
}

//! In which order to look: expected value per analyst minute.

use headwater_model::{Band, CheckResult, Confidence, ConfidenceLevel, CounterEvidence};

use crate::round;

/// Minutes to read an alert,
const READ_MINUTES: f64 = 15.0;
/// and for each check that does not hold, or could not be made.
const CHECK_MINUTES: f64 = 5.0;
/// Milligrams of a kilogram.
const MG_PER_KG: f64 = 1e6;

/// Score: probability x size / minutes, where size = 1 + ln(1 + kg a week) + ln(1 + incidents a week) of what rose. Mass
/// and incidents by their logarithm: a ton of one chemical is not a thousand times a kilogram of another.
pub(crate) fn score(
    probability: f64,
    rising_mass_mg: i64,
    rising_records: u32,
    days: i32,
    checks: &[CounterEvidence],
) -> f64 {
    let weeks = f64::from(days.max(7)) / 7.0;
    let kg = (rising_mass_mg.max(0) as f64) / MG_PER_KG / weeks;
    let size = 1.0 + kg.ln_1p() + (f64::from(rising_records) / weeks).ln_1p();
    let open = checks.iter().filter(|c| c.result != CheckResult::Holds).count() as f64;
    round::share(100.0 * probability * size / (READ_MINUTES + CHECK_MINUTES * open))
}

/// Band: critical = almost certain and not on low ground; high = very likely; normal = likely; low = the rest.
pub(crate) fn band(probability: f64, confidence: &Confidence) -> Band {
    match probability {
        p if p > 0.95 && confidence.level > ConfidenceLevel::Low => Band::Critical,
        p if p > 0.80 => Band::High,
        p if p > 0.55 => Band::Normal,
        _ => Band::Low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_and_likelier_come_first() {
        let base = score(0.8, 1_000_000_000, 50, 70, &[]);
        assert!(score(0.9, 1_000_000_000, 50, 70, &[]) > base);
        assert!(score(0.8, 9_000_000_000, 50, 70, &[]) > base);
        assert!(score(0.8, 1_000_000_000, 90, 70, &[]) > base);
        assert!(score(0.8, i64::MIN, 0, 0, &[]).is_finite());
    }

    #[test]
    fn what_takes_longer_to_check_comes_later() {
        let checks = |results: &[CheckResult]| -> Vec<CounterEvidence> {
            let check = headwater_model::Check::ByMass;
            let of = |result| CounterEvidence { check, result, value: None, bar: None, parts: Default::default() };
            results.iter().copied().map(of).collect()
        };
        let score = |results: &[CheckResult]| score(0.8, 1_000_000_000, 50, 70, &checks(results));
        let [sound, weak, open] = [
            score(&[CheckResult::Holds; 3]),
            score(&[CheckResult::Holds, CheckResult::Holds, CheckResult::Weakens]),
            score(&[CheckResult::Fails, CheckResult::NotChecked, CheckResult::Weakens]),
        ];
        // 15 minutes to read it; 20 with one check to look into, 30 with three.
        assert!((sound * 15.0 - weak * 20.0).abs() < 1e-6 && (sound * 15.0 - open * 30.0).abs() < 1e-6);
    }

    #[test]
    fn low_ground_is_never_critical() {
        let on = |level| Confidence { level, reasons: Vec::new() };
        assert_eq!(band(0.99, &on(ConfidenceLevel::Low)), Band::High);
        assert_eq!(band(0.99, &on(ConfidenceLevel::Moderate)), Band::Critical);
        assert_eq!(band(0.55, &on(ConfidenceLevel::High)), Band::Low);
    }
}

//! Whether the words of the likelihood are worth what they say, on cells of a seed that calibrated nothing; and that this
//! would tell of words that are too weak or too strong.
//!
//! Cells without a shift that raise an alert are few. They were looked for among many, with bars somewhat below the product's,
//! and are named here; that others raise nothing is tried on some of them.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use headwater_detect::Config;
use headwater_model::LikelihoodWords;
use headwater_score::{Labels, Lot, Word};
use headwater_sim::{CellKind, Cells};

/// No cell of this seed went into the constants of the likelihood: those are of seed 3000.
const SEED: u64 = 2_000;
/// Cells with a shift between substances.
const MOVED: u64 = 200;
/// Quiet cells that were looked through,
const QUIET: u64 = 6_000;
/// and those of them that raise something where both bars are lower by 0.2.
const QUIET_RAISING: [u64; 19] =
    [569, 635, 784, 831, 1358, 1508, 2164, 2622, 2671, 2753, 3408, 4081, 4105, 4455, 4771, 5071, 5239, 5459, 5951];
/// Cells of each kind of stress that were: together a fifth of all without a shift, as the likelihood expects.
const STRESS: u64 = 300;
/// Likewise.
const STRESS_RAISING: [(CellKind, u64); 10] = [
    (CellKind::Campaign, 179),
    (CellKind::Delay, 79),
    (CellKind::Laboratory, 84),
    (CellKind::Noise, 217),
    (CellKind::Operation, 27),
    (CellKind::Operation, 51),
    (CellKind::Operation, 84),
    (CellKind::Operation, 106),
    (CellKind::Operation, 144),
    (CellKind::Operation, 186),
];
/// Market-years of each of those cells.
const MARKET_YEARS: f64 = 3.0;
/// Quiet cells that are tried again beside them.
const TRIED: u64 = 20;

fn lot(kind: CellKind, number: u64) -> Lot {
    static CELLS: LazyLock<Cells> = LazyLock::new(|| Cells::new().unwrap());
    Lot::of(&CELLS.cell(kind, SEED, number), Labels::Substances, &Config::default())
}

/// All that was raised.
static RAISED: LazyLock<Lot> = LazyLock::new(|| {
    let moved = (0..MOVED).map(|number| lot(CellKind::Substitution, number));
    let quiet = QUIET_RAISING.map(|number| lot(CellKind::Null, number));
    let stress = STRESS_RAISING.map(|(kind, number)| lot(kind, number));
    let mut all = Lot::of_all(&moved.chain(quiet).chain(stress).collect::<Vec<_>>());
    let silent = QUIET + STRESS * CellKind::STRESS.len() as u64 - (QUIET_RAISING.len() + STRESS_RAISING.len()) as u64;
    all.market_years += MARKET_YEARS * silent as f64;
    all
});

fn words(lot: &Lot) -> Vec<Word> {
    lot.words(&Config::default())
}

#[test]
fn of_the_alerts_of_a_word_as_many_are_true_as_it_says() {
    let words = words(&RAISED);
    assert!(words.iter().any(|word| word.words == LikelihoodWords::VeryLikely), "{words:?}");
    assert!(words.iter().all(|word| word.may_mean(word.words)), "{words:?}");
}

#[test]
fn weaker_words_would_be_told() {
    let words = words(&RAISED);
    let weaker = |words: LikelihoodWords| {
        let at = LikelihoodWords::ALL.iter().position(|other| *other == words)?;
        LikelihoodWords::ALL.get(at.checked_sub(1)?).copied()
    };
    assert!(words.iter().all(|word| weaker(word.words).is_some_and(|weaker| !word.may_mean(weaker))), "{words:?}");
}

#[test]
fn words_that_are_too_strong_would_be_told() {
    let falses = RAISED.alerts.iter().filter(|(_, is_true)| !is_true);
    let more = Lot { alerts: falses.copied().collect(), ..Lot::default() };
    // Nine times as many false alerts.
    let worse = Lot::of_all([&*RAISED].into_iter().chain([&more; 8]));
    let words = words(&worse);
    assert!(words.iter().any(|word| !word.may_mean(word.words)), "{words:?}");
}

#[test]
fn other_quiet_cells_raise_nothing() {
    for number in (0..TRIED).filter(|number| !QUIET_RAISING.contains(number)) {
        let lot = lot(CellKind::Null, number);
        assert!(lot.alerts.is_empty() && lot.market_years == MARKET_YEARS, "{number}: {lot:?}");
    }
}

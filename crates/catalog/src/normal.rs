//! The normal form of a name: what two spellings of one name have in common.

use unicode_normalization::{IsNormalized, UnicodeNormalization, char::is_combining_mark, is_nfkc_quick};

/// How often text may be folded again until it stays the same. Taking punctuation away can bring a letter and an accent
/// together, which then compose; that is over after two rounds, and a bound keeps hostile text from costing more.
const ROUNDS_MAX: usize = 8;

/// Writes the normal form of `raw` into `out`, which is cleared first: Unicode NFKC, lower case, Greek letters spelled
/// out, everything that is neither a letter nor a digit taken away. Between two digits a comma stays, so that `1,3-` and
/// `13-` remain two names. ASCII text costs no allocation beyond what `out` grows by.
///
/// ```
/// let mut out = String::new();
/// for spelling in ["4-AP", "4 ap", "４‑ＡＰ"] {
///     headwater_catalog::normal_name(spelling, &mut out);
///     assert_eq!(out, "4ap");
/// }
/// headwater_catalog::normal_name("α-Phenyl-1,3-dioxole", &mut out);
/// assert_eq!(out, "alphaphenyl1,3dioxole");
/// ```
pub fn normal_name(raw: &str, out: &mut String) {
    out.clear();
    if raw.is_ascii() {
        let mut fold = Fold::new(out);
        raw.bytes().for_each(|b| fold.push(char::from(b.to_ascii_lowercase())));
        return;
    }
    fold_round(raw, out);
    for _ in 1..ROUNDS_MAX {
        if out.is_ascii() || is_nfkc_quick(out.chars()) == IsNormalized::Yes && out.chars().all(is_folded) {
            return;
        }
        let mut again = String::with_capacity(out.len());
        fold_round(out, &mut again);
        if again == *out {
            return;
        }
        std::mem::swap(out, &mut again);
    }
}

/// One round of folding over text that is not ASCII.
fn fold_round(raw: &str, out: &mut String) {
    let mut fold = Fold::new(out);
    for c in raw.nfkc().flat_map(char::to_lowercase) {
        match greek(c) {
            Some(name) => name.chars().for_each(|c| fold.push(c)),
            None => fold.push(c),
        }
    }
}

/// Whether a further round would leave the character as it is.
fn is_folded(c: char) -> bool {
    let mut lower = c.to_lowercase();
    lower.next() == Some(c) && lower.next().is_none() && greek(c).is_none()
}

/// Keeps letters, digits and the marks that scripts write letters with; a gap between two ASCII digits becomes a comma.
struct Fold<'a> {
    out: &'a mut String,
    gap: bool,
}

impl<'a> Fold<'a> {
    fn new(out: &'a mut String) -> Fold<'a> {
        Fold { out, gap: false }
    }

    fn push(&mut self, c: char) {
        let kept = if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() || is_combining_mark(c) };
        if !kept {
            self.gap = true;
            return;
        }
        if self.gap && c.is_ascii_digit() && self.out.as_bytes().last().is_some_and(u8::is_ascii_digit) {
            self.out.push(',');
        }
        self.gap = false;
        self.out.push(c);
    }
}

/// The name of a small Greek letter, as chemists spell it in English.
fn greek(c: char) -> Option<&'static str> {
    Some(match c {
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' => "epsilon",
        'ζ' => "zeta",
        'η' => "eta",
        'θ' => "theta",
        'ι' => "iota",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' => "mu",
        'ν' => "nu",
        'ξ' => "xi",
        'ο' => "omicron",
        'π' => "pi",
        'ρ' => "rho",
        'σ' | 'ς' => "sigma",
        'τ' => "tau",
        'υ' => "upsilon",
        'φ' => "phi",
        'χ' => "chi",
        'ψ' => "psi",
        'ω' => "omega",
        _ => return None,
    })
}

/// The normal form as a new string, for the loader and for people.
pub(crate) fn normal(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    normal_name(raw, &mut out);
    out
}

/// The normal form without accents on Latin letters, or `None` where it has none: customs forms are often typed so.
pub(crate) fn without_accents(normal: &str) -> Option<String> {
    if normal.is_ascii() || !normal.chars().all(|c| c < '\u{250}') {
        return None;
    }
    let plain: String = normal.nfd().filter(|c| !is_combining_mark(*c)).collect();
    (plain != normal).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_name_meet() {
        for (a, b) in [
            ("N\u{2011}Phenethyl\u{2011}4\u{2011}piperidone", "n-phenethyl-4-piperidone"),
            ("（乙酸酐）", "乙酸酐"),
            ("Уксусный ангидрид", "УКСУСНЫЙ  АНГИДРИД"),
            ("γ-Butyrolactone", "gamma-butyrolactone"),
            ("Γ-BUTYROLACTONE", "gamma butyrolactone"),
            ("E\u{301}phe\u{301}drine", "éphédrine"),
            ("Khat (Catha Edulis)", "khat catha edulis"),
            ("３，４－MDP－2－P", "3,4-MDP-2-P"),
            ("1 , 3", "1;3"),
        ] {
            assert_eq!(normal(a), normal(b), "{a} {b}");
        }
    }

    #[test]
    fn digits_stay_apart() {
        assert_eq!(normal("1,3-benzodioxole"), "1,3benzodioxole");
        assert_ne!(normal("1,3-x"), normal("13-x"));
        assert_ne!(normal("4-AP"), normal("4-AB"));
        assert_eq!(normal("***"), "");
    }

    #[test]
    fn accents_go_from_latin_letters_only() {
        assert_eq!(without_accents(&normal("Anhídrido acético")).as_deref(), Some("anhidridoacetico"));
        assert_eq!(without_accents("acetone"), None);
        assert_eq!(without_accents(&normal("уксусный")), None);
    }

    proptest! {
        #[test]
        fn the_normal_form_of_a_normal_form_is_itself(raw in "\\PC{0,40}") {
            let once = normal(&raw);
            prop_assert_eq!(normal(&once), once);
        }

        #[test]
        fn also_where_marks_and_letters_meet_through_punctuation(raw in "[aA4Iİı\u{1e9e}αΆ\u{3c2}가\u{1100}\u{1161}\u{301}\u{323}\u{345}\u{307}\u{2126}\u{fb01} ,\u{2011}㎎]{0,24}") {
            let once = normal(&raw);
            prop_assert_eq!(normal(&once), once);
        }

        #[test]
        fn case_and_punctuation_do_not_matter(words in proptest::collection::vec("[a-z]{1,8}", 1..5)) {
            prop_assert_eq!(normal(&words.join("-")), normal(&words.join(" ").to_uppercase()));
            prop_assert_eq!(normal(&words.join("")), normal(&words.join("/")));
        }

        #[test]
        fn what_comes_out_holds_nothing_to_fold(raw in ".{0,40}") {
            let once = normal(&raw);
            let fine = once.chars().all(|c| c == ',' || c.is_alphanumeric() || is_combining_mark(c));
            prop_assert!(fine, "{}", once);
        }
    }
}

//! A guess at what an unmapped name may mean: for people to confirm, never a resolution.

use headwater_model::Substance;

use crate::Catalog;

/// Shortest normal form that gets a suggestion, in bytes: below it almost every abbreviation is one letter from another.
const BYTES_MIN: usize = 5;
/// Longest normal form that gets one, in bytes. The cost is its length times that of all names (about 10 kB).
const BYTES_MAX: usize = 96;
/// Shortest name that counts when it stands inside a longer text (`aceticanhydridetechnicalgrade`), in bytes.
const CONTAINED_BYTES_MIN: usize = 8;
/// One edit for every so many characters, at least one: a name of 12 may be off by two.
const CHARS_PER_EDIT: usize = 6;

impl Catalog {
    /// The substance whose name is nearest to that normal form: first the fewest edits (insertions, deletions, changes,
    /// swaps of neighbours), of equals the first name in the alphabet; else the longest name that the text contains. It
    /// costs up to half a millisecond: ask once a name, not once a record.
    pub fn suggest(&self, normal: &str) -> Option<&Substance> {
        if !(BYTES_MIN..=BYTES_MAX).contains(&normal.len()) {
            return None;
        }
        let name = self.nearest_name(normal).or_else(|| self.contained_name(normal))?;
        self.by_name(name).map(|ix| self.substance(ix))
    }

    fn contained_name(&self, normal: &str) -> Option<&str> {
        let within = |name: &&str| name.len() >= CONTAINED_BYTES_MIN && normal.contains(*name);
        let names = self.sorted_names.iter().map(|n| &**n).filter(within);
        names.max_by_key(|name| (name.len(), std::cmp::Reverse(*name)))
    }

    fn nearest_name(&self, normal: &str) -> Option<&str> {
        let chars = normal.chars().count();
        let edits_max = (chars / CHARS_PER_EDIT).max(1);
        self.sorted_names
            .iter()
            .filter(|name| name.len() >= BYTES_MIN && name.chars().count().abs_diff(chars) <= edits_max)
            .map(|name| (strsim::osa_distance(normal, name), name))
            .filter(|(edits, _)| *edits <= edits_max)
            .min()
            .map(|(_, name)| &**name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(raw: &str) -> Option<String> {
        Catalog::embedded().suggest(&crate::normal::normal(raw)).map(|s| s.id.to_string())
    }

    #[test]
    fn a_slip_or_a_longer_text_is_recognised() {
        assert_eq!(suggested("acetic anhidride").as_deref(), Some("acetic-anhydride"));
        assert_eq!(suggested("Acetic anhydride, technical grade, 99%").as_deref(), Some("acetic-anhydride"));
        assert_eq!(suggested("N-phenetyl-4-piperidone").as_deref(), Some("npp"));
    }

    #[test]
    fn of_several_contained_names_the_longest_counts() {
        assert_eq!(suggested("pure 1-boc-4-piperidone sample").as_deref(), Some("1-boc-4-piperidone"));
        assert_eq!(suggested("pseudoephedrine tablets").as_deref(), Some("pseudoephedrine"));
    }

    #[test]
    fn what_is_far_from_every_name_gets_none() {
        for raw in ["", "4-ax", "wooden furniture", &"acetic anhydride ".repeat(20)] {
            assert_eq!(suggested(raw), None, "{raw}");
        }
    }
}

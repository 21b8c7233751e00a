//! What a reader may see: the other side of an access class.

use crate::{Access, Marking};

/// The word in a list of organisations that stands for every one of them.
pub const EVERY_ORGANISATION: &str = "*";

/// The organisation that combining disjoint lists gives: nobody is of it ([`Access::combine`]).
const NOBODY: &str = "none";

/// The narrowest label that a reader may see, and the organisations for which they read.
///
/// Every question to what is kept takes one, so that no answer can be made without saying for whom.
///
/// ```
/// use headwater_model::{Clearance, Marking};
/// let reader = Clearance::new(Marking::Amber, ["ORG-A"]);
/// assert!(reader.may_see(Marking::Green, &[] as &[&str]));
/// assert!(reader.may_see(Marking::Amber, &["ORG-A", "ORG-B"]));
/// assert!(!reader.may_see(Marking::Amber, &["ORG-B"]));
/// assert!(!reader.may_see(Marking::Red, &["ORG-A"]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clearance {
    marking: Marking,
    organisations: Box<[Box<str>]>,
}

impl Clearance {
    /// Of a label and organisations; [`EVERY_ORGANISATION`] stands for all of them.
    pub fn new(marking: Marking, organisations: impl IntoIterator<Item = impl Into<Box<str>>>) -> Clearance {
        let mut organisations: Vec<Box<str>> = organisations.into_iter().map(Into::into).collect();
        organisations.sort_unstable();
        organisations.dedup();
        Clearance { marking, organisations: organisations.into() }
    }

    /// The narrowest label.
    pub fn marking(&self) -> Marking {
        self.marking
    }

    /// The organisations, sorted.
    pub fn organisations(&self) -> &[Box<str>] {
        &self.organisations
    }

    /// Whether a record or an alert of that label and list may be seen. An empty list is for everyone whose label
    /// suffices; `["none"]` is for nobody but who reads for every organisation.
    pub fn may_see(&self, marking: Marking, releasable_to: &[impl AsRef<str>]) -> bool {
        let released =
            |organisation: &str| organisation != NOBODY && self.organisations.iter().any(|o| **o == *organisation);
        marking <= self.marking
            && (releasable_to.is_empty()
                || self.every_organisation()
                || releasable_to.iter().any(|organisation| released(organisation.as_ref())))
    }

    /// Whether what is of that class may be seen.
    pub fn may_see_class(&self, access: &Access) -> bool {
        self.may_see(access.marking, &access.releasable_to)
    }

    /// Whether there is nothing that may not be seen. What is not kept apart by access (the account of an input, which
    /// counts what could not be read too) is for such a reader alone.
    pub fn sees_everything(&self) -> bool {
        self.marking == Marking::Red && self.every_organisation()
    }

    /// Whether whoever has the other may see nothing that whoever has this one may not.
    pub fn covers(&self, other: &Clearance) -> bool {
        let all = other.organisations.iter().all(|organisation| self.organisations.contains(organisation));
        other.marking <= self.marking && (all || self.every_organisation())
    }

    fn every_organisation(&self) -> bool {
        self.organisations.iter().any(|organisation| &**organisation == EVERY_ORGANISATION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[abc]|none|\\*", 0..4)
    }

    proptest! {
        #[test]
        fn what_is_combined_is_seen_by_no_one_who_may_not_see_a_part(
            (reader, own) in (0..5usize, list()), (a, of_a) in (0..5usize, list()), (b, of_b) in (0..5usize, list())
        ) {
            let reader = Clearance::new(Marking::ALL[reader], own.iter().map(String::as_str));
            let class = |marking: usize, list: &[String]| {
                let list: std::collections::BTreeSet<Box<str>> = list.iter().map(|o| o.as_str().into()).collect();
                Access { marking: Marking::ALL[marking], releasable_to: list.into_iter().collect() }
            };
            let (a, b) = (class(a, &of_a), class(b, &of_b));
            prop_assert!(!reader.may_see_class(&a.combine(&b)) || (reader.may_see_class(&a) && reader.may_see_class(&b)));
            prop_assert!(!reader.sees_everything() || reader.may_see_class(&a));
        }
    }

    proptest! {
        #[test]
        fn whoever_is_covered_sees_nothing_more(
            (wide, own) in (0..5usize, list()), (narrow, other) in (0..5usize, list()), (of, released) in (0..5usize, list())
        ) {
            let (wide, narrow) = (Clearance::new(Marking::ALL[wide], own), Clearance::new(Marking::ALL[narrow], other));
            let of = Marking::ALL[of];
            prop_assert!(!wide.covers(&narrow) || !narrow.may_see(of, &released) || wide.may_see(of, &released));
            prop_assert!(wide.covers(&wide) && Clearance::new(Marking::Red, ["*"]).covers(&wide));
        }
    }

    #[test]
    fn nobody_is_of_the_organisation_none() {
        let nobody = ["none"];
        assert!(!Clearance::new(Marking::Red, ["none", "ORG-A"]).may_see(Marking::Clear, &nobody));
        assert!(Clearance::new(Marking::Red, ["*"]).may_see(Marking::Clear, &nobody));
        assert!(!Clearance::new(Marking::Amber, ["*"]).sees_everything());
        assert!(!Clearance::new(Marking::Red, ["ORG-A"]).sees_everything());
    }
}

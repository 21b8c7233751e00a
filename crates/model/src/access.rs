//! Who may see a record: TLP 2.0 marking and the organisations it is releasable to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A Traffic Light Protocol 2.0 label (FIRST, 2022), from the widest audience to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Marking {
    /// For everyone.
    #[serde(rename = "TLP:CLEAR")]
    Clear,
    /// For the community.
    #[serde(rename = "TLP:GREEN")]
    Green,
    /// For the organisation and its clients; what a record without a label counts as.
    #[serde(rename = "TLP:AMBER")]
    Amber,
    /// For the organisation alone.
    #[serde(rename = "TLP:AMBER+STRICT")]
    AmberStrict,
    /// For named people.
    #[serde(rename = "TLP:RED")]
    Red,
}

impl Marking {
    /// Every label, the widest audience first.
    pub const ALL: [Marking; 5] = [Marking::Clear, Marking::Green, Marking::Amber, Marking::AmberStrict, Marking::Red];

    /// The label as the wire carries it.
    pub fn as_str(self) -> &'static str {
        match self {
            Marking::Clear => "TLP:CLEAR",
            Marking::Green => "TLP:GREEN",
            Marking::Amber => "TLP:AMBER",
            Marking::AmberStrict => "TLP:AMBER+STRICT",
            Marking::Red => "TLP:RED",
        }
    }

    /// Reads a label, letter for letter.
    pub fn parse(text: &str) -> Option<Marking> {
        Marking::ALL.into_iter().find(|m| m.as_str() == text)
    }
}

impl fmt::Display for Marking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An access class: panes of different classes are never added, so that totals for a lower clearance are exact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Access {
    /// The label.
    pub marking: Marking,
    /// Organisations, sorted and without repeats; empty = everyone whose clearance suffices.
    pub releasable_to: Box<[Box<str>]>,
}

impl Access {
    /// The class of a label alone.
    pub fn open(marking: Marking) -> Access {
        Access { marking, releasable_to: Box::default() }
    }

    /// The class of what is made from both: the narrower label, and the organisations that both lists allow. Empty is
    /// the neutral element; disjoint lists give `["none"]`, nobody.
    pub fn combine(&self, other: &Access) -> Access {
        let marking = self.marking.max(other.marking);
        let releasable_to = match (self.releasable_to.is_empty(), other.releasable_to.is_empty()) {
            (true, _) => other.releasable_to.clone(),
            (_, true) => self.releasable_to.clone(),
            (false, false) => {
                let both: Box<[Box<str>]> =
                    self.releasable_to.iter().filter(|o| other.releasable_to.contains(o)).cloned().collect();
                if both.is_empty() { Box::from([Box::from("none")]) } else { both }
            }
        };
        Access { marking, releasable_to }
    }
}

impl Default for Access {
    fn default() -> Access {
        Access::open(Marking::Amber)
    }
}

/// `TLP:AMBER` or `TLP:AMBER ORG-A,ORG-B`: the form in which an access class stands in a key or a column.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.marking.as_str())?;
        for (i, organisation) in self.releasable_to.iter().enumerate() {
            write!(f, "{}{organisation}", if i == 0 { ' ' } else { ',' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn class() -> impl Strategy<Value = Access> {
        (0..5usize, proptest::collection::btree_set("[a-d]", 0..4)).prop_map(|(m, list)| Access {
            marking: Marking::ALL[m],
            releasable_to: list.into_iter().map(String::into_boxed_str).collect(),
        })
    }

    proptest! {
        #[test]
        fn combining_is_commutative_and_never_widens(a in class(), b in class()) {
            let both = a.combine(&b);
            prop_assert_eq!(&both, &b.combine(&a));
            prop_assert!(both.marking >= a.marking && both.marking >= b.marking);
            prop_assert_eq!(a.combine(&Access::open(Marking::Clear)), a.clone());
            for organisation in ["a", "b", "c", "d"] {
                let sees = |x: &Access| x.releasable_to.is_empty() || x.releasable_to.iter().any(|o| &**o == organisation);
                prop_assert_eq!(sees(&both), sees(&a) && sees(&b));
            }
        }
    }
}

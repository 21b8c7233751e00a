//! From what a token says to what its bearer may do and see.

use std::collections::BTreeMap;

use headwater_model::{Clearance, Marking};
use headwater_people::{Grant, Role};
use serde_json::Value;

use super::Claims;

/// Which claims say what somebody may do and see, and in which words.
///
/// A claim is named, or found by a JSON Pointer (RFC 6901) where its name begins with `/`: `/realm_access/roles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRules {
    /// The claim with the roles: a list of texts, or one text of words between spaces.
    pub roles_claim: String,
    /// What its words stand for; none: a role goes by its own word.
    pub roles: BTreeMap<String, Role>,
    /// The claim with the clearance: a text, or a list, of which the narrowest label counts.
    pub clearance_claim: String,
    /// What its words stand for; none: a label goes by its own word.
    pub clearances: BTreeMap<String, Marking>,
    /// The clearance of whom the claim says none.
    pub clearance: Marking,
    /// The claim with the organisations: a text, or a list; `*` = every one.
    pub organisations_claim: String,
}

impl ClaimRules {
    /// What the bearer may do and see; none where no role is among the claims.
    pub(crate) fn grant(&self, claims: &Claims) -> Option<Grant> {
        let words = texts(claims, &self.roles_claim);
        let role = |word: &str| match self.roles.is_empty() {
            true => Role::parse(word),
            false => self.roles.get(word).copied(),
        };
        // By its whole text first: the names of groups have spaces.
        let roles: Vec<Role> = words
            .iter()
            .flat_map(|text| match role(text) {
                Some(role) => vec![role],
                None => text.split(' ').filter_map(role).collect(),
            })
            .collect();
        if roles.is_empty() {
            return None;
        }
        let label = |word: &&str| match self.clearances.is_empty() {
            true => Marking::parse(word),
            false => self.clearances.get(*word).copied(),
        };
        let narrowest = texts(claims, &self.clearance_claim).iter().filter_map(label).max();
        let organisations = texts(claims, &self.organisations_claim).into_iter().filter(|text| !text.is_empty());
        Some(Grant::new(roles, Clearance::new(narrowest.unwrap_or(self.clearance), organisations)))
    }
}

/// The texts of a claim that is one or a list of them.
fn texts<'a>(claims: &'a Claims, claim: &str) -> Vec<&'a str> {
    let found = match claim.strip_prefix('/') {
        None => claims.get(claim),
        Some(pointer) => {
            let (first, rest) = pointer.split_once('/').map_or((pointer, None), |(first, rest)| (first, Some(rest)));
            let first = claims.get(&first.replace("~1", "/").replace("~0", "~"));
            first.and_then(|value| rest.map_or(Some(value), |rest| value.pointer(&format!("/{rest}"))))
        }
    };
    match found {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> ClaimRules {
        ClaimRules {
            roles_claim: "roles".into(),
            roles: BTreeMap::new(),
            clearance_claim: "clearance".into(),
            clearances: BTreeMap::new(),
            clearance: Marking::Clear,
            organisations_claim: "organisations".into(),
        }
    }

    fn grant(rules: &ClaimRules, claims: Value) -> Option<(Vec<Role>, &'static str, Vec<String>)> {
        let grant = rules.grant(claims.as_object().unwrap())?;
        let organisations = grant.clearance().organisations().iter().map(ToString::to_string).collect();
        Some((grant.roles().to_vec(), grant.clearance().marking().as_str(), organisations))
    }

    #[test]
    fn roles_labels_and_organisations_go_by_their_own_words_or_by_those_of_the_issuer() {
        let own = serde_json::json!({
            "roles": ["admin", "king", 5, "viewer"], "clearance": ["TLP:GREEN", "TLP:AMBER"], "organisations": "ORG-A"
        });
        let expected = (vec![Role::Viewer, Role::Admin], "TLP:AMBER", vec!["ORG-A".to_owned()]);
        assert_eq!(grant(&rules(), own.clone()), Some(expected));

        let theirs = ClaimRules {
            roles_claim: "/realm/roles~1all".into(),
            roles: BTreeMap::from([("Desk staff".into(), Role::Analyst), ("read".into(), Role::Viewer)]),
            clearances: BTreeMap::from([("secret".into(), Marking::Red)]),
            ..rules()
        };
        let told = serde_json::json!({"realm": {"roles/all": ["Desk staff", "a read b"]}, "clearance": "secret"});
        assert_eq!(grant(&theirs, told), Some((vec![Role::Viewer, Role::Analyst], "TLP:RED", vec![])));
        assert_eq!(grant(&theirs, own), None, "its own words count no more");
        let unknown = serde_json::json!({"realm": {"roles/all": "read"}, "clearance": "TLP:RED"});
        assert_eq!(grant(&theirs, unknown), Some((vec![Role::Viewer], "TLP:CLEAR", vec![])));
    }

    #[test]
    fn without_a_role_there_is_no_grant() {
        for claims in [
            serde_json::json!({}),
            serde_json::json!({"roles": []}),
            serde_json::json!({"roles": {"viewer": true}}),
            serde_json::json!({"roles": "VIEWER"}),
        ] {
            assert_eq!(grant(&rules(), claims.clone()), None, "{claims}");
        }
    }
}

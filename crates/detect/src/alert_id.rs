//! The id of an alert: fixed when first raised, the same in every run.

use headwater_model::{Kind, Scope};

/// Hash of what an alert is about: XXH3-128 over the parts, each closed by a byte that no UTF-8 text holds, in 32
/// hexadecimal digits.
pub(crate) fn alert_id(
    kind: Kind,
    scope: Scope,
    family: &str,
    market: &str,
    place: Option<&str>,
    (falling, rising): (&str, &str),
    ordinal: u32,
) -> String {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    let ordinal = ordinal.to_string();
    for part in [kind.as_str(), scope.as_str(), family, market, place.unwrap_or(""), falling, rising, &ordinal] {
        hasher.update(part.as_bytes());
        hasher.update(&[0xff]);
    }
    format!("{:032x}", hasher.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_makes_another_alert() {
        let id = |family, market, place, pair, ordinal| {
            alert_id(Kind::Substitution, Scope::Market, family, market, place, pair, ordinal)
        };
        let all = [
            id("opioids", "US", None, ("heroin", "fentanyl"), 1),
            id("opioids", "US", None, ("heroin", "fentanyl"), 2),
            id("opioids", "US", None, ("fentanyl", "heroin"), 1),
            id("opioids", "MX", None, ("heroin", "fentanyl"), 1),
            id("opioids", "US", Some("North"), ("heroin", "fentanyl"), 1),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|id| id.len() == 32));
        assert_eq!(all[0], id("opioids", "US", None, ("heroin", "fentanyl"), 1));
    }
}

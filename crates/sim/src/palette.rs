//! What a world may be made of: families of the catalog with the substances that can stand for one another.

use headwater_catalog::Catalog;
use headwater_model::{Family, FamilyKind, Substance, UnitClass};

/// Fewest substances of a family that can shift and still have a bystander.
pub(crate) const FAMILY_LEAST: usize = 3;

/// A family and its substances.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PaletteFamily {
    pub id: String,
    /// Drugs are seized and analysed; precursors are also announced and declared.
    pub drugs: bool,
    pub substances: Vec<PaletteSubstance>,
}

/// A substance as sources may name it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PaletteSubstance {
    pub id: String,
    pub name: String,
    pub cas: Option<String>,
    /// First HS subheading, six digits.
    pub hs: Option<String>,
}

/// The families of the catalog that are tested for substitution and have enough substances that are weighed, by id.
pub(crate) fn palette(catalog: &Catalog) -> Vec<PaletteFamily> {
    families_of(catalog.families(), catalog.substances())
}

/// A substance of several families serves its main one only: its records count in every family that it names, and a
/// shift planted in one must not move another.
fn families_of(families: &[Family], substances: &[Substance]) -> Vec<PaletteFamily> {
    let mut found: Vec<PaletteFamily> = families
        .iter()
        .filter(|family| family.tested)
        .map(|family| PaletteFamily {
            id: family.id.to_string(),
            drugs: family.kind == FamilyKind::Market,
            substances: family
                .members
                .iter()
                .map(|member| &substances[member.index()])
                .filter(|s| s.unit == UnitClass::Mass)
                .filter(|s| {
                    s.families.first().or(s.market_family.as_ref()).is_some_and(|f| families[f.index()].id == family.id)
                })
                .map(|s| PaletteSubstance {
                    id: s.id.to_string(),
                    name: s.name.to_string(),
                    cas: s.cas.first().map(|c| c.to_string()),
                    hs: s.hs.first().map(|h| format!("{:06}", h.code6)),
                })
                .collect(),
        })
        .filter(|family| family.substances.len() >= FAMILY_LEAST)
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    for family in &mut found {
        family.substances.sort_by(|a, b| a.id.cmp(&b.id));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_apart_and_large_enough() {
        let families = palette(&Catalog::embedded());
        assert!(families.len() >= 4, "{families:?}");
        assert!(families.iter().any(|f| f.drugs) && families.iter().any(|f| !f.drugs));
        let mut ids: Vec<&str> = families.iter().flat_map(|f| &f.substances).map(|s| s.id.as_str()).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "a substance serves two families: {ids:?}");
        assert!(families.iter().all(|f| f.substances.len() >= FAMILY_LEAST));
    }
}

//! The catalog: substances and families, and the ways to find them.

use std::sync::{Arc, LazyLock};

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use headwater_model::{Country, Family, FamilyIx, HsScope, Id, Substance, SubstanceIx};

use crate::cas::Cas;
use crate::embedded::{DATE, FILES};
use crate::error::{CatalogError, Problem};
use crate::load::{Drafts, names, place};
use crate::read::{At, Fault, name_files};
use crate::{hs, normal};

/// Seeded, not random: two runs must walk the same slots.
type Map<K, V> = HashMap<K, V, FixedState>;

/// Reference data, checked and indexed. Substances and families are sorted by id.
pub struct Catalog {
    drafts: Drafts,
    substances: Vec<Substance>,
    families: Vec<Family>,
    by_cas: Map<Cas, SubstanceIx>,
    pub(crate) by_name: Map<Box<str>, SubstanceIx>,
    /// The keys of `by_name`, sorted, so that a suggestion does not depend on the order of slots.
    pub(crate) sorted_names: Vec<Box<str>>,
    by_hs: Map<u32, HsEntry>,
    digest: xxhash_rust::xxh3::Xxh3,
}

/// Who travels under a subheading.
#[derive(Default)]
struct HsEntry {
    all: Vec<SubstanceIx>,
    dedicated: Vec<SubstanceIx>,
}

impl Catalog {
    /// The catalog that the program carries.
    pub fn embedded() -> Arc<Catalog> {
        static EMBEDDED: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
            let mut digest = xxhash_rust::xxh3::Xxh3::new();
            let mut drafts = Drafts::default();
            let mut faults = Vec::new();
            for (file_name, text) in FILES {
                digest.update(text.as_bytes());
                faults.extend(drafts.read(file_name, text, 0));
            }
            digest.update(crate::country::TEXT.as_bytes());
            match Catalog::build(drafts, digest, faults) {
                Ok(catalog) => Arc::new(catalog),
                // A test reads the same files: a build that passed it never comes here.
                Err(errors) => panic!("the embedded catalog is faulty: {}", errors[0]),
            }
        });
        EMBEDDED.clone()
    }

    /// This catalog with a user's file over it: a record with a known id replaces the fields that it gives (a list
    /// replaces a list), a new id adds a substance or a family, `[[names]]` and `[[control]]` add to what is there.
    ///
    /// # Errors
    /// All that is wrong with the file, in the order of its lines.
    pub fn with_overlay(&self, file_name: &str, text: &str) -> Result<Catalog, Vec<CatalogError>> {
        let mut drafts = self.drafts.clone();
        let mut digest = self.digest.clone();
        digest.update(text.as_bytes());
        let own = drafts.files.len() as u32;
        let faults = drafts.read(file_name, text, own);
        Catalog::build(drafts, digest, faults)
    }

    fn build(
        drafts: Drafts,
        digest: xxhash_rust::xxh3::Xxh3,
        mut faults: Vec<Fault>,
    ) -> Result<Catalog, Vec<CatalogError>> {
        let mut families = drafts.families(&mut faults);
        let substances = drafts.substances(&mut families, &mut faults);
        let by_cas = index_cas(&drafts, &mut faults);
        let by_name = index_names(&drafts, &mut faults);
        if !faults.is_empty() {
            return Err(name_files(faults, &drafts.files));
        }
        let mut sorted_names: Vec<Box<str>> = by_name.keys().cloned().collect();
        sorted_names.sort_unstable();
        let mut by_hs: Map<u32, HsEntry> = Map::default();
        for (i, substance) in substances.iter().enumerate() {
            for code in &substance.hs {
                let entry = by_hs.entry(code.code6).or_default();
                entry.all.push(Id::new(i as u32));
                if code.scope == HsScope::Dedicated {
                    entry.dedicated.push(Id::new(i as u32));
                }
            }
        }
        Ok(Catalog { drafts, substances, families, by_cas, by_name, sorted_names, by_hs, digest })
    }

    /// The substance with that CAS number, when its check digit holds and the catalog has it.
    pub fn by_cas(&self, cas: &str) -> Option<SubstanceIx> {
        self.by_cas.get(&Cas::parse(cas)?).copied()
    }

    /// The substance with a name of that normal form ([`crate::normal_name`]), never a similar one.
    pub fn by_name(&self, normal: &str) -> Option<SubstanceIx> {
        self.by_name.get(normal).copied()
    }

    /// All substances that may travel under the code's subheading (six digits or more), in the order of the catalog.
    pub fn by_hs(&self, code: &str) -> &[SubstanceIx] {
        hs::code6(code).and_then(|c| self.by_hs.get(&c)).map_or(&[], |e| &e.all)
    }

    /// The one substance to which the code's subheading (six digits or more) is dedicated; a basket gives `None`.
    pub fn dedicated_hs(&self, code: &str) -> Option<SubstanceIx> {
        match self.by_hs.get(&hs::code6(code)?)?.dedicated[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// A substance by its place.
    pub fn substance(&self, ix: SubstanceIx) -> &Substance {
        &self.substances[ix.index()]
    }

    /// All substances, sorted by id.
    pub fn substances(&self) -> &[Substance] {
        &self.substances
    }

    /// A substance by its id.
    pub fn get(&self, id: &str) -> Option<&Substance> {
        self.ix(id).map(|ix| self.substance(ix))
    }

    /// The place of a substance by its id.
    pub fn ix(&self, id: &str) -> Option<SubstanceIx> {
        self.substances.binary_search_by(|s| (*s.id).cmp(id)).ok().map(|i| Id::new(i as u32))
    }

    /// All families, sorted by id.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// A family by its id.
    pub fn family(&self, id: &str) -> Option<&Family> {
        self.families.binary_search_by(|f| (*f.id).cmp(id)).ok().map(|i| &self.families[i])
    }

    /// A family by its place.
    pub fn family_at(&self, ix: FamilyIx) -> &Family {
        &self.families[ix.index()]
    }

    /// Whether ISO 3166-1 has the country; [`Country::UNKNOWN`] is none.
    pub fn is_country(&self, country: Country) -> bool {
        self.country_name(country).is_some()
    }

    /// The English display name of a country.
    pub fn country_name(&self, country: Country) -> Option<&'static str> {
        crate::country::embedded().name(country)
    }

    /// What `versions.catalog` says: the date of the embedded data and a hash over the text of all files read.
    pub fn version(&self) -> String {
        format!("{DATE}+{:012x}", self.digest.digest() >> 16)
    }

    /// The files that it was read from, in the order of reading.
    pub fn files(&self) -> &[Box<str>] {
        &self.drafts.files
    }
}

/// A claim to a name or number: where it stands and whose it is.
type Claim = (At, SubstanceIx);

fn index_cas(drafts: &Drafts, faults: &mut Vec<Fault>) -> Map<Cas, SubstanceIx> {
    let mut claims: Vec<(Claim, &str, Cas)> = Vec::new();
    for (i, draft) in drafts.substances.values().enumerate() {
        let numbers = draft.cas.iter().flatten();
        claims.extend(numbers.map(|n| ((n.at, Id::new(i as u32)), &*n.value.0, n.value.1)));
    }
    grant(drafts, claims, faults, |cas, other, first| Problem::DuplicateCas { cas, other, first })
}

fn index_names(drafts: &Drafts, faults: &mut Vec<Fault>) -> Map<Box<str>, SubstanceIx> {
    let mut claims: Vec<(Claim, &str, Box<str>)> = Vec::new();
    for (i, draft) in drafts.substances.values().enumerate() {
        for (at, name, normal) in names(draft) {
            if normal.is_empty() {
                faults.push((at, Problem::EmptyName(name.into())));
            } else {
                claims.push(((at, Id::new(i as u32)), name, normal.into()));
            }
        }
    }
    let mut index =
        grant(drafts, claims, faults, |name, other, first| Problem::DuplicateSynonym { name, other, first });
    // The forms without accents come last: they yield to every name that somebody wrote down.
    let mut plain: Vec<(String, SubstanceIx)> =
        index.iter().filter_map(|(name, ix)| Some((normal::without_accents(name)?, *ix))).collect();
    plain.sort_unstable();
    plain.dedup();
    for same in plain.chunk_by(|a, b| a.0 == b.0) {
        if let [(name, ix)] = same {
            index.entry(name.as_str().into()).or_insert(*ix);
        }
    }
    index
}

/// Gives every key to the first place that claims it; later claims of other substances are at fault.
fn grant<K: std::hash::Hash + Eq>(
    drafts: &Drafts,
    mut claims: Vec<(Claim, &str, K)>,
    faults: &mut Vec<Fault>,
    problem: impl Fn(Box<str>, Box<str>, Box<str>) -> Problem,
) -> Map<K, SubstanceIx> {
    let ids: Vec<&str> = drafts.substances.keys().map(|id| &**id).collect();
    claims.sort_by_key(|(claim, ..)| *claim);
    let mut held: Map<K, Claim> = Map::default();
    for ((at, ix), written, key) in claims {
        let (first, holder) = *held.entry(key).or_insert((at, ix));
        if holder != ix {
            let other = ids[holder.index()].into();
            faults.push((at, problem(written.into(), other, place(&drafts.files, first))));
        }
    }
    held.into_iter().map(|(key, (_, ix))| (key, ix)).collect()
}

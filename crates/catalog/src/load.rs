//! From the text of data files to drafts, and from drafts to a catalog.

use std::collections::BTreeMap;

use headwater_model::{
    ControlFact, Family, FamilyKind, Id, Jurisdiction, SHORT_NAME_CHARS_MAX, Substance, SubstanceKind, Synonym,
    UnitClass,
};

use crate::draft::{self, ControlDraft, FamilyDraft, NamesDraft, SubstanceDraft};
use crate::error::{Problem, nearest};
use crate::normal::normal;
use crate::read::{At, Fault, Located, Reader};

/// All that the files read so far say, by id.
#[derive(Clone, Default)]
pub(crate) struct Drafts {
    pub(crate) files: Vec<Box<str>>,
    pub(crate) families: BTreeMap<Box<str>, FamilyDraft>,
    pub(crate) substances: BTreeMap<Box<str>, SubstanceDraft>,
}

/// Where a place stands, as people read it.
pub(crate) fn place(files: &[Box<str>], at: At) -> Box<str> {
    format!("{}:{}", files[at.file as usize], at.line).into()
}

impl Drafts {
    /// Reads a file over what is there. The files from number `layer` on are one layer: an id twice in it is a fault,
    /// one that stands below it is merged.
    pub(crate) fn read(&mut self, file_name: &str, text: &str, layer: u32) -> Vec<Fault> {
        let file = self.files.len() as u32;
        self.files.push(file_name.into());
        let mut r = Reader::new(file, text);
        let root = r.parse(text);
        let root = root.get_ref();
        if !r.faults.is_empty() {
            return r.faults; // What could be read of broken TOML would only raise faults that are none.
        }
        r.only(root, &["family", "substance", "names", "control"]);

        for (span, table) in r.tables(root, "family").unwrap_or_default() {
            let at = r.at(span);
            let Some(draft) = draft::family(&mut r, at, table) else { continue };
            match self.families.get_mut(&draft.id.value) {
                Some(old) if old.id.at.file >= layer => r.faults.push(twice(&self.files, &draft.id, old.id.at)),
                Some(old) => old.merge(draft),
                None => drop(self.families.insert(draft.id.value.clone(), draft)),
            }
        }
        for (span, table) in r.tables(root, "substance").unwrap_or_default() {
            let at = r.at(span);
            let Some(draft) = draft::substance(&mut r, at, table) else { continue };
            match self.substances.get_mut(&draft.id.value) {
                Some(old) if old.id.at.file >= layer => r.faults.push(twice(&self.files, &draft.id, old.id.at)),
                Some(old) => old.merge(draft),
                None => drop(self.substances.insert(draft.id.value.clone(), draft)),
            }
        }
        for (span, table) in r.tables(root, "names").unwrap_or_default() {
            let at = r.at(span);
            for NamesDraft { of, names } in draft::names(&mut r, at, table) {
                match self.substances.get_mut(&of.value) {
                    Some(substance) => substance.synonyms.get_or_insert_default().extend(names),
                    None => r.faults.push(self.unknown(of)),
                }
            }
        }
        for (span, table) in r.tables(root, "control").unwrap_or_default() {
            let at = r.at(span);
            let Some(ControlDraft { of, fact }) = draft::control(&mut r, at, table) else { continue };
            match self.substances.get_mut(&of.value) {
                Some(substance) => substance.controls.get_or_insert_default().push(fact),
                None => r.faults.push(self.unknown(of)),
            }
        }
        r.faults
    }

    fn unknown(&self, id: Located<Box<str>>) -> Fault {
        let nearest = nearest(&id.value, self.substances.keys().map(|k| &**k));
        (id.at, Problem::UnknownSubstance { value: id.value, nearest })
    }

    /// The families, sorted by id, still without members.
    pub(crate) fn families(&self, faults: &mut Vec<Fault>) -> Vec<Family> {
        let mut families = Vec::new();
        for draft in self.families.values() {
            let id = draft.id.value.clone();
            for (key, missing) in [("name", draft.name.is_none()), ("kind", draft.kind.is_none())] {
                if missing {
                    faults.push((draft.id.at, Problem::MissingKey { record: format!("family `{id}`").into(), key }));
                }
            }
            families.push(Family {
                name: draft.name.clone().unwrap_or_else(|| id.clone()),
                kind: draft.kind.unwrap_or(FamilyKind::Precursor),
                tested: draft.tested.unwrap_or(true),
                members: Vec::new(),
                id,
            });
        }
        families
    }

    /// The substances, sorted by id; each is written into the members of its families.
    pub(crate) fn substances(&self, families: &mut [Family], faults: &mut Vec<Fault>) -> Vec<Substance> {
        let mut substances = Vec::new();
        for draft in self.substances.values() {
            let ix = Id::new(substances.len() as u32);
            let substance = substance(draft, families, faults);
            for family in substance.families.iter().chain(&substance.market_family) {
                families[family.index()].members.push(ix);
            }
            substances.push(substance);
        }
        substances
    }
}

fn twice(files: &[Box<str>], id: &Located<Box<str>>, first: At) -> Fault {
    (id.at, Problem::DuplicateId { id: id.value.clone(), first: place(files, first) })
}

/// A substance as it stands in the catalog. What is missing is noted and filled, so that the rest is judged too.
fn substance(draft: &SubstanceDraft, families: &[Family], faults: &mut Vec<Fault>) -> Substance {
    let id = draft.id.value.clone();
    let at = draft.id.at;
    let record = || format!("substance `{id}`").into();
    let needed = [
        ("kind", draft.kind.is_none()),
        ("name", draft.name.is_none()),
        ("sources", draft.sources.as_ref().is_none_or(Vec::is_empty)),
    ];
    for (key, _) in needed.into_iter().filter(|(_, missing)| *missing) {
        faults.push((at, Problem::MissingKey { record: record(), key }));
    }
    let name = draft.name.as_ref().map_or_else(|| id.clone(), |n| n.value.clone());
    let short_name = draft.short_name.as_ref().or(draft.name.as_ref());
    let chars = short_name.map_or(0, |s| s.value.chars().count());
    if let Some(short) = short_name.filter(|_| chars > SHORT_NAME_CHARS_MAX) {
        let value = short.value.clone();
        faults.push((short.at, Problem::ShortNameTooLong { value, chars, max: SHORT_NAME_CHARS_MAX }));
    }
    let kind = draft.kind.unwrap_or(SubstanceKind::Precursor);
    let towards: Vec<_> = draft.families.iter().flatten().collect();
    if let (SubstanceKind::Drug, Some(first)) = (kind, towards.first()) {
        faults.push((first.at, Problem::DrugInPrecursorFamily(id.clone())));
    }
    let mut resolve = |family: &Located<Box<str>>, kind| find_family(families, family, kind, faults);
    let own_families = towards.into_iter().filter_map(|f| resolve(f, FamilyKind::Precursor)).collect();
    let market_family = draft.market_family.as_ref().and_then(|f| resolve(f, FamilyKind::Market));
    Substance {
        kind,
        short_name: short_name.map_or_else(|| name.clone(), |s| s.value.clone()),
        name,
        synonyms: synonyms(draft),
        cas: draft.cas.iter().flatten().map(|c| c.value.0.clone()).collect(),
        hs: draft.hs.clone().unwrap_or_default(),
        families: own_families,
        market_family,
        unit: draft.unit.unwrap_or(UnitClass::Mass),
        density_mg_per_l: draft.density_mg_per_l,
        tablet_ug: draft.tablet_ug,
        dose_ug: draft.dose_ug,
        unit_value: draft.unit_value.clone(),
        licit_trade: draft.licit_trade.clone(),
        controls: controls(draft, faults),
        sources: draft.sources.clone().unwrap_or_default(),
        notes: draft.notes.clone(),
        id,
    }
}

fn find_family(
    families: &[Family],
    family: &Located<Box<str>>,
    kind: FamilyKind,
    faults: &mut Vec<Fault>,
) -> Option<Id<Family>> {
    let value = family.value.clone();
    match families.binary_search_by(|f| f.id.cmp(&value)) {
        Err(_) => {
            let nearest = nearest(&value, families.iter().map(|f| &*f.id));
            faults.push((family.at, Problem::UnknownFamily { value, nearest }));
            None
        }
        Ok(i) if families[i].kind != kind => {
            faults.push((family.at, Problem::WrongFamilyKind { value, expected: kind.as_str() }));
            None
        }
        Ok(i) => Some(Id::new(i as u32)),
    }
}

/// The synonyms, each spelling once, in the order of the files.
fn synonyms(draft: &SubstanceDraft) -> Vec<Synonym> {
    let mut list: Vec<Synonym> = Vec::new();
    for synonym in draft.synonyms.iter().flatten() {
        if !list.iter().any(|s| s.text == synonym.value.text) {
            list.push(synonym.value.clone());
        }
    }
    list
}

/// The facts by jurisdiction; within one they must ascend by date as they are written, undated ones aside.
fn controls(draft: &SubstanceDraft, faults: &mut Vec<Fault>) -> Vec<ControlFact> {
    let mut last: BTreeMap<Jurisdiction, headwater_model::Day> = BTreeMap::new();
    let mut facts = Vec::new();
    for Located { value: fact, at } in draft.controls.iter().flatten() {
        if let Some(date) = fact.date {
            let jurisdiction = fact.jurisdiction;
            if let Some(before) = last.insert(jurisdiction, date).filter(|before| *before > date) {
                faults.push((*at, Problem::DatesNotAscending { jurisdiction, date, before }));
            }
        }
        facts.push(fact.clone());
    }
    facts.sort_by_key(|f| f.jurisdiction);
    facts
}

/// Every name of a draft with its place and normal form: id, name, short name, synonyms.
pub(crate) fn names(draft: &SubstanceDraft) -> impl Iterator<Item = (At, &str, String)> {
    let own = [Some(&draft.id), draft.name.as_ref(), draft.short_name.as_ref()];
    let own = own.into_iter().flatten().map(|n| (n.at, &*n.value));
    let more = draft.synonyms.iter().flatten().map(|s| (s.at, &*s.value.text));
    own.chain(more).map(|(at, text)| (at, text, normal(text)))
}

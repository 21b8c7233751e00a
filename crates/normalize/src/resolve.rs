//! Which substance an item is: CAS number, then exact name, then a dedicated HS code, else unmapped.

use std::fmt::Write;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use headwater_catalog::{Catalog, Measure, Unit, cas, hs, normal_name};
use headwater_model::{Flags, Names, Reason, SubstanceId};

use crate::content::Content;
use crate::fault::{Fault, Judged, Path, shown};
use crate::key::Key;
use crate::limits::{HS_DIGITS, NAME_CHARS_MAX, RESOLVED_BYTES_MAX, RESOLVED_MAX, TEXT_CHARS_MAX};
use crate::texts::limit;

/// An item's identity as written.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RawItem<'a> {
    pub name: Option<&'a str>,
    pub cas: Option<&'a str>,
    pub hs: Option<&'a str>,
}

/// What a raw item was resolved to.
pub(crate) struct Resolved {
    raw: [Option<Box<str>>; 3],
    /// Catalog id, or `unmapped:<HS6 or normalised name>`.
    pub substance: Box<str>,
    id: SubstanceId,
    /// Of name, CAS number and HS code as written, for the content of a record.
    pub content: u64,
    pub flags: Flags,
    /// Digits of the HS code.
    pub hs: Option<Box<str>>,
    /// Id of the substance whose name comes nearest, for an unmapped one.
    pub suggestion: Option<Box<str>>,
    /// What one of each unit amounts to.
    measures: [Measure; Unit::ALL.len()],
}

impl Resolved {
    #[inline]
    pub fn measure(&self, unit: Unit) -> Measure {
        self.measures[unit as usize]
    }

    /// The substance's number. It is looked up again when the names are not those of the last call.
    #[inline]
    pub fn id(&mut self, names: &mut Names) -> SubstanceId {
        let table = &mut names.substances;
        if self.id.index() >= table.len() || *table.get(self.id) != self.substance {
            self.id = table.intern(&*self.substance);
        }
        self.id
    }
}

/// Resolves items, and remembers what it resolved: the hot path only compares bytes.
pub(crate) struct Resolver {
    catalog: Arc<Catalog>,
    known: Vec<Resolved>,
    index: HashTable<u32>,
    bytes: usize,
    hasher: FixedState,
    normal: String,
}

impl Resolver {
    pub fn new(catalog: Arc<Catalog>) -> Resolver {
        Resolver {
            catalog,
            known: Vec::new(),
            index: HashTable::new(),
            bytes: 0,
            hasher: FixedState::with_seed(0x6974_656d),
            normal: String::new(),
        }
    }

    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Makes room where the memory is full. Positions given before mean nothing afterwards.
    #[inline]
    pub fn make_room(&mut self) {
        if self.known.len() >= RESOLVED_MAX || self.bytes >= RESOLVED_BYTES_MAX {
            self.known.clear();
            self.index.clear();
            self.bytes = 0;
        }
    }

    pub fn get(&mut self, position: usize) -> &mut Resolved {
        &mut self.known[position]
    }

    /// The position of what the item is.
    #[inline]
    pub fn resolve(&mut self, raw: RawItem<'_>, path: Path) -> Judged<usize> {
        let hash = self.hasher.hash_one(raw);
        let known = &self.known;
        let same = |&i: &u32| {
            let [name, cas, hs] = &known[i as usize].raw;
            raw == RawItem { name: name.as_deref(), cas: cas.as_deref(), hs: hs.as_deref() }
        };
        if let Some(&i) = self.index.find(hash, same) {
            return Ok(i as usize);
        }
        let resolved = self.look_up(raw, path)?;
        let position = self.known.len();
        self.bytes += [raw.name, raw.cas, raw.hs].into_iter().flatten().map(str::len).sum::<usize>();
        self.known.push(resolved);
        let (known, hasher) = (&self.known, &self.hasher);
        self.index.insert_unique(hash, position as u32, |&i| {
            let [name, cas, hs] = &known[i as usize].raw;
            hasher.hash_one(RawItem { name: name.as_deref(), cas: cas.as_deref(), hs: hs.as_deref() })
        });
        Ok(position)
    }

    #[cold]
    fn look_up(&mut self, raw: RawItem<'_>, path: Path) -> Judged<Resolved> {
        if let Some(name) = raw.name {
            limit(name, path.then(Key::Name), NAME_CHARS_MAX)?;
        }
        if let Some(cas) = raw.cas {
            limit(cas, path.then(Key::Cas), TEXT_CHARS_MAX)?;
        }
        let digits = raw.hs.map(|hs| hs_digits(hs, path.then(Key::Hs))).transpose()?;
        let code6 = raw.hs.and_then(hs::code6);
        normal_name(raw.name.unwrap_or_default(), &mut self.normal);
        let cas = raw.cas.filter(|c| cas::is_valid(c));
        let nameless = self.normal.is_empty();
        if nameless && digits.is_none() && cas.is_none() {
            return Err(unusable(raw, path));
        }

        let catalog = &*self.catalog;
        let mut flags = Flags::default();
        if raw.cas.is_some() && cas.is_none() {
            flags = flags.with(Flags::CAS_DROPPED);
        }
        let by_cas = cas.and_then(|c| catalog.by_cas(c));
        let by_name = if nameless { None } else { catalog.by_name(&self.normal) };
        let found = match (by_cas, by_name) {
            (Some(a), Some(b)) if a != b => {
                flags = flags.with(Flags::CAS_NAME_DIFFER);
                Some(a)
            }
            (None, None) => {
                let by_hs = raw.hs.and_then(|code| catalog.dedicated_hs(code));
                flags = if by_hs.is_some() { flags.with(Flags::FROM_HS) } else { flags.with(Flags::UNMAPPED) };
                by_hs
            }
            (a, b) => a.or(b),
        };
        let substance = found.map(|ix| catalog.substance(ix));
        let mut suggestion = None;
        let id = match substance {
            Some(s) => s.id.clone(),
            None => {
                suggestion = catalog.suggest(&self.normal).map(|s| s.id.clone());
                let mut key = String::from("unmapped:");
                let written = match (code6, &digits) {
                    (Some(code), _) => write!(key, "{code:06}"),
                    _ if !nameless => key.write_str(&self.normal),
                    (_, Some(digits)) => key.write_str(digits),
                    _ => key.write_str(cas.unwrap_or_default().trim()),
                };
                written.expect("a string takes all that is written to it");
                key.into()
            }
        };
        Ok(Resolved {
            raw: [raw.name.map(Box::from), raw.cas.map(Box::from), raw.hs.map(Box::from)],
            substance: id,
            id: SubstanceId::new(u32::MAX),
            content: {
                let mut content = Content::default();
                [raw.name, raw.cas, raw.hs].into_iter().for_each(|text| content.text(text));
                content.hash()
            },
            flags,
            hs: digits,
            suggestion,
            measures: Unit::ALL.map(|unit| Measure::of(unit, substance)),
        })
    }
}

/// The fault of an item that nothing can be looked up by.
fn unusable(raw: RawItem<'_>, path: Path) -> Box<Fault> {
    let words = "must have a name, a CAS number or an HS code";
    match raw {
        RawItem { cas: Some(cas), .. } => {
            let path = path.then(Key::Cas);
            let message = format!("{path} {} is no CAS number, or its check digit is wrong", shown(cas));
            Fault::new(Reason::BadCas, path, message)
        }
        RawItem { name: Some(name), .. } => {
            let path = path.then(Key::Name);
            let message = format!("{path} {} has neither letter nor digit", shown(name));
            Fault::new(Reason::MissingField, path, message)
        }
        _ => Fault::new(Reason::MissingField, path, format!("{path} {words}")),
    }
}

/// The digits of an HS code, points and blanks between them aside.
fn hs_digits(text: &str, path: Path) -> Judged<Box<str>> {
    let digits: String = text.chars().filter(|c| !matches!(c, '.' | ' ')).collect();
    if digits.bytes().all(|b| b.is_ascii_digit()) && HS_DIGITS.contains(&digits.len()) {
        return Ok(digits.into());
    }
    let (low, high) = HS_DIGITS.into_inner();
    let message = format!("{path} {} is no HS code: it has {low} to {high} digits", shown(text));
    Err(Fault::new(Reason::OutOfRange, path, message))
}

//! Small numbers for names that repeat, so that the hot path compares and stores four bytes.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::marker::PhantomData;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::{Access, Country, Evidence, Place, Route};

/// The number of a value in its [`Table`]. It means nothing outside that table and follows the order of arrival: never
/// write it into a file or sort by it where people see the order.
pub struct Id<T>(u32, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// The number of the value that stands at `index` in its table.
    pub const fn new(index: u32) -> Id<T> {
        Id(index, PhantomData)
    }

    /// Position in the table.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The same as [`Id::index`], four bytes wide.
    pub const fn raw(self) -> u32 {
        self.0
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Values met so far, each once, in the order of arrival.
///
/// ```
/// use headwater_model::Table;
/// let mut sources: Table<Box<str>> = Table::default();
/// let a = sources.intern("NL-CUSTOMS");
/// assert_eq!(sources.intern("NL-CUSTOMS"), a);
/// assert_eq!(&**sources.get(a), "NL-CUSTOMS");
/// ```
pub struct Table<T> {
    values: Vec<T>,
    index: HashTable<u32>,
}

/// Fixed, not random: the order of a table's slots must not differ between two runs of one replay.
const HASHER: FixedState = FixedState::with_seed(0x6865_6164);

impl<T: Hash + Eq> Table<T> {
    /// The number of `value`, which is stored on first sight.
    pub fn intern<Q>(&mut self, value: &Q) -> Id<T>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ToOwned + ?Sized,
        T: for<'a> From<Owned<'a, Q>>,
    {
        self.intern_with(value, |q| T::from(Owned(q)))
    }

    /// As [`Table::intern`], with the way to own the value given by the caller.
    pub fn intern_with<Q>(&mut self, value: &Q, own: impl FnOnce(&Q) -> T) -> Id<T>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = HASHER.hash_one(value);
        if let Some(&i) = self.index.find(hash, |&i| self.values[i as usize].borrow() == value) {
            return Id::new(i);
        }
        let i = u32::try_from(self.values.len()).expect("fewer than 2^32 names: memory ends long before");
        self.values.push(own(value));
        let values = &self.values;
        self.index.insert_unique(hash, i, |&j| HASHER.hash_one(values[j as usize].borrow()));
        Id::new(i)
    }

    /// The number of `value` if it was met before.
    pub fn find<Q>(&self, value: &Q) -> Option<Id<T>>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = HASHER.hash_one(value);
        self.index.find(hash, |&i| self.values[i as usize].borrow() == value).map(|&i| Id::new(i))
    }
}

/// A borrowed value that is about to be owned by a table.
pub struct Owned<'a, Q: ?Sized>(pub &'a Q);

impl From<Owned<'_, str>> for Box<str> {
    fn from(text: Owned<'_, str>) -> Box<str> {
        text.0.into()
    }
}

impl<T> Table<T> {
    /// The value of a number of this table.
    pub fn get(&self, id: Id<T>) -> &T {
        &self.values[id.index()]
    }

    /// All values, in the order of arrival.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Id<T>, &T)> {
        self.values.iter().enumerate().map(|(i, v)| (Id::new(i as u32), v))
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { values: Vec::new(), index: HashTable::new() }
    }
}

/// The substance of a row: a catalog id, or `unmapped:<HS6 or normalised name>`.
pub type SubstanceId = Id<Box<str>>;

/// What a row's amounts are kept apart by, days aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// Into [`Names::substances`].
    pub substance: SubstanceId,
    /// Into [`Names::routes`].
    pub route: Id<Route>,
    /// Into [`Names::sources`].
    pub source: Id<Box<str>>,
    /// The event's kind.
    pub evidence: Evidence,
    /// Into [`Names::places`]; trade events have none.
    pub place: Option<Id<Place>>,
    /// Into [`Names::accesses`].
    pub access: Id<Access>,
    /// The amount or the substance was derived, not read: mass from a volume or a count, a substance from a dedicated
    /// HS code alone, or a gross mass.
    pub flagged: bool,
}

/// The names behind the numbers of a batch, a ledger and its panes.
#[derive(Default)]
pub struct Names {
    /// Catalog ids and `unmapped:` keys.
    pub substances: Table<Box<str>>,
    /// Routes.
    pub routes: Table<Route>,
    /// Reporting organisations.
    pub sources: Table<Box<str>>,
    /// Places of seizures.
    pub places: Table<Place>,
    /// Access classes.
    pub accesses: Table<Access>,
    /// The combinations met.
    pub series: Table<Series>,
}

impl Names {
    /// The market of a series: where its route ends.
    pub fn market(&self, series: &Series) -> Country {
        self.routes.get(series.route).destination()
    }

    /// A series of other names by these ones: ids mean something only beside the names that gave them.
    pub fn adopt(&mut self, series: Id<Series>, others: &Names) -> Id<Series> {
        let series = others.series.get(series);
        let series = Series {
            substance: self.substances.intern(&**others.substances.get(series.substance)),
            route: self.routes.intern_with(others.routes.get(series.route), Clone::clone),
            source: self.sources.intern(&**others.sources.get(series.source)),
            evidence: series.evidence,
            place: series.place.map(|place| self.places.intern_with(others.places.get(place), Clone::clone)),
            access: self.accesses.intern_with(others.accesses.get(series.access), Clone::clone),
            flagged: series.flagged,
        };
        self.series.intern_with(&series, |series| *series)
    }
}

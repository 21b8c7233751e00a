//! Rows read back into numbers of the reader's own names.

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Int8Type, Int64Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringViewArray};
use headwater_model::{
    Access, ArchivedItem, ArchivedRow, Country, Day, EventDay, Evidence, Flags, Id, KnownDay, Marking, Names, Place,
    Route, Series, Status, Table,
};

use super::changes::status_word;
use super::words::Words;
use super::{BATCH_ROWS, EpochError, EpochFile};
use crate::StoreError;

/// Which columns are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What panes are made of: sign, keys, days and amounts. Event id, revision, status, item and `record_hash` of the
    /// rows are empty.
    Sums,
    /// What a ledger needs too: event id, revision, status, item, `record_hash`.
    Ledger,
}

const SUMS: [&str; 18] = [
    "sign",
    "source",
    "evidence",
    "event_day",
    "period_days",
    "known_on",
    "counted_on",
    "substance",
    "route",
    "place_country",
    "subdivision",
    "office",
    "mass_mg",
    "pieces",
    "incidents",
    "flags",
    "marking",
    "releasable_to",
];
const LEDGER: [&str; 5] = ["event_id", "revision", "status", "item", "record_hash"];

/// Takes rows, and holds the names that their numbers are of.
pub trait TakeRows {
    /// Why it could not.
    type Error: From<StoreError>;

    /// The names; new ones go into them before the row that needs them.
    fn names(&mut self) -> &mut Names;

    /// Takes a row.
    fn take(&mut self, row: &ArchivedRow<'_>) -> Result<(), Self::Error>;
}

/// Calls a function with every row.
struct Each<'a, F> {
    names: &'a mut Names,
    each: F,
}

impl<E: From<StoreError>, F: FnMut(ArchivedRow<'_>) -> Result<(), E>> TakeRows for Each<'_, F> {
    type Error = E;

    fn names(&mut self) -> &mut Names {
        self.names
    }

    fn take(&mut self, row: &ArchivedRow<'_>) -> Result<(), E> {
        (self.each)(*row)
    }
}

impl EpochFile {
    /// Calls `each` for every row, withdrawals and rejects too, in the order of the file. New names go into `names`.
    pub fn read<E: From<StoreError>>(
        &self,
        wanted: Wanted,
        names: &mut Names,
        each: &mut dyn FnMut(ArchivedRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.read_into(wanted, &mut Each { names, each })
    }

    /// Hands every row to a taker, withdrawals and rejects too, in the order of the file.
    pub fn read_into<T: TakeRows>(&self, wanted: Wanted, taker: &mut T) -> Result<(), T::Error> {
        let ours = |error: EpochError| T::Error::from(StoreError::from(error));
        let mut columns = SUMS.to_vec();
        if wanted == Wanted::Ledger {
            columns.extend(LEDGER);
        }
        for name in &columns {
            self.column(name).map_err(ours)?;
        }
        let mut rows = Rows::default();
        for batch in self.present(&columns, BATCH_ROWS) {
            let batch = batch.map_err(ours)?;
            rows.set(&batch, taker.names()).map_err(ours)?;
            let numbers = Numbers::of(&batch, wanted).map_err(ours)?;
            for row in 0..batch.num_rows() {
                let row = rows.row(row, &numbers, taker.names()).map_err(ours)?;
                taker.take(&row)?;
            }
        }
        Ok(())
    }
}

/// A place by the numbers of its words; what is absent has none.
type PlaceWords = (Country, Option<Id<Box<str>>>, Option<Id<Box<str>>>);
/// An access class by its label and the number of its list.
type AccessWords = (Marking, Option<Id<Box<str>>>);

/// The columns of words, and what was met of their combinations.
struct Rows {
    source: Words<Id<Box<str>>>,
    status: Words<Status>,
    evidence: Words<Evidence>,
    substance: Words<Id<Box<str>>>,
    route: Words<Id<Route>>,
    place_country: Words<Country>,
    subdivision: Words<Id<Box<str>>>,
    office: Words<Id<Box<str>>>,
    marking: Words<Marking>,
    releasable_to: Words<Id<Box<str>>>,
    /// Subdivisions, offices and lists of organisations.
    texts: Table<Box<str>>,
    places: Met<PlaceWords, Place>,
    accesses: Met<AccessWords, Access>,
}

impl Default for Rows {
    fn default() -> Rows {
        Rows {
            source: Words::new("source"),
            status: Words::new("status"),
            evidence: Words::new("evidence"),
            substance: Words::new("substance"),
            route: Words::new("route"),
            place_country: Words::new("place_country"),
            subdivision: Words::new("subdivision"),
            office: Words::new("office"),
            marking: Words::new("marking"),
            releasable_to: Words::new("releasable_to"),
            texts: Table::default(),
            places: Met::default(),
            accesses: Met::default(),
        }
    }
}

/// Combinations met so far with the numbers of what they make.
struct Met<K, T> {
    keys: Table<K>,
    ids: Vec<Id<T>>,
    last: Option<(K, Id<T>)>,
}

impl<K, T> Default for Met<K, T> {
    fn default() -> Met<K, T> {
        Met { keys: Table::default(), ids: Vec::new(), last: None }
    }
}

impl<K: Copy + Eq + std::hash::Hash, T> Met<K, T> {
    /// The number of a combination; `make` is asked once for each.
    #[inline]
    fn get(&mut self, key: K, make: impl FnOnce() -> Id<T>) -> Id<T> {
        if let Some((_, id)) = self.last.as_ref().filter(|(last, _)| *last == key) {
            return *id;
        }
        let at = self.keys.intern_with(&key, |key| *key).index();
        if at == self.ids.len() {
            self.ids.push(make());
        }
        self.last = Some((key, self.ids[at]));
        self.ids[at]
    }
}

impl Rows {
    /// Goes on to the next batch.
    fn set(&mut self, batch: &RecordBatch, names: &mut Names) -> Result<(), EpochError> {
        set(&mut self.source, batch, |word| some(word).map(|word| names.sources.intern(word)))?;
        let statuses = [Status::Reported, Status::Withdrawn];
        set(&mut self.status, batch, |word| statuses.into_iter().find(|status| status_word(*status) == word))?;
        set(&mut self.evidence, batch, Evidence::parse)?;
        set(&mut self.substance, batch, |word| some(word).map(|word| names.substances.intern(word)))?;
        set(&mut self.route, batch, |word| {
            let route = route(word)?;
            Some(names.routes.intern_with(route.countries(), |_| route.clone()))
        })?;
        set(&mut self.place_country, batch, country)?;
        set(&mut self.subdivision, batch, |word| some(word).map(|word| self.texts.intern(word)))?;
        set(&mut self.office, batch, |word| some(word).map(|word| self.texts.intern(word)))?;
        set(&mut self.marking, batch, Marking::parse)?;
        set(&mut self.releasable_to, batch, |word| some(word).map(|word| self.texts.intern(word)))
    }

    #[inline]
    fn row<'a>(&mut self, row: usize, numbers: &Numbers<'a>, names: &mut Names) -> Result<ArchivedRow<'a>, EpochError> {
        let sign = numbers.sign[row];
        let source = self.source.get(row);
        let day = |column: &Column<'_, Date32Type>| column.get(row).map(|day| KnownDay(Day(day)));
        let (known_on, counted_on) = (day(&numbers.known_on), day(&numbers.counted_on));
        let of = match (sign, source) {
            (0, _) => None,
            (1 | -1, Some(source)) => Some(self.item(row, source, numbers, names)?),
            _ => return Err(EpochError::Value { column: "sign", value: sign.to_string() }),
        };
        let mut read = ArchivedRow {
            sign,
            source,
            event_id: "",
            revision: 0,
            status: Status::Reported,
            item: 0,
            record_hash: None,
            known_on,
            counted_on,
            of,
        };
        if let Some(ledger) = &numbers.ledger
            && source.is_some()
        {
            read.event_id = ledger.event_id.value(row);
            read.revision = ledger.revision.must(row)?;
            read.status = self.status.must(row)?;
            read.item = ledger.item.get(row).unwrap_or(0);
            read.record_hash = ledger.record_hash.get(row);
        }
        Ok(read)
    }

    #[inline]
    fn item(
        &mut self,
        row: usize,
        source: Id<Box<str>>,
        numbers: &Numbers<'_>,
        names: &mut Names,
    ) -> Result<ArchivedItem, EpochError> {
        let texts = &self.texts;
        let text = |id: Id<Box<str>>| texts.get(id).clone();
        let place = self.place_country.get(row).map(|country| {
            let (subdivision, office) = (self.subdivision.get(row), self.office.get(row));
            self.places.get((country, subdivision, office), || {
                let place = Place { country, subdivision: subdivision.map(text), office: office.map(text) };
                names.places.intern_with(&place, Place::clone)
            })
        });
        let (marking, list) = (self.marking.must(row)?, self.releasable_to.get(row));
        let access = self.accesses.get((marking, list), || {
            let list = list.map(|list| texts.get(list).split(',').map(Box::from).collect());
            let access = Access { marking, releasable_to: list.unwrap_or_default() };
            names.accesses.intern_with(&access, Access::clone)
        });
        let flags = Flags(numbers.flags.must(row)?);
        let series = Series {
            substance: self.substance.must(row)?,
            route: self.route.must(row)?,
            source,
            evidence: self.evidence.must(row)?,
            place,
            access,
            flagged: flags.derived(),
        };
        Ok(ArchivedItem {
            series: names.series.intern_with(&series, |series| *series),
            event_day: EventDay(Day(numbers.event_day.must(row)?)),
            period_days: numbers.period_days.must(row)?,
            flags,
            mass_mg: numbers.mass_mg.get(row),
            pieces: numbers.pieces.get(row),
            incidents: numbers.incidents.must(row)?,
        })
    }
}

/// Goes on to the next batch, which may lack the column.
fn set<T: Copy>(
    words: &mut Words<T>,
    batch: &RecordBatch,
    value: impl FnMut(&str) -> Option<T>,
) -> Result<(), EpochError> {
    match batch.column_by_name(words.name()) {
        Some(column) => words.set(column, value),
        None => {
            words.clear();
            Ok(())
        }
    }
}

/// A word that says something.
fn some(word: &str) -> Option<&str> {
    Some(word).filter(|word| !word.is_empty())
}

fn country(word: &str) -> Option<Country> {
    word.as_bytes().try_into().ok().and_then(Country::from_letters)
}

fn route(word: &str) -> Option<Route> {
    let countries: Option<Vec<Country>> = word.split('>').map(country).collect();
    match countries?.as_slice() {
        [origin, via @ .., destination] => Some(Route::new(*origin, via.iter().copied(), *destination)),
        _ => None,
    }
}

/// The columns of numbers of one batch.
struct Numbers<'a> {
    sign: &'a [i8],
    event_day: Column<'a, Date32Type>,
    period_days: Column<'a, UInt16Type>,
    known_on: Column<'a, Date32Type>,
    counted_on: Column<'a, Date32Type>,
    mass_mg: Column<'a, Int64Type>,
    pieces: Column<'a, Int64Type>,
    incidents: Column<'a, Int64Type>,
    flags: Column<'a, UInt16Type>,
    ledger: Option<Ledger<'a>>,
}

struct Ledger<'a> {
    event_id: &'a StringViewArray,
    revision: Column<'a, UInt32Type>,
    item: Column<'a, UInt16Type>,
    record_hash: Column<'a, UInt64Type>,
}

impl<'a> Numbers<'a> {
    fn of(batch: &'a RecordBatch, wanted: Wanted) -> Result<Numbers<'a>, EpochError> {
        let ledger = match wanted {
            Wanted::Sums => None,
            Wanted::Ledger => Some(Ledger {
                event_id: batch
                    .column_by_name("event_id")
                    .and_then(|column| column.as_string_view_opt())
                    .ok_or_else(|| EpochError::Absent("event_id".to_owned()))?,
                revision: Column::of(batch, "revision")?,
                item: Column::of(batch, "item")?,
                record_hash: Column::of(batch, "record_hash")?,
            }),
        };
        Ok(Numbers {
            sign: Column::<Int8Type>::of(batch, "sign")?.values.values(),
            event_day: Column::of(batch, "event_day")?,
            period_days: Column::of(batch, "period_days")?,
            known_on: Column::of(batch, "known_on")?,
            counted_on: Column::of(batch, "counted_on")?,
            mass_mg: Column::of(batch, "mass_mg")?,
            pieces: Column::of(batch, "pieces")?,
            incidents: Column::of(batch, "incidents")?,
            flags: Column::of(batch, "flags")?,
            ledger,
        })
    }
}

/// A column of numbers.
pub(super) struct Column<'a, T: ArrowPrimitiveType> {
    name: &'static str,
    values: &'a PrimitiveArray<T>,
}

impl<'a, T: ArrowPrimitiveType> Column<'a, T> {
    pub fn of(batch: &'a RecordBatch, name: &'static str) -> Result<Column<'a, T>, EpochError> {
        let column = batch.column_by_name(name).ok_or_else(|| EpochError::Absent(name.to_owned()))?;
        let values = column.as_primitive_opt::<T>().ok_or_else(|| EpochError::Column {
            name: name.to_owned(),
            expected: T::DATA_TYPE,
            found: column.data_type().to_string(),
        })?;
        Ok(Column { name, values })
    }

    /// The number of a row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<T::Native> {
        self.values.is_valid(row).then(|| self.values.value(row))
    }

    /// The same, where the column must have one.
    #[inline]
    pub fn must(&self, row: usize) -> Result<T::Native, EpochError> {
        self.get(row).ok_or_else(|| EpochError::Value { column: self.name, value: String::new() })
    }
}

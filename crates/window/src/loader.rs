//! From the parts of a snapshot back to a window.

use headwater_model::{
    Access, Checksum, Country, Counts, Evidence, Id, Identity, Marking, Names, Place, Route, Series,
};

use crate::coding::Coded;
use crate::snapshot::{HEAD_BYTES, Kind, LETTERS, TAIL_BYTES, VERSION};
use crate::window::overflow;
use crate::{Window, WindowError};

/// Takes the parts of a snapshot in their order, and holds what they say so far. Bytes that no snapshot gave are an
/// error, whatever they are; after an error there is nothing more to take.
#[derive(Default)]
pub struct WindowLoader {
    window: Window,
    next: u32,
    last: Option<Kind>,
    /// The end came, and all was there.
    ended: bool,
}

impl WindowLoader {
    /// Holds nothing yet.
    pub fn new() -> WindowLoader {
        WindowLoader::default()
    }

    /// Loads into an empty window whose ledger was given a cold store and a limit, and keeps to them.
    pub fn into_empty(window: Window) -> WindowLoader {
        WindowLoader { window, ..WindowLoader::default() }
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// [`WindowError::Snapshot`] where it is damaged or not the next one; [`WindowError::Cold`].
    pub fn part(&mut self, bytes: &[u8]) -> Result<(), WindowError> {
        let part = self.next;
        let fault = |fault| WindowError::Snapshot { part, fault };
        let (sealed, checksum) = bytes.split_last_chunk::<TAIL_BYTES>().ok_or(fault("it is too short"))?;
        if Checksum::of(sealed).0 != u128::from_le_bytes(*checksum) {
            return Err(fault("its bytes do not match its checksum"));
        }
        let (head, body) = sealed.split_first_chunk::<HEAD_BYTES>().ok_or(fault("it is too short"))?;
        let mut head = Coded(head);
        if head.array() != Some(LETTERS) {
            return Err(fault("it is no part of a snapshot"));
        }
        if head.array().map(u16::from_le_bytes) != Some(VERSION) {
            return Err(fault("its version is not one that this program reads"));
        }
        let kind = head.byte().and_then(|kind| Kind::ALL.get(usize::from(kind)).copied());
        let kind = kind.ok_or(fault("its kind is not known"))?;
        if head.array().map(u32::from_le_bytes) != Some(part) || self.ended || self.last > Some(kind) {
            return Err(fault("it is not the one that comes next"));
        }
        self.take(kind, &mut Coded(body)).ok_or(fault("it holds what no window holds"))??;
        (self.next, self.last) = (part + 1, Some(kind));
        Ok(())
    }

    /// The window, after its last part.
    ///
    /// # Errors
    /// [`WindowError::Snapshot`] where parts are missing; [`WindowError::Overflow`] and [`WindowError::Cold`].
    pub fn finish(mut self) -> Result<Window, WindowError> {
        if !self.ended {
            return Err(WindowError::Snapshot { part: self.next, fault: "it is missing" });
        }
        let Window { names, ledger, panes, without_panes, .. } = &mut self.window;
        if !*without_panes {
            ledger.each_row(&mut |row| panes.add(row.key, row.sums()).map_err(|key| overflow(names, key)))?;
        }
        Ok(self.window)
    }

    fn take(&mut self, kind: Kind, coded: &mut Coded<'_>) -> Option<Result<(), WindowError>> {
        if kind == Kind::End {
            read_end(coded, &mut self.window)?;
            self.ended = true;
            return Some(Ok(()));
        }
        let Window { names, ledger, .. } = &mut self.window;
        while !coded.is_empty() {
            match kind {
                Kind::Ledger => {
                    let identity = Identity(u128::from_le_bytes(coded.array()?));
                    let series = u32::try_from(names.series.len()).unwrap_or(u32::MAX);
                    if let Err(error) = ledger.restore(identity, coded.bytes()?, series)? {
                        return Some(Err(error.into()));
                    }
                }
                kind => read_name(kind, coded, names)?,
            }
        }
        Some(Ok(()))
    }
}

fn read_name(kind: Kind, coded: &mut Coded<'_>, names: &mut Names) -> Option<()> {
    // A value that is there already would get the number of another.
    let (number, expected) = match kind {
        Kind::Substances => (names.substances.intern(coded.text()?).index(), names.substances.len()),
        Kind::Sources => (names.sources.intern(coded.text()?).index(), names.sources.len()),
        Kind::Routes => {
            let route = read_route(coded)?;
            (names.routes.intern_with(&route, Clone::clone).index(), names.routes.len())
        }
        Kind::Places => {
            let country = Country::from_letters(coded.array()?)?;
            let mut text = || match coded.byte()? {
                0 => Some(None),
                1 => Some(Some(coded.text()?.into())),
                _ => None,
            };
            let place = Place { country, subdivision: text()?, office: text()? };
            (names.places.intern_with(&place, Clone::clone).index(), names.places.len())
        }
        Kind::Accesses => {
            let marking = Marking::parse(coded.text()?)?;
            let mut releasable_to: Vec<Box<str>> = Vec::new();
            for _ in 0..coded.number()? {
                releasable_to.push(coded.text()?.into());
            }
            let access = Access { marking, releasable_to: releasable_to.into() };
            (names.accesses.intern_with(&access, Clone::clone).index(), names.accesses.len())
        }
        Kind::Series => {
            let series = read_series(coded, names)?;
            (names.series.intern_with(&series, |series| *series).index(), names.series.len())
        }
        Kind::Ledger | Kind::End => return None,
    };
    (number + 1 == expected).then_some(())
}

fn read_route(coded: &mut Coded<'_>) -> Option<Route> {
    let mut countries = Vec::new();
    for _ in 0..coded.number()? {
        countries.push(Country::from_letters(coded.array()?)?);
    }
    let [origin, via @ .., destination] = &countries[..] else { return None };
    let route = Route::new(*origin, via.iter().copied(), *destination);
    (route.countries() == countries).then_some(route)
}

fn read_series(coded: &mut Coded<'_>, names: &Names) -> Option<Series> {
    let evidence = Evidence::parse(coded.text()?)?;
    let flagged = coded.byte().filter(|&flag| flag < 2)? == 1;
    let mut number = |len: usize| coded.narrow::<u32>().filter(|&number| (number as usize) < len);
    Some(Series {
        evidence,
        flagged,
        substance: Id::new(number(names.substances.len())?),
        route: Id::new(number(names.routes.len())?),
        source: Id::new(number(names.sources.len())?),
        access: Id::new(number(names.accesses.len())?),
        place: number(names.places.len() + 1)?.checked_sub(1).map(Id::new),
    })
}

/// Whether all is there that was written.
fn read_end(coded: &mut Coded<'_>, window: &mut Window) -> Option<()> {
    let number = &mut || coded.number();
    window.counts = Counts {
        read: number()?,
        accepted: number()?,
        duplicate: number()?,
        superseded: number()?,
        rejected: number()?,
        conflict: number()?,
    };
    let holds = [window.names.series.len(), window.ledger.len()];
    (holds.into_iter().all(|len| number() == Some(len as u64)) && coded.is_empty()).then_some(())
}

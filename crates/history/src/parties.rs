//! Opaque parties that have records on both sides of a shift.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Clearance, Country, Day, KnownDay};
use serde::Serialize;

use crate::columns::{BadColumn, Texts};
use crate::net::{self, ItemKey, Net};
use crate::scan::{Files, Piece, Rows, Scan, read};
use crate::table::table;
use crate::{Bounds, Filter, History, HistoryError, Seen};

/// One side of a shift: substances, routes, origins, or several of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Catalog ids.
    pub substances: Vec<String>,
    /// Routes as written.
    pub routes: Vec<String>,
    /// Countries in which routes begin.
    pub origins: Vec<Country>,
}

/// A question for the parties on both sides of a shift.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartyQuery {
    /// What both sides have in common; its substances, routes and origins do not count.
    pub filter: Filter,
    /// What falls.
    pub falling: Side,
    /// What rises.
    pub rising: Side,
    /// Only what was known by the end of that day.
    pub as_of: Option<KnownDay>,
    /// Parties told at most; those with the most events come first.
    pub limit: usize,
}

table! {
    /// A party with events in force on both sides. That one stands here says that it traded in both; it is no evidence
    /// against anybody.
    pub struct SharedParty {
        /// Opaque id.
        pub party: String,
        /// Whether it is a consignor of some of them.
        pub as_consignor: bool,
        /// Whether it is a consignee of some of them.
        pub as_consignee: bool,
        /// Events of what falls.
        pub falling_events: u64,
        /// The first day of these.
        pub falling_first: Day,
        /// The last day of these.
        pub falling_last: Day,
        /// Milligrams of these.
        pub falling_mass_mg: i64,
        /// Events of what rises.
        pub rising_events: u64,
        /// The first day of these.
        pub rising_first: Day,
        /// The last day of these.
        pub rising_last: Day,
        /// Milligrams of these.
        pub rising_mass_mg: i64,
    }
}

/// Parties on both sides of a shift.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartyAnswer {
    /// By events of both sides, the most first, then by id.
    pub rows: Vec<SharedParty>,
    /// Parties on both sides, those beyond the limit included.
    pub shared: u64,
    /// Parties of what falls.
    pub falling: u64,
    /// Parties of what rises.
    pub rising: u64,
    /// What the answer was made of.
    pub seen: Seen,
}

/// What a party has on one side.
struct Of {
    events: BTreeSet<u128>,
    items: BTreeSet<ItemKey>,
    first: Day,
    last: Day,
    mass_mg: i128,
    roles: [bool; 2],
}

impl History {
    /// The parties that the reader sees on both sides.
    ///
    /// # Errors
    /// Those of the question, of its [`Bounds`], and of the store.
    pub fn shared_parties(
        &self,
        reader: &Clearance,
        bounds: &Bounds,
        query: &PartyQuery,
    ) -> Result<PartyAnswer, HistoryError> {
        check(query, bounds)?;
        let files = Files(self.files(bounds)?);
        let side = |side: &Side| {
            let Side { substances, routes, origins } = side.clone();
            let filter = Filter { substances, routes, origins, ..query.filter.clone() };
            filter.check(bounds)?;
            let scan = Scan { reader, bounds, filter: &filter, as_of: query.as_of, since: None, rows: Rows::Items };
            self.parties(&scan, &files)
        };
        let ((falling, seen), (mut rising, also)) = (side(&query.falling)?, side(&query.rising)?);
        let (of_falling, of_rising) = (falling.len() as u64, rising.len() as u64);
        let mut rows = Vec::new();
        for (party, a) in falling {
            let Some(b) = rising.remove(&party) else { continue };
            let mass = |sum: i128| i64::try_from(sum).map_err(|_| HistoryError::Overflow { what: party.clone() });
            rows.push(SharedParty {
                as_consignor: a.roles[0] || b.roles[0],
                as_consignee: a.roles[1] || b.roles[1],
                falling_events: a.events.len() as u64,
                falling_first: a.first,
                falling_last: a.last,
                falling_mass_mg: mass(a.mass_mg)?,
                rising_events: b.events.len() as u64,
                rising_first: b.first,
                rising_last: b.last,
                rising_mass_mg: mass(b.mass_mg)?,
                party,
            });
        }
        let shared = rows.len() as u64;
        let events = |row: &SharedParty| row.falling_events + row.rising_events;
        rows.sort_by(|a, b| events(b).cmp(&events(a)).then_with(|| a.party.cmp(&b.party)));
        rows.truncate(query.limit);
        let simulated = seen.simulated || also.simulated;
        let (groups_read, rows_read) = (seen.groups_read + also.groups_read, seen.rows + also.rows);
        let marking = seen.marking.max(also.marking);
        let seen = Seen { marking, simulated, groups_read, rows: rows_read, ..seen };
        Ok(PartyAnswer { rows, shared, falling: of_falling, rising: of_rising, seen })
    }

    /// The parties of the items in force.
    fn parties(&self, scan: &Scan<'_>, files: &Files) -> Result<(BTreeMap<String, Of>, Seen), HistoryError> {
        let mut net = Net::default();
        let seen = scan.run(self, files, &net::COLUMNS, &mut |mut piece: Piece<'_>| {
            net.add(&piece, &mut |_, _| {}).and_then(|()| piece.note()).map_err(|bad| files.damaged(&piece, bad))?;
            net.check(scan.bounds)
        })?;
        let mut places: Vec<_> = net.in_force().map(|(key, held)| (held.at, *key, held.day, held.mass_mg)).collect();
        places.sort_unstable();
        let mut parties: BTreeMap<String, Of> = BTreeMap::new();
        for same in places.chunk_by(|a, b| (a.0.file, a.0.group) == (b.0.file, b.0.group)) {
            let at = same[0].0;
            scan.in_time(at.file as usize, files)?;
            let (input, file) = &files.0[at.file as usize];
            let opened = self.open(input, file)?;
            let rows: Vec<u32> = same.iter().map(|(at, ..)| at.row).collect();
            let damaged = |problem: String| HistoryError::Damaged { key: file.key.clone(), problem };
            let columns = ["sign", "consignor", "consignee"];
            let batch = read(&opened, at.group as usize, &columns, Some(&rows)).map_err(damaged)?;
            let take = |parties: &mut BTreeMap<String, Of>| -> Result<(), BadColumn> {
                for (role, name) in [(0, "consignor"), (1, "consignee")] {
                    let ids = Texts::of(&batch, name)?;
                    for (row, (_, key, day, mass_mg)) in same.iter().enumerate() {
                        if let Some(id) = ids.get(row) {
                            parties
                                .entry(id.to_owned())
                                .or_insert_with(|| Of::new(*day))
                                .add(role, *key, *day, *mass_mg);
                        }
                    }
                }
                Ok(())
            };
            take(&mut parties).map_err(|bad| damaged(bad.to_string()))?;
        }
        Ok((parties, seen))
    }
}

impl Of {
    fn new(day: Day) -> Of {
        let (events, items) = (BTreeSet::new(), BTreeSet::new());
        Of { events, items, first: day, last: day, mass_mg: 0, roles: [false; 2] }
    }

    /// Adds an item; one that names the party in both roles counts once.
    fn add(&mut self, role: usize, key: ItemKey, day: Day, mass_mg: i64) {
        self.roles[role] = true;
        self.events.insert(key.identity);
        (self.first, self.last) = (self.first.min(day), self.last.max(day));
        if self.items.insert(key) {
            self.mass_mg += i128::from(mass_mg);
        }
    }
}

fn check(query: &PartyQuery, bounds: &Bounds) -> Result<(), HistoryError> {
    for (field, side) in [("falling", &query.falling), ("rising", &query.rising)] {
        if side.substances.is_empty() && side.routes.is_empty() && side.origins.is_empty() {
            return Err(HistoryError::Empty { field });
        }
    }
    if !(1..=bounds.page_rows_max).contains(&query.limit) {
        return Err(HistoryError::PageSize { given: query.limit, limit: bounds.page_rows_max });
    }
    // An item of both sides would be a shift from itself to itself.
    let both = |a: &[String], b: &[String]| a.iter().find(|of| b.contains(of)).cloned();
    let (a, b) = (&query.falling, &query.rising);
    let origins = |side: &Side| side.origins.iter().map(ToString::to_string).collect::<Vec<String>>();
    let sides =
        [(a.substances.clone(), b.substances.clone()), (a.routes.clone(), b.routes.clone()), (origins(a), origins(b))];
    if sides.iter().any(|(a, b)| !a.is_empty() && !b.is_empty() && both(a, b).is_none()) {
        return Ok(());
    }
    let value = sides.iter().find_map(|(a, b)| both(a, b));
    Err(HistoryError::OnBothSides { field: "rising", value: value.unwrap_or_else(|| "some item".to_owned()) })
}

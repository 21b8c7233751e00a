//! The records of one identity as bytes: how they lie in a cold store and in a snapshot.
//!
//! The event id, then how many records, then each from the highest down: revision and status in one number, known day,
//! content, how many rows, and each row. The series is a number of the names at hand, so the bytes mean nothing without
//! them.

use headwater_model::{Day, EventDay, Flags, Id, Identity, KnownDay, Rank, Row, Status};

use crate::Panes;
use crate::coding::{Coded, put, put_bytes, put_signed};
use crate::hot::Hot;
use crate::record::{Item, NONE, Record};

/// Bits that say how a row is spelt.
const MASS: u8 = 1;
const PIECES: u8 = 1 << 1;
/// A period of one day.
const ONE_DAY: u8 = 1 << 2;
/// One incident.
const ONE_INCIDENT: u8 = 1 << 3;
/// Its item is its place in the record.
const IN_PLACE: u8 = 1 << 4;
const ALL: u8 = MASS | PIECES | ONE_DAY | ONE_INCIDENT | IN_PLACE;

/// Appends the staircase whose highest record is `top`.
pub(crate) fn encode(hot: &Hot, top: u32, out: &mut Vec<u8>) {
    put_bytes(out, hot.texts.get(hot.records.get(top).text()));
    let below = |at: &u32| Some(hot.records.get(*at).below).filter(|&below| below != NONE);
    let records = || std::iter::successors(Some(top), below);
    put(out, records().count() as u64);
    for at in records() {
        let record = hot.records.get(at);
        let rank = record.rank();
        put(out, u64::from(rank.revision) << 1 | u64::from(rank.status == Status::Withdrawn));
        put_signed(out, i64::from(record.known_on.0.0));
        out.extend_from_slice(&record.content.to_le_bytes());
        let items = || {
            let first = (record.rows != NONE).then(|| hot.items.get(record.rows));
            std::iter::successors(first, |item| (item.next != NONE).then(|| hot.items.get(item.next)))
        };
        put(out, items().count() as u64);
        for (place, item) in items().enumerate() {
            encode_item(item, place, record.known_on, out);
        }
    }
}

fn encode_item(item: &Item, place: usize, known_on: KnownDay, out: &mut Vec<u8>) {
    let (mass, pieces) = (item.mass_mg(), item.pieces());
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    let spelt = bit(mass.is_some(), MASS)
        | bit(pieces.is_some(), PIECES)
        | bit(item.period_days == 1, ONE_DAY)
        | bit(item.incidents == 1, ONE_INCIDENT)
        | bit(usize::from(item.item) == place, IN_PLACE);
    out.push(spelt);
    put(out, u64::from(item.series.raw()));
    put_signed(out, i64::from(known_on.0.0) - i64::from(item.event_day.0.0));
    if spelt & ONE_DAY == 0 {
        put(out, u64::from(item.period_days));
    }
    if spelt & IN_PLACE == 0 {
        put(out, u64::from(item.item));
    }
    if spelt & ONE_INCIDENT == 0 {
        put_signed(out, item.incidents);
    }
    for amount in [mass, pieces].into_iter().flatten() {
        put_signed(out, amount);
    }
}

/// Takes in a staircase, whose identity must not be held yet, and says its highest record. `None` where the bytes are
/// no staircase over less than `series` series; what was taken of it by then is left hanging on nothing.
pub(crate) fn decode(hot: &mut Hot, identity: Identity, bytes: &[u8], series: u32) -> Option<u32> {
    let mut coded = Coded(bytes);
    let text = coded.bytes().filter(|text| text.len() <= usize::from(u16::MAX))?;
    let text = hot.texts.push(text);
    let records = coded.number()?;
    let mut top = NONE;
    let mut above: Option<(u32, Rank, KnownDay)> = None;
    for _ in 0..records {
        let rank = coded.number()?;
        let status = if rank & 1 == 1 { Status::Withdrawn } else { Status::Reported };
        let rank = Rank { revision: u32::try_from(rank >> 1).ok()?, status };
        let known_on = KnownDay(day(i64::from(coded.signed32()?))?);
        let content = u64::from_le_bytes(coded.array()?);
        let mut record = Record::new(identity, rank, known_on, content, text);
        let mut last = NONE;
        for place in 0..coded.number()? {
            let row = decode_item(&mut coded, place, known_on, series)?;
            let new = hot.items.insert(Item::new(&row, NONE));
            match last {
                NONE => record.rows = new,
                last => hot.items.get_mut(last).next = new,
            }
            last = new;
        }
        let new = hot.records.insert(record);
        match above {
            None => top = new,
            // A staircase: the higher of two records is the later known.
            Some((above, higher, later)) if higher > rank && later > known_on => {
                hot.records.get_mut(above).below = new;
            }
            Some(_) => return None,
        }
        above = Some((new, rank, known_on));
    }
    if top == NONE || !coded.is_empty() || hot.find(identity).is_some() {
        return None;
    }
    hot.hang(top);
    Some(top)
}

fn decode_item(coded: &mut Coded<'_>, place: u64, known_on: KnownDay, series: u32) -> Option<Row> {
    let spelt = coded.byte().filter(|spelt| spelt & !ALL == 0)?;
    let has = |bit: u8| spelt & bit != 0;
    let id = coded.narrow::<u32>().filter(|&id| id < series)?;
    let event_day = day(i64::from(known_on.0.0).checked_sub(coded.signed()?)?)?;
    let period_days = if has(ONE_DAY) { 1 } else { coded.narrow::<u16>()? };
    let item = if has(IN_PLACE) { u16::try_from(place).ok()? } else { coded.narrow()? };
    let incidents = if has(ONE_INCIDENT) { 1 } else { coded.signed()? };
    let mut amount = |bit: u8| match has(bit) {
        true => coded.signed().filter(|&amount| amount >= 0).map(Some),
        false => Some(None),
    };
    Some(Row {
        series: Id::new(id),
        event_day: EventDay(event_day),
        period_days: Some(period_days).filter(|days| (1..=Panes::PERIOD_DAYS_MAX).contains(days))?,
        item,
        flags: Flags::default(),
        mass_mg: amount(MASS)?,
        pieces: amount(PIECES)?,
        incidents,
    })
}

/// A day that panes can hold.
fn day(n: i64) -> Option<Day> {
    i32::try_from(n).ok().map(Day).filter(|day| Panes::DAYS.contains(day))
}

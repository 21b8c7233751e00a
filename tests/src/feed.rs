//! Large feeds that are the same on every machine: plain events, and the ways in which records are broken.

use headwater_model::Day;

use crate::examples::{EVENT_KINDS, invalid};

/// A small generator of numbers with a fixed seed (Steele, Lea and Flood, "SplitMix", 2014).
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

/// One plain event of some 350 bytes; every number has its own id.
pub fn event(number: usize) -> String {
    const CAS: [&str; 4] = ["39742-60-4", "21409-26-7", "108-24-7", "299-42-3"];
    const FROM: [&str; 5] = ["CNSHA", "IN", "NLRTM", "DEHAM", "TRIST"];
    const TO: [&str; 4] = ["MXZLO", "US", "AFKBL", "MM"];
    let (day, known) = (1 + number % 28, 1 + number % 27);
    format!(
        concat!(
            r#"{{"event_id":"SHIP-{0:09}","kind":"import","occurred_on":"2023-{1:02}-{2:02}","#,
            r#""reported_at":"2024-01-{3:02}T{4:02}:15:00Z","source":"SIM-CUSTOMS-{5}","item":{{"name":"as declared","cas":"{6}"}},"#,
            r#""quantity":{{"value":{7}.{8:03},"unit":"kg","basis":"substance"}},"origin":"{9}","destination":"{10}","mode":"sea","#,
            r#""consignor":"p-{11:05}","consignee":"p-{12:05}","marking":"TLP:GREEN"}}"#
        ),
        number,
        1 + number % 12,
        day,
        known,
        number % 24,
        number % 3,
        CAS[number % 4],
        1 + number % 900,
        number % 1000,
        FROM[number % 5],
        TO[number / 7 % 4],
        number % 1_000,
        number % 777,
    )
}

/// The UTC day of a time such as `2025-01-31T23:05:00-05:00` or `...Z`.
pub fn known_on(time: &str) -> Day {
    let minutes = |at: usize| -> i32 {
        time[at..at + 2].parse::<i32>().unwrap() * 60 + time[at + 3..at + 5].parse::<i32>().unwrap()
    };
    let east = match &time[19..20] {
        "Z" => 0,
        "+" => minutes(20),
        "-" => -minutes(20),
        other => panic!("{time}: a time zone does not begin with {other}"),
    };
    Day::parse(&time[..10]).unwrap() + (minutes(11) - east).div_euclid(24 * 60)
}

/// What must become of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is a record.
    Read,
    /// It is none.
    Rejected,
    /// A bit was turned: by chance it may still be one.
    Either,
}

/// One line of a feed.
pub struct Line {
    /// Its bytes, without a newline.
    pub bytes: Vec<u8>,
    /// What must become of it.
    pub fate: Fate,
}

/// Bytes of the longest strings: ten times the longest record that is decoded.
const LONG_BYTES: usize = 10 << 20;
/// How many of them there are: each is written once to the feed and once to the rejects.
const LONG_RECORDS: usize = 4;

/// So many broken records: invalid examples, records cut off, turned bits, wrong types, huge numbers, deep nesting, bytes
/// that are no UTF-8, and a few strings of 10 MB.
pub fn broken(count: usize) -> Vec<Line> {
    let examples: Vec<Vec<u8>> = EVENT_KINDS.iter().flat_map(|kind| invalid(kind)).map(|i| i.record).collect();
    let examples: Vec<Vec<u8>> = examples.into_iter().filter(|r| !r.trim_ascii().is_empty()).collect();
    let mut dice = Dice::new(17);
    let long = (0..LONG_RECORDS).map(|n| Line { bytes: long(n), fate: Fate::Rejected });
    let short = (LONG_RECORDS..count).map(|n| {
        let good = event(1_000_000 + n);
        let bytes = match n % 7 {
            0 => examples[n / 7 % examples.len()].clone(),
            1 => good.as_bytes()[..1 + dice.below(good.len() - 1)].to_vec(),
            2 => return Line { bytes: turned(good, &mut dice), fate: Fate::Either },
            3 => wrong_type(&good, &mut dice),
            4 => huge_number(&good, &mut dice),
            5 => nested(&good, 40 + dice.below(4_000)),
            _ => not_utf8(&good, &mut dice),
        };
        Line { bytes, fate: Fate::Rejected }
    });
    long.chain(short).collect()
}

fn long(number: usize) -> Vec<u8> {
    let mut record = event(900_000 + number).into_bytes();
    let at = record.windows(11).position(|w| w == b"as declared").unwrap();
    let filler = [&b"x"[..], "é".as_bytes(), &[0xff], b"\\u0041"][number % 4];
    record.splice(at..at + 11, filler.iter().copied().cycle().take(LONG_BYTES / filler.len() * filler.len()));
    record
}

/// One bit of one byte turned; never into the end of a line.
fn turned(good: String, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = good.into_bytes();
    loop {
        let (at, bit) = (dice.below(bytes.len()), 1u8 << dice.below(8));
        if !matches!(bytes[at] ^ bit, b'\n' | b'\r') {
            bytes[at] ^= bit;
            return bytes;
        }
    }
}

fn replaced(good: &str, part: &str, with: &str) -> Vec<u8> {
    assert!(good.contains(part), "{part} is not in {good}");
    good.replacen(part, with, 1).into_bytes()
}

fn wrong_type(good: &str, dice: &mut Dice) -> Vec<u8> {
    let (part, with) = [
        (r#""kind":"import""#, r#""kind":7"#),
        (r#""origin":"#, r#""origin":[],"x":"#),
        (r#""destination":"#, r#""destination":{"country":"US"},"x":"#),
        (r#""unit":"kg""#, r#""unit":true"#),
        (r#""mode":"sea""#, r#""mode":["sea"]"#),
        (r#""event_id":"#, r#""event_id":1.5,"x":"#),
        (r#""item":{"#, r#""item":"as declared","x":{"#),
        (r#""quantity":{"#, r#""quantity":12,"x":{"#),
    ][dice.below(8)];
    replaced(good, part, with)
}

fn huge_number(good: &str, dice: &mut Dice) -> Vec<u8> {
    let number = [
        "1e400".to_owned(),
        "-1e400".to_owned(),
        "9".repeat(400),
        format!("1{}", "0".repeat(20_000)),
        "1e999999999999999999999".to_owned(),
        "100000001".to_owned(), // kilograms: one over the limit
    ];
    replaced(good, r#""value":"#, &format!(r#""value":{},"x":"#, number[dice.below(number.len())]))
}

fn nested(good: &str, depth: usize) -> Vec<u8> {
    let deep = format!(r#""x":{}1{},"kind""#, "[".repeat(depth), "]".repeat(depth));
    replaced(good, r#""kind""#, &deep)
}

fn not_utf8(good: &str, dice: &mut Dice) -> Vec<u8> {
    let broken: [&[u8]; 4] = [&[0xff], &[0xc3], &[0xed, 0xa0, 0x80], &[0xf8, 0x88, 0x80, 0x80, 0x80]];
    let mut bytes = good.as_bytes().to_vec();
    let at = good.find("as declared").unwrap() + dice.below(11);
    bytes.splice(at..at, broken[dice.below(4)].iter().copied());
    bytes
}

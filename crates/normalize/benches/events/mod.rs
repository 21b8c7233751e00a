//! Seeded trade events of about 350 bytes for the benches: 1,000 series (20 substances by 50 routes, the frequent ones
//! about 50 times as frequent as the rare ones) over 400 days, reported 0 to 45 days after their day.

use headwater_model::{Day, Offset, Partition, RawBatch, RawRecord};

const ITEMS: [(&str, &str); 20] = [
    ("acetone", "67-64-1"),
    ("toluene", "108-88-3"),
    ("ethyl ether", "60-29-7"),
    ("methyl ethyl ketone", "78-93-3"),
    ("sulphuric acid", "7664-93-9"),
    ("hydrochloric acid", "7647-01-0"),
    ("acetic anhydride", "108-24-7"),
    ("potassium permanganate", "7722-64-7"),
    ("N-Phenethyl-4-piperidone", "39742-60-4"),
    ("4-Anilino-N-phenethylpiperidine", "21409-26-7"),
    ("4-AP", "23056-29-3"),
    ("norfentanyl", "1609-66-1"),
    ("ephedrine", "299-42-3"),
    ("pseudoephedrine", "90-82-4"),
    ("1-phenyl-2-propanone", "103-79-7"),
    ("phenylacetic acid", "103-82-2"),
    ("piperonal", "120-57-0"),
    ("safrole", "94-59-7"),
    ("gamma-butyrolactone", "96-48-0"),
    ("piperidine", "110-89-4"),
];
const LANDS: [&str; 12] = ["DE", "NL", "BE", "FR", "CN", "IN", "US", "MX", "BR", "TR", "ZA", "SG"];
const KINDS: [&str; 3] = ["export", "import", "transit"];
const MODES: [&str; 4] = ["sea", "road", "rail", "air"];
const MARKINGS: [&str; 4] = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT"];
const SOURCES: [&str; 4] = ["customs-nl", "customs-de", "carrier-edi", "port-authority"];
const ROUTES: usize = 50;
const SERIES: usize = ITEMS.len() * ROUTES;
const DAYS: usize = 400;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The contract's schema of trade events, by which the records in the frame are written.
pub const SCHEMA: &str = include_str!("../../../../schemas/trade-event/schema.avsc");
/// Its id.
pub const SCHEMA_ID: u32 = 7;
/// Where the words of [`KINDS`] and [`MODES`] stand in the schema.
const KIND_PLACES: [usize; 3] = [1, 0, 2];
const MODE_PLACES: [usize; 4] = [0, 2, 3, 1];

/// `n` events, one a line, as one batch.
pub fn batch(n: usize) -> RawBatch {
    together(drawn(n).map(|event| event.json()), b"\n")
}

/// The same events as Avro.
pub fn avro(n: usize) -> RawBatch {
    together(drawn(n).map(|event| event.avro()), b"")
}

fn together(written: impl Iterator<Item = Vec<u8>>, between: &[u8]) -> RawBatch {
    let (mut data, mut records) = (Vec::new(), Vec::new());
    for record in written {
        let (start, line) = (data.len(), records.len() as u64 + 1);
        data.extend_from_slice(&record);
        records.push(RawRecord { start: start as u32, len: record.len() as u32, offset: Offset(start as i64), line });
        data.extend_from_slice(between);
    }
    RawBatch {
        data: data.into(),
        records,
        origin: "bench.ndjson".into(),
        partition: Partition(0),
        spilled: Vec::new(),
        misrouted: Vec::new(),
    }
}

/// An event before it has a form.
struct Drawn {
    event_id: String,
    kind: usize,
    occurred_on: String,
    reported_at: String,
    source: &'static str,
    item: (&'static str, &'static str),
    kilograms: String,
    origin: &'static str,
    destination: &'static str,
    mode: usize,
    consignor: String,
    consignee: String,
    marking: String,
}

fn drawn(n: usize) -> impl Iterator<Item = Drawn> {
    let first = Day::parse("2024-01-01").expect("a date");
    let weights: Vec<f64> = (0..SERIES).map(|s| 1.0 / (s + 20) as f64).collect();
    let all: f64 = weights.iter().sum();
    let mut pick = Vec::with_capacity(1 << 16);
    let mut run = 0.0;
    for (series, weight) in weights.iter().enumerate() {
        run += weight / all;
        while pick.len() < 1 << 16 && (pick.len() as f64) < run * 65_536.0 {
            pick.push(series);
        }
    }
    let mut random = Random(1);
    (0..n).map(move |i| {
        let (reported, r) = (i * DAYS * 86_400 / n, random.next());
        let series = pick[(r & 0xffff) as usize % pick.len()];
        let today = reported / 86_400;
        let day = (today + 1).saturating_sub((random.unit() * 46f64.ln()).exp() as usize);
        let grams = (random.unit() * 2e7f64.ln()).exp() as u64;
        let route = series / ITEMS.len() * 2 + series % ITEMS.len();
        let from = route % LANDS.len();
        let to = (from + 1 + route / LANDS.len()) % LANDS.len();
        let (hour, minute, second) = (reported / 3600 % 24, reported / 60 % 60, reported % 60);
        Drawn {
            event_id: format!("{:016x}{:08x}", random.next(), random.next() as u32),
            kind: (r >> 16 & 0xff) as usize % 3,
            occurred_on: (first + day as i32).to_string(),
            reported_at: format!("{}T{hour:02}:{minute:02}:{second:02}Z", first + today as i32),
            source: SOURCES[(r >> 24 & 3) as usize],
            item: ITEMS[series % ITEMS.len()],
            kilograms: format!("{}.{:03}", grams / 1000, grams % 1000),
            origin: LANDS[from],
            destination: LANDS[to],
            mode: (r >> 26 & 3) as usize,
            consignor: format!("C-{:06}", random.next() % 5000),
            consignee: format!("C-{:06}", random.next() % 20_000),
            marking: format!("TLP:{}", MARKINGS[(r >> 28 & 3) as usize]),
        }
    })
}

impl Drawn {
    fn json(&self) -> Vec<u8> {
        let Drawn { event_id, occurred_on, reported_at, source, item: (name, cas), kilograms, .. } = self;
        let Drawn { origin, destination, consignor, consignee, marking, .. } = self;
        let (kind, mode) = (KINDS[self.kind], MODES[self.mode]);
        let line = format!(
            "{{\"event_id\":\"{event_id}\",\"kind\":\"{kind}\",\"occurred_on\":\"{occurred_on}\",\"reported_at\":\"{reported_at}\",\
             \"source\":\"{source}\",\"item\":{{\"name\":\"{name}\",\"cas\":\"{cas}\"}},\"quantity\":{{\"value\":{kilograms},\"unit\":\"kg\"}},\
             \"origin\":\"{origin}\",\"destination\":\"{destination}\",\"mode\":\"{mode}\",\"consignor\":\"{consignor}\",\"consignee\":\"{consignee}\",\
             \"marking\":\"{marking}\"}}"
        );
        line.into_bytes()
    }

    /// By the contract's own schema, in its frame.
    fn avro(&self) -> Vec<u8> {
        let mut record = [&[0][..], &SCHEMA_ID.to_be_bytes()].concat();
        // An absent value, an empty list and the first branch are a zero; the second branch is a two.
        let mut text = |before: &[u8], text: &str| {
            assert!(text.len() < 64, "its length is one byte");
            record.extend_from_slice(before);
            record.push(text.len() as u8 * 2);
            record.extend_from_slice(text.as_bytes());
        };
        let word = |place: usize| place as u8 * 2;
        text(&[], &self.event_id);
        text(&[0, 0, 2, word(KIND_PLACES[self.kind]), 2], &self.occurred_on);
        text(&[0], &self.reported_at);
        text(&[], self.source);
        text(&[2, 2], self.item.0);
        text(&[2], self.item.1);
        text(&[0, 0, 2], &self.kilograms);
        text(&[word(0), 0, 0, 2], self.origin); // kg
        text(&[2], self.destination);
        text(&[0, 2, word(MODE_PLACES[self.mode]), 2], &self.consignor);
        text(&[2], &self.consignee);
        text(&[0, 0, 0, 2], &self.marking);
        record.push(0);
        record
    }
}

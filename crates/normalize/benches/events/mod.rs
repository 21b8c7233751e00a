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

/// `n` events, one a line, as one batch.
pub fn batch(n: usize) -> RawBatch {
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
    let (mut data, mut records) = (Vec::new(), Vec::new());
    for i in 0..n {
        let (reported, r) = (i * DAYS * 86_400 / n, random.next());
        let series = pick[(r & 0xffff) as usize % pick.len()];
        let today = reported / 86_400;
        let day = (today + 1).saturating_sub((random.unit() * 46f64.ln()).exp() as usize);
        let grams = (random.unit() * 2e7f64.ln()).exp() as u64;
        let (name, cas) = ITEMS[series % ITEMS.len()];
        let route = series / ITEMS.len() * 2 + series % ITEMS.len();
        let from = route % LANDS.len();
        let to = (from + 1 + route / LANDS.len()) % LANDS.len();
        let line = format!(
            "{{\"event_id\":\"{:016x}{:08x}\",\"kind\":\"{}\",\"occurred_on\":\"{}\",\"reported_at\":\"{}T{:02}:{:02}:{:02}Z\",\
             \"source\":\"{}\",\"item\":{{\"name\":\"{name}\",\"cas\":\"{cas}\"}},\"quantity\":{{\"value\":{}.{:03},\"unit\":\"kg\"}},\
             \"origin\":\"{}\",\"destination\":\"{}\",\"mode\":\"{}\",\"consignor\":\"C-{:06}\",\"consignee\":\"C-{:06}\",\
             \"marking\":\"TLP:{}\"}}",
            random.next(),
            random.next() as u32,
            KINDS[(r >> 16 & 0xff) as usize % 3],
            first + day as i32,
            first + today as i32,
            reported / 3600 % 24,
            reported / 60 % 60,
            reported % 60,
            SOURCES[(r >> 24 & 3) as usize],
            grams / 1000,
            grams % 1000,
            LANDS[from],
            LANDS[to],
            MODES[(r >> 26 & 3) as usize],
            random.next() % 5000,
            random.next() % 20_000,
            MARKINGS[(r >> 28 & 3) as usize],
        );
        let start = data.len();
        data.extend_from_slice(line.as_bytes());
        records.push(RawRecord {
            start: start as u32,
            len: line.len() as u32,
            offset: Offset(start as i64),
            line: i as u64 + 1,
        });
        data.push(b'\n');
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

//! Trade events by the million, for benches: the shape of a busy feed and nothing planted in it.

use std::io::{self, Write};

use headwater_model::Day;

use crate::math::{exp, ln};
use crate::rng::Rng;

/// Substances of the United Nations' tables, so that all of them resolve.
pub(crate) const ITEMS: [(&str, &str); 20] = [
    ("Acetone", "67-64-1"),
    ("Toluene", "108-88-3"),
    ("Ethyl ether", "60-29-7"),
    ("Methyl ethyl ketone", "78-93-3"),
    ("Sulphuric acid", "7664-93-9"),
    ("Hydrochloric acid", "7647-01-0"),
    ("Acetic anhydride", "108-24-7"),
    ("Potassium permanganate", "7722-64-7"),
    ("N-Phenethyl-4-piperidone", "39742-60-4"),
    ("4-Anilino-N-phenethylpiperidine", "21409-26-7"),
    ("4-AP", "23056-29-3"),
    ("Norfentanyl", "1609-66-1"),
    ("Ephedrine", "299-42-3"),
    ("Pseudoephedrine", "90-82-4"),
    ("1-Phenyl-2-propanone", "103-79-7"),
    ("Phenylacetic acid", "103-82-2"),
    ("Piperonal", "120-57-0"),
    ("Safrole", "94-59-7"),
    ("Anthranilic acid", "118-92-3"),
    ("Piperidine", "110-89-4"),
];
/// Ends of the 50 routes.
pub(crate) const COUNTRIES: [&str; 12] = ["BE", "BR", "CN", "DE", "FR", "IN", "MX", "NL", "SG", "TR", "US", "ZA"];
const ROUTES: usize = 50;
/// Every substance on every route.
pub const BENCH_SERIES: usize = ITEMS.len() * ROUTES;
/// Days that the events are spread over, from 2024-01-01.
pub const BENCH_DAYS: i32 = 400;
/// 2024-01-01.
pub(crate) const FIRST: Day = Day(19_723);
pub(crate) const KINDS: [&str; 3] = ["import", "export", "transit"];
pub(crate) const MODES: [&str; 4] = ["sea", "road", "rail", "air"];
pub(crate) const MARKINGS: [&str; 4] = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT"];
const SOURCES: [&str; 4] = ["SIM-CUSTOMS-NL", "SIM-CUSTOMS-DE", "SIM-CARRIER", "SIM-PORT"];
/// Bytes that are gathered before they are written.
const BLOCK: usize = 1 << 20;

/// Writes `n` trade events of about 350 bytes as NDJSON, ordered by `reported_at`, over [`BENCH_SERIES`] series of which
/// the frequent ones are 50 times as frequent as the rare ones; each is reported 0 to 45 days after its day
/// (log-uniform). Gives the bytes written.
///
/// # Errors
/// Those of the writer.
pub fn bench_events(n: u64, seed: u64, mut out: impl Write) -> io::Result<u64> {
    let mut rng = Rng::new(seed, &[7]);
    let days: Vec<String> = (0..BENCH_DAYS).map(|d| (FIRST + d).to_string()).collect();
    let middles: Vec<String> = (0..BENCH_SERIES).map(middle).collect();
    let series = series_by_draw();
    let delays: Vec<i32> = (0..256).map(|i| (exp(f64::from(i) / 256.0 * ln(46.0)) - 1.0).round() as i32).collect();
    let mut block = Vec::with_capacity(BLOCK + 1_024);
    let mut written = 0;
    for i in 0..n {
        let second = (u128::from(i) * BENCH_DAYS as u128 * 86_400 / u128::from(n)) as i64;
        let (today, draw) = ((second / 86_400) as i32, rng.bits());
        let occurred = (today - delays[(draw >> 16 & 0xff) as usize]).max(0);
        let grams = exp(rng.unit() * ln(2e7)) as u64;
        let (h, m, s) = (second / 3_600 % 24, second / 60 % 60, second % 60);
        writeln!(
            block,
            concat!(
                r#"{{"event_id":"{:016x}{:08x}","kind":"{}","occurred_on":"{}","reported_at":"{}T{:02}:{:02}:{:02}Z","#,
                r#""source":"{}",{}{}.{:03},"unit":"kg"}},"mode":"{}","consignor":"P-{:06}","consignee":"P-{:06}","#,
                r#""marking":"{}"}}"#
            ),
            rng.bits(),
            i as u32,
            KINDS[(draw >> 24 & 0xff) as usize % KINDS.len()],
            days[occurred as usize],
            days[today as usize],
            h,
            m,
            s,
            SOURCES[(draw >> 32 & 3) as usize],
            middles[usize::from(series[(draw & 0xffff) as usize])],
            grams / 1_000,
            grams % 1_000,
            MODES[(draw >> 34 & 3) as usize],
            rng.below(5_000),
            rng.below(20_000),
            MARKINGS[(draw >> 36 & 3) as usize],
        )?;
        if block.len() >= BLOCK || i + 1 == n {
            out.write_all(&block)?;
            written += block.len() as u64;
            block.clear();
        }
    }
    out.flush()?;
    Ok(written)
}

/// The fields of a series, up to its figure.
fn middle(series: usize) -> String {
    let ((name, cas), route) = (ITEMS[series % ITEMS.len()], series / ITEMS.len());
    let from = route % COUNTRIES.len();
    let to = (from + 1 + route / COUNTRIES.len()) % COUNTRIES.len();
    format!(
        r#""origin":"{}","destination":"{}","item":{{"name":"{name}","cas":"{cas}"}},"quantity":{{"value":"#,
        COUNTRIES[from], COUNTRIES[to]
    )
}

/// The series for each 16-bit draw: weight 1 / (rank + 20).
fn series_by_draw() -> Vec<u16> {
    let weight = |rank: usize| 1.0 / (rank + 20) as f64;
    let all: f64 = (0..BENCH_SERIES).map(weight).sum();
    let (mut draws, mut run) = (Vec::with_capacity(1 << 16), 0.0);
    for series in 0..BENCH_SERIES {
        run += weight(series) / all;
        draws.resize(((run * 65_536.0).round() as usize).min(1 << 16), series as u16);
    }
    draws.resize(1 << 16, BENCH_SERIES as u16 - 1);
    draws
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_catalog::Catalog;
    use headwater_model::TradeEvent;
    use std::collections::BTreeSet;

    fn lines(n: u64, seed: u64) -> Vec<u8> {
        let mut out = Vec::new();
        assert_eq!(bench_events(n, seed, &mut out).unwrap(), out.len() as u64);
        out
    }

    #[test]
    fn every_line_is_an_event_and_every_series_occurs() {
        let text = lines(20_000, 1);
        assert!((330..370).contains(&(text.len() / 20_000)), "{} bytes an event", text.len() / 20_000);
        let events: Vec<TradeEvent> =
            text.split_inclusive(|b| *b == b'\n').map(|l| serde_json::from_slice(l).unwrap()).collect();
        assert_eq!(events.len(), 20_000);
        assert!(events.is_sorted_by(|a, b| a.reported_at <= b.reported_at));
        assert!(events.iter().all(|e| e.occurred_on[..] <= e.reported_at[..10]));
        assert_eq!(events.iter().map(|e| &e.event_id).collect::<BTreeSet<_>>().len(), 20_000);
        let series: BTreeSet<_> = events.iter().map(|e| (&e.item.cas, &e.origin, &e.destination)).collect();
        assert_eq!(series.len(), BENCH_SERIES);
        let catalog = Catalog::embedded();
        let mut resolved = ITEMS.iter().map(|(_, cas)| catalog.by_cas(cas).expect(cas)).collect::<Vec<_>>();
        resolved.sort_unstable();
        resolved.dedup();
        assert_eq!(resolved.len(), ITEMS.len());
    }

    #[test]
    fn a_seed_is_its_bytes() {
        assert_eq!(lines(500, 4), lines(500, 4));
        assert_ne!(lines(500, 4), lines(500, 5));
        assert_eq!(lines(0, 4), b"");
    }
}

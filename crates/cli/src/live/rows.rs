//! Rows of volumes on their way out: kept as numbers, and written as JSON one by one as they are sent.

use std::io::Write as _;
use std::ops::Range;
use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_ingest::OutView;
use headwater_model::{Day, Names, Partition, Series};
use headwater_window::{NetVolume, NetVolumes};
use serde::Serialize;

use crate::results::families;

/// What the records of one combination of names have in common, as it stands in key and value: most of their text.
struct KindText {
    /// Of the key, from the substance to its end.
    key: Box<[u8]>,
    /// Of the value, from the substance to the sums.
    value: Box<[u8]>,
}

/// The names of a row as they stand in its value, in their order.
#[derive(Serialize)]
struct KindNames<'a> {
    substance: &'a str,
    family: Option<&'a str>,
    market_family: Option<&'a str>,
    route: String,
    origin: String,
    destination: String,
    market: String,
    source: &'a str,
    evidence: &'a str,
    access: &'a str,
}

impl KindText {
    fn of(kind: &Series, names: &Names, catalog: &Catalog) -> anyhow::Result<KindText> {
        let (substance, route) = (&**names.substances.get(kind.substance), names.routes.get(kind.route));
        let (source, evidence) = (&**names.sources.get(kind.source), kind.evidence.as_str());
        let access = &names.accesses.get(kind.access).to_string();
        let families = families(catalog, substance);
        let (origin, destination) = (route.origin().to_string(), route.destination().to_string());
        let route = route.to_string();
        let key = serde_json::to_vec(&(substance, &route, source, evidence, access))?;
        let value = serde_json::to_vec(&KindNames {
            substance,
            family: families.family,
            market_family: families.market_family,
            route,
            origin,
            market: destination.clone(),
            destination,
            source,
            evidence,
            access,
        })?;
        // Without the bracket that begins it; the value also without the one that ends it.
        Ok(KindText { key: key[1..].into(), value: value[1..value.len() - 1].into() })
    }
}

/// The texts of the combinations that were published so far, by number.
#[derive(Default)]
pub struct KindTexts(Vec<Option<Arc<KindText>>>);

/// Changed rows of one input, for one partition of the topic.
pub struct Rows {
    /// Of the topic of volumes.
    pub partition: Partition,
    /// The name of the input as JSON.
    input: Arc<[u8]>,
    /// Sorted by kind: what rows have in common, and where those that have it end.
    runs: Vec<(Arc<KindText>, usize)>,
    rows: Vec<NetVolume>,
}

impl Rows {
    /// All that changed since the last.
    pub fn changed(
        net: &mut NetVolumes,
        names: &Names,
        catalog: &Catalog,
        texts: &mut KindTexts,
        input_partition: &str,
        partition: Partition,
    ) -> anyhow::Result<Rows> {
        let rows = net.drain_changed();
        let mut runs = Vec::new();
        let mut end = 0;
        for run in rows.chunk_by(|a, b| a.kind == b.kind) {
            let number = run[0].kind.index();
            if texts.0.len() <= number {
                texts.0.resize(number + 1, None);
            }
            let text = match &mut texts.0[number] {
                Some(text) => Arc::clone(text),
                none => Arc::clone(none.insert(Arc::new(KindText::of(net.kind(run[0].kind), names, catalog)?))),
            };
            end += run.len();
            runs.push((text, end));
        }
        Ok(Rows { partition, input: serde_json::to_vec(input_partition)?.into(), runs, rows })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Some rows, written one after another into the same memory.
pub struct RowWriter<'a> {
    rows: &'a Rows,
    left: Range<usize>,
    run: usize,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> RowWriter<'a> {
    /// Of these rows.
    pub fn new(rows: &'a Rows, some: Range<usize>) -> RowWriter<'a> {
        let run = rows.runs.partition_point(|(_, end)| *end <= some.start);
        RowWriter { rows, left: some, run, key: Vec::new(), value: Vec::new() }
    }

    /// Whether all were written.
    pub fn is_at_end(&self) -> bool {
        self.left.is_empty()
    }

    /// The next row's record: its key, and the absolute net volume, or nothing where nothing is left of it.
    pub fn next(&mut self) -> Option<OutView<'_>> {
        let number = self.left.next()?;
        while self.rows.runs[self.run].1 <= number {
            self.run += 1;
        }
        let (row, text) = (&self.rows.rows[number], &self.rows.runs[self.run].0);
        let RowWriter { key, value, .. } = self;
        key.clear();
        key.push(b'[');
        key.extend_from_slice(&self.rows.input);
        key.extend_from_slice(b",\"");
        push_day(key, row.day);
        key.extend_from_slice(b"\",");
        push_number(key, i64::from(row.period_days));
        key.push(b',');
        key.extend_from_slice(&text.key);
        if row.is_tombstone() {
            return Some(OutView { key, value: None, headers: &[] });
        }
        value.clear();
        value.extend_from_slice(b"{\"input_partition\":");
        value.extend_from_slice(&self.rows.input);
        value.extend_from_slice(b",\"day\":\"");
        push_day(value, row.day);
        value.extend_from_slice(b"\",\"period_days\":");
        push_number(value, i64::from(row.period_days));
        value.push(b',');
        value.extend_from_slice(&text.value);
        let sums = &row.sums;
        let sums = [
            ("mass_mg", sums.mass_mg),
            ("pieces", sums.pieces),
            ("incidents", sums.incidents),
            ("events", sums.events),
        ];
        for (name, sum) in sums {
            value.extend_from_slice(b",\"");
            value.extend_from_slice(name.as_bytes());
            value.extend_from_slice(b"\":");
            push_number(value, sum);
        }
        value.push(b'}');
        Some(OutView { key, value: Some(value), headers: &[] })
    }
}

fn push_number(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn push_day(out: &mut Vec<u8>, day: Day) {
    // A Vec takes whatever it is given.
    let _ = write!(out, "{day}");
}

#[cfg(test)]
mod tests {
    use headwater_model::{Access, EventDay, Evidence, Id, Marking, Route, Sums};
    use serde_json::{Value, json};

    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        let country = |code: &str| headwater_model::Country::from_letters(code.as_bytes().try_into().unwrap()).unwrap();
        for (substance, source) in [("fentanyl", "S\"quoted\""), ("unmapped:é\n", "T")] {
            let route = Route::new(country("CN"), [country("MX")], country("US"));
            let series = Series {
                substance: names.substances.intern(substance),
                route: names.routes.intern_with(&route, Clone::clone),
                source: names.sources.intern(source),
                evidence: Evidence::Seizure,
                place: None,
                access: names
                    .accesses
                    .intern_with(&Access { marking: Marking::Red, releasable_to: ["A".into()].into() }, Clone::clone),
                flagged: false,
            };
            names.series.intern_with(&series, |series| *series);
        }
        names
    }

    fn written(rows: &Rows, some: Range<usize>) -> Vec<(Value, Option<Value>)> {
        let mut writer = RowWriter::new(rows, some);
        let mut out = Vec::new();
        while let Some(view) = writer.next() {
            let value = view.value.map(|value| serde_json::from_slice(value).unwrap());
            out.push((serde_json::from_slice(view.key).unwrap(), value));
        }
        out
    }

    #[test]
    fn a_row_is_the_json_of_its_names_and_sums() {
        let (names, catalog) = (names(), Catalog::embedded());
        let mut net = NetVolumes::default();
        let sums = Sums { mass_mg: i64::MIN, pieces: 3, incidents: -1, events: i64::MAX };
        net.add(Id::new(0), EventDay(Day(19_000)), 1, sums, &names).unwrap();
        net.add(Id::new(1), EventDay(Day(-1)), 7, sums, &names).unwrap();
        net.add(Id::new(0), EventDay(Day(19_001)), 1, Sums::default(), &names).unwrap();
        let mut texts = KindTexts::default();
        let rows = Rows::changed(&mut net, &names, &catalog, &mut texts, "t\"/3", Partition(2)).unwrap();
        assert_eq!((rows.len(), rows.partition), (3, Partition(2)));
        let all = written(&rows, 0..3);
        let access = names.accesses.get(Id::new(0)).to_string();
        let names_of = ["fentanyl", "CN>MX>US", "S\"quoted\"", "seizure", &access];
        let key = |day: &str, period: i32, names: [&str; 5]| {
            json!(["t\"/3", day, period, names[0], names[1], names[2], names[3], names[4]])
        };
        assert_eq!(all[0].0, key("2022-01-08", 1, names_of));
        assert_eq!(
            all[0].1,
            Some(json!({
                "input_partition": "t\"/3", "day": "2022-01-08", "period_days": 1, "substance": "fentanyl",
                "family": null, "market_family": "opioids", "route": "CN>MX>US", "origin": "CN", "destination": "US",
                "market": "US", "source": "S\"quoted\"", "evidence": "seizure", "access": access,
                "mass_mg": i64::MIN, "pieces": 3, "incidents": -1, "events": i64::MAX,
            }))
        );
        assert_eq!(all[1], (key("2022-01-09", 1, names_of), None), "a tombstone");
        assert_eq!(all[2].0, key("1970-01-06", 7, ["unmapped:é\n", "CN>MX>US", "T", "seizure", &access]));
        assert_eq!(written(&rows, 1..3), all[1..]);
        assert_eq!(written(&rows, 2..3), all[2..]);
        let again = Rows::changed(&mut net, &names, &catalog, &mut texts, "t", Partition(2)).unwrap();
        assert_eq!(again.len(), 0);
    }
}

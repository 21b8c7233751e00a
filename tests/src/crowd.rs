//! Simulated events under which a desk is full: several worlds at a time, up to a day on which an alert has ended just
//! before. The same events whenever they are written: ages count from the last day that is closed.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use headwater_model::Day;
use headwater_sim::{Scenario, Spec, World};

/// The worlds: what they have planted lies within the year before [`LAST`], so that most of it still stands.
const WORLDS: [(u64, Scenario); 3] = [(1, Scenario::Mixed), (2, Scenario::Mixed), (3, Scenario::Mixed)];

/// The last day of each world, some months after the last that is written: by then most of what stands would have ended.
const END: &str = "2025-06-30";
/// The last known day that is written.
const LAST: &str = "2024-10-13";

/// Writes what is known up to the last day into a file, in the order in which it was sent; gives the last day that is
/// closed by it: the one before that of the latest record.
pub fn write(path: &Path) -> Day {
    let [end, last] = [END, LAST].map(|day| Day::parse(day).unwrap());
    let (mut lines, mut latest) = (Vec::new(), Day(i32::MIN));
    for (n, (seed, scenario)) in WORLDS.into_iter().enumerate() {
        let spec = Spec { years: 4, history_years: 2, ..Spec::new(seed, scenario, end) };
        let world = World::new(&spec).unwrap();
        for record in world.records().take_while(|record| record.known_on().0 <= last) {
            latest = latest.max(record.known_on().0);
            let mut line = Vec::new();
            record.write(&mut line).unwrap();
            // Ids are of a world: one of another is another event.
            let line = String::from_utf8(line).unwrap().replace(r#""event_id":""#, &format!(r#""event_id":"W{n}-"#));
            lines.push((record.reported_at_s(), line));
        }
    }
    lines.sort_by_key(|(at, _)| *at);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = BufWriter::new(File::create(path).unwrap());
    lines.iter().for_each(|(_, line)| file.write_all(line.as_bytes()).unwrap());
    file.flush().unwrap();
    latest - 1
}

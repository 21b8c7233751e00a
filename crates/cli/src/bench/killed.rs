//! The product killed in the middle of a topic and started again: how long until it commits anew, and for what it waits.

use std::io::Write;

use anyhow::ensure;
use headwater_store::Archive;
use serde::Serialize;

use super::bare::BareRun;
use super::build;
use super::exact::Holding;
use super::figures::number;
use super::load::LoadTopic;
use super::process::Process;
use super::product::Product;
use super::table::Table;
use super::workplace::Workplace;
use crate::clock::pause;
use crate::failure::Failure;

/// What a log line says of an input that was restored; others may hold the word too.
#[derive(serde::Deserialize)]
struct RestoredLine {
    ms: u64,
    records: u64,
}

/// A kill -9, and the start after it. Times are in seconds since that start.
#[derive(Clone, Debug, Serialize)]
pub struct Killed {
    /// Records in the topic that were not committed when it was killed.
    pub left_at_kill: i64,
    /// Records that the restored inputs held.
    pub restored_records: u64,
    /// Restoring all inputs took so long.
    pub restore_s: f64,
    /// When the last input was restored and read on. Less the restore it is the start of the process and the wait for the
    /// group, which holds a dead member's partitions until its session ends.
    pub consuming_s: f64,
    /// When the store held its first new epoch.
    pub first_epoch_s: f64,
    /// When everything was committed and published.
    pub all_s: f64,
    /// What its store held at the end, exactly.
    #[serde(skip)]
    pub holding: Holding,
}

/// Kills it once half is committed, and starts it again.
pub fn run(
    place: &mut Workplace,
    topic: &LoadTopic,
    bare: &BareRun,
    set: &[(String, String)],
) -> Result<Killed, Failure> {
    let product = Product::set_up(place, topic, set)?;
    let mut process = product.start()?;
    product.until(place, &mut process, bare.records as i64 / 2)?;
    process.kill()?;
    let left_at_kill = product.lag()?;
    let words = "everything was committed before it could be killed: give more --events, or a smaller \
                 --set store.commit_bytes=...";
    ensure_left(left_at_kill, words)?;

    let archive = build::archive(&product.store())?;
    let before = epochs(&archive)?;
    let mut process = product.start()?;
    let first_epoch_s = loop {
        let now = process.moment().at_s;
        if epochs(&archive)? > before {
            break now;
        }
        process.must_live()?;
        place.go_on()?;
        pause(super::product::LOOK_EVERY);
    };
    let all_s = product.until(place, &mut process, 0)?.at_s;
    let (restore_s, consuming_s, restored_records) = restored(&process)?;
    process.stop()?;
    let holding = product.check(bare.records, topic.sums.as_ref())?;
    product.clear()?;
    Ok(Killed { left_at_kill, restored_records, restore_s, consuming_s, first_epoch_s, all_s, holding })
}

fn ensure_left(left: i64, words: &'static str) -> anyhow::Result<()> {
    ensure!(left > 0, words);
    Ok(())
}

/// Seconds of restoring, when the last input was restored, and how many records they held: as its log tells.
fn restored(process: &Process) -> anyhow::Result<(f64, f64, u64)> {
    let (mut restore_s, mut at_s, mut records) = (0.0, 0.0, 0);
    for (moment, line) in process.marks() {
        let Ok(line) = serde_json::from_str::<RestoredLine>(&line) else { continue };
        restore_s += line.ms as f64 / 1e3;
        records += line.records;
        at_s = moment.at_s;
    }
    ensure!(at_s > 0.0, "the product did not say when it began to read");
    Ok((restore_s, at_s, records))
}

/// Epochs of all inputs.
fn epochs(archive: &Archive) -> anyhow::Result<u64> {
    let next = |input| anyhow::Ok(archive.listing(&input)?.next().0);
    archive.inputs()?.into_iter().map(next).sum()
}

impl Killed {
    /// As a table.
    pub fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut table = Table::new(1, &["after kill -9 and a start", "value"]);
        let mut row = |what: &str, value: String| table.row(vec![what.to_owned(), value]);
        row("records left when it was killed", number(self.left_at_kill as f64, 0));
        row("records in the restored partitions", number(self.restored_records as f64, 0));
        row("consuming again, s", number(self.consuming_s, 2));
        row("of which restoring, s", number(self.restore_s, 2));
        row("of which start and the group's session, s", number(self.consuming_s - self.restore_s, 2));
        row("first new epoch committed, s", number(self.first_epoch_s, 2));
        row("all committed and published, s", number(self.all_s, 2));
        row("exact", self.holding.checked.to_owned());
        writeln!(out, "\n{table}")
    }
}

//! `headwater bench pipeline`: the same topic drained by the bare client and by the product.

use std::io::Write;

use headwater_sim::LoadSpec;
use serde::Serialize;

use super::bare::{self, BareRun};
use super::figures::{Spread, Way, mib, number};
use super::killed::{self, Killed};
use super::load::{self, Filled, LoadTopic};
use super::product::{Product, ProductRun, check_settings};
use super::sweep;
use super::table::{Table, WAY_HEAD, way_cells};
use super::workplace::Workplace;
use crate::args::{BenchPipeline, Sweep};
use crate::failure::Failure;

/// Records where nobody says how many: as many as the peers got.
const EVENTS: u64 = 3_000_000;

/// Runs it and prints what came of it.
pub fn pipeline(args: &BenchPipeline) -> Result<(), Failure> {
    let days = if matches!(args.sweep, Some(Sweep::Series(_))) { 1 } else { load::DAYS };
    let spec = load::spec(&args.load, EVENTS, days)?;
    check_settings(&args.cluster, &args.set)?;
    let mut place = Workplace::open(&args.cluster)?;
    place.own_outputs(args.share_outputs)?;
    let mut out = std::io::stdout().lock();
    if let Some(sweep) = &args.sweep {
        let steps = sweep::sweep(&mut place, args, sweep, &spec)?;
        return match args.json {
            true => print_json(&mut out, &steps.iter().map(Measured::report).collect::<Vec<_>>()),
            false => Ok(sweep::print(&steps, &mut out)?),
        };
    }
    let name = args.topic.clone().unwrap_or_else(|| place.name().to_owned());
    let measured = measure(&mut place, args, &name, args.partitions, &spec)?;
    let killed = match measured.bare.last().filter(|_| args.kill) {
        Some(bare) => {
            eprintln!("once more, killed in the middle");
            Some(killed::run(&mut place, &measured.topic, bare, &args.set)?)
        }
        None => None,
    };
    if args.json {
        return print_json(&mut out, &Report { killed: killed.as_ref(), ..measured.report() });
    }
    measured.print(&mut out)?;
    measured.print_settings(&mut out)?;
    killed.map_or(Ok(()), |killed| killed.print(&mut out))?;
    Ok(())
}

fn print_json(out: &mut impl Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

/// What was measured on one topic.
pub struct Measured {
    /// The topic.
    pub topic: LoadTopic,
    /// What it was filled with, if by this.
    pub spec: LoadSpec,
    /// The drains by the bare client.
    pub bare: Vec<BareRun>,
    /// The drains by the product, each after one of those.
    pub product: Vec<ProductRun>,
    client: Vec<(String, String)>,
    settings: Vec<(&'static str, String)>,
}

/// Fills a topic, and drains it by each in turns.
pub fn measure(
    place: &mut Workplace,
    args: &BenchPipeline,
    name: &str,
    partitions: u32,
    spec: &LoadSpec,
) -> Result<Measured, Failure> {
    let mut topic = LoadTopic::prepare(place, name, partitions, args.keep, spec)?;
    let (mut bare_runs, mut product_runs, mut settings) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=args.repeat {
        eprintln!("{round} of {}: the bare client", args.repeat);
        let bare = bare::run(place, &topic)?;
        topic.recognise(bare.records, &bare.first, spec)?;
        eprintln!("{round} of {}: the product", args.repeat);
        let product = Product::set_up(place, &topic, &args.set)?;
        let store = product.settings();
        settings = vec![
            ("store.commit_ms", store.commit_ms.to_string()),
            ("store.commit_bytes", store.commit_bytes.to_string()),
            ("store.ledger_bytes", store.ledger_bytes.to_string()),
            ("store.snapshot_rows", store.snapshot_rows.to_string()),
            ("store.fold_epochs", store.fold_epochs.to_string()),
        ];
        let run = product.drain(place, &topic, bare.records, bare.bytes)?;
        product.clear()?;
        eprintln!(
            "{round} of {}: {} and {} events/s",
            args.repeat,
            number(bare.steady.per_second(), 0),
            number(run.steady.per_second(), 0)
        );
        bare_runs.push(bare);
        product_runs.push(run);
    }
    Ok(Measured {
        topic,
        spec: spec.clone(),
        bare: bare_runs,
        product: product_runs,
        client: args.cluster.client.clone(),
        settings,
    })
}

/// The measured ways as JSON.
#[derive(Serialize)]
struct Report<'a> {
    topic: &'a str,
    partitions: u32,
    series: u64,
    days: u64,
    filled: Option<Filled>,
    bare_steady: Vec<Way>,
    bare_whole: Vec<Way>,
    product_steady: Vec<Way>,
    product_whole: Vec<Way>,
    /// The product's rate over the bare client's, each the median, from the first record on.
    ratio: f64,
    lag: Vec<i64>,
    epochs: Vec<u64>,
    archive_bytes: Vec<u64>,
    panes: u64,
    accepted: u64,
    duplicate: u64,
    /// What the store was held against; where it had not been the same there would be no report.
    exact: &'a str,
    client: &'a [(String, String)],
    settings: &'a [(&'static str, String)],
    #[serde(skip_serializing_if = "Option::is_none")]
    killed: Option<&'a Killed>,
}

impl Measured {
    /// Of each drain by the bare client, a way.
    pub fn bare_ways(&self, pick: fn(&BareRun) -> Way) -> Vec<Way> {
        self.bare.iter().map(pick).collect()
    }

    /// Of each drain by the product, a way.
    pub fn product_ways(&self, pick: fn(&ProductRun) -> Way) -> Vec<Way> {
        self.product.iter().map(pick).collect()
    }

    /// The product's rate over the bare client's, each the median, from the first record on.
    pub fn ratio(&self) -> f64 {
        let rate = |ways: Vec<Way>| Spread::of(ways.iter().map(Way::per_second)).median;
        rate(self.product_ways(|run| run.steady)) / rate(self.bare_ways(|run| run.steady))
    }

    fn report(&self) -> Report<'_> {
        let last = self.product.last();
        Report {
            topic: &self.topic.name,
            partitions: self.topic.partitions,
            series: self.spec.series,
            days: self.spec.days,
            filled: self.topic.filled,
            bare_steady: self.bare_ways(|run| run.steady),
            bare_whole: self.bare_ways(|run| run.whole),
            product_steady: self.product_ways(|run| run.steady),
            product_whole: self.product_ways(|run| run.whole),
            ratio: self.ratio(),
            lag: self.product.iter().map(|run| run.lag).collect(),
            epochs: self.product.iter().map(|run| run.holding.epochs).collect(),
            archive_bytes: self.product.iter().map(|run| run.holding.archive_bytes).collect(),
            panes: last.map_or(0, |run| run.holding.panes),
            accepted: last.map_or(0, |run| run.holding.counts.accepted),
            duplicate: last.map_or(0, |run| run.holding.counts.duplicate),
            exact: last.map_or("", |run| run.holding.checked),
            client: &self.client,
            settings: &self.settings,
            killed: None,
        }
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let head: Vec<&str> = ["who", "stretch"].into_iter().chain(WAY_HEAD).collect();
        let mut table = Table::new(2, &head);
        let mut row = |who: &str, stretch: &str, ways: Vec<Way>| {
            let words = [who, stretch].map(str::to_owned).into_iter();
            table.row(words.chain(way_cells(&ways)).collect());
        };
        row("bare client", "first record to the end", self.bare_ways(|run| run.steady));
        row("bare client", "whole process", self.bare_ways(|run| run.whole));
        row("headwater", "first record to all committed and published", self.product_ways(|run| run.steady));
        row("headwater", "whole process", self.product_ways(|run| run.whole));
        writeln!(out, "{table}")?;

        let spread = |pick: fn(&ProductRun) -> f64, decimals| Spread::of(self.product.iter().map(pick)).cell(decimals);
        let last = self.product.last();
        let mut facts = Table::new(2, &["what", "value"]);
        let mut fact = |what: &str, value: String| facts.row(vec![what.to_owned(), value]);
        fact("headwater's rate over the bare client's", format!("{:.1} %", self.ratio() * 100.0));
        fact("exact", last.map_or("", |run| run.holding.checked).to_owned());
        fact("lag at the end", spread(|run| run.lag as f64, 0));
        fact("records", spread(|run| run.holding.counts.read as f64, 0));
        fact("accepted", spread(|run| run.holding.counts.accepted as f64, 0));
        fact("duplicate", spread(|run| run.holding.counts.duplicate as f64, 0));
        fact("rejected", spread(|run| run.holding.counts.rejected as f64, 0));
        fact("live panes", spread(|run| run.holding.panes as f64, 0));
        fact("epochs", spread(|run| run.holding.epochs as f64, 0));
        fact("archive MiB", spread(|run| mib(run.holding.archive_bytes), 1));
        fact("archive bytes per record", spread(|r| r.holding.archive_bytes as f64 / r.steady.records as f64, 1));
        if self.topic.sums.is_some() {
            fact("series", number(self.spec.series as f64, 0));
        }
        fact("topic", format!("{}, {} partitions", self.topic.name, self.topic.partitions));
        if let Some(filled) = self.topic.filled {
            let rate = number(filled.records as f64 / filled.seconds, 0);
            fact("filled", format!("{:.1} s, {rate} events/s", filled.seconds));
        }
        writeln!(out, "{facts}")
    }

    /// What both sides were told.
    pub fn print_settings(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut table = Table::new(2, &["setting", "value"]);
        let mut setting = |what: &str, value: String| table.row(vec![what.to_owned(), value]);
        let LoadSpec { seed, events, days, duplicates, revisions, .. } = self.spec;
        if self.topic.sums.is_some() {
            let events = number(events as f64, 0);
            setting(
                "load",
                format!(
                    "{events} events, {days} days, {duplicates} % duplicates, {revisions} % revisions, seed {seed}"
                ),
            );
        }
        setting("runs of each", self.product.len().to_string());
        for (key, value) in &self.settings {
            setting(key, value.clone());
        }
        for (key, value) in &self.client {
            setting(&format!("client {key}, on both sides"), value.clone());
        }
        write!(out, "{table}")
    }
}

//! The same measurement for growing numbers of partitions, or of series: whether the cost of an event stays what it is.

use std::io::Write;

use headwater_sim::LoadSpec;

use super::figures::{Spread, Way, mib, number};
use super::pipeline::{Measured, measure};
use super::table::Table;
use super::workplace::Workplace;
use crate::args::{BenchPipeline, Sweep};
use crate::failure::Failure;

/// Measures each step of a sweep on a topic of its own.
pub fn sweep(
    place: &mut Workplace,
    args: &BenchPipeline,
    sweep: &Sweep,
    spec: &LoadSpec,
) -> Result<Vec<Measured>, Failure> {
    let steps: Vec<(u32, LoadSpec)> = match sweep {
        Sweep::Partitions(steps) => steps.iter().map(|partitions| (*partitions, spec.clone())).collect(),
        Sweep::Series(steps) => {
            steps.iter().map(|series| (args.partitions, LoadSpec { series: *series, ..spec.clone() })).collect()
        }
    };
    steps.iter().try_for_each(|(_, spec)| spec.check()).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut measured = Vec::new();
    for (number, (partitions, spec)) in steps.iter().enumerate() {
        eprintln!("step {} of {}: {partitions} partitions, {} series", number + 1, steps.len(), spec.series);
        let name = format!("{}-{}", place.name(), number + 1);
        measured.push(measure(place, args, &name, *partitions, spec)?);
        place.drop_topic(&name)?;
    }
    Ok(measured)
}

/// The steps as one table, and how far the cost of an event is from the same.
pub fn print(steps: &[Measured], out: &mut impl Write) -> std::io::Result<()> {
    let mut table = Table::new(
        0,
        &[
            "partitions",
            "series",
            "live panes",
            "epochs",
            "bare client CPU us per event",
            "headwater CPU us per event",
            "headwater events/s",
            "rate over the bare client's",
            "headwater peak RSS MiB",
        ],
    );
    let cell = |ways: &[Way], decimals, pick: fn(&Way) -> f64| Spread::of(ways.iter().map(pick)).cell(decimals);
    for step in steps {
        let (bare, product) = (step.bare_ways(|run| run.steady), step.product_ways(|run| run.steady));
        let holding = |pick: fn(&super::exact::Holding) -> u64| {
            Spread::of(step.product.iter().map(|run| pick(&run.holding) as f64)).cell(0)
        };
        table.row(vec![
            number(f64::from(step.topic.partitions), 0),
            number(step.spec.series as f64, 0),
            holding(|holding| holding.panes),
            holding(|holding| holding.epochs),
            cell(&bare, 3, Way::cpu_us),
            cell(&product, 3, Way::cpu_us),
            cell(&product, 0, Way::per_second),
            format!("{:.1} %", step.ratio() * 100.0),
            cell(&product, 0, |way| mib(way.peak_rss_bytes)),
        ]);
    }
    writeln!(out, "{table}")?;
    let cost = |step: &Measured| Spread::of(step.product_ways(|run| run.steady).iter().map(Way::cpu_us)).median;
    let costs = Spread::of(steps.iter().map(cost));
    writeln!(out, "CPU per event, the dearest step over the cheapest: {:.2}\n", costs.high / costs.low)?;
    if let Some(last) = steps.last() {
        last.print_settings(out)?;
    }
    Ok(())
}

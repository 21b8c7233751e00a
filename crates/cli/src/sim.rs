//! `headwater sim`: a seeded world as three files.

use std::fs::File;
use std::io::BufWriter;

use anyhow::Context;
use headwater_sim::{Scenario, Spec, World};

use crate::args;
use crate::failure::Failure;

/// Writes `trade.ndjson`, `seizure.ndjson` and `truth.json`.
pub fn sim(args: &args::Sim) -> Result<(), Failure> {
    let scenario: Scenario =
        args.scenario.parse().map_err(|e: headwater_sim::SimError| Failure::Usage(e.to_string()))?;
    let spec = Spec { scale: args.scale, ..Spec::new(args.seed, scenario, args.end) };
    let world = World::new(&spec).map_err(|e| Failure::Usage(e.to_string()))?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot create folder {}", args.out.display()))?;
    let create = |name: &str| {
        let path = args.out.join(name);
        File::create(&path).map(BufWriter::new).with_context(|| format!("cannot write {}", path.display()))
    };
    let truth = world.write(create("trade.ndjson")?, create("seizure.ndjson")?)?;
    truth.write(create("truth.json")?)?;
    let (shifts, decoys) = (truth.shifts.len(), truth.decoys.len());
    eprintln!("{shifts} shifts and {decoys} decoys planted; simulated events in {}", args.out.display());
    Ok(())
}

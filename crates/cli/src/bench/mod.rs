//! `headwater bench`: what the work costs on this machine. It makes its own topics, groups and folders, and takes them
//! away again; nothing else is read or written.

mod bare;
mod exact;
mod figures;
mod load;
mod pipeline;
mod process;
mod product;
mod table;
mod workplace;

use crate::args::Bench;
use crate::failure::Failure;

/// Runs a bench.
pub fn bench(args: &Bench) -> Result<(), Failure> {
    match args {
        Bench::Pipeline(args) => pipeline::pipeline(args),
        Bench::Drain(args) => bare::drain(args),
    }
}

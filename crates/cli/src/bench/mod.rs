//! `headwater bench`: what the work costs on this machine. It makes its own topics, groups and folders, and takes them
//! away again; nothing else is read or written.

mod bare;
mod build;
mod detect;
mod exact;
mod figures;
mod http;
mod killed;
mod listeners;
mod load;
mod pipeline;
mod process;
mod product;
mod restore;
mod serve;
mod state;
mod sweep;
mod table;
mod workplace;

use crate::args::Bench;
use crate::failure::Failure;

/// Runs a bench.
pub fn bench(args: &Bench) -> Result<(), Failure> {
    match args {
        Bench::Pipeline(args) => pipeline::pipeline(args),
        Bench::Restore(args) => restore::restore(args),
        Bench::State(args) => state::state(args),
        Bench::Serve(args) => serve::serve(args),
        Bench::Detect(args) => detect::detect(args),
        Bench::Drain(args) => bare::drain(args),
        Bench::RestoreOnce(args) => restore::once(args),
        Bench::StateOnce(args) => state::once(args),
    }
}

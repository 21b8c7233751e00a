//! The one binary, and the only place where the stages are wired together.
//!
//! Results go to standard output, words to standard error, a progress bar to a terminal only.

#![allow(clippy::print_stderr, reason = "words go to standard error")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod archive;
mod archive_cmd;
mod args;
mod audit;
mod bench;
mod budgets;
mod catalog;
mod checkpoint;
mod clock;
mod config;
mod core;
mod demo;
mod detecting;
mod doctor;
mod drill;
mod explain;
mod export;
mod failure;
mod give_back;
mod import;
mod live;
mod memory;
mod metrics_cmd;
mod open_files;
mod progress;
mod rejects;
mod replay;
mod results;
mod serving;
mod sim;
mod versions;
mod watch;
mod writer_schemas;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{
    Archive, Audit, Catalog, Checkpoint, Cli, Command, Config, Detect, Export, Import, Metrics, Rejects,
};
use crate::failure::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Told) {
                eprintln!("headwater: {failure}");
            }
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::demo(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Run(args) => live::run(&args),
        Command::Replay(args) => match (args.from, args.to) {
            (Some(from), Some(to)) => replay::from_archive(&args, from, to),
            _ => replay::replay(&args),
        },
        Command::Export(Export::Volumes(args)) => export::volumes(&args),
        Command::Export(Export::Alerts(args)) => export::alerts(&args),
        Command::Archive(Archive::Files(store)) => archive_cmd::files(&store),
        Command::Archive(Archive::Verify(store)) => archive_cmd::verify(&store),
        Command::Audit(Audit::Verify { anchor, store }) => audit::verify(anchor.as_deref(), &store),
        Command::Drill(args) => drill::drill(&args),
        Command::Checkpoint(Checkpoint::List(store)) => checkpoint::list(&store),
        Command::Checkpoint(Checkpoint::Inspect { epoch, store }) => checkpoint::inspect(&epoch, &store),
        Command::Checkpoint(Checkpoint::Verify(store)) => checkpoint::verify(&store),
        Command::Rejects(Rejects::List { which, store }) => rejects::list(&which, &store),
        Command::Rejects(Rejects::Show { id, store }) => rejects::show(&id, &store),
        Command::Rejects(Rejects::Replay { which, store }) => give_back::replay(&which, &store),
        Command::Import(Import::Cbp(args)) => import::cbp(&args),
        Command::Sim(args) => sim::sim(&args),
        Command::Catalog(Catalog::Check { files }) => catalog::check(&files),
        Command::Catalog(Catalog::Show { substance, overlay }) => catalog::show(substance.as_deref(), &overlay),
        Command::Metrics(Metrics::List { markdown }) => metrics_cmd::list(markdown),
        Command::Config(Config::Check { config, overlay }) => config::check(config.as_deref(), &overlay),
        Command::Detect(Detect::Explain(args)) => explain::explain(&args),
        Command::Bench(args) => bench::bench(&args),
    }
}

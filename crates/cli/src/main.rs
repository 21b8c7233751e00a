//! The one binary, and the only place where the stages are wired together.
//!
//! Results go to standard output, words to standard error, a progress bar to a terminal only.

#![allow(clippy::print_stderr, reason = "words go to standard error")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod archive;
mod args;
mod catalog;
mod clock;
mod config;
mod core;
mod demo;
mod detecting;
mod failure;
mod import;
mod memory;
mod progress;
mod replay;
mod results;
mod run;
mod sim;
mod versions;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Catalog, Cli, Command, Config, Import};
use crate::failure::Failure;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("headwater: {failure}");
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::demo(&args),
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Import(Import::Cbp(args)) => import::cbp(&args),
        Command::Sim(args) => sim::sim(&args),
        Command::Catalog(Catalog::Check { files }) => catalog::check(&files),
        Command::Catalog(Catalog::Show { substance, overlay }) => catalog::show(substance.as_deref(), &overlay),
        Command::Config(Config::Check { config }) => config::check(config.as_deref()),
    }
}

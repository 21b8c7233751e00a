//! `headwater config check`, and how every command gets its configuration.

#![expect(clippy::disallowed_methods, reason = "the environment is read here, once, and handed to the configuration")]

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use headwater_runtime::{Config, StoreLocation};
use headwater_store::StoreUrl;

use crate::args;
use crate::budgets;
use crate::catalog;
use crate::failure::Failure;
use crate::writer_schemas;

/// The configuration of a file and the environment; where both are silent, that of a process that reads ./inbox.
pub fn load(path: Option<&Path>) -> Result<Config, Failure> {
    Config::load(path, std::env::vars()).map_err(|error| Failure::Usage(error.to_string()))
}

/// Number of keys that the environment gives.
pub fn variables() -> usize {
    std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(Config::PREFIX)).count()
}

fn is_absent(path: Option<&Path>) -> bool {
    path.is_none() && !Config::in_environment(std::env::vars())
}

/// Names of the environment that hold keys of a configuration: what is measured must not see them.
pub fn names_in_environment() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| Config::in_environment([(name.clone(), String::new())]))
        .collect()
}

/// The file that this process runs.
pub fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("the system does not tell which file this program is")
}

/// Which store a command means, and the configuration where one says so.
pub fn store(args: &args::Store) -> Result<(StoreUrl, Option<Config>), Failure> {
    match &args.data {
        Some(folder) => Ok((StoreUrl::Folder(folder.clone()), None)),
        None => {
            let config = load(args.config.as_deref())?;
            Ok((store_url(&config.store.location), Some(config)))
        }
    }
}

/// A configured place as the store knows it.
pub fn store_url(location: &StoreLocation) -> StoreUrl {
    match location {
        StoreLocation::Folder(folder) => StoreUrl::Folder(folder.clone()),
        StoreLocation::Objects(url) => StoreUrl::Objects(url.clone()),
    }
}

/// `headwater config check`: shows the whole configuration as it will be used; the schemas that it names are read too.
pub fn check(path: Option<&Path>, overlay: &args::Overlay) -> Result<(), Failure> {
    let config = load(path)?;
    let catalog = catalog::load(overlay)?;
    budgets::detector(&config.detect, &catalog)?;
    writer_schemas::of(&config)?;
    if is_absent(path) {
        let example = Config::EXAMPLE;
        eprintln!("no --config FILE and no keys in the environment; a file to begin with, for Kafka:\n\n{example}");
    }
    write!(std::io::stdout().lock(), "{config}")?;
    Ok(())
}

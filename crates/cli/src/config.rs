//! `headwater config check`, and how every command gets its configuration.

#![expect(clippy::disallowed_methods, reason = "the environment is read here, once, and handed to the configuration")]

use std::io::Write;
use std::path::Path;

use headwater_runtime::Config;

use crate::failure::Failure;

/// The configuration of a file and the environment; without either, words on what is needed.
pub fn load(path: Option<&Path>) -> Result<Config, Failure> {
    if path.is_none() && !Config::in_environment(std::env::vars()) {
        return Err(Failure::Usage(format!(
            "no configuration: give --config FILE, or set keys as environment (HEADWATER__STORE__URL=data). \
             A file to begin with:\n\n{}",
            Config::EXAMPLE
        )));
    }
    Config::load(path, std::env::vars()).map_err(|error| Failure::Usage(error.to_string()))
}

/// `headwater config check`: shows the whole configuration as it will be used.
pub fn check(path: Option<&Path>) -> Result<(), Failure> {
    let config = load(path)?;
    write!(std::io::stdout().lock(), "{config}")?;
    Ok(())
}

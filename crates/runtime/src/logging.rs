//! Words on stderr.

use std::env;
use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// What to log when nobody says so.
const DEFAULT_FILTER: &str = "info";

/// Variables that hold a filter (`debug`, `headwater_ingest=debug,info`), the first that is set counts.
const FILTER_VARIABLES: [&str; 2] = ["HEADWATER_LOG", "RUST_LOG"];

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter cannot be understood.
    #[error("{variable}={value}: {message}")]
    Filter {
        /// The variable that holds it.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong.
        message: String,
    },
    /// Logging was begun before in this process.
    #[error("logging has begun already")]
    Twice,
}

/// Begins logging to stderr: for people where stderr is a terminal, else one JSON object a line. How much is said in
/// `HEADWATER_LOG` or else `RUST_LOG`, in the form of tracing's filters; `info` by default.
///
/// # Errors
/// [`LoggingError`].
pub fn init_logging() -> Result<(), LoggingError> {
    let builder =
        tracing_subscriber::fmt().with_writer(io::stderr).with_env_filter(filter(|name| env::var(name).ok())?);
    let begun = if io::stderr().is_terminal() {
        builder.with_ansi(false).with_target(false).compact().try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    begun.map_err(|_| LoggingError::Twice)
}

fn filter(variable: impl Fn(&str) -> Option<String>) -> Result<EnvFilter, LoggingError> {
    for name in FILTER_VARIABLES {
        if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
            return EnvFilter::try_new(&value).map_err(|error| LoggingError::Filter {
                variable: name,
                value,
                message: error.to_string(),
            });
        }
    }
    Ok(EnvFilter::new(DEFAULT_FILTER))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_variable_counts() {
        let filter = |own: Option<&str>, rust: Option<&str>| {
            let (own, rust) = (own.map(str::to_owned), rust.map(str::to_owned));
            super::filter(move |name| if name == "HEADWATER_LOG" { own.clone() } else { rust.clone() })
        };
        assert_eq!(filter(None, None).unwrap().to_string(), "info");
        assert_eq!(filter(Some(""), Some("warn")).unwrap().to_string(), "warn");
        assert_eq!(filter(Some("debug"), Some("warn")).unwrap().to_string(), "debug");
        let error = filter(Some("a=b=c"), None).unwrap_err().to_string();
        assert!(error.starts_with("HEADWATER_LOG=a=b=c: "), "{error}");
    }
}

//! Words on stderr.

#![allow(
    clippy::disallowed_methods,
    reason = "how much is said stands in the environment, for it is needed before the rest"
)]

use std::env;
use std::io::{self, IsTerminal};
use std::panic;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::Panicked;
use crate::limit::Limit;

/// What to log when nobody says so.
const DEFAULT_FILTER: &str = "info";

/// Variables that hold a filter (`debug`, `headwater::kafka=debug,info`), the first that is set counts.
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
    let lines = if io::stderr().is_terminal() {
        fmt::layer().with_ansi(false).with_target(false).with_writer(io::stderr).compact().boxed()
    } else {
        json(io::stderr)
    };
    let filter = filter(|name| env::var(name).ok())?;
    let all = tracing_subscriber::registry().with(lines).with(Limit::default()).with(filter);
    all.try_init().map_err(|_| LoggingError::Twice)
}

/// One object a line, the fields of an event beside its time, level and target.
fn json<W>(writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).json().flatten_event(true);
    lines.with_current_span(false).with_span_list(false).boxed()
}

/// Logs panics from here on, instead of letting them print. What a panic says is kept only where it is of the program's
/// own text: a message that is made as it happens may hold what was read.
pub fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let error = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("see the place");
        let thread = std::thread::current();
        Panicked { thread: thread.name().unwrap_or("unnamed"), place: &place, error: &error }.log();
    }));
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
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use headwater_model::{EpochNumber, Input};
    use serde_json::Value;

    use super::*;
    use crate::{EpochCommitted, InputCommitted, LINES_MAX, SnapshotFailed};

    #[test]
    fn the_first_variable_counts() {
        let given = |own: Option<&str>, rust: Option<&str>| {
            let (own, rust) = (own.map(str::to_owned), rust.map(str::to_owned));
            filter(move |name| if name == "HEADWATER_LOG" { own.clone() } else { rust.clone() })
        };
        assert_eq!(given(None, None).unwrap().to_string(), "info");
        assert_eq!(given(Some(""), Some("warn")).unwrap().to_string(), "warn");
        assert_eq!(given(Some("debug"), Some("warn")).unwrap().to_string(), "debug");
        let error = given(Some("a=b=c"), None).unwrap_err().to_string();
        assert!(error.starts_with("HEADWATER_LOG=a=b=c: "), "{error}");
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that a deed logs.
    fn logged(filter: &str, deed: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let lines = json(move || writer.clone());
        let all = tracing_subscriber::registry().with(lines).with(Limit::default()).with(EnvFilter::new(filter));
        tracing::subscriber::with_default(all, deed);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_is_one_object_with_the_name_and_the_fields() {
        let input = Input::parse("trade/3").unwrap();
        let (source, partition) = (&*input.source, input.partition);
        let lines = logged("info", || {
            SnapshotFailed { source, partition, error: &"a \"word\"\nand more" }.log();
            let epoch = EpochNumber(7);
            EpochCommitted { source, partition, epoch, records: 1, rows: 2, rejected: 0, bytes: 9 }.log();
            InputCommitted { source, partition, epoch, records: 1, rows: 2 }.log();
        });
        assert_eq!(lines.len(), 2, "debug is not asked for: {lines:?}");
        assert_eq!((&lines[0]["event"], &lines[0]["level"]), (&"snapshot_failed".into(), &"WARN".into()));
        assert_eq!((&lines[0]["source"], &lines[0]["partition"]), (&"trade".into(), &3.into()));
        assert_eq!(lines[0]["error"], "a \"word\"\nand more");
        assert_eq!((&lines[1]["epoch"], &lines[1]["target"]), (&7.into(), &"headwater::input".into()));
        assert_eq!(
            logged("headwater::store=warn", || SnapshotFailed { source, partition, error: &"x" }.log()).len(),
            1
        );
    }

    #[test]
    fn what_is_said_too_often_is_cut_and_told() {
        let input = Input::parse("trade/3").unwrap();
        let (source, partition) = (&*input.source, input.partition);
        let lines = logged("info", || {
            (0..=LINES_MAX + 5).for_each(|_| SnapshotFailed { source, partition, error: &"again" }.log());
        });
        // A thread that is told of within a subscriber of its own hears nothing from inside it; the count stands.
        let of = |name: &str| lines.iter().filter(|line| line["event"] == name).count() as u64;
        assert_eq!(of("snapshot_failed"), LINES_MAX);
    }
}

//! No event is written too often: what fills a disk in a loop says nothing that its first thousand lines did not say.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::LogLimited;

/// Lines of one event in a minute: a process that takes on some hundreds of inputs at once is told of whole.
pub const LINES_MAX: u64 = 1_000;

/// How long that number holds.
const WINDOW: Duration = Duration::from_secs(60);

/// Leaves out what is said too often. Levels below `info` are for people who look: they are written whole.
#[derive(Debug, Default)]
pub(crate) struct Limit(Mutex<Vec<Said>>);

/// One event of the program's.
#[derive(Debug)]
struct Said {
    /// The place in the program that says it.
    by: &'static Metadata<'static>,
    since: Instant,
    times: u64,
    /// Left out in the window before.
    left_out: u64,
}

/// What to do with an event.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Write,
    /// The first to be left out; so many were in the window before.
    Last(u64),
    LeaveOut,
}

impl Limit {
    fn judge(&self, by: &'static Metadata<'static>, now: Instant) -> Verdict {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // There are some dozens of places: a list is looked through faster than a map.
        let Some(said) = all.iter_mut().find(|said| std::ptr::eq(said.by, by)) else {
            all.push(Said { by, since: now, times: 1, left_out: 0 });
            return Verdict::Write;
        };
        if now.saturating_duration_since(said.since) >= WINDOW {
            said.left_out = said.times.saturating_sub(LINES_MAX);
            (said.since, said.times) = (now, 0);
        }
        said.times += 1;
        if said.times <= LINES_MAX {
            Verdict::Write
        } else if said.times == LINES_MAX + 1 {
            Verdict::Last(said.left_out)
        } else {
            Verdict::LeaveOut
        }
    }
}

impl<S: Subscriber> Layer<S> for Limit {
    #[expect(clippy::disallowed_methods, reason = "lines are counted by the minute")]
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let by = event.metadata();
        if *by.level() > Level::INFO {
            return true;
        }
        match self.judge(by, Instant::now()) {
            Verdict::Write => true,
            Verdict::LeaveOut => false,
            Verdict::Last(times) => {
                let mut name = Name(by.name().to_owned());
                event.record(&mut name);
                LogLimited { limited: &name.0, times }.log();
                false
            }
        }
    }
}

/// Finds the name of an event.
struct Name(String);

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "event" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use tracing::callsite::Callsite;

    use super::*;

    #[test]
    fn the_first_thousand_of_a_minute_are_written_and_the_cut_is_told() {
        let limit = Limit::default();
        let by = tracing::callsite! { name: "it", kind: tracing::metadata::Kind::EVENT, fields: event }.metadata();
        let began = Instant::now();
        for _ in 0..LINES_MAX {
            assert_eq!(limit.judge(by, began), Verdict::Write);
        }
        assert_eq!(limit.judge(by, began), Verdict::Last(0));
        assert_eq!(limit.judge(by, began), Verdict::LeaveOut);
        let other = tracing::callsite! { name: "other", kind: tracing::metadata::Kind::EVENT, fields: event };
        assert_eq!(limit.judge(other.metadata(), began), Verdict::Write);
        for _ in 0..LINES_MAX {
            assert_eq!(limit.judge(by, began + WINDOW), Verdict::Write);
        }
        assert_eq!(limit.judge(by, began + WINDOW), Verdict::Last(2));
    }
}

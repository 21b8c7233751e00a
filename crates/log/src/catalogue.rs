//! The list of all events and of all fields, and the page that shows them.

use std::fmt::Write;

use crate::events;

/// An event that may be logged.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Its name: the field `event` of the line. It stays as it is.
    pub name: &'static str,
    /// How much it matters: `error`, `warn`, `info`, `debug`.
    pub level: &'static str,
    /// What it is of: the field `target` of the line, by which logs are filtered.
    pub target: &'static str,
    /// Names of its fields, as in [`FIELDS`].
    pub fields: &'static [&'static str],
    /// What it says.
    pub meaning: &'static str,
    /// What to do; empty where there is nothing to do.
    pub remedy: &'static str,
}

/// Every event.
pub const EVENTS: [&[Event]; 8] = [
    events::PROCESS,
    events::INPUT,
    events::STORE,
    events::OUTPUTS,
    events::KAFKA,
    events::FOLDER,
    events::DETECT,
    events::SERVE,
];

/// A field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds, and in which unit.
    pub meaning: &'static str,
}

const fn field(name: &'static str, meaning: &'static str) -> Field {
    Field { name, meaning }
}

/// Every field: one name means one thing in all events.
pub const FIELDS: [Field; 62] = [
    field("active", "whether this process closes days; the others stand by"),
    field("addr", "address on which the process listens"),
    field("alert_id", "id of an alert"),
    field("alerts", "number of alerts"),
    field("answer", "what the Kafka client library says, in its own words"),
    field("as_of", "the day as of which an alert says something"),
    field("brokers", "addresses of a Kafka cluster, as configured"),
    field("build", "version of the program"),
    field("bytes", "bytes"),
    field("catalog", "version of the reference data"),
    field("client", "which Kafka client of the process: `consumer`, `publisher`, `admin`, `ownership`, `probe`"),
    field("cluster", "name of a Kafka cluster in the configuration"),
    field("config", "file of the configuration; `none` where there is none"),
    field("crc32", "records placed by crc32"),
    field("day", "a day, UTC"),
    field("epoch", "number of an epoch of the input"),
    field("epochs", "number of epochs"),
    field("error", "what went wrong, as a sentence"),
    field("file", "a file or an object of the store"),
    field("files", "number of files"),
    field("folder", "a folder"),
    field("from", "number before, or where something was taken from"),
    field("group", "consumer group"),
    field("held_by", "who holds the next day back, as a sentence"),
    field("inputs", "number of input partitions"),
    field("kind", "kind of an alert"),
    field("late", "rows whose day was closed before they were committed"),
    field("ledger", "entries of the input's ledger"),
    field("limited", "name of the event that is left out"),
    field("lines", "lines of a file that were read"),
    field("lost", "offsets that are gone"),
    field("market", "market of an alert"),
    field("model", "version of the detection that told an alert first"),
    field("ms", "milliseconds: how long it took, or how long it lasts"),
    field("murmur2", "records placed by murmur2"),
    field("number", "number of an entry of the alert log"),
    field("other", "records placed by neither"),
    field("partition", "partition of the source's topic; 0 for a folder"),
    field("partitions", "number of partitions"),
    field("pending", "who has not stopped yet"),
    field("pid", "number of the process"),
    field("place", "where in the program"),
    field("policy", "`cleanup.policy` of a topic"),
    field("priority", "priority of an alert"),
    field("records", "records"),
    field("rejected", "records that were rejected"),
    field("remedy", "what to do"),
    field("revision", "revision of an alert"),
    field("roles", "roles of the process"),
    field("rows", "rows"),
    field("seconds", "seconds; negative: backwards"),
    field("size", "size in bytes"),
    field("source", "name of a source in the configuration"),
    field("sources", "number of sources"),
    field("status", "status of an alert"),
    field("store", "address of the store"),
    field("thread", "name of a thread of the program"),
    field("times", "how often"),
    field("to", "number after"),
    field("topic", "a Kafka topic"),
    field("variables", "number of keys that the environment gives to the configuration"),
    field("waiting", "records that wait to be published"),
];

/// What stands above the lists on the page.
pub const MARKDOWN_HEAD: &str = include_str!("logs.head.md");

/// The page of all events and fields, `docs/logs.md`.
pub fn markdown() -> String {
    let mut page = MARKDOWN_HEAD.to_owned();
    for events in EVENTS {
        let Some(first) = events.first() else { continue };
        let _ = write!(page, "\n### `{}`\n\n| event | level | fields | what it says | what to do |\n", first.target);
        page.push_str("|---|---|---|---|---|\n");
        for event in events {
            let fields: Vec<String> = event.fields.iter().map(|name| format!("`{name}`")).collect();
            let Event { name, level, meaning, remedy, .. } = event;
            let _ = writeln!(page, "| `{name}` | {level} | {} | {} | {remedy} |", fields.join(" "), meaning.trim());
        }
    }
    page.push_str("\n## Fields\n\n| field | what it holds |\n|---|---|\n");
    for Field { name, meaning } in FIELDS {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What every line has beside the event's own fields.
    const OF_THE_LINE: [&str; 5] = ["timestamp", "level", "target", "event", "message"];

    #[test]
    fn fields_are_those_of_the_list_and_the_list_has_no_other() {
        assert!(FIELDS.is_sorted_by(|a, b| a.name < b.name), "in order, each once");
        let known: BTreeSet<&str> = FIELDS.iter().map(|field| field.name).collect();
        let used: BTreeSet<&str> = EVENTS.iter().copied().flatten().flat_map(|event| event.fields).copied().collect();
        assert_eq!(used, known);
        assert!(OF_THE_LINE.iter().all(|name| !known.contains(name)));
    }

    #[test]
    fn a_name_is_of_one_event() {
        let names: Vec<&str> = EVENTS.iter().copied().flatten().map(|event| event.name).collect();
        let different: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), different.len());
        assert!(
            names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()))
        );
    }

    #[test]
    fn what_is_no_success_says_what_to_do() {
        for event in EVENTS.iter().copied().flatten() {
            assert!(!event.meaning.trim().is_empty(), "{}", event.name);
            assert!(event.level != "error" || !event.remedy.is_empty(), "{} says not what to do", event.name);
            assert!(!event.meaning.contains('|') && !event.remedy.contains('|'), "{}: no cell holds that", event.name);
        }
    }
}

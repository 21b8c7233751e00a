//! Where to begin to read, decided from what is wanted and what the log has.

use std::sync::Arc;

use headwater_model::Partition;

use crate::IngestError;

/// What to do about a wished start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// Read from here.
    At(i64),
    /// Read from here, though records below it are lost.
    Skip(i64),
    /// What comes next was deleted: the log begins later.
    LogStart,
    /// What comes next is beyond the log's end.
    LogEnd,
}

/// Decides it. `wanted`: the next offset by the taker's progress; none: from the beginning.
pub(super) fn decide(wanted: Option<i64>, low: i64, high: i64, on_gap_skip: bool) -> Begin {
    match wanted {
        None => Begin::At(low),
        Some(wanted) if wanted < low && on_gap_skip => Begin::Skip(low),
        Some(wanted) if wanted < low => Begin::LogStart,
        Some(wanted) if wanted > high => Begin::LogEnd,
        Some(wanted) => Begin::At(wanted),
    }
}

/// The error of a start that cannot be.
pub(super) fn error(begin: Begin, topic: &Arc<str>, partition: i32, wanted: i64, edge: i64) -> IngestError {
    let (topic, partition) = (topic.to_string(), Partition(partition));
    match begin {
        Begin::LogEnd => IngestError::LogEnd { topic, partition, wanted, high: edge },
        _ => IngestError::LogStart { topic, partition, wanted, low: edge },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_must_reach_what_is_wanted() {
        let cases = [
            (None, 5, 9, Begin::At(5)),
            (None, 0, 0, Begin::At(0)),
            (Some(5), 5, 9, Begin::At(5)),
            (Some(9), 5, 9, Begin::At(9)),
            (Some(4), 5, 9, Begin::LogStart),
            (Some(10), 5, 9, Begin::LogEnd),
            // All was deleted: what was wanted may have been among it.
            (Some(8), 9, 9, Begin::LogStart),
            (Some(9), 9, 9, Begin::At(9)),
        ];
        for (wanted, low, high, expected) in cases {
            assert_eq!(decide(wanted, low, high, false), expected, "{wanted:?} of {low}..{high}");
        }
        assert_eq!(decide(Some(4), 5, 9, true), Begin::Skip(5));
        assert_eq!(decide(Some(10), 5, 9, true), Begin::LogEnd, "a log that ends too early is never passed over");
    }

    #[test]
    fn errors_name_the_choices() {
        let text = error(Begin::LogStart, &"t".into(), 3, 4, 5).to_string();
        for word in ["t/3", "offset 4", "5", "on_gap = \"skip\"", "new store"] {
            assert!(text.contains(word), "{text}");
        }
        assert!(error(Begin::LogEnd, &"t".into(), 3, 10, 9).to_string().contains("ends at 9"));
    }
}

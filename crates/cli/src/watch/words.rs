//! The closed lists of words that label series.

use headwater_model::{Alert, AlertStatus, Kind, Reason};
use headwater_runtime::metrics::Words;

use crate::live::{ALERTS_TOPIC, REJECTS_TOPIC, VOLUMES_TOPIC};

/// Topics that are published to.
pub const TOPICS: [&str; 3] = [VOLUMES_TOPIC, ALERTS_TOPIC, REJECTS_TOPIC];

/// All of them; a reason, a kind and a status have the place of their number.
pub fn words() -> Words {
    Words {
        version: env!("CARGO_PKG_VERSION"),
        reasons: Reason::ALL.map(Reason::as_str).into(),
        topics: TOPICS.into(),
        kinds: Kind::ALL.iter().map(|kind| kind.as_str()).collect(),
        statuses: AlertStatus::ALL.iter().map(|status| status.as_str()).collect(),
    }
}

/// The place of a revision among the counters by kind and status.
pub fn place(alert: &Alert) -> usize {
    alert.kind as usize * AlertStatus::ALL.len() + alert.status as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places() {
        assert!(Reason::ALL.iter().enumerate().all(|(place, reason)| *reason as usize == place));
        assert!(Kind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        assert!(AlertStatus::ALL.iter().enumerate().all(|(place, status)| *status as usize == place));
    }
}

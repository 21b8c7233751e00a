//! Alerts on their way to `headwater.alerts.v1`, by the one active detect.

use std::time::Duration;

use headwater_ingest::{OutRecord, Publisher, PublisherSettings, TRANSACTION_RECORDS_MAX};
use headwater_model::Alert;

use super::records;
use crate::detecting::AlertSink;
use crate::watch::{TOPICS, Watch};

/// How long the first contact may take.
const START_AT_MOST: Duration = Duration::from_secs(10);

/// Publishes alerts under a fixed transactional id: whoever starts last ends the one before.
pub struct KafkaAlerts {
    settings: PublisherSettings,
    publisher: Option<Publisher>,
    watch: Watch,
}

impl KafkaAlerts {
    /// For a group, whose detect has one id however many processes stand by.
    pub fn new(brokers: &str, client: Vec<(String, String)>, group: &str, watch: Watch) -> KafkaAlerts {
        let transactional_id = format!("{group}.detect");
        KafkaAlerts {
            settings: PublisherSettings { brokers: brokers.to_owned(), client, transactional_id },
            publisher: None,
            watch,
        }
    }
}

impl AlertSink for KafkaAlerts {
    fn publish(&mut self, alerts: &[Alert]) -> anyhow::Result<()> {
        let records = alerts.iter().map(records::alert).collect::<anyhow::Result<Vec<OutRecord>>>()?;
        for some in records.chunks(TRANSACTION_RECORDS_MAX) {
            self.watch.detect_turns();
            let publisher = match &mut self.publisher {
                Some(publisher) => publisher,
                none => {
                    let started = Publisher::start(&self.settings, START_AT_MOST);
                    none.insert(started.inspect_err(|error| self.watch.outputs_failed(error))?)
                }
            };
            if let Err(error) = publisher.publish(some, None) {
                self.watch.publish_failed(&error);
                if !publisher.usable() {
                    self.publisher = None;
                }
                return Err(error.into());
            }
            let count = |topic: &str| if topic == records::ALERTS_TOPIC { some.len() as u64 } else { 0 };
            self.watch.published(TOPICS.map(count));
        }
        Ok(())
    }
}

//! Keeps how far the audit log goes outside its database.

use std::time::Duration;

use headwater_log::{AnchorFailing, AnchorRecovered, Lasting, Trouble};
use headwater_people::People;
use headwater_runtime::AnchorSettings;

use crate::clock;

/// Writes the head of the log to a file for ever: at once, and then as often as the settings say.
pub async fn keep(people: People, settings: AnchorSettings) {
    let mut trouble = Trouble::default();
    loop {
        match people.anchor(&settings.file).await {
            Ok(()) => {
                if let Some(Lasting { times, ms }) = trouble.over(clock::now()) {
                    AnchorRecovered { times, ms }.log();
                }
            }
            Err(error) => {
                if let Some(Lasting { times, ms }) = trouble.again(clock::now()) {
                    AnchorFailing { times, ms, error: &error }.log();
                }
            }
        }
        tokio::time::sleep(Duration::from_secs(settings.every_s.into())).await;
    }
}

//! The replay core: raw records in, the account kept, ledger and panes brought up to date, rejects written.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_catalog::Catalog;
use headwater_model::{Counts, Observations, RawBatch};
use headwater_normalize::{Normalizer, Settings};
use headwater_store::{FileCounts, OutputFolder, RejectsWriter};
use headwater_window::Window;

/// Everything that a replay or a run knows of its input so far.
pub struct Core {
    /// The reference data.
    pub catalog: Arc<Catalog>,
    /// Names, ledger and panes.
    pub window: Window,
    /// The account of each input, in the order in which they were first read.
    pub inputs: Vec<FileCounts>,
    /// Rejected records by reason.
    pub rejects_by_reason: BTreeMap<&'static str, u64>,
    /// Where rejects go.
    pub rejects: RejectsWriter,
    normalizer: Normalizer,
    observations: Observations,
}

impl Core {
    /// Begins with nothing read. Rejects go to a file of `folder`.
    pub fn new(catalog: Arc<Catalog>, settings: Settings, folder: &OutputFolder) -> anyhow::Result<Core> {
        Ok(Core {
            normalizer: Normalizer::new(Arc::clone(&catalog), settings),
            catalog,
            window: Window::default(),
            inputs: Vec::new(),
            rejects_by_reason: BTreeMap::new(),
            rejects: RejectsWriter::create(folder)?,
            observations: Observations::default(),
        })
    }

    /// Takes an input into the account before its first record, so that an empty one is listed too.
    pub fn open(&mut self, input: &str) {
        if !self.inputs.iter().any(|i| i.file == input) {
            self.inputs.push(FileCounts { file: input.to_owned(), counts: Counts::default() });
        }
    }

    /// Takes a batch of the input named `input` (a file's path, or topic/partition).
    pub fn push(&mut self, input: &str, batch: &RawBatch) -> anyhow::Result<()> {
        self.normalizer.process(batch, &mut self.window.names, &mut self.observations);
        for reject in &self.observations.rejects {
            *self.rejects_by_reason.entry(reject.reason.as_str()).or_default() += 1;
            self.rejects.write(input, batch, reject)?;
        }
        let counts = self.window.process(&self.observations, batch, &mut ())?;
        self.open(input);
        if let Some(account) = self.inputs.iter_mut().rev().find(|i| i.file == input) {
            account.counts += counts;
        }
        Ok(())
    }
}

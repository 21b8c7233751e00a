//! The archive as questions see it: its files, opened and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use headwater_model::Input;
use headwater_store::{Archive, ArchiveFile, EpochFile};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::PageIndexPolicy;

use crate::{Bounds, HistoryError};

/// A store's archive, to be asked. Clones share what is kept of it.
///
/// Questions block: they read files. Ask them on a thread that may wait. They see what is committed when they begin.
#[derive(Clone)]
pub struct History {
    archive: Archive,
    cache: Arc<Mutex<Cache>>,
}

/// A file of the archive and what of it is always in memory.
pub(crate) struct Opened {
    pub file: EpochFile,
    pub metadata: ArrowReaderMetadata,
}

/// Files as they were proved whole. They never change, so one that is kept need not be read again.
struct Cache {
    bytes_max: usize,
    bytes: usize,
    /// Counts the uses: the smallest was used longest ago.
    clock: u64,
    files: BTreeMap<String, (u64, Arc<Opened>)>,
}

impl History {
    /// Over an archive. Of the files read, the last used are kept in memory up to `cache_bytes`; one that is larger by
    /// itself is read anew by each question.
    pub fn new(archive: Archive, cache_bytes: usize) -> History {
        let cache = Cache { bytes_max: cache_bytes, bytes: 0, clock: 0, files: BTreeMap::new() };
        History { archive, cache: Arc::new(Mutex::new(cache)) }
    }

    /// The archive.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Everything committed by now, input by input.
    pub(crate) fn files(&self, bounds: &Bounds) -> Result<Vec<(Input, ArchiveFile)>, HistoryError> {
        let mut files = Vec::new();
        for input in self.archive.inputs()? {
            if bounds.deadline.is_over() {
                return Err(HistoryError::Deadline { read: 0, files: files.len() });
            }
            files.extend(self.archive.files(&input)?.into_iter().map(|file| (input.clone(), file)));
            if files.len() > bounds.files_max {
                return Err(HistoryError::TooManyFiles { files: files.len(), limit: bounds.files_max });
            }
        }
        Ok(files)
    }

    /// A file, proved whole.
    pub(crate) fn open(&self, input: &Input, file: &ArchiveFile) -> Result<Arc<Opened>, HistoryError> {
        if let Some(opened) = self.cache().find(&file.key) {
            return Ok(opened);
        }
        // Read without the lock: two questions may read one file at once, which is rare and harms neither.
        let opened = self.archive.open_file(input, file)?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Skip);
        let metadata = ArrowReaderMetadata::load(opened.bytes(), options)
            .map_err(|error| HistoryError::Damaged { key: file.key.clone(), problem: error.to_string() })?;
        let opened = Arc::new(Opened { file: opened, metadata });
        self.cache().keep(&file.key, &opened);
        Ok(opened)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        // What a panic left is a cache still: each file in it is whole.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn find(&mut self, key: &str) -> Option<Arc<Opened>> {
        self.clock += 1;
        let (used, opened) = self.files.get_mut(key)?;
        *used = self.clock;
        Some(Arc::clone(opened))
    }

    fn keep(&mut self, key: &str, opened: &Arc<Opened>) {
        let size = |opened: &Opened| opened.file.bytes().len();
        if size(opened) > self.bytes_max || self.files.contains_key(key) {
            return;
        }
        while self.bytes + size(opened) > self.bytes_max {
            let oldest = self.files.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            let Some((_, gone)) = oldest.and_then(|key| self.files.remove(&key)) else { break };
            self.bytes -= size(&gone);
        }
        self.bytes += size(opened);
        self.clock += 1;
        self.files.insert(key.to_owned(), (self.clock, Arc::clone(opened)));
    }
}

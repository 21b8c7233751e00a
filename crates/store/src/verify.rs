//! Verifying: every chain is walked, and whatever is not as it should be is named.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Checksum, Counts, EpochNumber, Input};

use crate::layout::{self, last_step, number};
use crate::{Archive, ArchiveFile, Chain, DetectLog, FileHead, Floor, StoreError, open};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The object at fault.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Archive {
    /// Reads the whole archive, one object at a time, and names every object that is missing, torn, foreign or does not
    /// follow from the one before it. An error is one of reaching the store.
    pub fn verify(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        let mut inputs: BTreeSet<Input> = BTreeSet::new();
        for object in self.objects().list(layout::SOURCES)? {
            let declared = self.read_json(&object.key);
            if let Some(Some(source)) = note(&mut findings, declared)? {
                let source: crate::SourceDeclaration = source;
                inputs.extend(source.inputs());
            }
        }
        for object in self.objects().list(layout::EPOCHS)? {
            let input = layout::input_of(&object.key, layout::EPOCHS);
            match input.filter(|_| number(last_step(&object.key), ".parquet").is_some()) {
                None => findings.push(Finding { key: object.key, problem: "foreign: no epoch has this key".into() }),
                Some(input) => {
                    if !inputs.contains(&input) {
                        let problem = format!("{input} is no input of a source that is declared");
                        findings.push(Finding { key: object.key, problem });
                        inputs.insert(input);
                    }
                }
            }
        }
        for input in &inputs {
            self.verify_input(input, &mut findings)?;
        }
        self.verify_detect_log(&mut findings)?;
        Ok(findings)
    }

    fn verify_input(&self, input: &Input, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
        let Some(listing) = note(findings, self.listing(input))? else { return Ok(()) };
        let mut checksums = BTreeMap::new();
        let mut chain = Chain::begin(input.clone());
        if let Some(floor) = &listing.floor {
            self.verify_floor(floor, findings)?;
            chain = Chain::behind_floor(floor);
            checksums.insert(floor.head.epoch, floor.previous);
        }
        for file in &listing.epochs {
            let next = chain.next();
            // A number that is repeated cannot be: keys are unique and sorted.
            if file.first > next {
                let key = layout::epoch_key(input, next);
                let gap = StoreError::Gap { input: input.clone(), missing: next, key: key.clone() };
                findings.push(Finding { key, problem: gap.to_string() });
            }
            self.verify_epoch(file, &mut chain, &mut checksums, findings)?;
        }
        for epoch in &listing.snapshots {
            self.verify_snapshot(input, *epoch, &checksums, listing.next(), findings)?;
        }
        if let Some(Some(published)) = note(findings, self.published(input))?
            && published >= listing.next()
        {
            let problem = format!("it says {published}, the last epoch is before {}", listing.next());
            findings.push(Finding { key: layout::published_key(input), problem });
        }
        Ok(())
    }

    fn verify_epoch(
        &self,
        file: &ArchiveFile,
        chain: &mut Chain,
        checksums: &mut BTreeMap<EpochNumber, Checksum>,
        findings: &mut Vec<Finding>,
    ) -> Result<(), StoreError> {
        let Some(opened) = note(findings, self.fetch(file).and_then(|bytes| opened(&file.key, bytes)))? else {
            // What follows cannot be held against it: the chain begins anew behind it.
            chain.lose(file.last);
            return Ok(());
        };
        let FileHead::Epoch(head) = opened.head() else {
            findings.push(Finding { key: file.key.clone(), problem: "foreign: a folded file".into() });
            chain.lose(file.last);
            return Ok(());
        };
        if file.first > chain.next() {
            chain.lose(EpochNumber(file.first.0 - 1));
        }
        let checksum = opened.checksum();
        checksums.insert(head.epoch, checksum);
        if note(findings, chain.follow(&file.key, head, checksum))?.is_none() {
            chain.lose(file.last);
        }
        Ok(())
    }

    fn verify_floor(&self, floor: &Floor, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
        let mut total = Counts::default();
        for (file, named) in floor.archive_files().zip(&floor.files) {
            let Some(opened) = note(findings, self.fetch(&file).and_then(|bytes| opened(&file.key, bytes)))? else {
                return Ok(());
            };
            match opened.head() {
                FileHead::Fold(head)
                    if head.input == floor.input
                        && (head.first, head.last, head.rows) == (named.first, named.last, named.rows) =>
                {
                    total += head.counts;
                }
                _ => findings.push(Finding { key: file.key, problem: "foreign: not what its floor names".into() }),
            }
        }
        if total != floor.head.total {
            let key = layout::floor_key(&floor.input, floor.epoch);
            let problem = format!("its files count {total:?}, its epochs {:?}", floor.head.total);
            findings.push(Finding { key, problem });
        }
        Ok(())
    }

    fn verify_snapshot(
        &self,
        input: &Input,
        epoch: EpochNumber,
        checksums: &BTreeMap<EpochNumber, Checksum>,
        next: EpochNumber,
        findings: &mut Vec<Finding>,
    ) -> Result<(), StoreError> {
        let key = layout::manifest_key(input, epoch);
        if epoch >= next {
            findings.push(Finding { key, problem: format!("of epoch {epoch}, the last epoch is before {next}") });
            return Ok(());
        }
        let Some(mut reader) = note(findings, self.open_snapshot(input, epoch))? else { return Ok(()) };
        if checksums.get(&epoch).is_some_and(|checksum| *checksum != reader.manifest().checksum) {
            findings.push(Finding { key, problem: format!("it is of another epoch {epoch} than the archive's") });
        }
        while let Some(Some(_)) = note(findings, reader.next_part())? {}
        Ok(())
    }

    fn verify_detect_log(&self, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
        let log = DetectLog::new(self.objects().clone());
        for number in note(findings, log.numbers(0))?.unwrap_or_default() {
            note(findings, log.entry(number))?;
        }
        Ok(())
    }
}

fn opened(key: &str, bytes: bytes::Bytes) -> Result<crate::EpochFile, StoreError> {
    open(bytes).map_err(|e| StoreError::damaged(key, e))
}

/// Notes what is wrong with an object; passes on what is wrong with reaching it.
fn note<T>(findings: &mut Vec<Finding>, outcome: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(StoreError::Damaged { key, problem }) => {
            findings.push(Finding { key, problem });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

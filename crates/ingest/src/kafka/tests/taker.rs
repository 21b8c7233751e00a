//! A taker as the pipeline is one, which remembers what it was told.

use std::collections::BTreeSet;

use headwater_model::RawBatch;

use super::*;

/// Offset and whole length of each record.
pub(super) type Records = Vec<(i64, usize)>;

pub(super) struct Taker {
    pub reader: KafkaReader,
    /// Whether it starts what is assigned, and releases what is revoked.
    pub answers: bool,
    /// Where it starts; else where it has read to.
    pub progress: BTreeMap<Input, Progress>,
    pub owned: BTreeSet<Input>,
    pub partitions: BTreeMap<Input, u32>,
    pub terms: BTreeMap<Input, Term>,
    pub records: BTreeMap<Input, Records>,
    pub misrouted: BTreeMap<Input, Vec<i64>>,
    pub to: BTreeMap<Input, i64>,
    pub at_end: BTreeMap<Input, usize>,
    pub revoked: Vec<(Vec<Input>, bool)>,
    pub stopped: Vec<(Input, IngestError)>,
    pub grown: Vec<(String, u32, u32)>,
    pub failed: Option<IngestError>,
    started: u64,
}

impl Taker {
    pub fn new(settings: &KafkaSettings) -> Taker {
        let reader = KafkaReader::join(settings).unwrap();
        Taker {
            reader,
            answers: true,
            progress: BTreeMap::new(),
            owned: BTreeSet::new(),
            partitions: BTreeMap::new(),
            terms: BTreeMap::new(),
            records: BTreeMap::new(),
            misrouted: BTreeMap::new(),
            to: BTreeMap::new(),
            at_end: BTreeMap::new(),
            revoked: Vec::new(),
            stopped: Vec::new(),
            grown: Vec::new(),
            failed: None,
            started: 0,
        }
    }

    pub fn start(&mut self, input: &Input) {
        self.started += 1;
        let term = Term(self.started);
        self.terms.insert(input.clone(), term);
        self.at_end.remove(input);
        let read = self.to.get(input).map(|to| at(*to));
        self.reader.start(input, self.progress.get(input).or(read.as_ref()), term);
    }

    /// Takes what comes until something holds.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Taker) -> bool) {
        let deadline = Instant::now() + LONG;
        while !holds(self) {
            assert!(Instant::now() < deadline, "never: {what}; failed: {:?}; stopped: {:?}", self.failed, self.stopped);
            self.step(Duration::from_millis(50));
        }
    }

    /// Takes what comes for some time.
    pub fn during(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            self.step(Duration::from_millis(50));
        }
    }

    /// Takes one event.
    pub fn step(&mut self, at_most: Duration) {
        match self.reader.next(at_most) {
            None => {}
            Some(SourceEvent::Assigned(assignments)) => {
                for assignment in assignments {
                    assert_eq!(assignment.origin.to_uppercase(), *assignment.input.source);
                    assert!(self.owned.insert(assignment.input.clone()), "assigned twice");
                    self.partitions.insert(assignment.input.clone(), assignment.partitions);
                    if self.answers {
                        self.start(&assignment.input);
                    }
                }
            }
            Some(SourceEvent::Revoked { inputs, lost }) => {
                let rights = self.reader.rights();
                for input in &inputs {
                    assert!(self.owned.remove(input), "revoked without being assigned");
                    self.terms.remove(input);
                    assert!(!rights.hold().contains_key(input), "the right to publish is gone first");
                }
                if self.answers {
                    self.reader.release(&inputs);
                }
                self.revoked.push((inputs, lost));
            }
            // What comes of an earlier start counts no longer.
            Some(
                SourceEvent::Batch { input, term, .. }
                | SourceEvent::Moved { input, term, .. }
                | SourceEvent::AtEnd { input, term },
            ) if self.terms.get(&input) != Some(&term) => {}
            Some(SourceEvent::Batch { input, batch, to, .. }) => self.batch(input, &batch, to),
            Some(SourceEvent::Moved { input, to, .. }) => self.moved(input, to),
            Some(SourceEvent::AtEnd { input, .. }) => *self.at_end.entry(input).or_default() += 1,
            Some(SourceEvent::Grown { source, from, to }) => self.grown.push((source.to_string(), from, to)),
            Some(SourceEvent::Stopped { input, error }) => self.stopped.push((input, error)),
            Some(SourceEvent::Failed(error)) => self.failed = Some(error),
        }
    }

    fn batch(&mut self, input: Input, batch: &RawBatch, to: Progress) {
        assert_eq!(batch.partition, input.partition);
        let list = self.records.entry(input.clone()).or_default();
        for (ix, record) in batch.records.iter().enumerate() {
            let spilled = batch.spilled.iter().find(|spilled| spilled.record == ix);
            let len = match spilled {
                Some(spilled) => std::fs::read(spilled.file.as_path()).unwrap().len(),
                None => batch.bytes(record).len(),
            };
            list.push((record.offset.0, len));
        }
        let misrouted = batch.misrouted.iter().map(|ix| batch.records[*ix as usize].offset.0);
        self.misrouted.entry(input.clone()).or_default().extend(misrouted);
        self.moved(input, to);
    }

    fn moved(&mut self, input: Input, to: Progress) {
        let Progress::Offset(Offset(to)) = to else { panic!("not an offset") };
        self.to.insert(input, to);
    }

    /// Takes what comes until all that it owns, so many, are read to their ends.
    pub fn catch_up(&mut self, inputs: usize) {
        self.at_end.clear();
        self.until("all at their ends", |taker| {
            taker.owned.len() == inputs && taker.owned.iter().all(|input| taker.at_end.contains_key(input))
        });
    }

    pub fn records_of(&self, text: &str) -> Records {
        self.records.get(&input(text)).cloned().unwrap_or_default()
    }
}

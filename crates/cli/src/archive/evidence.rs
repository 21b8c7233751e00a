//! The events behind a figure, from the archive.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{
    ArchivedRow, Day, EventDay, EventTrace, EvidenceQuery, Identity, Input, KnownDay, Names, Pane, PaneKey, Sums,
};
use headwater_store::{ArchiveFile, Wanted};
use headwater_window::Panes;

use crate::archive::Holdings;

/// Bytes of decoded rows that are kept for the next question; what does not fit is read again each time. 256 MiB are
/// some three million rows.
const KEPT_BYTES_MAX: usize = 256 << 20;

/// Answers questions for events by reading the archive's files, and keeps what fits of them.
pub struct Evidence {
    kept: BTreeMap<String, Kept>,
    /// Files that did not fit.
    large: BTreeSet<String>,
    bytes: usize,
    bytes_max: usize,
}

/// A row that has a pane, under its counted day, its amounts signed.
struct Row {
    key: PaneKey,
    sums: Sums,
    /// Where its event id begins in the file's text, and its length.
    event_id: (u32, u32),
}

/// The rows of one file.
#[derive(Default)]
struct Kept {
    rows: Vec<Row>,
    text: String,
}

impl Kept {
    fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.text.capacity()
    }

    fn push(&mut self, key: PaneKey, sums: Sums, event_id: &str) {
        let size = |n: usize| u32::try_from(n).expect("what is kept is far below 4 GiB");
        let place = match self.rows.last().filter(|last| self.event_id(last) == event_id) {
            Some(last) => last.event_id,
            None => {
                let place = (size(self.text.len()), size(event_id.len()));
                self.text.push_str(event_id);
                place
            }
        };
        self.rows.push(Row { key, sums, event_id: place });
    }

    fn event_id(&self, row: &Row) -> &str {
        let (start, len) = row.event_id;
        &self.text[start as usize..][..len as usize]
    }
}

/// The panes of an event in the order in which they are told: counted day, series by texts, event day, period.
type TracePanes = BTreeMap<(KnownDay, u32, Day, u16), (PaneKey, Sums)>;

/// Hears a row: its pane under the counted day, what it adds, and its event id.
type EachRow<'a> = dyn FnMut(PaneKey, Sums, &str) + 'a;

impl Evidence {
    /// Nothing is kept yet.
    pub fn new() -> Evidence {
        Evidence::keeping(KEPT_BYTES_MAX)
    }

    /// Keeps so many bytes at most.
    pub fn keeping(bytes_max: usize) -> Evidence {
        Evidence { kept: BTreeMap::new(), large: BTreeSet::new(), bytes: 0, bytes_max }
    }

    /// What `headwater_window::Ledger::trace` answers, by counted day, over everything committed.
    ///
    /// Read twice. First all rows that lie in a query's series and days are added up by event: what is taken back
    /// cancels out, so a row that is left is in force, and its event answers. Then all rows of those events up to the
    /// query's day are added up by pane. Beside the rows that are kept, memory grows with the events in the series and
    /// days that were asked for, not with the archive.
    ///
    /// `names` are those of the queries, and the same ones each time.
    pub fn trace(
        &mut self,
        holdings: &impl Holdings,
        queries: &[EvidenceQuery],
        names: &mut Names,
    ) -> anyhow::Result<Vec<Vec<EventTrace>>> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let files = self.files(holdings)?;
        let answering = self.answering(holdings, &files, queries, names)?;
        let mut found: Vec<BTreeMap<Identity, (Box<str>, TracePanes)>> =
            queries.iter().map(|_| BTreeMap::new()).collect();
        if !answering.is_empty() {
            let rank = series_ranks(names);
            let sources: Vec<u32> = names.series.iter().map(|(_, series)| series.source.raw()).collect();
            self.each(holdings, &files, names, &mut |key, sums, event_id| {
                // The rows of an event that answers are older than the question, and so are their series.
                let Some(&source) = sources.get(key.series.index()) else { return };
                let identity = identity(source, event_id);
                for &number in answering.get(&identity).into_iter().flatten() {
                    if key.known_on <= queries[number].as_of {
                        let (_, panes) =
                            found[number].entry(identity).or_insert_with(|| (event_id.into(), TracePanes::new()));
                        let order = (key.known_on, rank[key.series.index()], key.event_day.0, key.period_days);
                        let (_, held) = panes.entry(order).or_insert((key, Sums::default()));
                        *held = held.checked_add(sums).expect("65,536 items of at most 10^14 mg each fit 64 bits");
                    }
                }
            })?;
        }
        Ok(found.into_iter().map(|events| traces(events.into_values(), names)).collect())
    }

    /// The events that have a row in force for a query, each with its queries.
    fn answering(
        &mut self,
        holdings: &impl Holdings,
        files: &[(Input, ArchiveFile)],
        queries: &[EvidenceQuery],
        names: &mut Names,
    ) -> anyhow::Result<BTreeMap<Identity, Vec<usize>>> {
        let mut asking: Vec<(u32, Vec<usize>)> =
            names.series.iter().map(|(_, series)| (series.source.raw(), Vec::new())).collect();
        for (number, query) in queries.iter().enumerate() {
            for series in &query.series {
                asking[series.index()].1.push(number);
            }
        }
        let mut standing: BTreeMap<(Identity, usize), i64> = BTreeMap::new();
        self.each(holdings, files, names, &mut |key, sums, event_id| {
            // A series that was met after the question was asked is in none.
            let Some((source, asking)) = asking.get(key.series.index()) else { return };
            for &number in asking {
                let query = &queries[number];
                if (query.from..=query.to).contains(&key.period().last()) && key.known_on <= query.as_of {
                    *standing.entry((identity(*source, event_id), number)).or_default() += sums.events;
                }
            }
        })?;
        let mut answering: BTreeMap<Identity, Vec<usize>> = BTreeMap::new();
        for ((identity, number), rows) in standing {
            if rows > 0 {
                answering.entry(identity).or_default().push(number);
            }
        }
        Ok(answering)
    }

    /// Everything committed by now; what is kept of other files is forgotten.
    fn files(&mut self, holdings: &impl Holdings) -> anyhow::Result<Vec<(Input, ArchiveFile)>> {
        let mut files = Vec::new();
        for input in holdings.inputs()? {
            files.extend(holdings.stock(&input)?.files.into_iter().map(|file| (input.clone(), file)));
        }
        let keys: BTreeSet<&str> = files.iter().map(|(_, file)| file.key.as_str()).collect();
        self.kept.retain(|key, _| keys.contains(key.as_str()));
        self.large.retain(|key| keys.contains(key.as_str()));
        let bytes = self.kept.values().map(Kept::bytes).sum();
        if bytes < self.bytes {
            self.large.clear();
        }
        self.bytes = bytes;
        Ok(files)
    }

    fn each(
        &mut self,
        holdings: &impl Holdings,
        files: &[(Input, ArchiveFile)],
        names: &mut Names,
        each: &mut EachRow<'_>,
    ) -> anyhow::Result<()> {
        for (input, file) in files {
            if let Some(kept) = self.kept.get(&file.key) {
                kept.rows.iter().for_each(|row| each(row.key, row.sums, kept.event_id(row)));
                continue;
            }
            let room = self.bytes_max.saturating_sub(self.bytes);
            let mut keep = (!self.large.contains(&file.key)).then(Kept::default);
            holdings.read(input, file, Wanted::Ledger, names, &mut |row: &ArchivedRow<'_>| {
                if let (Some(of), Some(counted_on)) = (row.of, row.counted_on) {
                    let (key, sums) = (of.key(counted_on), of.sums(row.sign));
                    each(key, sums, row.event_id);
                    keep = keep.take().filter(|kept| kept.bytes() <= room);
                    if let Some(kept) = &mut keep {
                        kept.push(key, sums, row.event_id);
                    }
                }
                Ok(())
            })?;
            match keep.filter(|kept| kept.bytes() <= room) {
                Some(mut kept) => {
                    kept.rows.shrink_to_fit();
                    kept.text.shrink_to_fit();
                    self.bytes += kept.bytes();
                    self.kept.insert(file.key.clone(), kept);
                }
                None => {
                    self.large.insert(file.key.clone());
                }
            }
        }
        Ok(())
    }
}

/// Tells events apart while a question is answered; the number of a source stands for its name.
fn identity(source: u32, event_id: &str) -> Identity {
    let mut digits = [b'a'; 8];
    for (place, digit) in digits.iter_mut().enumerate() {
        *digit += (source >> (4 * place) & 0xf) as u8;
    }
    Identity::of(std::str::from_utf8(&digits).expect("sixteen small letters"), event_id)
}

/// Events by source and event id, without the panes that are zero.
fn traces(events: impl Iterator<Item = (Box<str>, TracePanes)>, names: &Names) -> Vec<EventTrace> {
    let trace = |(event_id, panes): (Box<str>, TracePanes)| {
        let (first, _) = panes.first_key_value()?.1;
        Some(EventTrace {
            source: names.sources.get(names.series.get(first.series).source).clone(),
            event_id,
            panes: panes.into_values().filter(|(_, s)| !s.is_zero()).map(|(key, sums)| Pane { key, sums }).collect(),
        })
    };
    let mut traces: Vec<EventTrace> = events.filter_map(trace).collect();
    traces.sort_unstable_by(|a, b| (&a.source, &a.event_id).cmp(&(&b.source, &b.event_id)));
    traces
}

/// The place of every series in the order of texts, in which panes are sorted.
fn series_ranks(names: &Names) -> Vec<u32> {
    let mut panes = Panes::default();
    for (series, _) in names.series.iter() {
        let key = PaneKey { series, event_day: EventDay(Day(0)), period_days: 1, known_on: KnownDay(Day(0)) };
        panes.add(key, Sums { events: 1, ..Sums::default() }).expect("one event a pane");
    }
    let mut ranks = vec![0; names.series.len()];
    for (rank, pane) in (0..).zip(panes.sorted(names).up_to(None)) {
        ranks[pane.key.series.index()] = rank;
    }
    ranks
}

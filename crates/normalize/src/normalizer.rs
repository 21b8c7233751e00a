//! The stage: a batch of raw records in, observations and rejects out.

use std::sync::Arc;

use arrow_array::RecordBatch;
use headwater_catalog::Catalog;
use headwater_model::{
    Access, Country, Head, Id, Identity, Names, Observations, RECORD_BYTES_MAX, RawBatch, Reason, Reject, Row, Series,
    Status, Table,
};

use crate::avro::{Frames, WriterSchemas};
use crate::columns::Columns;
use crate::content::Content;
use crate::event::Event;
use crate::fault::{Fault, Judged, Path};
use crate::faults::TypeFaults;
use crate::item::{self, Judgement};
use crate::json_form;
use crate::judge;
use crate::key::{Key, Order};
use crate::limits::ACCESS_CLASSES_MAX;
use crate::resolve::Resolver;
use crate::settings::{Settings, UnixSeconds};
use crate::texts::{Record, Texts};

/// Reads records. It goes with one [`Names`]: it counts the access classes of each source by their numbers there.
///
/// ```
/// use headwater_catalog::Catalog;
/// use headwater_model::{Names, Observations, Offset, Partition, RawBatch, RawRecord};
/// use headwater_normalize::{Normalizer, Settings};
/// let text = br#"{"event_id":"42","source":"US-CBP","kind":"seizure","occurred_on":"2020-02-01","reported_at":"2020-03-01T00:00:00Z",
///     "place":"US","items":[{"name":"Heroin","quantity":{"value":2.5,"unit":"lb"}}]}"#;
/// let batch = RawBatch {
///     data: text.as_slice().into(),
///     records: vec![RawRecord { start: 0, len: text.len() as u32, offset: Offset(0), line: 1 }],
///     origin: "seizures.ndjson".into(),
///     partition: Partition(0),
///     spilled: Vec::new(),
///     misrouted: Vec::new(),
/// };
/// let (mut names, mut out) = (Names::default(), Observations::default());
/// Normalizer::new(Catalog::embedded(), Settings::default()).process(&batch, &mut names, &mut out);
/// assert_eq!(out.rows[0].mass_mg, Some(1_133_981)); // 1133980.925, rounded
/// assert!(out.rejects.is_empty());
/// ```
pub struct Normalizer {
    settings: Settings,
    resolver: Resolver,
    event: Event,
    order: Order,
    frames: Frames,
    content: Content,
    items: Vec<Judgement>,
    /// The access classes met of each source, by the source's number.
    classes: Vec<Vec<Id<Access>>>,
    columns: Option<Columns>,
    unknown_fields: u64,
}

impl Normalizer {
    /// A normaliser that fills no columns for the archive.
    pub fn new(catalog: Arc<Catalog>, settings: Settings) -> Normalizer {
        Normalizer {
            settings,
            resolver: Resolver::new(catalog),
            event: Event::default(),
            order: Order::default(),
            frames: Frames::default(),
            content: Content::default(),
            items: Vec::new(),
            classes: Vec::new(),
            columns: None,
            unknown_fields: 0,
        }
    }

    /// The same, with the archive's columns filled on the way, for [`Normalizer::record_batch`].
    #[must_use]
    pub fn with_columns(self) -> Normalizer {
        Normalizer { columns: Some(Columns::default()), ..self }
    }

    /// The same, reading Avro too: records in the Confluent frame whose schema is one of these.
    #[must_use]
    pub fn with_writer_schemas(self, schemas: Arc<WriterSchemas>) -> Normalizer {
        Normalizer { frames: Frames::new(schemas), ..self }
    }

    /// Sets when the next batches arrived.
    pub fn set_arrival(&mut self, arrival: Option<UnixSeconds>) {
        self.settings.arrival = arrival;
    }

    /// Counts the access classes that these names have of each source, as if it had met them itself: for a normaliser that
    /// goes on where another ended.
    pub fn know(&mut self, names: &Names) {
        for (_, series) in names.series.iter() {
            let source = series.source.index();
            if self.classes.len() <= source {
                self.classes.resize_with(source + 1, Vec::new);
            }
            if !self.classes[source].contains(&series.access) {
                self.classes[source].push(series.access);
            }
        }
    }

    /// Records so far, good ones, that had fields which the contract does not know.
    pub fn unknown_fields(&self) -> u64 {
        self.unknown_fields
    }

    /// Reads a batch into `out`, which is emptied first and keeps its memory. Every record ends as one head or one
    /// reject.
    pub fn process(&mut self, batch: &RawBatch, names: &mut Names, out: &mut Observations) {
        out.heads.clear();
        out.rows.clear();
        out.rejects.clear();
        out.text.clear();
        if let Some(columns) = &mut self.columns {
            columns.clear();
        }
        self.frames.clear();
        for input in 0..batch.records.len() {
            let record = batch.bytes(&batch.records[input]);
            if Frames::is_framed(record) {
                self.frames.bring_words(record, &mut out.text);
            }
            let (text, rows) = (out.text.len(), out.rows.len());
            if let Err(fault) = self.record(batch, input, names, out) {
                out.text.truncate(text);
                out.rows.truncate(rows);
                let Fault { reason, field, message } = *fault;
                out.rejects.push(Reject { input: input as u32, reason, field, message });
            }
        }
    }

    /// What the last batch was read as, in the archive's form ([`archive_schema`](crate::archive_schema)): the rows, then
    /// the withdrawals, then the rejects. `None` without [`Normalizer::with_columns`].
    pub fn record_batch(&mut self, batch: &RawBatch, names: &Names, out: &Observations) -> Option<RecordBatch> {
        self.columns.as_mut().map(|columns| columns.record_batch(batch, names, out))
    }

    fn record(&mut self, batch: &RawBatch, input: usize, names: &mut Names, out: &mut Observations) -> Judged<()> {
        let raw = &batch.records[input];
        let bytes = readable(batch, input)?;
        self.event.clear();
        let (record, mut faults) = if Frames::is_framed(bytes) {
            self.frames.decode(bytes, raw.start, &mut out.text, &mut self.event)?
        } else {
            json(bytes, raw.start, &mut out.text, &mut self.order, &mut self.event)?
        };
        let texts = Texts { record, base: raw.start, owned: &out.text };
        let (event, content, settings) = (&self.event, &mut self.content, &self.settings);
        content.clear();
        let core = judge::core(texts, event, &mut faults, settings, content)?;
        let known_on = core.reported.day();
        let mut head = Head {
            identity: Identity::of(core.source, core.event_id),
            rank: core.rank,
            known_on,
            content: 0,
            source: Id::new(0),
            event_id: event.event_id.expect("the core was judged: there is an event id"),
            first_row: out.rows.len() as u32,
            rows: 0,
            input: input as u32,
        };
        if core.rank.status == Status::Withdrawn {
            // It says nothing else: whatever more it repeats of the event is not looked at.
            head.source = names.sources.intern(core.source);
            head.content = content.hash();
            out.heads.push(head);
            return Ok(());
        }

        let when = judge::when(texts, event, &mut faults, settings, known_on, content)?;
        self.resolver.make_room();
        self.items.clear();
        let (mut place, mut incidents) = (None, 1);
        let (stops, destination);
        let mut unknown = event.unknown_field;
        if when.evidence.is_trade() {
            let path = Path::of(Key::Item);
            let item = event.item.as_ref().ok_or_else(|| Fault::missing(path))?;
            let quantity = (event.quantity.as_ref(), Path::of(Key::Quantity));
            self.items.push(item::judge(texts, (item, path), quantity, &mut self.resolver, content)?);
            (stops, destination) = judge::route(texts, event, None, self.resolver.catalog(), content)?;
            unknown |= event.place.is_some() || !event.items.is_empty() || event.incidents.is_some();
        } else {
            let seized = judge::place(texts, event, self.resolver.catalog(), content)?;
            let path = Path::of(Key::Items);
            if event.items.is_empty() {
                return Err(Fault::missing(path));
            }
            content.number(event.items.len() as u64);
            for (i, item) in event.items.iter().enumerate() {
                let path = path.at(i);
                let quantity = (item.quantity.as_ref(), path.then(Key::Quantity));
                self.items.push(item::judge(texts, (item, path), quantity, &mut self.resolver, content)?);
            }
            incidents = judge::incidents(texts, event, content)?;
            let country: Option<Country> = Some(seized.country);
            (stops, destination) = judge::route(texts, event, country, self.resolver.catalog(), content)?;
            place = Some(seized);
            unknown |= event.item.is_some() || event.quantity.is_some();
        }
        judge::particulars(texts, event, content)?;
        let access = judge::access(texts, event, content)?;

        // All is judged but the number of classes: from here on the names grow.
        let source = names.sources.intern(core.source);
        head.source = source;
        head.content = content.hash();
        head.rows = self.items.len() as u32;
        let access = class_of(&access, source, &mut self.classes, &mut names.accesses)?;
        let route = stops.to(destination, &mut names.routes);
        let place = place.map(|p| names.places.intern_with(&p, Clone::clone));
        self.unknown_fields += u64::from(unknown);
        for (i, judgement) in self.items.iter().enumerate() {
            let substance = self.resolver.get(judgement.resolved).id(names);
            let flags =
                if unknown { judgement.flags.with(headwater_model::Flags::UNKNOWN_FIELD) } else { judgement.flags };
            let series =
                Series { substance, route, source, evidence: when.evidence, place, access, flagged: flags.derived() };
            let repeated = out.rows[head.first_row as usize..]
                .iter()
                .any(|row| names.series.get(row.series).substance == substance);
            out.rows.push(Row {
                series: names.series.intern_with(&series, |s| *s),
                event_day: when.event_day,
                period_days: when.period_days,
                item: i as u16,
                flags,
                mass_mg: judgement.mass_mg,
                pieces: judgement.pieces,
                incidents: if repeated { 0 } else { incidents },
            });
        }
        if let Some(columns) = &mut self.columns {
            columns.push(texts, event, &self.items, &mut self.resolver);
        }
        out.heads.push(head);
        Ok(())
    }
}

/// The bytes of a record, if they may be looked at.
fn readable(batch: &RawBatch, input: usize) -> Judged<&[u8]> {
    if !batch.misrouted.is_empty() && batch.misrouted.binary_search(&(input as u32)).is_ok() {
        let message = format!("its key belongs into another partition than {}", batch.partition);
        return Err(Fault::record(Reason::Misrouted, message));
    }
    let len = batch.whole_len(input);
    if len > RECORD_BYTES_MAX as u64 {
        let message = format!("the record has {len} bytes, {RECORD_BYTES_MAX} are allowed");
        return Err(Fault::record(Reason::TooLarge, message));
    }
    Ok(batch.bytes(&batch.records[input]))
}

/// Reads a record of JSON that starts at `base` in its batch.
#[inline]
fn json<'r>(
    bytes: &'r [u8],
    base: u32,
    text: &mut Vec<u8>,
    order: &mut Order,
    event: &mut Event,
) -> Judged<(Record<'r>, TypeFaults)> {
    let record = str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        Fault::record(Reason::BadUtf8, format!("byte {at} ({:#04x}) is not UTF-8", bytes[at]))
    })?;
    Ok((Record::Text(record), json_form::decode(record, base, text, order, event)?))
}

/// The number of an access class, if its source has not too many already.
fn class_of(
    access: &Access,
    source: Id<Box<str>>,
    classes: &mut Vec<Vec<Id<Access>>>,
    accesses: &mut Table<Access>,
) -> Judged<Id<Access>> {
    if classes.len() <= source.index() {
        classes.resize_with(source.index() + 1, Vec::new);
    }
    let classes = &mut classes[source.index()];
    let met = accesses.find(access).filter(|id| classes.contains(id));
    if let Some(id) = met {
        return Ok(id);
    }
    if classes.len() == ACCESS_CLASSES_MAX {
        let path = Path::of(if access.releasable_to.is_empty() { Key::Marking } else { Key::ReleasableTo });
        let message =
            format!("the source has {ACCESS_CLASSES_MAX} access classes already, and this is another: {access}");
        return Err(Fault::new(Reason::BadMarking, path, message));
    }
    let id = accesses.intern_with(access, Clone::clone);
    classes.push(id);
    Ok(id)
}

/// Decodes every record of a batch and judges none: the measure of what judging costs. Gives how many are JSON, or Avro
/// by one of the schemas.
#[doc(hidden)]
pub fn decode_alone(batch: &RawBatch, schemas: &Arc<WriterSchemas>) -> usize {
    let (mut text, mut order, mut event) = (Vec::new(), Order::default(), Event::default());
    let mut frames = Frames::new(Arc::clone(schemas));
    let good = batch.records.iter().enumerate().filter(|(input, raw)| {
        event.clear();
        readable(batch, *input).is_ok_and(|bytes| {
            if Frames::is_framed(bytes) {
                frames.bring_words(bytes, &mut text);
                return frames.decode(bytes, raw.start, &mut text, &mut event).is_ok();
            }
            json(bytes, raw.start, &mut text, &mut order, &mut event).is_ok()
        })
    });
    good.count()
}

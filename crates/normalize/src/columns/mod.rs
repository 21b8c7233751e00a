//! The archive's Arrow form of a batch.
//!
//! What the heads and rows hold is taken from them when the record batch is made; only what they lack is gathered while
//! decoding, as views into the input.

mod numbers;
mod schema;
mod views;
mod words;

use std::sync::Arc;

use arrow_array::builder::make_view;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{
    ArrayRef, BinaryArray, Int8Array, Int32Array, Int64Array, RecordBatch, StringViewArray, new_null_array,
};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_schema::DataType;
use headwater_model::{
    Evidence, Head, Names, Observations, RAW_BYTES_MAX, RawBatch, Reason, Reject, Series, Span, Status,
};

use crate::event::Event;
use crate::item::Judgement;
use crate::resolve::Resolver;
use crate::texts::Texts;
pub use schema::archive_schema;
use views::Views;
use words::{Keys, column};

/// Where the text of a view lies: the batch's input, its unescaped texts, the suggestions.
const INPUT: u32 = 0;
const UNESCAPED: u32 = 1;
const SUGGESTED: u32 = 2;

/// What heads and rows lack, row by row.
#[derive(Default)]
pub(crate) struct Columns {
    rows: usize,
    hs: Views,
    raw_name: Views,
    raw_cas: Views,
    raw_value: Views,
    raw_unit: Views,
    basis: Views,
    qualifier: Views,
    value_amount: Views,
    value_currency: Views,
    suggestion: Views,
    form: Views,
    mode: Views,
    consignor: Views,
    consignee: Views,
    permit: Views,
    refers_to: Views,
    purity: Vec<Option<f64>>,
    suggestions: Vec<u8>,
}

impl Columns {
    pub fn clear(&mut self) {
        let Columns {
            rows,
            hs,
            raw_name,
            raw_cas,
            raw_value,
            raw_unit,
            basis,
            qualifier,
            value_amount,
            value_currency,
            suggestion,
            form,
            mode,
            consignor,
            consignee,
            permit,
            refers_to,
            purity,
            suggestions,
        } = self;
        for column in [
            hs,
            raw_name,
            raw_cas,
            raw_value,
            raw_unit,
            basis,
            qualifier,
            value_amount,
            value_currency,
            suggestion,
            form,
            mode,
            consignor,
            consignee,
            permit,
            refers_to,
        ] {
            column.clear();
        }
        *rows = 0;
        purity.clear();
        suggestions.clear();
    }

    /// The rows of one event.
    #[inline]
    pub fn push(&mut self, texts: Texts<'_>, event: &Event, items: &[Judgement], resolver: &mut Resolver) {
        let view =
            |span: Span| make_view(texts.get(span).as_bytes(), if span.owned { UNESCAPED } else { INPUT }, span.start);
        let trade_item = event.item.as_ref().filter(|_| event.items.is_empty());
        for (i, judgement) in items.iter().enumerate() {
            let row = self.rows;
            self.rows += 1;
            let set = |column: &mut Views, span: Option<Span>| {
                if let Some(span) = span {
                    column.set(row, view(span));
                }
            };
            if let Some(item) = trade_item.or_else(|| event.items.get(i)) {
                set(&mut self.raw_name, item.name);
                set(&mut self.raw_cas, item.cas);
                set(&mut self.form, item.form);
                if let Some(purity) = item.purity_percent.and_then(|p| texts.get(p).parse().ok()) {
                    self.purity.resize(row, None);
                    self.purity.push(Some(purity));
                }
                if let Some(quantity) = item.quantity.as_ref().or(event.quantity.as_ref()) {
                    set(&mut self.raw_value, quantity.value);
                    set(&mut self.raw_unit, quantity.unit);
                    set(&mut self.basis, quantity.basis);
                    set(&mut self.qualifier, quantity.qualifier);
                }
            }
            set(&mut self.mode, event.mode);
            set(&mut self.consignor, event.consignor);
            set(&mut self.consignee, event.consignee);
            set(&mut self.permit, event.permit);
            set(&mut self.refers_to, event.refers_to_raw);
            if let Some(value) = event.value {
                set(&mut self.value_amount, value.amount);
                set(&mut self.value_currency, value.currency);
            }
            let resolved = resolver.get(judgement.resolved);
            if let Some(hs) = &resolved.hs {
                self.hs.set(row, make_view(hs.as_bytes(), INPUT, 0)); // at most 12 digits: the view holds them
            }
            if let Some(suggestion) = &resolved.suggestion {
                let at = self.suggestions.len() as u32;
                self.suggestions.extend_from_slice(suggestion.as_bytes());
                self.suggestion.set(row, make_view(suggestion.as_bytes(), SUGGESTED, at));
            }
        }
    }

    /// The record batch: rows, withdrawals, rejects. The gathered columns move into it.
    pub fn record_batch(&mut self, batch: &RawBatch, names: &Names, out: &Observations) -> RecordBatch {
        let of_rows = out.heads.iter().flat_map(|h| std::iter::repeat_n(h, h.rows as usize));
        let withdrawn = out.heads.iter().filter(|h| h.rank.status == Status::Withdrawn);
        let heads: Vec<&Head> = of_rows.chain(withdrawn).collect();
        let rows = heads.len() + out.rejects.len();
        let buffers: Arc<[Buffer]> = Arc::from([
            batch.data.clone(),
            Buffer::from_slice_ref(&out.text),
            Buffer::from_vec(std::mem::take(&mut self.suggestions)),
        ]);

        let inputs = heads.iter().map(|h| h.input).chain(out.rejects.iter().map(|r| r.input));
        let offsets = inputs.map(|i| batch.records[i as usize].offset.0);
        let signs = (0..rows).map(|i| i8::from(i < out.rows.len()));
        let statuses: ScalarBuffer<u32> = heads.iter().map(|h| h.rank.status as u32).collect();
        let known_on = numbers::first::<Date32Type>(rows, heads.iter().map(|h| h.known_on.0.0));
        let event_days = out.rows.iter().map(|r| r.event_day.0.0);

        let all_series: Vec<&Series> = out.rows.iter().map(|r| names.series.get(r.series)).collect();
        let series = || all_series.iter();
        let sources = Keys::new(&names.sources, rows, heads.iter().map(|h| Some(h.source)));
        let substances = Keys::new(&names.substances, rows, series().map(|s| Some(s.substance)));
        let routes = Keys::new(&names.routes, rows, series().map(|s| Some(s.route)));
        let places = Keys::new(&names.places, rows, series().map(|s| s.place));
        let accesses = Keys::new(&names.accesses, rows, series().map(|s| Some(s.access)));
        let evidences: ScalarBuffer<u32> = series().map(|s| s.evidence as u32).collect();
        let destination = routes.column(|r| Some(r.destination().to_string()));

        let mut event_id = Views::default();
        for (row, head) in heads.iter().enumerate() {
            let Span { owned, start, len } = head.event_id;
            let (whole, block) = if owned { (&out.text[..], UNESCAPED) } else { (&batch.data[..], INPUT) };
            event_id.set(row, make_view(&whole[start as usize..(start + len) as usize], block, start));
        }
        let none = heads.len();
        let raw = out.rejects.iter().map(|r| {
            let short = batch.whole_len(r.input as usize) <= RAW_BYTES_MAX as u64;
            short.then(|| batch.bytes(&batch.records[r.input as usize]))
        });
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int8Array::from_iter_values(signs)),
            sources.column(Some),
            event_id.array(rows, &buffers),
            numbers::first::<UInt32Type>(rows, heads.iter().map(|h| h.rank.revision)),
            column(&statuses, rows, &["reported", "withdrawn"].map(Some)),
            numbers::first::<UInt16Type>(rows, out.rows.iter().map(|r| r.item)),
            numbers::first::<UInt64Type>(rows, heads.iter().map(|h| h.content)),
            column(&evidences, rows, &Evidence::ALL.map(|kind| Some(kind.as_str()))),
            numbers::first::<Date32Type>(rows, event_days),
            numbers::first::<UInt16Type>(rows, out.rows.iter().map(|r| r.period_days)),
            known_on.clone(),
            known_on,
            substances.column(Some),
            self.hs.array(rows, &buffers),
            routes.column(|r| Some(r.to_string())),
            routes.column(|r| Some(r.origin().to_string())),
            destination.clone(),
            destination,
            places.column(|p| Some(p.country.to_string())),
            places.column(|p| p.subdivision.as_deref()),
            places.column(|p| p.office.as_deref()),
            numbers::some::<Int64Type>(rows, out.rows.iter().map(|r| r.mass_mg)),
            numbers::some::<Int64Type>(rows, out.rows.iter().map(|r| r.pieces)),
            numbers::first::<Int64Type>(rows, out.rows.iter().map(|r| r.incidents)),
            self.raw_name.array(rows, &buffers),
            self.raw_cas.array(rows, &buffers),
            self.raw_value.array(rows, &buffers),
            self.raw_unit.array(rows, &buffers),
            self.basis.array(rows, &buffers),
            self.qualifier.array(rows, &buffers),
            self.value_amount.array(rows, &buffers),
            self.value_currency.array(rows, &buffers),
            self.suggestion.array(rows, &buffers),
            self.form.array(rows, &buffers),
            numbers::some::<Float64Type>(rows, self.purity.iter().copied()),
            self.mode.array(rows, &buffers),
            self.consignor.array(rows, &buffers),
            self.consignee.array(rows, &buffers),
            self.permit.array(rows, &buffers),
            self.refers_to.array(rows, &buffers),
            numbers::first::<UInt16Type>(rows, out.rows.iter().map(|r| r.flags.0)),
            accesses.column(|a| Some(a.marking.as_str())),
            accesses.column(|a| (!a.releasable_to.is_empty()).then(|| a.releasable_to.join(","))),
            column(&vec![0; rows].into(), rows, &[Some(&*batch.origin)]),
            Arc::new(Int32Array::from_value(batch.partition.0, rows)),
            Arc::new(Int64Array::from_iter_values(offsets)),
            reasons(none, &out.rejects),
            of_rejects(none, out.rejects.iter().map(|r| &*r.field)),
            of_rejects(none, out.rejects.iter().map(|r| &*r.message)),
            Arc::new(BinaryArray::from_iter(std::iter::repeat_n(None, none).chain(raw))),
        ];
        self.clear();
        RecordBatch::try_new(archive_schema(), arrays).expect("the columns are those of the schema, all of one length")
    }
}

fn reasons(none: usize, rejects: &[Reject]) -> ArrayRef {
    let keys = std::iter::repeat_n(u32::MAX, none).chain(rejects.iter().map(|r| r.reason as u32)).collect();
    // In the order of their numbers, which is that of the list.
    column(&keys, none + rejects.len(), &Reason::ALL.map(|r| Some(r.as_str())))
}

fn of_rejects<'a>(none: usize, texts: impl ExactSizeIterator<Item = &'a str>) -> ArrayRef {
    if texts.len() == 0 {
        return new_null_array(&DataType::Utf8View, none);
    }
    Arc::new(StringViewArray::from_iter(std::iter::repeat_n(None, none).chain(texts.map(Some))))
}

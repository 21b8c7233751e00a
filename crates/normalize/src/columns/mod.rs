//! The archive's Arrow form of a batch.
//!
//! What the heads and rows hold is taken from them when the record batch is made; only what they lack is gathered while
//! decoding, as views into the input.

mod schema;
mod views;
mod words;

use std::sync::Arc;

use arrow_array::builder::make_view;
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Float64Array, Int8Array, Int32Array, Int64Array, RecordBatch, StringViewArray,
    UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::Buffer;
use headwater_model::{Head, Names, Observations, RawBatch, Reason, Row, Series, Span, Status};

use crate::event::Event;
use crate::item::Judgement;
use crate::resolve::Resolver;
use crate::texts::Texts;
pub use schema::archive_schema;
use views::Views;
use words::{Dense, column};

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
        let of_row: Vec<&Head> = out.heads.iter().flat_map(|h| std::iter::repeat_n(h, h.rows as usize)).collect();
        let withdrawn = out.heads.iter().filter(|h| h.rank.status == Status::Withdrawn);
        let heads: Vec<&Head> = of_row.iter().copied().chain(withdrawn).collect();
        let rows = heads.len() + out.rejects.len();
        let buffers: Arc<[Buffer]> = Arc::from([
            batch.data.clone(),
            Buffer::from_slice_ref(&out.text),
            Buffer::from_vec(std::mem::take(&mut self.suggestions)),
        ]);

        let inputs = || heads.iter().map(|h| h.input).chain(out.rejects.iter().map(|r| r.input));
        let by_head = |f: fn(&Head) -> u32| {
            let values = heads.iter().map(|h| Some(f(h))).chain(out.rejects.iter().map(|_| None));
            UInt32Array::from_iter(values)
        };
        let known_on = || Date32Array::from_iter((0..rows).map(|i| heads.get(i).map(|h| h.known_on.0.0)));
        let signs = (0..rows).map(|i| i8::from(i < out.rows.len()));

        let mut series = Dense::new();
        let series_keys: Vec<u32> = out.rows.iter().map(|r| series.key(r.series.raw())).collect();
        let by_series = |f: &dyn Fn(&Series) -> Option<String>| {
            let words = series.order.iter().map(|n| f(names.series.get(headwater_model::Id::new(*n))));
            column(&series_keys, rows, words)
        };
        let mut sources = Dense::new();
        let source_keys: Vec<u32> = heads.iter().map(|h| sources.key(h.source.raw())).collect();
        let source_words = sources.order.iter().map(|n| Some(names.sources.get(headwater_model::Id::new(*n))));
        let status_keys: Vec<u32> = heads.iter().map(|h| h.rank.status as u32).collect();

        let mut event_id = Views::default();
        for (row, head) in heads.iter().enumerate() {
            let Span { owned, start, len } = head.event_id;
            let (whole, block) = if owned { (&out.text[..], UNESCAPED) } else { (&batch.data[..], INPUT) };
            event_id.set(row, make_view(&whole[start as usize..(start + len) as usize], block, start));
        }
        let place = |s: &Series| s.place.map(|p| names.places.get(p));
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(Int8Array::from_iter_values(signs)),
            column(&source_keys, rows, source_words),
            event_id.array(rows, &buffers),
            Arc::new(by_head(|h| h.rank.revision)),
            column(&status_keys, rows, ["reported", "withdrawn"].into_iter().map(Some)),
            Arc::new(UInt16Array::from_iter((0..rows).map(|i| out.rows.get(i).map(|r| r.item)))),
            Arc::new(UInt64Array::from_iter((0..rows).map(|i| heads.get(i).map(|h| h.content)))),
            by_series(&|s| Some(s.evidence.to_string())),
            Arc::new(Date32Array::from_iter((0..rows).map(|i| out.rows.get(i).map(|r| r.event_day.0.0)))),
            Arc::new(UInt16Array::from_iter((0..rows).map(|i| out.rows.get(i).map(|r| r.period_days)))),
            Arc::new(known_on()),
            Arc::new(known_on()),
            by_series(&|s| Some(names.substances.get(s.substance).to_string())),
            self.hs.array(rows, &buffers),
            by_series(&|s| Some(names.routes.get(s.route).to_string())),
            by_series(&|s| Some(names.routes.get(s.route).origin().to_string())),
            by_series(&|s| Some(names.routes.get(s.route).destination().to_string())),
            by_series(&|s| Some(names.market(s).to_string())),
            by_series(&|s| place(s).map(|p| p.country.to_string())),
            by_series(&|s| place(s).and_then(|p| p.subdivision.as_deref()).map(str::to_owned)),
            by_series(&|s| place(s).and_then(|p| p.office.as_deref()).map(str::to_owned)),
            amounts(rows, &out.rows, |r| r.mass_mg),
            amounts(rows, &out.rows, |r| r.pieces),
            amounts(rows, &out.rows, |r| Some(r.incidents)),
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
            Arc::new(Float64Array::from_iter((0..rows).map(|i| self.purity.get(i).copied().flatten()))),
            self.mode.array(rows, &buffers),
            self.consignor.array(rows, &buffers),
            self.consignee.array(rows, &buffers),
            self.permit.array(rows, &buffers),
            self.refers_to.array(rows, &buffers),
            Arc::new(UInt16Array::from_iter((0..rows).map(|i| out.rows.get(i).map(|r| r.flags.0)))),
            by_series(&|s| Some(names.accesses.get(s.access).marking.to_string())),
            by_series(&|s| {
                let list = &names.accesses.get(s.access).releasable_to;
                (!list.is_empty()).then(|| list.join(","))
            }),
            column(&vec![0; rows], rows, std::iter::once(Some(&*batch.origin))),
            Arc::new(Int32Array::from_value(batch.partition.0, rows)),
            Arc::new(Int64Array::from_iter_values(inputs().map(|i| batch.records[i as usize].offset.0))),
            self.reasons(rows, heads.len(), out),
            of_rejects(heads.len(), out.rejects.iter().map(|r| &*r.field)),
            of_rejects(heads.len(), out.rejects.iter().map(|r| &*r.message)),
            Arc::new(BinaryArray::from_iter(
                heads
                    .iter()
                    .map(|_| None)
                    .chain(out.rejects.iter().map(|r| Some(batch.bytes(&batch.records[r.input as usize])))),
            )),
        ];
        self.clear();
        RecordBatch::try_new(archive_schema(), arrays).expect("the columns are those of the schema, all of one length")
    }

    fn reasons(&self, rows: usize, heads: usize, out: &Observations) -> ArrayRef {
        // The rows before have the key of a word that is none.
        let none = Reason::ALL.len() as u32;
        let keys: Vec<u32> =
            std::iter::repeat_n(none, heads).chain(out.rejects.iter().map(|r| r.reason as u32)).collect();
        column(&keys, rows, Reason::ALL.iter().map(|r| Some(r.as_str())).chain([None]))
    }
}

fn amounts(rows: usize, of: &[Row], f: impl Fn(&Row) -> Option<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter((0..rows).map(|i| of.get(i).and_then(&f))))
}

fn of_rejects<'a>(heads: usize, texts: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringViewArray::from_iter(std::iter::repeat_n(None, heads).chain(texts.map(Some))))
}

//! One record, decoded and not yet judged: stretches of text under the names of the contract.

use headwater_model::Span;

/// The fields of a trade event or a seizure event; `kind` tells which of them count.
#[derive(Default)]
pub(crate) struct Event {
    pub event_id: Option<Span>,
    pub revision: Option<Span>,
    pub status: Option<Span>,
    pub kind: Option<Span>,
    pub occurred_on: Option<Span>,
    pub period_days: Option<Span>,
    pub reported_at: Option<Span>,
    pub source: Option<Span>,
    pub item: Option<Item>,
    pub quantity: Option<Quantity>,
    pub origin: Option<Span>,
    pub destination: Option<Span>,
    pub via: Vec<Span>,
    pub mode: Option<Span>,
    pub consignor: Option<Span>,
    pub consignee: Option<Span>,
    pub permit: Option<Span>,
    pub refers_to: Vec<Reference>,
    pub value: Option<Money>,
    pub marking: Option<Span>,
    pub releasable_to: Vec<Span>,
    pub place: Option<Place>,
    pub items: Vec<Item>,
    pub incidents: Option<Span>,
    /// Where the whole list of references stands, for the archive's column.
    pub refers_to_raw: Option<Span>,
    /// Whether a field was met that the contract does not know.
    pub unknown_field: bool,
}

/// `item`, or one of `items`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Item {
    pub name: Option<Span>,
    pub cas: Option<Span>,
    pub hs: Option<Span>,
    pub description: Option<Span>,
    pub purity_percent: Option<Span>,
    pub form: Option<Span>,
    pub quantity: Option<Quantity>,
}

/// `quantity`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Quantity {
    pub value: Option<Span>,
    pub unit: Option<Span>,
    pub basis: Option<Span>,
    pub qualifier: Option<Span>,
}

/// `value`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Money {
    pub amount: Option<Span>,
    pub currency: Option<Span>,
}

/// One of `refers_to`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reference {
    pub source: Option<Span>,
    pub event_id: Option<Span>,
}

/// `place`: a code alone is the country of a place without parts.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    pub country: Option<Span>,
    pub subdivision: Option<Span>,
    pub office: Option<Span>,
    /// Whether it was an object, whose country has a path of its own.
    pub in_parts: bool,
}

impl Event {
    /// Empties it for the next record, in place; the lists keep their memory.
    pub fn clear(&mut self) {
        let Event {
            event_id,
            revision,
            status,
            kind,
            occurred_on,
            period_days,
            reported_at,
            source,
            item,
            quantity,
            origin,
            destination,
            via,
            mode,
            consignor,
            consignee,
            permit,
            refers_to,
            value,
            marking,
            releasable_to,
            place,
            items,
            incidents,
            refers_to_raw,
            unknown_field,
        } = self;
        for field in [
            event_id,
            revision,
            status,
            kind,
            occurred_on,
            period_days,
            reported_at,
            source,
            origin,
            destination,
            mode,
            consignor,
            consignee,
            permit,
            marking,
            incidents,
            refers_to_raw,
        ] {
            *field = None;
        }
        *item = None;
        *quantity = None;
        via.clear();
        refers_to.clear();
        *value = None;
        releasable_to.clear();
        *place = None;
        items.clear();
        *unknown_field = false;
    }
}

//! The field names of the contract.

/// Declares the names once: the enum in the contract's order, and the way back to text.
macro_rules! keys {
    ($($key:ident $text:literal,)*) => {
        /// A field name of the contract, in the contract's order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(crate) enum Key { $($key,)* }

        impl Key {
            pub const ALL: &[Key] = &[$(Key::$key),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Key::$key => $text,)* }
            }

            /// The name as it stands before its value when nobody puts blanks or escapes there.
            pub const fn with_colon(self) -> &'static [u8] {
                match self { $(Key::$key => concat!("\"", $text, "\":").as_bytes(),)* }
            }
        }
    };
}

keys! {
    EventId "event_id",
    Revision "revision",
    Status "status",
    Kind "kind",
    OccurredOn "occurred_on",
    PeriodDays "period_days",
    ReportedAt "reported_at",
    Source "source",
    Item "item",
    Quantity "quantity",
    Origin "origin",
    Destination "destination",
    Via "via",
    Mode "mode",
    Consignor "consignor",
    Consignee "consignee",
    Permit "permit",
    RefersTo "refers_to",
    Value "value",
    Marking "marking",
    ReleasableTo "releasable_to",
    Place "place",
    Items "items",
    Incidents "incidents",
    Name "name",
    Cas "cas",
    Hs "hs",
    Description "description",
    PurityPercent "purity_percent",
    Form "form",
    Unit "unit",
    Basis "basis",
    Qualifier "qualifier",
    Amount "amount",
    Currency "currency",
    Country "country",
    Subdivision "subdivision",
    Office "office",
}

impl Key {
    /// Reads a name. Sorted by length first, so that each comparison is one of machine words.
    pub fn of(name: &[u8]) -> Option<Key> {
        Some(match name.len() {
            2 if name == b"hs" => Key::Hs,
            3 => match name {
                b"via" => Key::Via,
                b"cas" => Key::Cas,
                _ => return None,
            },
            4 => match name {
                b"kind" => Key::Kind,
                b"item" => Key::Item,
                b"name" => Key::Name,
                b"unit" => Key::Unit,
                b"mode" => Key::Mode,
                b"form" => Key::Form,
                _ => return None,
            },
            5 => match name {
                b"value" => Key::Value,
                b"items" => Key::Items,
                b"place" => Key::Place,
                b"basis" => Key::Basis,
                _ => return None,
            },
            6 => match name {
                b"source" => Key::Source,
                b"origin" => Key::Origin,
                b"status" => Key::Status,
                b"permit" => Key::Permit,
                b"amount" => Key::Amount,
                b"office" => Key::Office,
                _ => return None,
            },
            7 => match name {
                b"marking" => Key::Marking,
                b"country" => Key::Country,
                _ => return None,
            },
            8 => match name {
                b"event_id" => Key::EventId,
                b"quantity" => Key::Quantity,
                b"revision" => Key::Revision,
                b"currency" => Key::Currency,
                _ => return None,
            },
            9 => match name {
                b"consignor" => Key::Consignor,
                b"consignee" => Key::Consignee,
                b"refers_to" => Key::RefersTo,
                b"incidents" => Key::Incidents,
                b"qualifier" => Key::Qualifier,
                _ => return None,
            },
            11 => match name {
                b"occurred_on" => Key::OccurredOn,
                b"reported_at" => Key::ReportedAt,
                b"destination" => Key::Destination,
                b"period_days" => Key::PeriodDays,
                b"description" => Key::Description,
                b"subdivision" => Key::Subdivision,
                _ => return None,
            },
            13 if name == b"releasable_to" => Key::ReleasableTo,
            14 if name == b"purity_percent" => Key::PurityPercent,
            _ => return None,
        })
    }
}

/// Which name followed which, the last time: a producer writes the fields of its events in one order, so that a name is
/// compared with the one that is expected instead of being looked for.
pub(crate) struct Order {
    next: [Key; 2 * Key::ALL.len() + 1],
}

/// A place in the order of names.
#[derive(Clone, Copy)]
pub(crate) struct OrderPlace(usize);

impl Default for Order {
    fn default() -> Order {
        Order { next: [Key::EventId; 2 * Key::ALL.len() + 1] }
    }
}

impl OrderPlace {
    /// At the start of an event.
    pub const EVENT: OrderPlace = OrderPlace(2 * Key::ALL.len());

    /// At the start of the object that is the value of `key`.
    pub fn within(key: Key) -> OrderPlace {
        OrderPlace(Key::ALL.len() + key as usize)
    }

    /// Behind the value of `key`.
    pub fn after(key: Key) -> OrderPlace {
        OrderPlace(key as usize)
    }
}

impl Order {
    /// The name that stood there last time.
    #[inline]
    pub fn expected(&self, place: OrderPlace) -> Key {
        self.next[place.0]
    }

    pub fn note(&mut self, place: OrderPlace, key: Key) {
        self.next[place.0] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for key in Key::ALL {
            assert_eq!(Key::of(key.as_str().as_bytes()), Some(*key));
            let other = format!("{}x", &key.as_str()[1..]);
            assert_eq!(Key::of(other.as_bytes()), None, "{other}");
        }
    }
}

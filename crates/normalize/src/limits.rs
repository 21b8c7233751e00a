//! Every limit of a record, with its reason, and what happens to words outside a closed list.
//!
//! A length or count over its limit is `too_large`, a number or day outside its range `out_of_range`. A word that is
//! none of a closed list is `bad_kind` for `kind`, `status`, `mode` and `quantity.basis`, `bad_unit` for
//! `quantity.unit`, `bad_marking` for `marking`. An empty string counts as absent, and so does `null`.

/// Deepest nesting of objects and arrays. The contract needs 4 (`items[0].quantity`); the rest is room for fields that
/// it does not know, and little enough that reading one recursively never strains a stack.
pub const NESTING_MAX: u32 = 32;
/// Longest `event_id`, in characters: the contract's own limit.
pub const EVENT_ID_CHARS_MAX: usize = 128;
/// Longest `source`, in characters: the contract's own limit.
pub const SOURCE_CHARS_MAX: usize = 64;
/// Longest chemical name, in characters: the longest systematic names of controlled substances have about 150.
pub const NAME_CHARS_MAX: usize = 512;
/// Longest free text (`item.description`), in characters: a customs line has at most some hundreds.
pub const DESCRIPTION_CHARS_MAX: usize = 4096;
/// Longest of the other texts (party, permit, form, subdivision, office, organisation, ...), in characters.
pub const TEXT_CHARS_MAX: usize = 256;
/// Fewest and most digits of an HS code: a chapter has 2, the longest national codes 12.
pub const HS_DIGITS: std::ops::RangeInclusive<usize> = 2..=12;
/// Most items of one seizure: court records list some hundreds; a longer list is a table in disguise.
pub const ITEMS_MAX: usize = 1024;
/// Most events that one event refers to.
pub const REFERS_TO_MAX: usize = 256;
/// Most organisations that a record is releasable to: there are 194 countries that have one.
pub const RELEASABLE_TO_MAX: usize = 256;
/// Most access classes of one source: panes are kept apart by them, so their number multiplies memory.
pub const ACCESS_CLASSES_MAX: usize = 256;
/// Most significant digits of a number. A double in full has 17; 21 digits times the longest conversion ratio (2^57, a
/// gallon by its density) still fit 128 bits, so that every conversion is exact.
pub const NUMBER_DIGITS_MAX: u32 = 21;
/// Most digits of a fraction of a second: attoseconds fit 64 bits, and no clock is finer.
pub const FRACTION_DIGITS_MAX: usize = 18;
/// Days that `occurred_on` of a pre-export notice may lie after its known day: the goods leave later, but within the
/// validity of a permit.
pub const NOTICE_AHEAD_DAYS_MAX: i32 = 400;
/// Days that `occurred_on` of any other event may lie after its known day: the calendar date of the source may be ahead
/// of UTC by one, and a declaration is filed a day early.
pub const AHEAD_DAYS_MAX: i32 = 2;
/// Default of [`Settings::too_late_days`](crate::Settings::too_late_days): 20 years.
pub const TOO_LATE_DAYS: i32 = 7305;
/// Seconds by which `reported_at` may be ahead of the arrival: a source's clock in the wrong time zone, no more.
pub const FUTURE_SECONDS_MAX: i64 = 86_400;
/// Longest period of a figure, in days: a leap year.
pub const PERIOD_DAYS_MAX: u32 = 366;
/// Entries of the cache from raw item to substance; it is emptied when full. Real streams name some thousands.
pub const RESOLVED_MAX: usize = 1 << 15;
/// Bytes of raw names in that cache, for streams whose names never repeat.
pub const RESOLVED_BYTES_MAX: usize = 8 << 20;
/// Characters of a value that a message repeats.
pub const MESSAGE_VALUE_CHARS: usize = 60;
/// Most types of a writer's schema, references included: the contract's own schemas have about 100.
pub const AVRO_TYPES_MAX: usize = 20_000;
/// Most digits of a writer's decimal: what fits 128 bits. More than [`NUMBER_DIGITS_MAX`] of them that are not zeros at
/// its end are refused as in any number.
pub const AVRO_DECIMAL_DIGITS_MAX: u64 = 38;

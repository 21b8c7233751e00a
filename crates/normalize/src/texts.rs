//! The text behind the stretches of one record.

use headwater_model::{Reason, Span};

use crate::decimal::Decimal;
use crate::fault::{Fault, Judged, Path, shown};
use crate::limits::NUMBER_DIGITS_MAX;

/// The bytes of one record.
#[derive(Clone, Copy)]
pub(crate) enum Record<'a> {
    /// They are text as a whole.
    Text(&'a str),
    /// Stretches of them are text, each by itself.
    Binary(&'a [u8]),
}

impl<'a> Record<'a> {
    /// The stretch of text between two positions, if it is one.
    #[inline]
    pub fn text(self, start: usize, end: usize) -> Option<&'a str> {
        match self {
            Record::Text(text) => text.get(start..end),
            Record::Binary(bytes) => str::from_utf8(bytes.get(start..end)?).ok(),
        }
    }

    /// Whether there is one.
    #[inline]
    pub fn is_text(self, start: usize, end: usize) -> bool {
        match self {
            Record::Text(text) => text.is_char_boundary(start) && text.is_char_boundary(end),
            Record::Binary(bytes) => bytes.get(start..end).is_some_and(|bytes| str::from_utf8(bytes).is_ok()),
        }
    }
}

/// One record's own bytes, and those of its texts that stand there in another form.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'a> {
    pub record: Record<'a>,
    /// Where the record starts in its batch.
    pub base: u32,
    pub owned: &'a [u8],
}

impl<'a> Texts<'a> {
    #[inline]
    pub fn get(self, span: Span) -> &'a str {
        let end = (span.start + span.len) as usize;
        if span.owned {
            // Only whole characters are written there.
            return self.owned.get(span.start as usize..end).and_then(|b| str::from_utf8(b).ok()).unwrap_or_default();
        }
        // JSON's stretches start and end beside a quote or a digit, never inside a character; Avro's were looked at.
        self.record.text((span.start - self.base) as usize, end - self.base as usize).unwrap_or_default()
    }

    /// A text that must stand.
    #[inline]
    pub fn required(self, span: Option<Span>, path: Path) -> Judged<&'a str> {
        match span {
            Some(span) => Ok(self.get(span)),
            None => Err(Fault::missing(path)),
        }
    }

    /// A text that may stand, of at most `max` characters.
    #[inline]
    pub fn limited(self, span: Option<Span>, path: Path, max: usize) -> Judged<Option<&'a str>> {
        let Some(span) = span else { return Ok(None) };
        let text = self.get(span);
        limit(text, path, max)?;
        Ok(Some(text))
    }

    /// A word of a closed list.
    #[inline]
    pub fn word<T>(
        self,
        span: Option<Span>,
        path: Path,
        reason: Reason,
        list: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Judged<Option<T>> {
        let Some(span) = span else { return Ok(None) };
        let text = self.get(span);
        match parse(text) {
            Some(word) => Ok(Some(word)),
            None => Err(Fault::new(reason, path, format!("{path} {} is none of {list}", shown(text)))),
        }
    }

    /// A decimal that is not negative.
    #[inline]
    pub fn decimal(self, span: Span, path: Path) -> Judged<Decimal> {
        let text = self.get(span);
        let Some(decimal) = Decimal::read(text.as_bytes()) else {
            let message = format!("{path} {text:.60} has more than {NUMBER_DIGITS_MAX} significant digits");
            return Err(Fault::new(Reason::TooLarge, path, message));
        };
        if decimal.negative {
            return Err(Fault::new(Reason::OutOfRange, path, format!("{path} {text:.60} is negative")));
        }
        Ok(decimal)
    }

    /// A whole number between `low` and `high`.
    #[inline]
    pub fn whole(self, span: Option<Span>, path: Path, low: u64, high: u64) -> Judged<Option<u64>> {
        let Some(span) = span else { return Ok(None) };
        let text = self.get(span);
        let decimal = Decimal::read(text.as_bytes());
        if decimal.is_some_and(|d| !d.is_whole()) {
            let message = format!("{path} must be a whole number, not {text:.60}");
            return Err(Fault::new(Reason::WrongType, path, message));
        }
        match decimal.and_then(Decimal::whole).filter(|n| (low..=high).contains(n)) {
            Some(n) => Ok(Some(n)),
            None => {
                let message = format!("{path} {text:.60} is not between {low} and {high}");
                Err(Fault::new(Reason::OutOfRange, path, message))
            }
        }
    }
}

/// Refuses a text of more than `max` characters.
#[inline]
pub(crate) fn limit(text: &str, path: Path, max: usize) -> Judged<()> {
    // A text has at most as many characters as bytes: most need no count.
    if text.len() > max && text.chars().count() > max {
        let message = format!("{path} has more than {max} characters: {}", shown(text));
        return Err(Fault::new(Reason::TooLarge, path, message));
    }
    Ok(())
}

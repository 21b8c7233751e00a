//! What is allowed at most, and the checks of it.

use crate::PeopleError;

/// Bytes of an alert's id: 16 of a hash as text, with room for other schemes.
pub const ALERT_BYTES_MAX: usize = 128;
/// Bytes of a person's, a process's or an organisation's handle: an OpenID subject has at most 255.
pub const HANDLE_BYTES_MAX: usize = 255;
/// Bytes of a note: two pages of text.
pub const NOTE_BYTES_MAX: usize = 8_000;
/// Notes on one alert. Beyond it a case file is the better place.
pub const NOTES_MAX: i64 = 1_000;
/// Transitions of one alert: three a day for nine years.
pub const TRANSITIONS_MAX: i64 = 10_000;
/// An alert may be acknowledged for a year: what is put aside for longer is closed.
pub const ACKNOWLEDGED_MS_MAX: i64 = 366 * 86_400_000;
/// Alerts in one bulk action: what a person has looked at, and one short transaction.
pub const BULK_MAX: usize = 200;
/// Rows that one question may ask for.
pub const PAGE_MAX: u32 = 1_000;
/// Alerts of which it is kept what one reader saw; the longest not looked at are forgotten beyond it.
pub const SEEN_MAX: i64 = 20_000;
/// Changes that are kept for others to poll; who is further behind reads everything again.
pub const CHANGES_MAX: i64 = 100_000;

/// Bytes of the name of a view or a key: one line.
pub const NAME_BYTES_MAX: usize = 200;
/// Bytes of a view's filters.
pub const FILTERS_BYTES_MAX: usize = 16_384;
/// Views of one reader: more are no tabs any more.
pub const VIEWS_MAX: i64 = 50;
/// Organisations that one reads for.
pub const ORGANISATIONS_MAX: i64 = 64;
/// Keys that are good at one time.
pub const KEYS_MAX: i64 = 1_000;
/// A key is good for 13 months at most; so long it is still listed after its end.
pub const KEY_MS_MAX: i64 = 400 * 86_400_000;
/// How often it is written down that a key or a session was used.
pub const USED_EVERY_MS: i64 = 60_000;
/// A session is good for a month at most.
pub const SESSION_MS_MAX: i64 = 31 * 86_400_000;
/// Sessions of one person.
pub const SESSIONS_EACH_MAX: i64 = 20;
/// Sessions of all.
pub const SESSIONS_MAX: i64 = 100_000;
/// A sign-in may take so long, a second factor included.
pub const LOGIN_MS: i64 = 600_000;
/// Sign-ins under way.
pub const LOGINS_MAX: i64 = 10_000;
/// Bytes of a text of a sign-in: RFC 7636 allows a verifier 128; a way back may be a long URL.
pub const LOGIN_TEXT_BYTES_MAX: usize = 4_096;
/// Bytes of what an entry of the audit log is about.
pub const AUDIT_OBJECT_BYTES_MAX: usize = 512;
/// Bytes of what else an entry says.
pub const AUDIT_DETAIL_BYTES_MAX: usize = 4_096;

/// Refuses a text that is empty, longer than `max` bytes, or holds control characters other than line breaks and tabs.
pub(crate) fn text(field: &'static str, value: &str, max: usize) -> Result<(), PeopleError> {
    if value.is_empty() {
        return Err(PeopleError::Empty { field });
    }
    free_text(field, value, max)
}

/// As [`text`], and it may be empty.
pub(crate) fn free_text(field: &'static str, value: &str, max: usize) -> Result<(), PeopleError> {
    if value.len() > max {
        let begins = value.chars().take(40).collect();
        return Err(PeopleError::TooLong { field, begins, bytes: value.len(), max });
    }
    match value.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
        Some(character) => Err(PeopleError::Control { field, character }),
        None => Ok(()),
    }
}

/// Refuses a number outside `min..=max`.
pub(crate) fn number(field: &'static str, value: i64, min: i64, max: i64) -> Result<(), PeopleError> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(PeopleError::OutOfRange { field, value, min, max }) }
}

/// Refuses one more where there are `max` already.
pub(crate) fn count(what: &'static str, count: i64, max: i64) -> Result<(), PeopleError> {
    if count < max { Ok(()) } else { Err(PeopleError::TooMany { what, count, max }) }
}

/// Refuses a page of no row or of more than [`PAGE_MAX`].
pub(crate) fn page(rows: u32) -> Result<i64, PeopleError> {
    number("limit", rows.into(), 1, PAGE_MAX.into())?;
    Ok(rows.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_field_and_value() {
        let said = |result: Result<(), PeopleError>| result.unwrap_err().to_string();
        assert_eq!(said(text("note", "", 5)), "note is empty");
        assert_eq!(said(text("note", "abcdef", 5)), "note: \"abcdef\" has 6 bytes, 5 are allowed");
        assert_eq!(said(text("note", "a\u{0}", 5)), "note holds the control character '\\0'");
        assert_eq!(said(number("limit", 0, 1, 9)), "limit: 0 is not within 1 to 9");
        assert_eq!(said(count("notes", 9, 9)), "there are 9 notes already, 9 are allowed");
        assert!(text("note", "a\nb", 5).is_ok() && count("notes", 8, 9).is_ok() && page(1).is_ok());
    }
}

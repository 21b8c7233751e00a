//! Pages: so many rows behind a cursor.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headwater_model::Day;
use serde::{Deserialize, Serialize};

use crate::{Bounds, HistoryError};

/// Longest cursor: an event id and a source of 192 letters at most, each up to six bytes of JSON, in base64.
const CURSOR_BYTES_MAX: usize = 4_096;

/// Which page of an answer is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows at most.
    pub size: usize,
    /// The cursor of the page before; none for the first.
    pub after: Option<String>,
}

impl Default for Page {
    fn default() -> Page {
        Page { size: 100, after: None }
    }
}

/// Where a page ended: behind this row. It stays good while epochs are committed and folded, for it names the row and
/// not its place: what was on no page yet and comes after it is found, and nothing is found twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Of the question, so that a cursor is not taken for another's.
    pub question: u64,
    pub day: Day,
    pub source: String,
    pub event_id: String,
    pub rest: (u32, i32, i8, i32),
}

impl Cursor {
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn read(text: &str) -> Option<Cursor> {
        if text.len() > CURSOR_BYTES_MAX {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

impl Page {
    /// The place behind which the page begins; `question` is the number of the question.
    pub(crate) fn begin(&self, question: u64, bounds: &Bounds) -> Result<Option<Cursor>, HistoryError> {
        if !(1..=bounds.page_rows_max).contains(&self.size) {
            return Err(HistoryError::PageSize { given: self.size, limit: bounds.page_rows_max });
        }
        let Some(text) = &self.after else { return Ok(None) };
        let wrong = |reason| {
            let value = text.chars().take(64).collect();
            HistoryError::Cursor { value, reason }
        };
        let cursor = Cursor::read(text).ok_or_else(|| wrong("it is no cursor"))?;
        if cursor.question != question {
            return Err(wrong("it is of another question"));
        }
        Ok(Some(cursor))
    }
}

/// The number of a question: the same for the same question.
pub(crate) fn question(parts: &impl std::fmt::Debug) -> u64 {
    xxhash_rust::xxh3::xxh3_64(format!("{parts:?}").as_bytes())
}

//! A page of a list of people's state.

use headwater_people::PAGE_MAX;
use utoipa::IntoParams;

use crate::Problem;
use crate::params::Params;

/// Rows of a page, where nothing else is asked for.
const ROWS: usize = 100;

/// Parameters of a list that has nothing but pages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "the description of what `Params` reads")]
pub(crate) struct PageQuery {
    /// 1 to 1,000; 100 without it.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which page is asked for.
pub(super) struct Page<C> {
    /// Behind which row it begins; none: with the first.
    pub after: Option<C>,
    /// How many rows it has at most.
    pub rows: u32,
}

impl<C> Page<C> {
    /// Reads a query that asks for nothing else; `cursor` reads where the page begins.
    pub fn read(query: Option<&str>, cursor: impl Fn(&str) -> Option<C>) -> Result<Page<C>, Problem> {
        let mut params = Params::new(query)?;
        let rows = params.limit(ROWS, PAGE_MAX as usize)?;
        let after = params.one("cursor", "`next_cursor` of an answer", cursor)?;
        params.finish()?;
        Ok(Page { after, rows: u32::try_from(rows).unwrap_or(PAGE_MAX) })
    }

    /// Where the page after these rows begins; none after a page that is not full.
    pub fn next<T>(&self, rows: &[T], cursor: impl Fn(&T) -> String) -> Option<String> {
        rows.last().filter(|_| rows.len() == self.rows as usize).map(cursor)
    }
}

impl Page<String> {
    /// Reads a query for a page of a list by id.
    pub fn by_id(query: Option<&str>) -> Result<Page<String>, Problem> {
        Page::read(query, |cursor| crate::params::is_id(cursor).then(|| cursor.to_owned()))
    }

    /// The id behind which it begins; empty: with the first.
    pub fn after_id(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }
}

//! Saved views: a reader's filters under a name, their own or shared within an organisation.

use headwater_model::{Clearance, Marking};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use crate::database::Writing;
use crate::secret;
use crate::{By, FILTERS_BYTES_MAX, HANDLE_BYTES_MAX, Moment, NAME_BYTES_MAX, People, PeopleError, VIEWS_MAX, limit};

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its id; no secret.
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// What it shows.
    pub of: Filters,
    /// How often it was saved, from 1.
    pub version: u64,
    /// When it was last saved.
    pub changed: Moment,
}

/// What a view shows, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    /// Its name, one of a kind per owner.
    pub name: String,
    /// The filters: a JSON object, as it was given.
    pub filters: String,
    /// The organisation whose readers see it too; none: its owner alone.
    pub organisation: Option<String>,
    /// The label of what name and filters say: whoever may see less does not see the view either.
    pub marking: Marking,
}

impl Filters {
    fn check(&self) -> Result<(), PeopleError> {
        limit::text("name", &self.name, NAME_BYTES_MAX)?;
        limit::text("filters", &self.filters, FILTERS_BYTES_MAX)?;
        if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&self.filters) {
            return Err(PeopleError::NotAnObject { field: "filters", why: error.to_string() });
        }
        self.organisation.as_deref().map_or(Ok(()), |name| limit::text("organisation", name, HANDLE_BYTES_MAX))
    }
}

impl People {
    /// Saves a new view.
    ///
    /// # Errors
    /// [`PeopleError::NameTaken`] where the owner has one of that name, [`PeopleError::NotAnObject`] for filters that are
    /// no JSON object, [`PeopleError::TooMany`] beyond [`VIEWS_MAX`], a limit on a text, [`PeopleError::Sql`].
    pub async fn create_view(&self, of: &Filters, owner: By<'_>) -> Result<View, PeopleError> {
        owner.check()?;
        of.check()?;
        let id = secret::draw_id()?;
        let mut tx = self.write().await?;
        tx.lock_views().await?;
        let count = "SELECT COUNT(*) FROM views WHERE owner = $1";
        let row = sqlx::query(count).bind(owner.who).fetch_one(&mut *tx.sql).await?;
        limit::count("views", row.try_get(0)?, VIEWS_MAX)?;
        tx.is_free(&of.name, owner.who, &id).await?;
        sqlx::query(
            "INSERT INTO views (id, owner, name, filters, organisation, marking, version, changed_ms)
             VALUES ($1, $2, '', '', '', '', 0, 0)",
        )
        .bind(&id)
        .bind(owner.who)
        .execute(&mut *tx.sql)
        .await?;
        tx.save(&id, of, owner.at).await?;
        tx.commit().await?;
        Ok(View { id, owner: owner.who.to_owned(), of: of.clone(), version: 1, changed: owner.at })
    }

    /// Saves a view of one's own in place of the version that was seen; none where there is none that they may see.
    ///
    /// # Errors
    /// [`PeopleError::StaleView`] with what stands now where the version is another, and as [`People::create_view`].
    pub async fn change_view(
        &self,
        id: &str,
        seen: u64,
        of: &Filters,
        owner: By<'_>,
        clearance: &Clearance,
    ) -> Result<Option<View>, PeopleError> {
        of.check()?;
        let mut tx = self.write().await?;
        tx.lock_views().await?;
        let Some(mut view) = tx.own_view(id, seen, owner.who, clearance).await? else { return Ok(None) };
        tx.is_free(&of.name, owner.who, id).await?;
        tx.save(id, of, owner.at).await?;
        tx.commit().await?;
        view = View { of: of.clone(), version: view.version + 1, changed: owner.at, ..view };
        Ok(Some(view))
    }

    /// Forgets a view of one's own in the version that was seen. Whether there was one that they may see.
    ///
    /// # Errors
    /// [`PeopleError::StaleView`] where the version is another, [`PeopleError::Sql`].
    pub async fn delete_view(
        &self,
        id: &str,
        seen: u64,
        owner: &str,
        clearance: &Clearance,
    ) -> Result<bool, PeopleError> {
        let mut tx = self.write().await?;
        tx.lock_views().await?;
        if tx.own_view(id, seen, owner, clearance).await?.is_none() {
            return Ok(false);
        }
        sqlx::query("DELETE FROM views WHERE id = $1").bind(id).execute(&mut *tx.sql).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A view that a reader may see: up to their label, their own or one that is shared with an organisation for which
    /// they read.
    ///
    /// # Errors
    /// [`PeopleError::Sql`].
    pub async fn view(&self, id: &str, reader: &str, clearance: &Clearance) -> Result<Option<View>, PeopleError> {
        let row = sqlx::query("SELECT * FROM views WHERE id = $1").bind(id).fetch_optional(&self.pool).await?;
        let view = row.as_ref().map(read).transpose()?;
        Ok(view.filter(|view| may_see(view, reader, clearance)))
    }

    /// The views that a reader may see, by id, of those whose id comes after `after` (empty: from the first).
    ///
    /// # Errors
    /// [`PeopleError::OutOfRange`] for a page that is too large, [`PeopleError::Sql`].
    pub async fn views(
        &self,
        reader: &str,
        clearance: &Clearance,
        after: &str,
        rows: u32,
    ) -> Result<Vec<View>, PeopleError> {
        let rows = limit::page(rows)?;
        let labels = Marking::ALL.into_iter().filter(|label| *label <= clearance.marking());
        let mut values: Vec<&str> = labels.map(Marking::as_str).collect();
        // The numbers of what is bound begin behind reader, id and count.
        let places =
            |from: usize, count: usize| (from..from + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let labels = places(4, values.len());
        let shared = if clearance.may_see(Marking::Clear, &["none"]) {
            "organisation <> ''".to_owned()
        } else {
            // A list that stands for nobody is nobody's, also of who reads for an organisation of that name.
            let readable = clearance.organisations().iter().filter(|one| clearance.may_see(Marking::Clear, &[one]));
            let before = values.len();
            values.extend(readable.map(|organisation| &**organisation));
            match values.len() - before {
                0 => "1 = 0".to_owned(),
                count => format!("organisation IN ({})", places(4 + before, count)),
            }
        };
        let sql = format!(
            "SELECT * FROM views WHERE id > $2 AND marking IN ({labels}) AND (owner = $1 OR {shared}) ORDER BY id LIMIT $3"
        );
        // Of our own words and numbers alone.
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(reader).bind(after).bind(rows);
        for value in values {
            query = query.bind(value);
        }
        let found = query.fetch_all(&self.pool).await?;
        let views: Vec<View> = found.iter().map(read).collect::<Result<_, _>>()?;
        // By the same function as everything else, whatever the question said.
        Ok(views.into_iter().filter(|view| may_see(view, reader, clearance)).collect())
    }
}

/// Also an owner sees no view above their label: it may have been lowered since they saved it.
fn may_see(view: &View, reader: &str, clearance: &Clearance) -> bool {
    let shared = view.of.organisation.as_ref().map(|organisation| [organisation]);
    view.of.marking <= clearance.marking()
        && (view.owner == reader || shared.is_some_and(|with| clearance.may_see(view.of.marking, &with)))
}

impl Writing {
    /// One after the other: two of one owner take no name twice.
    async fn lock_views(&mut self) -> Result<(), PeopleError> {
        sqlx::query("UPDATE counters SET value = value + 1 WHERE name = 'view'").execute(&mut *self.sql).await?;
        Ok(())
    }

    /// Refuses a name that another view of the owner has.
    async fn is_free(&mut self, name: &str, owner: &str, id: &str) -> Result<(), PeopleError> {
        let taken = sqlx::query("SELECT id FROM views WHERE owner = $1 AND name = $2 AND id <> $3")
            .bind(owner)
            .bind(name)
            .bind(id)
            .fetch_optional(&mut *self.sql)
            .await?;
        if taken.is_some() { Err(PeopleError::NameTaken { name: name.to_owned() }) } else { Ok(()) }
    }

    /// Puts what a view shows in place of what it showed: the next version.
    async fn save(&mut self, id: &str, of: &Filters, at: Moment) -> Result<(), PeopleError> {
        sqlx::query(
            "UPDATE views SET name = $2, filters = $3, organisation = $4, marking = $5, version = version + 1,
             changed_ms = $6 WHERE id = $1",
        )
        .bind(id)
        .bind(&of.name)
        .bind(&of.filters)
        .bind(of.organisation.as_deref().unwrap_or_default())
        .bind(of.marking.as_str())
        .bind(at.0)
        .execute(&mut *self.sql)
        .await?;
        Ok(())
    }

    /// A view of an owner, in the version that was seen, where they may see it.
    async fn own_view(
        &mut self,
        id: &str,
        seen: u64,
        owner: &str,
        clearance: &Clearance,
    ) -> Result<Option<View>, PeopleError> {
        let row = sqlx::query("SELECT * FROM views WHERE id = $1 AND owner = $2")
            .bind(id)
            .bind(owner)
            .fetch_optional(&mut *self.sql)
            .await?;
        let view = row.as_ref().map(read).transpose()?.filter(|view| may_see(view, owner, clearance));
        match view {
            Some(current) if current.version != seen => {
                Err(PeopleError::StaleView { seen, current: Box::new(current) })
            }
            view => Ok(view),
        }
    }
}

fn read(row: &AnyRow) -> Result<View, PeopleError> {
    let (organisation, marking): (String, String) = (row.try_get("organisation")?, row.try_get("marking")?);
    let label = Marking::parse(&marking);
    let label = label.ok_or(PeopleError::Corrupt { table: "views", column: "marking", value: marking })?;
    Ok(View {
        id: row.try_get("id")?,
        owner: row.try_get("owner")?,
        of: Filters {
            name: row.try_get("name")?,
            filters: row.try_get("filters")?,
            organisation: Some(organisation).filter(|organisation| !organisation.is_empty()),
            marking: label,
        },
        version: row.try_get::<i64, _>("version")?.unsigned_abs(),
        changed: Moment(row.try_get("changed_ms")?),
    })
}

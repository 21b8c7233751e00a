//! What somebody may do and see.

use headwater_model::{Clearance, Marking};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{HANDLE_BYTES_MAX, ORGANISATIONS_MAX, PeopleError, limit};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Read.
    Viewer,
    /// Read, and decide of alerts.
    Analyst,
    /// Give and take access, and read the audit log.
    Admin,
    /// A program that reads.
    Service,
}

impl Role {
    /// All.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Analyst, Role::Admin, Role::Service];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Analyst => "analyst",
            Role::Admin => "admin",
            Role::Service => "service",
        }
    }

    /// Reads a word, letter for letter.
    pub fn parse(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// What a key or a session may do and see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    roles: Vec<Role>,
    clearance: Clearance,
}

/// A grant as columns of a row.
pub(crate) struct Columns {
    pub(crate) roles: String,
    pub(crate) marking: &'static str,
    pub(crate) organisations: String,
}

impl Grant {
    /// Of roles and a clearance.
    pub fn new(roles: impl IntoIterator<Item = Role>, clearance: Clearance) -> Grant {
        let mut roles: Vec<Role> = roles.into_iter().collect();
        roles.sort_unstable();
        roles.dedup();
        Grant { roles, clearance }
    }

    /// The roles, sorted.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// What may be seen.
    pub fn clearance(&self) -> &Clearance {
        &self.clearance
    }

    /// Whether a role is among them.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// One line for the audit log.
    pub(crate) fn told(&self) -> String {
        let organisations = self.clearance.organisations().len();
        format!("{} {} of {organisations} organisations", self.words(), self.clearance.marking())
    }

    fn words(&self) -> String {
        self.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn columns(&self) -> Result<Columns, PeopleError> {
        let organisations = self.clearance.organisations();
        limit::number("organisations", organisations.len() as i64, 0, ORGANISATIONS_MAX)?;
        for organisation in organisations {
            limit::text("organisation", organisation, HANDLE_BYTES_MAX)?;
        }
        let organisations: Vec<&str> = organisations.iter().map(|organisation| &**organisation).collect();
        let organisations = serde_json::Value::from(organisations).to_string();
        Ok(Columns { roles: self.words(), marking: self.clearance.marking().as_str(), organisations })
    }

    /// Reads the columns `roles`, `marking` and `organisations` of a table's row.
    pub(crate) fn read(table: &'static str, row: &AnyRow) -> Result<Grant, PeopleError> {
        let corrupt = |column| move |value: String| PeopleError::Corrupt { table, column, value };
        let (words, marking, listed): (String, String, String) =
            (row.try_get("roles")?, row.try_get("marking")?, row.try_get("organisations")?);
        let roles = words.split(',').filter(|word| !word.is_empty()).map(Role::parse).collect::<Option<Vec<Role>>>();
        let roles = roles.ok_or_else(|| corrupt("roles")(words.clone()))?;
        let marking = Marking::parse(&marking).ok_or_else(|| corrupt("marking")(marking.clone()))?;
        let organisations: Vec<String> =
            serde_json::from_str(&listed).map_err(|_| corrupt("organisations")(listed.clone()))?;
        Ok(Grant { roles, clearance: Clearance::new(marking, organisations) })
    }
}

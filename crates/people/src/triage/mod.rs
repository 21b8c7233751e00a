//! What was decided of an alert: states, commands, and which leads where.
//!
//! | command | from | to |
//! |---|---|---|
//! | acknowledge until | new, acknowledged, assigned, reopened | acknowledged; who has it keeps it |
//! | assign | new, acknowledged, assigned, reopened | assigned |
//! | unassign | assigned; acknowledged or reopened where somebody has it | new; else as it was |
//! | close with reason | all but closed | closed |
//! | reopen | closed | reopened |
//!
//! When an acknowledgement expires the alert falls back to assigned where somebody has it, to new otherwise. That is a
//! transition like any other, of the time at which it expired, and follows from the row alone: whoever reads the row
//! later sees it, written down or not, as the same version.

mod log;
mod note;
mod row;

use std::fmt;

use crate::{ACKNOWLEDGED_MS_MAX, By, HANDLE_BYTES_MAX, Moment, PeopleError, limit};

pub use log::Transition;
pub use note::Note;
pub use row::Outcome;

/// By whom an expired acknowledgement falls back.
pub(crate) const PROGRAM: &str = "headwater";

/// Why an alert was closed: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It was a shift, and what was to be done is done.
    Confirmed,
    /// It was handed on to another organisation.
    Referred,
    /// Licit trade explains it.
    LicitTrade,
    /// A reporter changed its ways: codes, names, units, coverage.
    ReportingChange,
    /// Records were wrong.
    DataError,
    /// Another alert says the same.
    Duplicate,
    /// Nothing of these; a note says what.
    Other,
}

impl Reason {
    /// All, in the order in which they are offered.
    pub const ALL: [Reason; 7] = [
        Reason::Confirmed,
        Reason::Referred,
        Reason::LicitTrade,
        Reason::ReportingChange,
        Reason::DataError,
        Reason::Duplicate,
        Reason::Other,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Confirmed => "confirmed",
            Reason::Referred => "referred",
            Reason::LicitTrade => "licit_trade",
            Reason::ReportingChange => "reporting_change",
            Reason::DataError => "data_error",
            Reason::Duplicate => "duplicate",
            Reason::Other => "other",
        }
    }

    /// Reads a word, letter for letter.
    pub fn parse(word: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// Where an alert stands. Written `new`, `acknowledged:MILLISECONDS`, `assigned`, `closed:REASON`, `reopened`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was decided.
    New,
    /// Put aside until a time.
    Acknowledged {
        /// When it falls back.
        until: Moment,
    },
    /// Somebody has it.
    Assigned,
    /// Done with.
    Closed {
        /// Why.
        reason: Reason,
    },
    /// It was closed, and is not any more.
    Reopened,
}

impl State {
    /// The state's word alone.
    pub fn word(self) -> &'static str {
        match self {
            State::New => "new",
            State::Acknowledged { .. } => "acknowledged",
            State::Assigned => "assigned",
            State::Closed { .. } => "closed",
            State::Reopened => "reopened",
        }
    }

    /// Reads what its `Display` wrote.
    pub fn parse(text: &str) -> Option<State> {
        match text.split_once(':') {
            None => [State::New, State::Assigned, State::Reopened].into_iter().find(|state| state.word() == text),
            Some(("acknowledged", until)) => Some(State::Acknowledged { until: Moment(until.parse().ok()?) }),
            Some(("closed", reason)) => Some(State::Closed { reason: Reason::parse(reason)? }),
            Some(_) => None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Acknowledged { until } => write!(f, "acknowledged:{}", until.0),
            State::Closed { reason } => write!(f, "closed:{}", reason.as_str()),
            other => f.write_str(other.word()),
        }
    }
}

/// What a person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Put it aside until a time.
    Acknowledge {
        /// When it is to fall back: after now, and within [`ACKNOWLEDGED_MS_MAX`].
        until: Moment,
    },
    /// Give it to somebody.
    Assign {
        /// The handle.
        to: String,
    },
    /// Take it from whoever has it.
    Unassign,
    /// Be done with it.
    Close {
        /// Why.
        reason: Reason,
    },
    /// Be not done with it after all.
    Reopen,
}

impl Command {
    /// The command as a participle, to say what was done or cannot be.
    pub fn past(&self) -> &'static str {
        match self {
            Command::Acknowledge { .. } => "acknowledged",
            Command::Assign { .. } => "assigned",
            Command::Unassign => "unassigned",
            Command::Close { .. } => "closed",
            Command::Reopen => "reopened",
        }
    }
}

/// What stands of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Triage {
    /// The alert.
    pub alert: String,
    /// How many transitions led here. A change names it.
    pub version: u64,
    /// Where it stands.
    pub state: State,
    /// Who has it.
    pub assignee: Option<String>,
    /// Who made the last transition, and when; none at version 0.
    pub changed: Option<(String, Moment)>,
}

impl Triage {
    /// What stands of an alert of which nothing was decided.
    pub fn new(alert: &str) -> Triage {
        Triage { alert: alert.to_owned(), version: 0, state: State::New, assignee: None, changed: None }
    }

    /// How it stands at a time: an acknowledgement that has expired by then has fallen back, which is one version more.
    pub fn at(&self, now: Moment) -> Triage {
        match self.state {
            State::Acknowledged { until } if until <= now => {
                let state = if self.assignee.is_some() { State::Assigned } else { State::New };
                self.next(state, self.assignee.clone(), By { who: PROGRAM, at: until })
            }
            _ => self.clone(),
        }
    }

    /// Where a command leads.
    ///
    /// # Errors
    /// [`PeopleError::Refused`] where the command makes no sense, [`PeopleError::OutOfRange`] for an acknowledgement
    /// that ends in the past or too late, a limit on the assignee's handle.
    pub fn apply(&self, command: &Command, by: By<'_>) -> Result<Triage, PeopleError> {
        let closed = matches!(self.state, State::Closed { .. });
        let (state, assignee) = match command {
            Command::Acknowledge { until } if !closed => {
                limit::number("until", until.0, by.at.0.saturating_add(1), by.at.after(ACKNOWLEDGED_MS_MAX).0)?;
                (State::Acknowledged { until: *until }, self.assignee.clone())
            }
            Command::Assign { to } if !closed => {
                limit::text("assignee", to, HANDLE_BYTES_MAX)?;
                (State::Assigned, Some(to.clone()))
            }
            Command::Unassign if !closed && self.assignee.is_some() => match self.state {
                State::Assigned => (State::New, None),
                other => (other, None),
            },
            Command::Close { reason } if !closed => (State::Closed { reason: *reason }, self.assignee.clone()),
            Command::Reopen if closed => (State::Reopened, self.assignee.clone()),
            _ => {
                let alert = self.alert.clone();
                return Err(PeopleError::Refused { alert, state: self.state, command: command.clone() });
            }
        };
        Ok(self.next(state, assignee, by))
    }

    fn next(&self, state: State, assignee: Option<String>, by: By<'_>) -> Triage {
        let changed = Some((by.who.to_owned(), by.at));
        Triage { alert: self.alert.clone(), version: self.version + 1, state, assignee, changed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: By<'static> = By { who: "ana", at: Moment(1_000) };

    #[test]
    fn an_expired_acknowledgement_falls_back_to_whoever_has_it() {
        let until = Moment(2_000);
        let new = Triage::new("a").apply(&Command::Acknowledge { until }, NOW).unwrap();
        assert_eq!(new.at(Moment(1_999)), new);
        let fallen = new.at(until);
        assert_eq!((fallen.version, fallen.state, fallen.changed), (2, State::New, Some((PROGRAM.into(), until))));
        let assigned = Triage::new("a").apply(&Command::Assign { to: "bo".into() }, NOW).unwrap();
        let fallen = assigned.apply(&Command::Acknowledge { until }, NOW).unwrap().at(Moment(9_000));
        assert_eq!((fallen.state, fallen.assignee.as_deref()), (State::Assigned, Some("bo")));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        let said = |triage: &Triage, command| triage.apply(&command, NOW).unwrap_err().to_string();
        let new = Triage::new("a");
        assert_eq!(said(&new, Command::Reopen), "alert a is new: it cannot be reopened");
        assert_eq!(said(&new, Command::Unassign), "alert a is new: it cannot be unassigned");
        let until = Moment(1_000);
        assert_eq!(said(&new, Command::Acknowledge { until }), "until: 1000 is not within 1001 to 31622401000");
        let closed = new.apply(&Command::Close { reason: Reason::LicitTrade }, NOW).unwrap();
        for command in [
            Command::Close { reason: Reason::Other },
            Command::Assign { to: "bo".into() },
            Command::Acknowledge { until: Moment(2_000) },
        ] {
            assert!(said(&closed, command).starts_with("alert a is closed:licit_trade: it cannot be "));
        }
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        let mut states: Vec<State> = Reason::ALL.into_iter().map(|reason| State::Closed { reason }).collect();
        states.extend([State::New, State::Assigned, State::Reopened, State::Acknowledged { until: Moment(-5) }]);
        for state in states {
            assert_eq!(State::parse(&state.to_string()), Some(state));
        }
        for wrong in ["", "closed", "closed:", "acknowledged", "acknowledged:x", "assigned:1", "New"] {
            assert_eq!(State::parse(wrong), None, "{wrong}");
        }
    }
}

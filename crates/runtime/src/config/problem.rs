//! What is wrong with a configuration, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where a key stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the file, both from 1; the column counts characters.
    File {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// In the environment.
    Environment {
        /// Name of the variable.
        variable: String,
    },
    /// Nowhere: something required is absent.
    Absent,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigProblem {
    /// Where.
    pub place: Place,
    /// The key as a path (`store.commit_ms`); empty where the file is no TOML.
    pub key: String,
    /// A sentence with the value at fault.
    pub message: String,
    /// The nearest known key or name, where there is a near one.
    pub nearest: Option<String>,
}

impl ConfigProblem {
    /// The problem as one line, with the file's name as people know it: `headwater.toml:3:1: store.comit_ms: ...`.
    pub fn line(&self, file: &str) -> String {
        let mut line = match &self.place {
            Place::File { line, column } => format!("{file}:{line}:{column}: "),
            Place::Environment { variable } => format!("{variable}: "),
            Place::Absent => format!("{file}: "),
        };
        if !self.key.is_empty() {
            line.push_str(&self.key);
            line.push_str(": ");
        }
        line.push_str(&self.message);
        if let Some(nearest) = &self.nearest {
            line.push_str(&format!("; did you mean {nearest}?"));
        }
        line
    }
}

/// Why there is no configuration.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is wrong: everything that is, in the order of the file, then of the environment.
    Problems {
        /// The file's name, or what stands for it.
        file: String,
        /// At least one.
        problems: Vec<ConfigProblem>,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Read { path, source } => write!(f, "{}: cannot read: {source}", path.display()),
            ConfigError::Problems { file, problems } => {
                for (ix, problem) in problems.iter().enumerate() {
                    let end = if ix == 0 { "" } else { "\n" };
                    write!(f, "{end}{}", problem.line(file))?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {}

//! How a command can end, and the exit status of each.

use std::process::ExitCode;

/// An end that is not success.
#[derive(Debug)]
pub enum Failure {
    /// It could not be done. Status 1.
    Failed(anyhow::Error),
    /// What was asked for, or the configuration, is wrong. Status 2.
    Usage(String),
    /// It could not be done, and the log says why. Status 1.
    Told,
    /// Done, with rows left out because of `--keep-going`. Status 3.
    RowsSkipped(String),
}

impl Failure {
    /// The process's exit status.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Failed(_) | Failure::Told => 1,
            Failure::Usage(_) => 2,
            Failure::RowsSkipped(_) => 3,
        })
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Failed(error) => write!(f, "{error:#}"),
            Failure::Usage(text) | Failure::RowsSkipped(text) => f.write_str(text),
            Failure::Told => f.write_str("failed: see the log"),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Failed(error.into())
    }
}

impl Failure {
    /// Whether whoever read our standard output has gone away (`headwater ... | head`): no failure of ours.
    pub fn is_closed_pipe(&self) -> bool {
        let Failure::Failed(error) = self else { return false };
        error.chain().any(|cause| {
            cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
        })
    }
}

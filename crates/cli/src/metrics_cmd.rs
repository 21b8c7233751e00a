//! `headwater metrics list`.

use std::io::{BufWriter, Write};

use headwater_runtime::metrics::CATALOGUE;

use crate::failure::Failure;

/// Every metric, a line each, or as a table in Markdown.
pub fn list(markdown: bool) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    if markdown {
        writeln!(out, "| metric | kind | unit | which processes have it | what it says |\n|---|---|---|---|---|")?;
    }
    for metric in CATALOGUE {
        let (signature, kind, unit, help) = (metric.signature(), metric.kind, metric.unit, metric.help);
        let when = if metric.is_conditional() { metric.when } else { "every one" };
        match markdown {
            true => writeln!(out, "| `{signature}` | {kind} | {unit} | {when} | {help} |")?,
            false => writeln!(out, "{signature}\t{kind}\t{unit}\t{when}\t{help}")?,
        }
    }
    Ok(out.flush()?)
}

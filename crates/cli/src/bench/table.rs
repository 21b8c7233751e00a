//! Tables in Markdown.

use super::figures::{Spread, Way, mib};

/// A table: its head, and its rows.
pub struct Table {
    head: Vec<String>,
    /// How many columns of words come first; the others are numbers.
    words: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With no row yet.
    pub fn new(words: usize, head: &[&str]) -> Table {
        Table { head: head.iter().map(|cell| (*cell).to_owned()).collect(), words, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        writeln!(f, "{}", line(&self.head))?;
        let rules: Vec<&str> = (0..self.head.len()).map(|at| if at < self.words { "---" } else { "--:" }).collect();
        writeln!(f, "|{}|", rules.join("|"))?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{}", line(row)))
    }
}

/// Columns of [`way_cells`].
pub const WAY_HEAD: [&str; 7] =
    ["events/s", "MiB/s", "wall s", "CPU s", "CPU us per event", "events per CPU s", "peak RSS MiB"];

/// The figures of some runs of one way.
pub fn way_cells(ways: &[Way]) -> Vec<String> {
    let cell = |decimals, figure: fn(&Way) -> f64| Spread::of(ways.iter().map(figure)).cell(decimals);
    vec![
        cell(0, Way::per_second),
        cell(1, Way::mib_per_second),
        cell(2, |way| way.wall_s),
        cell(2, |way| way.cpu_s),
        cell(3, Way::cpu_us),
        cell(0, Way::per_cpu_second),
        cell(0, |way| mib(way.peak_rss_bytes)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown() {
        let mut table = Table::new(1, &["who", "n"]);
        table.row(vec!["a".into(), "1".into()]);
        assert_eq!(table.to_string(), "| who | n |\n|---|--:|\n| a | 1 |\n");
        assert_eq!(way_cells(&[]).len(), WAY_HEAD.len());
    }
}

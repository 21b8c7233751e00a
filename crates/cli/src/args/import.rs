//! `headwater import`: published tables.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use headwater_import::cbp::{FIRST_EDITION, LAG_DAYS, LAG_DAYS_MAX};
use headwater_model::Day;

#[derive(Debug, Subcommand)]
pub enum Import {
    /// US Customs and Border Protection: nationwide drug seizures, CSV
    Cbp(Cbp),
}

#[derive(Debug, Args)]
pub struct Cbp {
    /// The tables: one edition, in one file or several
    #[arg(required_unless_present = "editions", conflicts_with = "editions", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A table with the day on which it was published; may be given more than once. Only rows that are new, changed or
    /// gone since the edition before are written, as known on that day
    #[arg(long = "edition", value_name = "DATE=FILE", value_parser = edition)]
    pub editions: Vec<(Day, PathBuf)>,
    /// Where to write the events; standard output if not given
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Days from the end of a month to its publication
    #[arg(long, value_name = "N", conflicts_with = "editions", default_value_t = LAG_DAYS, value_parser = clap::value_parser!(u32).range(0..=i64::from(LAG_DAYS_MAX)))]
    pub lag_days: u32,
    /// An office that the table may name beside those known; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub office: Vec<String>,
    /// Write bad rows to the rejects file and go on; exit status 3 if there were any
    #[arg(long)]
    pub keep_going: bool,
    /// The rejects file
    #[arg(long, value_name = "FILE", default_value = "import-rejects.ndjson", requires = "keep_going")]
    pub rejects: PathBuf,
}

fn edition(text: &str) -> Result<(Day, PathBuf), String> {
    let (date, file) = text.split_once('=').ok_or("not DATE=FILE, as in 2021-02-15=drugs.csv")?;
    let published_on = Day::parse(date).ok_or_else(|| format!("{date:?} is not a date YYYY-MM-DD"))?;
    if published_on < FIRST_EDITION {
        return Err(format!("{date} is before {FIRST_EDITION}, the first day of an edition"));
    }
    if file.is_empty() {
        return Err(format!("no file after {date}="));
    }
    Ok((published_on, file.into()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, Command, day};
    use super::*;

    #[test]
    fn a_table_is_read_as_one_edition_or_as_many() {
        let parsed =
            |args: &str| match Cli::try_parse_from(["headwater", "import", "cbp"].into_iter().chain(args.split(' '))) {
                Ok(Cli { command: Command::Import(Import::Cbp(cbp)) }) => Ok(cbp),
                Ok(_) => panic!("{args}: not an import"),
                Err(error) => Err(error.to_string()),
            };
        let cbp = parsed("--edition 2021-02-15=b=c.csv --edition 2021-01-15=a.csv").unwrap();
        let expected = [("2021-02-15", "b=c.csv"), ("2021-01-15", "a.csv")];
        assert_eq!(cbp.editions, expected.map(|(date, file)| (day(date).unwrap(), file.into())));
        assert!(parsed("--lag-days 30 a.csv b.csv").is_ok());
        for (args, named) in [
            ("-o out", "FILE"),
            ("a.csv --edition 2021-01-15=b.csv", "cannot be used with"),
            ("--edition 2021-01-15=b.csv --lag-days 30", "cannot be used with"),
            ("--edition b.csv", "not DATE=FILE"),
            ("--edition 2021-13-15=b.csv", "\"2021-13-15\" is not a date"),
            ("--edition 1999-12-31=b.csv", "1999-12-31 is before 2000-01-01"),
            ("--edition 2021-01-15=", "no file after 2021-01-15="),
        ] {
            let error = parsed(args).unwrap_err();
            assert!(error.contains(named), "{args}: {error}");
        }
    }
}

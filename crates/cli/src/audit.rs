//! `headwater audit`: the log of what people did.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use headwater_people::{Location, People, PeopleError, Verdict};
use headwater_runtime::PeopleDatabase;

use crate::args;
use crate::config;
use crate::failure::Failure;

/// `headwater audit verify`: whether the log is as it was written; the first entry that is not is named.
pub fn verify(anchor: Option<&Path>, store: &args::Store) -> Result<(), Failure> {
    let (location, configured) = location(store)?;
    let anchor = anchor.or(configured.as_deref());
    if let Location::File(file) = &location
        && !file.exists()
    {
        return Err(anyhow!("{}: no such file: nobody has kept people's state here", file.display()).into());
    }
    // To the library a file that is not there is no anchor yet; one that is named must be there.
    if let Some(anchor) = anchor {
        std::fs::metadata(anchor).with_context(|| anchor.display().to_string())?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Verdict { entries, hash, fault } = runtime.block_on(async {
        let people = People::look(&location).await?;
        let verdict = people.verify_audit(anchor).await?;
        people.close().await;
        Ok::<Verdict, PeopleError>(verdict)
    })?;
    if let Some(fault) = fault {
        return Err(anyhow!("the audit log of {location}: {fault}; {entries} before it are good").into());
    }
    writeln!(std::io::stdout().lock(), "{entries} {hash}")?;
    eprintln!("good: the audit log of {location}, {entries} entries");
    Ok(())
}

/// Where the people's state is that a command means, and the file that keeps how far its audit log goes.
pub fn location(store: &args::Store) -> Result<(Location, Option<PathBuf>), Failure> {
    if let Some(folder) = &store.data {
        return Ok((Location::File(folder.with_file_name(PeopleDatabase::FILE)), None));
    }
    let config = config::load(store.config.as_deref())?;
    Ok((crate::serving::location(&config)?, config.anchor.map(|anchor| anchor.file)))
}

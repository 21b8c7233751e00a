//! `headwater archive`, and how every command that only reads opens its store.

use std::io::Write;

use anyhow::{Context, anyhow};
use headwater_runtime::Config;
use headwater_store::{Archive, ArchiveFile, EpochFile, Objects, StoreError, StoreUrl};

use crate::args;
use crate::config;
use crate::failure::Failure;

/// The store that a command means, and the configuration where one says so. Nothing is written to it, and nobody who
/// writes to it is in the way.
pub fn open_to_read(args: &args::Store) -> Result<(Archive, Option<Config>), Failure> {
    let (url, config) = config::store(args)?;
    match Objects::open_to_read(&url) {
        Ok(objects) => Ok((Archive::new(objects), config)),
        Err(error @ StoreError::Url { .. }) => Err(Failure::Usage(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// A file of the archive, proved whole; what is wrong with it is told with its key.
pub fn open(archive: &Archive, file: &ArchiveFile) -> anyhow::Result<EpochFile> {
    headwater_store::open(archive.fetch(file)?).with_context(|| file.key.clone())
}

/// `headwater archive files`: all of them or, where one input's cannot be told, none.
pub fn files(args: &args::Store) -> Result<(), Failure> {
    let (archive, _) = open_to_read(args)?;
    let mut places = Vec::new();
    for input in archive.inputs()? {
        places.extend(archive.files(&input)?.iter().map(|file| place(archive.objects().url(), &file.key)));
    }
    let mut out = std::io::stdout().lock();
    places.iter().try_for_each(|place| writeln!(out, "{place}"))?;
    Ok(())
}

/// `headwater archive verify`: every object that the archive and the alert log are made of.
pub fn verify(args: &args::Store) -> Result<(), Failure> {
    let (archive, _) = open_to_read(args)?;
    let findings = archive.verify()?;
    let findings: Vec<String> = findings.iter().map(|found| format!("{}: {}", found.key, found.problem)).collect();
    conclude(&findings, &format!("the store {}", archive.objects().url()))
}

/// Where an object lies, as other programs name it.
fn place(url: &StoreUrl, key: &str) -> String {
    match url {
        StoreUrl::Folder(folder) => folder.join(key).display().to_string(),
        other => format!("{}/{key}", other.to_string().trim_end_matches('/')),
    }
}

/// Prints what is wrong, a line each; anything wrong is a failure.
pub fn conclude(findings: &[String], looked_at: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    if findings.is_empty() {
        eprintln!("good: {looked_at}");
        return Ok(());
    }
    Err(anyhow!("{} found wrong in {looked_at}", findings.len()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_or_an_address() {
        let key = "epochs/a/0/00000000000000000000.parquet";
        assert_eq!(place(&StoreUrl::Folder("data".into()), key), format!("data/{key}"));
        assert_eq!(place(&StoreUrl::Objects("s3://b/p".into()), key), format!("s3://b/p/{key}"));
        assert_eq!(place(&StoreUrl::Objects("s3://b/".into()), key), format!("s3://b/{key}"));
    }
}

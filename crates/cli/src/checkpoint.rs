//! `headwater checkpoint`: what is committed of each input.

use std::io::Write;

use anyhow::anyhow;
use headwater_model::{Checksum, Counts, Day, EpochHead, EpochNumber, Input, KnownDay, Progress};
use headwater_store::{Archive, ArchiveFile, Chain, FileHead, FoldHead, Listing, SourceDeclaration, plan};
use serde::Serialize;

use crate::archive_cmd::{conclude, open, open_to_read};
use crate::args;
use crate::failure::Failure;

/// A line of `headwater checkpoint list`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    input: String,
    /// Topic or folder.
    origin: &'a str,
    /// Partitions as the store holds them.
    partitions: u32,
    /// The last epoch.
    epoch: Option<EpochNumber>,
    /// The first epoch that is not folded.
    floor: Option<EpochNumber>,
    /// The last epoch with a snapshot.
    snapshot: Option<EpochNumber>,
    /// The last epoch that is known to be published.
    published: Option<EpochNumber>,
    clock: Option<Day>,
    highest_known: Option<KnownDay>,
    /// Where the last epoch ends; of a folder the files that moved in it.
    progress: Option<Progress>,
    /// The account so far.
    total: Counts,
    late_report: u64,
}

/// `headwater checkpoint list`: one JSON object an input.
pub fn list(args: &args::Store) -> Result<(), Failure> {
    let (archive, _) = open_to_read(args)?;
    let mut out = std::io::stdout().lock();
    for source in archive.sources()? {
        for input in source.inputs() {
            let listing = archive.listing(&input)?;
            let head = last_head(&archive, &listing)?;
            let line = line(&source, &listing, head, archive.published(&input)?);
            serde_json::to_writer(&mut out, &line).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

fn line<'a>(
    source: &'a SourceDeclaration,
    listing: &Listing,
    head: Option<EpochHead>,
    published: Option<EpochNumber>,
) -> Line<'a> {
    Line {
        input: listing.input.to_string(),
        origin: &source.origin,
        partitions: source.partitions,
        epoch: head.as_ref().map(|head| head.epoch),
        floor: listing.floor.as_ref().map(|floor| floor.epoch),
        snapshot: listing.snapshots.last().copied(),
        published,
        clock: head.as_ref().and_then(|head| head.clock),
        highest_known: head.as_ref().and_then(|head| head.highest_known),
        total: head.as_ref().map_or(Counts::default(), |head| head.total),
        late_report: head.as_ref().map_or(0, |head| head.late_total),
        progress: head.map(|head| head.to),
    }
}

/// What the last epoch says of itself; of one that was folded away its floor knows it.
pub fn last_head(archive: &Archive, listing: &Listing) -> anyhow::Result<Option<EpochHead>> {
    let Some(file) = listing.epochs.last() else {
        return Ok(listing.floor.as_ref().map(|floor| floor.head.clone()));
    };
    match open(archive, file)?.head() {
        FileHead::Epoch(head) => Ok(Some(head.clone())),
        FileHead::Fold(_) => Err(misplaced(file)),
    }
}

fn misplaced(file: &ArchiveFile) -> anyhow::Error {
    anyhow!("{}: a folded file and the file of an epoch have changed places", file.key)
}

/// `headwater checkpoint inspect`: the footer as JSON, with the file's place and checksum.
pub fn inspect(name: &str, args: &args::Store) -> Result<(), Failure> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Said {
        Epoch(Box<EpochHead>),
        Fold(FoldHead),
    }
    #[derive(Serialize)]
    struct Shown {
        key: String,
        bytes: u64,
        checksum: Checksum,
        #[serde(flatten)]
        said: Said,
    }

    let (input, epoch) = named(name)?;
    let (archive, _) = open_to_read(args)?;
    let file = find(&archive, &input, epoch)?;
    let opened = open(&archive, &file)?;
    let said = match opened.head().clone() {
        FileHead::Epoch(head) => Said::Epoch(Box::new(head)),
        FileHead::Fold(head) => Said::Fold(head),
    };
    let shown = Shown { key: file.key, bytes: file.bytes, checksum: opened.checksum(), said };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &shown).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// `SOURCE/PARTITION` or `SOURCE/PARTITION/EPOCH`. A source's name has no slash.
fn named(name: &str) -> Result<(Input, Option<EpochNumber>), Failure> {
    let wrong = || Failure::Usage(format!("{name:?} is not SOURCE/PARTITION or SOURCE/PARTITION/EPOCH"));
    let parts: Vec<&str> = name.split('/').collect();
    let epoch = match parts[..] {
        [_, _] => None,
        [_, _, epoch] => Some(EpochNumber(epoch.parse().map_err(|_| wrong())?)),
        _ => return Err(wrong()),
    };
    let input = Input::parse(&parts[..2].join("/")).ok_or_else(wrong)?;
    Ok((input, epoch))
}

/// The file that holds an epoch: its own, or the folded one.
fn find(archive: &Archive, input: &Input, epoch: Option<EpochNumber>) -> Result<ArchiveFile, Failure> {
    if !archive.inputs()?.contains(input) {
        return Err(anyhow!("the store knows no input {input}").into());
    }
    let files = archive.files(input)?;
    let last = files.last().ok_or_else(|| anyhow!("nothing is committed of {input} yet"))?;
    let epoch = epoch.unwrap_or(last.last);
    let holds = |file: &&ArchiveFile| (file.first..=file.last).contains(&epoch);
    let found = files.iter().find(holds);
    Ok(found.cloned().ok_or_else(|| anyhow!("there is no epoch {epoch} of {input}: the last one is {}", last.last))?)
}

/// `headwater checkpoint verify`: what a start would restore from.
pub fn verify(args: &args::Store) -> Result<(), Failure> {
    let (archive, _) = open_to_read(args)?;
    let mut findings = Vec::new();
    let inputs = archive.inputs()?;
    for input in &inputs {
        if let Err(error) = follow(&archive, input) {
            findings.push(format!("{error:#}"));
        }
    }
    conclude(&findings, &format!("{} inputs", inputs.len()))
}

/// Reads every epoch that no floor covers, and the folded files, each proved whole and following from the one before.
fn follow(archive: &Archive, input: &Input) -> anyhow::Result<()> {
    let plan = plan(&archive.listing(input)?)?;
    let mut chain = plan.floor.as_ref().map_or_else(|| Chain::begin(input.clone()), Chain::behind_floor);
    for file in plan.whole() {
        let opened = open(archive, &file)?;
        match opened.head() {
            FileHead::Epoch(head) if !file.is_folded() => chain.follow(&file.key, head, opened.checksum())?,
            FileHead::Fold(_) if file.is_folded() => {}
            _ => return Err(misplaced(&file)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_named_by_its_input_and_number() {
        let input = Input::parse("trade/3").unwrap();
        assert_eq!(named("trade/3").unwrap(), (input.clone(), None));
        assert_eq!(named("trade/3/17").unwrap(), (input, Some(EpochNumber(17))));
        for wrong in ["", "trade", "trade/x", "trade/3/x", "trade/3/-1", "trade/3/1/2", "/3"] {
            assert!(matches!(named(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }
}

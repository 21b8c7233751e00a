//! One file of the folder, open.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use headwater_model::{Checksum, FileProgress};

use super::judge::{Found, HEAD_BYTES_MAX, Verdict, below, judge, unread};
use super::stat::Stat;
use crate::packing::{MAGIC_BYTES, packed, promised, unclear};
use crate::{Compression, IngestError};

/// A file as it was when it was opened. What is written to it later is for the next look.
pub(super) struct Open {
    pub path: PathBuf,
    pub file: File,
    pub stat: Stat,
    /// As its first bytes say.
    pub compression: Option<Compression>,
    /// Its first bytes may yet become the mark of packed data.
    pub unclear: bool,
}

impl Open {
    pub fn file(path: &Path) -> io::Result<Open> {
        let file = File::open(path)?;
        let stat = Stat::of(&file.metadata()?);
        let mut open = Open { path: path.into(), file, stat, compression: None, unclear: false };
        let magic = open.first(MAGIC_BYTES as u64)?;
        open.compression = packed(&magic);
        open.unclear = open.compression.is_none() && unclear(&magic);
        Ok(open)
    }

    /// The error where the name promises packing that the first bytes deny.
    pub fn denied(&self) -> Option<IngestError> {
        let promised = promised(&self.path)?;
        (self.compression != Some(promised))
            .then(|| IngestError::NotPacked { path: self.path.clone(), compression: promised })
    }

    /// What it is to what is known, having been looked into `before`.
    pub fn judge(&self, known: &FileProgress, before: Option<&Stat>) -> io::Result<Verdict> {
        let head = self.head(known)?;
        let below = below(known);
        let packed = self.compression.is_some();
        let mut last = [b'\n'];
        if !packed && (1..=self.stat.size).contains(&below) {
            self.file.read_exact_at(&mut last, below - 1)?;
        }
        let found = Found {
            size: self.stat.size,
            head: head.as_deref(),
            line_ends: last == [b'\n'],
            packed,
            same_file: before.map(|before| before.same_file(&self.stat)),
        };
        Ok(judge(known, &found))
    }

    /// Nothing read of it.
    pub fn unread(&self) -> io::Result<FileProgress> {
        Ok(unread(&self.first(self.stat.size.min(HEAD_BYTES_MAX))?))
    }

    /// Whether what was just read, up to byte `to` of a plain file, is of the known file still. `seen` is what was last
    /// asked about; a file of which nothing changed since needs no look inside.
    pub fn still(&self, known: &FileProgress, to: u64, seen: &mut Stat) -> io::Result<bool> {
        let now = Stat::of(&self.file.metadata()?);
        if now == *seen {
            return Ok(true);
        }
        *seen = now;
        let there = self.compression.is_some() || now.size >= to;
        Ok(there && self.head(known)?.as_ref() == Some(&known.head))
    }

    fn head(&self, known: &FileProgress) -> io::Result<Option<String>> {
        let bytes = self.first(u64::from(known.head_bytes).min(HEAD_BYTES_MAX))?;
        Ok((bytes.len() as u64 == u64::from(known.head_bytes)).then(|| Checksum::of(&bytes).to_string()))
    }

    /// The first bytes, or as many as there are.
    fn first(&self, bytes: u64) -> io::Result<Vec<u8>> {
        // At most 64 KiB.
        let mut head = vec![0; bytes as usize];
        let mut filled = 0;
        while filled < head.len() {
            match self.file.read_at(&mut head[filled..], filled as u64) {
                Ok(0) => break,
                Ok(got) => filled += got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        head.truncate(filled);
        Ok(head)
    }
}

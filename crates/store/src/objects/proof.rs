//! What a store must prove before it is written: that an object can be created only once.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::StoreUrl;
use super::calls::Calls;
use crate::StoreError;

/// Bytes of a random word.
const WORD_BYTES: usize = 16;
/// Below it lie the objects of the proof, for a moment.
const PROBE: &str = "probe";

/// A word that no other process has: 32 hexadecimal digits.
pub(super) fn random_word(url: &StoreUrl) -> Result<String, StoreError> {
    let mut word = [0; WORD_BYTES];
    getrandom::fill(&mut word).map_err(|e| StoreError::Url {
        url: url.to_string(),
        reason: format!("the system gives no random bytes: {e}"),
    })?;
    Ok(format!("{:032x}", u128::from_ne_bytes(word)))
}

/// Proves that a filesystem has hard links, by which a file appears whole and only if it is absent.
pub(super) fn hard_links(folder: &Path) -> Result<(), StoreError> {
    hard_links_by(folder, |from, to| fs::hard_link(from, to))
}

fn hard_links_by(folder: &Path, link: impl Fn(&Path, &Path) -> io::Result<()>) -> Result<(), StoreError> {
    let word = random_word(&StoreUrl::Folder(folder.to_path_buf()))?;
    let (file, second) = (folder.join(format!(".{word}.probe#1")), folder.join(format!(".{word}.probe#2")));
    File::create(&file).map_err(StoreError::io("cannot write in", folder))?;
    let linked = link(&file, &second);
    // What is left behind by a crash here is empty and never listed.
    let _ = fs::remove_file(&second);
    let _ = fs::remove_file(&file);
    linked.map_err(|source| StoreError::NoHardLinks { path: folder.to_path_buf(), source })
}

/// The key of an object of the proof.
pub(super) fn key(word: &str) -> String {
    format!("{PROBE}/{word}")
}

/// Proves that a second create of one key fails and changes nothing.
pub(super) async fn create_if_absent(calls: &Calls, word: &str) -> Result<(), StoreError> {
    let refuse = || StoreError::NoCondition { url: calls.url().to_owned() };
    let key = key(word);
    calls.create(&key, "first".into()).await?;
    let second = calls.create_unsettled(&key, "second".into()).await;
    let held = calls.get(&key).await?;
    calls.delete(&key).await?;
    if second? || held.as_deref() != Some(b"first") {
        return Err(refuse());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filesystem_without_hard_links_is_named_and_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let refused = hard_links_by(dir.path(), |_, _| Err(io::Error::from(io::ErrorKind::Unsupported))).unwrap_err();
        assert!(matches!(refused, StoreError::NoHardLinks { .. }));
        assert!(refused.to_string().contains(&dir.path().display().to_string()));
        hard_links(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

//! Whether a file is the one that was read, and whether what was read of it is still there.

use headwater_model::{Checksum, FileProgress, Offset};

/// First bytes that make a file known.
pub(super) const HEAD_BYTES_MAX: u64 = 64 << 10;

/// What lies in the folder under a known name.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    /// Bytes on disk.
    pub size: u64,
    /// Hash of as many first bytes as are known; none where the file has fewer.
    pub head: Option<&'a str>,
    /// Of a plain file: whether a line ends where reading stood.
    pub line_ends: bool,
    /// Whether its text is packed: then its size tells nothing of the text's.
    pub packed: bool,
    /// Whether it is the very file that was looked into before, where both are remembered.
    pub same_file: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing of it was taken yet, so nothing need be remembered of it either.
    First,
    /// The known one, to be read on.
    Known,
    /// Another.
    Replaced,
    /// The known one, of which something that was read is gone.
    Truncated,
}

pub(super) fn judge(known: &FileProgress, found: &Found<'_>) -> Verdict {
    match found.head {
        _ if below(known) == 0 => Verdict::First,
        None if found.same_file == Some(false) => Verdict::Replaced,
        None => Verdict::Truncated,
        Some(head) if head != known.head => Verdict::Replaced,
        Some(_) if !found.packed && (found.size < below(known) || !found.line_ends) => Verdict::Truncated,
        Some(_) => Verdict::Known,
    }
}

/// Bytes of text below which every line was taken. No progress of ours is negative; a foreign one counts as none.
pub(super) fn below(known: &FileProgress) -> u64 {
    u64::try_from(known.next.0).unwrap_or(0)
}

/// Of a file that begins with `head`, of which nothing was read. Without a byte it is a file of which nothing is known.
pub(super) fn unread(head: &[u8]) -> FileProgress {
    // At most 64 KiB.
    FileProgress { head: Checksum::of(head).to_string(), head_bytes: head.len() as u32, next: Offset(0), lines: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict() {
        let known = FileProgress { next: Offset(100), lines: 3, ..unread(b"head") };
        let head = known.head.clone();
        let other = unread(b"tail").head;
        let found = Found { size: 100, head: Some(&head), line_ends: true, packed: false, same_file: None };
        assert_eq!(judge(&known, &found), Verdict::Known);
        assert_eq!(judge(&unread(b""), &Found { head: Some(&other), ..found }), Verdict::First);
        assert_eq!(judge(&known, &Found { size: 99, ..found }), Verdict::Truncated);
        assert_eq!(judge(&known, &Found { size: 99, packed: true, ..found }), Verdict::Known);
        assert_eq!(judge(&known, &Found { size: 200, line_ends: false, ..found }), Verdict::Truncated);
        assert_eq!(judge(&known, &Found { head: Some(&other), ..found }), Verdict::Replaced);
        assert_eq!(judge(&known, &Found { size: 2, head: None, ..found }), Verdict::Truncated);
        assert_eq!(judge(&known, &Found { size: 2, head: None, same_file: Some(true), ..found }), Verdict::Truncated);
        assert_eq!(judge(&known, &Found { size: 2, head: None, same_file: Some(false), ..found }), Verdict::Replaced);
    }
}

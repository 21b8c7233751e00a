//! Watched folders.

use std::fmt::Display;

events! {
    FOLDER "headwater::folder"

    /// The folder cannot be looked at. It is waited for.
    WARN FolderWaiting<'a> "folder_waiting" "the folder cannot be read; waiting for it"
    "Put it back, or give the right to read it."
    { source: &'a str, error: &'a dyn Display }

    /// The folder can be looked at again.
    INFO FolderBack<'a> "folder_back" "the folder is back" ""
    { source: &'a str }

    /// A file is not read, for its name is not UTF-8.
    WARN FileNameRefused<'a> "file_name_refused" "the file is not read: its name is not UTF-8"
    "Give it another name."
    { folder: &'a dyn Display, file: &'a str }

    /// A file was removed while it was being read. What was read of it counts.
    WARN FileRemoved<'a> "file_removed" "removed while it was being read"
    "Leave a file until it was read; put it back to have its rest read."
    { file: &'a dyn Display, lines: u64 }

    /// A file cannot be read. It is tried again from time to time; said once.
    WARN FileRefused<'a> "file_refused" "the file cannot be read and is tried again"
    "Give the right to read it, or mend the disk."
    { seconds: i64, error: &'a dyn Display }

    /// Another file stands under a name that was read before: it is read from its beginning.
    WARN FileReplaced<'a> "file_replaced" "another file under a known name: read from its beginning"
    "Give every file a name of its own, and let files only grow."
    { file: &'a dyn Display }

    /// A file is shorter than what was read of it: it is read again from its beginning, and what was counted is
    /// recognised.
    WARN FileTruncated<'a> "file_truncated" "shorter than what was read of it: read again from its beginning"
    "Let files only grow."
    { file: &'a dyn Display, bytes: u64, size: u64 }

    /// A packed file is cut off: its rest is waited for.
    INFO FileCutOff<'a> "file_cut_off" "cut off: the rest is waited for" ""
    { file: &'a dyn Display, lines: u64 }

    /// A file is damaged: what lies before the damage may have been read, the rest is left until the file changes.
    WARN FileDamaged<'a> "file_damaged" "the file is left until it changes"
    "Copy the file anew."
    { lines: u64, error: &'a dyn Display }
}

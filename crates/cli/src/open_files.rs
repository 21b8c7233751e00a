//! How many files and connections this process may have open.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises it to what the system allows at most: a service shell's usual 1,024 is for one person's programs, and a live stream
/// is a connection that lasts. Where the system refuses, it stays.
pub fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum || (limit.current.is_some() && limit.maximum.is_none()) {
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

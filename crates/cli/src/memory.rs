//! What a process holds, as Linux tells it in `/proc`.

/// The most memory that this process held so far, in bytes; 0 where the system does not tell.
pub fn peak_rss_bytes() -> u64 {
    status("self", "VmHWM:").unwrap_or(0)
}

/// The memory that this process holds now, in bytes; none where the system does not tell.
pub fn rss_bytes() -> Option<u64> {
    status("self", "VmRSS:")
}

/// A figure of `/proc/PROCESS/status` that is given in KiB, in bytes.
pub fn status(process: &str, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

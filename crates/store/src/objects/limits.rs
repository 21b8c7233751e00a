//! How long and how often a store is asked.

use std::time::Duration;

/// Limits of one call. A call that fails is tried again after a pause that doubles.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long one try may last, besides the time for its bytes.
    pub try_ms: u64,
    /// Bytes a second at which the slowest line that still counts as working carries an object.
    pub bytes_per_s_min: u64,
    /// Tries of a call.
    pub tries: u32,
    /// Pause after the first try.
    pub pause_ms: u64,
    /// Longest pause.
    pub pause_ms_max: u64,
}

impl Default for Limits {
    /// Some 10 s of pauses in all: a store that is away for longer is the caller's to wait for, which goes on reading
    /// its source's rebalances meanwhile.
    fn default() -> Limits {
        Limits { try_ms: 20_000, bytes_per_s_min: 1 << 20, tries: 7, pause_ms: 100, pause_ms_max: 4_000 }
    }
}

impl Limits {
    /// How long a try that carries `bytes` may last.
    pub(super) fn try_for(&self, bytes: usize) -> Duration {
        Duration::from_millis(self.try_ms + bytes as u64 * 1000 / self.bytes_per_s_min.max(1))
    }

    /// The pause after a try, the first being 0.
    pub(super) fn pause_after(&self, tried: u32) -> Duration {
        let doubled = self.pause_ms.saturating_mul(1 << tried.min(20));
        Duration::from_millis(doubled.min(self.pause_ms_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let limits = Limits { pause_ms: 100, pause_ms_max: 1_000, ..Limits::default() };
        let pauses: Vec<_> = (0..6).map(|n| limits.pause_after(n).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(limits.pause_after(u32::MAX).as_millis(), 1_000);
    }
}

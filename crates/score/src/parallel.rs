//! Work spread over threads; results in the order of the work, whoever did it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Applies `f` to 0..n on so many threads.
pub fn map<T: Send>(n: u64, threads: usize, f: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let next = AtomicU64::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= n {
                return done;
            }
            done.push((i, f(i)));
        }
    };
    let mut all: Vec<(u64, T)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_keep_the_order_of_the_work() {
        for threads in [0, 1, 3] {
            assert_eq!(super::map(100, threads, |i| i * i), (0..100).map(|i| i * i).collect::<Vec<u64>>());
        }
        assert!(super::map(0, 2, |i| i).is_empty());
    }
}

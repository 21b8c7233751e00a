//! What the detector holds, by the formula that its documentation gives. One test in this file: the heap is counted.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::{Event, START};
use headwater_catalog::Catalog;
use headwater_detect::{Config, Detector};
use headwater_model::{KnownDay, Names, Pane};

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

const SUBSTANCES: [&str; 7] =
    ["npp", "anpp", "4-ap", "1-boc-4-ap", "norfentanyl", "4-piperidone", "1-boc-4-piperidone"];
const SOURCES: [&str; 6] = ["A", "B", "C", "D", "E", "F"];
/// The bound of a cell, as the head of `detector.rs` gives it.
fn bound(substances: usize, strata: usize, weeks: usize) -> usize {
    let (k, s) = (substances, strata);
    weeks * s * (128 + 96 * k) + s * (256 * k * k + 2_944 * k + 6_400) + 7_088 * k * k
}

/// The sums by series, for each in each block: 32 bytes, in lists that have room to double.
fn registry(series: usize, weeks: usize) -> usize {
    64 * series * weeks
}

/// What is held of a market and of the world, every substance in every stratum in every week, none with a route.
fn held(substances: &[&'static str], sources: &[&'static str], weeks: usize) -> usize {
    let mut names = Names::default();
    let mut by_day: BTreeMap<KnownDay, Vec<Pane>> = BTreeMap::new();
    for week in 0..weeks as i32 {
        for source in sources {
            for (at, substance) in substances.iter().enumerate() {
                let mut event = Event::new(format!("{source}-{week}-{at}"), source, substance, START + 7 * week);
                event.way = &["US"];
                event.incidents = 1 + (i64::from(week) + at as i64) % 3;
                by_day.entry(KnownDay(event.known)).or_default().extend(event.panes(&mut names));
            }
        }
    }
    let before = heap::live();
    let mut detector = Detector::new(Catalog::embedded(), Config::default());
    for (day, panes) in &by_day {
        detector.close(*day, panes, &names);
        assert!(detector.conclude(&[], &names).is_empty());
    }
    heap::live() - before
}

#[test]
fn a_cell_holds_no_more_than_the_documentation_says() {
    assert_eq!((bound(7, 6, 313), bound(7, 3, 313)), (2_087_024, 1_217_168));
    // Of less than that much history, and of fewer labels and strata, too.
    for (k, s, weeks) in [(7, 6, 313), (3, 2, 313), (7, 3, 120), (2, 6, 80)] {
        let held = held(&SUBSTANCES[..k], &SOURCES[..s], weeks);
        let allowed = registry(k * s, weeks) + 2 * bound(k, s, weeks);
        assert!(
            held <= allowed,
            "{k} substances, {s} strata, {weeks} weeks: {held} bytes, where {allowed} are allowed"
        );
        assert!(2 * held > allowed, "{k} substances, {s} strata, {weeks} weeks: {held} bytes, far from {allowed}");
    }
}

/// The system's allocator, counted.
#[allow(unsafe_code)] // The trait of an allocator is unsafe; every call is handed on as it came.
mod heap {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    static LIVE: AtomicUsize = AtomicUsize::new(0);

    pub struct Counting;

    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            LIVE.fetch_add(layout.size(), Relaxed);
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            LIVE.fetch_sub(layout.size(), Relaxed);
            unsafe { System.dealloc(at, layout) }
        }
    }

    /// Bytes held now.
    pub fn live() -> usize {
        LIVE.load(Relaxed)
    }
}

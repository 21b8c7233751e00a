//! ADWIN on shares: for each label, whether the part of all incidents that bears it differs between an older and a
//! younger piece of a window that grows until it does.
//!
//! The stream of a label is 1 where an incident bears it and 0 where it does not, in the order of counting; it cannot be
//! taken back. The statistic is -ln of the confidence at which the window would just be cut: ADWIN with delta detects
//! where it lies above -ln delta. The label whose share has risen most surely is named as rising, and of those that fell
//! likewise.
//!
//! Source: Bifet and Gavalda, Learning from time-changing data with adaptive windowing (2007), with exponential
//! histograms of five buckets a size. Checked against river 0.26's `ADWIN`.

use std::collections::VecDeque;

use crate::method::{Method, Reading, Row, Trace};
use crate::view::View;

/// Buckets of a size, before two of them are joined.
const BUCKETS_MAX: usize = 5;
/// Elements between two looks.
const CLOCK: u64 = 32;
/// Least elements of a piece, and of a window that is looked at.
const PIECE_MIN: f64 = 5.0;
const WINDOW_MIN: f64 = 10.0;

/// ADWIN with its confidence.
#[derive(Clone, Copy, Debug)]
struct Adwin {
    /// The window is cut at this confidence.
    delta: f64,
}

/// The row.
pub fn row() -> Row {
    let grid = [0.002, 1e-4, 1e-6, 1e-12].map(|delta| Adwin { delta });
    Row::new("adwin", "ADWIN on each label's share (Bifet and Gavalda 2007)", grid)
}

impl Method for Adwin {
    fn settings(&self) -> String {
        format!("cut at {}", self.delta)
    }

    /// Where it detects.
    fn own_threshold(&self, _barred: bool) -> Option<f64> {
        Some(-self.delta.ln())
    }

    fn run(&self, view: &View) -> Trace {
        let mut windows: Vec<Window> = (0..view.labels).map(|_| Window::default()).collect();
        let mut said = vec![Cut::NONE; view.labels];
        let mut events = view.events.iter().peekable();
        let mut trace = Trace::default();
        for day in 0..view.days {
            // Looks of one day, before any of them cuts the window.
            let mut highest: Vec<Option<Cut>> = vec![None; view.labels];
            while let Some(event) = events.next_if(|event| event.counted == day) {
                if event.delta < 0 {
                    continue;
                }
                for (label, window) in windows.iter_mut().enumerate() {
                    window.add(f64::from(u8::from(label == event.label)));
                    if let Some((before, after)) = window.look(self.delta) {
                        said[label] = after;
                        highest[label] = Some(highest[label].map_or(before, |highest| highest.max(before)));
                    }
                }
            }
            if day >= view.history_days {
                let cuts = highest.iter().zip(&said).map(|(highest, said)| highest.unwrap_or(*said));
                trace.push(reading(cuts));
            }
        }
        trace
    }
}

fn reading(cuts: impl Iterator<Item = Cut>) -> Reading {
    let mut reading = Reading::NOTHING;
    let mut fallen = f64::NEG_INFINITY;
    for (label, cut) in cuts.enumerate() {
        if cut.rise > reading.statistic {
            reading = Reading { statistic: cut.rise, rising: Some(label), ..reading };
        }
        if cut.fall > fallen {
            (fallen, reading.falling) = (cut.fall, Some(label));
        }
    }
    reading
}

/// How surely a window would be cut: -ln of the confidence, where its younger piece is higher, and where it is lower.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cut {
    rise: f64,
    fall: f64,
}

impl Cut {
    const NONE: Cut = Cut { rise: f64::NEG_INFINITY, fall: f64::NEG_INFINITY };

    fn max(self, other: Cut) -> Cut {
        Cut { rise: self.rise.max(other.rise), fall: self.fall.max(other.fall) }
    }

    fn highest(self) -> f64 {
        self.rise.max(self.fall)
    }
}

/// Elements of one bucket: their sum, and the sum of squares about their mean.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    total: f64,
    squares: f64,
}

/// A window in buckets of 1, 2, 4, ... elements.
#[derive(Debug, Default)]
struct Window {
    /// Buckets of 2^row elements, the oldest first.
    rows: Vec<VecDeque<Bucket>>,
    width: f64,
    total: f64,
    squares: f64,
    added: u64,
}

/// Sum of squares about the mean of what two pieces have apart from their own.
fn between(n0: f64, total0: f64, n1: f64, total1: f64) -> f64 {
    n0 * n1 / (n0 + n1) * (total0 / n0 - total1 / n1).powi(2)
}

impl Window {
    fn add(&mut self, value: f64) {
        self.added += 1;
        if self.width > 0.0 {
            self.squares += between(self.width, self.total, 1.0, value);
        }
        self.width += 1.0;
        self.total += value;
        let mut bucket = Bucket { total: value, squares: 0.0 };
        for row in 0.. {
            if row == self.rows.len() {
                self.rows.push(VecDeque::new());
            }
            let buckets = &mut self.rows[row];
            buckets.push_back(bucket);
            if buckets.len() <= BUCKETS_MAX {
                break;
            }
            let size = size(row);
            let (Some(a), Some(b)) = (buckets.pop_front(), buckets.pop_front()) else { break };
            bucket = Bucket {
                total: a.total + b.total,
                squares: a.squares + b.squares + between(size, a.total, size, b.total),
            };
        }
    }

    /// Every so many elements: how surely the window would be cut, before it is cut and after.
    fn look(&mut self, delta: f64) -> Option<(Cut, Cut)> {
        if !self.added.is_multiple_of(CLOCK) || self.width <= WINDOW_MIN {
            return None;
        }
        let before = self.cut();
        let mut after = before;
        while after.highest() > -delta.ln() {
            self.drop_oldest();
            after = self.cut();
        }
        Some((before, after))
    }

    /// Over all ends of buckets.
    fn cut(&self) -> Cut {
        let (mut n0, mut total0) = (0.0, 0.0);
        let mut cut = Cut::NONE;
        for (row, buckets) in self.rows.iter().enumerate().rev() {
            for bucket in buckets {
                n0 += size(row);
                total0 += bucket.total;
                let n1 = self.width - n0;
                if n0 >= PIECE_MIN && n1 >= PIECE_MIN {
                    let rise = (self.total - total0) / n1 - total0 / n0;
                    let surely = self.surely(n0, n1, rise.abs());
                    cut = cut.max(match rise > 0.0 {
                        true => Cut { rise: surely, ..Cut::NONE },
                        false => Cut { fall: surely, ..Cut::NONE },
                    });
                }
            }
        }
        cut
    }

    /// -ln of the confidence at which a difference of the pieces' means is just enough: it is, with L = ln(2 ln width /
    /// delta) and m the sum of the pieces' reciprocal lengths, sqrt(2 m variance L) + 2/3 m L.
    fn surely(&self, n0: f64, n1: f64, difference: f64) -> f64 {
        let m = 1.0 / (n0 - PIECE_MIN + 1.0) + 1.0 / (n1 - PIECE_MIN + 1.0);
        let (a, b) = (2.0 / 3.0 * m, (2.0 * m * self.squares / self.width).max(0.0).sqrt());
        let root = ((b * b + 4.0 * a * difference).sqrt() - b) / (2.0 * a);
        root * root - (2.0 * self.width.ln()).ln()
    }

    fn drop_oldest(&mut self) {
        while self.rows.last().is_some_and(VecDeque::is_empty) {
            self.rows.pop();
        }
        let n = self.rows.len().checked_sub(1).map_or(0.0, size);
        let Some(bucket) = self.rows.last_mut().and_then(VecDeque::pop_front) else { return };
        self.width -= n;
        self.total -= bucket.total;
        self.squares -= bucket.squares;
        if self.width > 0.0 {
            self.squares -= between(n, bucket.total, self.width, self.total);
        }
    }
}

fn size(row: usize) -> f64 {
    (1u64 << row.min(62)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weekly::tests::names_the_shift;

    /// 0 and 1 with P(1) = 0.2, from 1,500 on 0.5, by the generator of C's standard.
    fn stream() -> impl Iterator<Item = f64> {
        let mut state = 12_345u64;
        (0..2_500).map(move |i| {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            let share = if i < 1_500 { 0.2 } else { 0.5 };
            f64::from(u8::from(((state >> 16) as f64 / 32_768.0) < share))
        })
    }

    /// river's window after 500, 1,000 and 1,500 elements (mean, and sum of squares about it), and the element at which
    /// it detects with delta 0.002 and with 0.05.
    #[test]
    fn the_window_and_the_detection_are_rivers() {
        for (delta, expected) in [(0.002, 1_567), (0.05, 1_535)] {
            let mut window = Window::default();
            let mut detected = None;
            for (i, value) in stream().enumerate() {
                window.add(value);
                let known = [(499, 0.206, 81.782), (999, 0.194, 156.364), (1_499, 0.193_333_333, 233.933_333_333)];
                if let Some((_, mean, squares)) = known.iter().find(|(at, ..)| *at == i) {
                    assert_eq!(window.width, (i + 1) as f64);
                    assert!((window.total / window.width - mean).abs() < 1e-8);
                    assert!((window.squares - squares).abs() < 1e-6);
                }
                if let Some((before, _)) = window.look(delta)
                    && before.highest() > -delta.ln()
                {
                    detected = detected.or(Some(i));
                    assert!(before.rise > before.fall && window.width < 1_000.0);
                }
            }
            assert_eq!(detected, Some(expected), "delta {delta}");
        }
    }

    #[test]
    fn a_shift_is_named_by_both_its_labels() {
        names_the_shift(&Adwin { delta: 1e-12 }, [Some(0), Some(1)]);
    }
}

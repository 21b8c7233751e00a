//! What a way through all records took, and what several runs of it come to.

use serde::Serialize;

/// One way through all records.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Way {
    /// Records.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Seconds by the clock.
    pub wall_s: f64,
    /// Seconds of processor time, user and system.
    pub cpu_s: f64,
    /// The most memory that the process held.
    pub peak_rss_bytes: u64,
}

impl Way {
    /// Records a second.
    pub fn per_second(&self) -> f64 {
        self.records as f64 / self.wall_s
    }

    /// Millions of bytes, by 1,024, a second.
    pub fn mib_per_second(&self) -> f64 {
        mib(self.bytes) / self.wall_s
    }

    /// Microseconds of processor time a record.
    pub fn cpu_us(&self) -> f64 {
        self.cpu_s * 1e6 / self.records as f64
    }

    /// Records a second of processor time.
    pub fn per_cpu_second(&self) -> f64 {
        self.records as f64 / self.cpu_s
    }
}

/// Bytes in MiB.
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Of some runs: the middle one, the lowest, the highest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Spread {
    /// Of the figures of some runs; 0 of none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
            return Spread { median: 0.0, low: 0.0, high: 0.0 };
        };
        let (a, b) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Spread { median: (a + b) / 2.0, low: *low, high: *high }
    }

    /// As a cell of a table, with so many decimals: the middle one and, of more than one run, the range.
    pub fn cell(&self, decimals: usize) -> String {
        let [median, low, high] = [self.median, self.low, self.high].map(|figure| number(figure, decimals));
        if low == high { median } else { format!("{median} ({low} to {high})") }
    }
}

/// A number with so many decimals, its thousands apart.
pub fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, part) = match text.split_once('.') {
        Some((whole, part)) => (whole, format!(".{part}")),
        None => (text.as_str(), String::new()),
    };
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_range() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { median: 2.0, low: 1.0, high: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(Spread::of([1_234.56]).cell(1), "1,234.6");
        assert_eq!(Spread::of([1.0, 2.0]).cell(1), "1.5 (1.0 to 2.0)");
        assert_eq!(Spread::of([]).cell(0), "0");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(number(1_234_567.0, 0), "1,234,567");
        assert_eq!(number(-123.456, 2), "-123.46");
        assert_eq!(number(999.9, 0), "1,000");
    }

    #[test]
    fn rates() {
        let way = Way { records: 2_000_000, bytes: 700 << 20, wall_s: 2.0, cpu_s: 4.0, peak_rss_bytes: 0 };
        assert_eq!((way.per_second(), way.mib_per_second()), (1e6, 350.0));
        assert_eq!((way.cpu_us(), way.per_cpu_second()), (2.0, 5e5));
    }
}

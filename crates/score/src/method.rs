//! What a method is: a cell in, one number a day out.

use crate::judge::Bar;
use crate::view::View;

/// A way of looking for shifts, with its constants.
pub trait Method: Sync {
    /// Its constants, as the table tells them: `window 13, baseline 52`.
    fn settings(&self) -> String;

    /// What it says on each day from the end of the history on. It may use of a cell what was counted by that day.
    fn run(&self, view: &View) -> Trace;

    /// What [`Method::run`] does, for what it costs: a second statistic is asked above the method's own threshold alone.
    fn work(&self, view: &View) {
        self.run(view);
    }

    /// What the second statistic must lie above for an alarm to count, where the method gives one.
    fn bar(&self) -> Bar {
        Bar::None
    }

    /// The threshold that it comes with, where it comes with one; `barred` where the second statistic must lie above its
    /// bar too.
    fn own_threshold(&self, _barred: bool) -> Option<f64> {
        None
    }
}

/// A row of the scoreboard: a method, and the constants that it may choose among on the cells of calibration.
pub struct Row {
    /// Its name, of the letters that `--methods` takes.
    pub name: &'static str,
    /// What it is, in a few words, and where it was published.
    pub about: &'static str,
    /// At least one.
    pub grid: Vec<Box<dyn Method>>,
}

impl Row {
    /// A row of a method and the constants that it may choose among.
    pub fn new<M: Method + 'static>(name: &'static str, about: &'static str, grid: impl IntoIterator<Item = M>) -> Row {
        Row { name, about, grid: grid.into_iter().map(|method| Box::new(method) as Box<dyn Method>).collect() }
    }
}

/// What a method says on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The larger, the more it looks like a shift; on any scale.
    pub statistic: f64,
    /// What must lie above [`Method::bar`].
    pub second: Option<f64>,
    /// The label that falls, where the method names it.
    pub falling: Option<usize>,
    /// The label that rises, where the method names it.
    pub rising: Option<usize>,
}

impl Reading {
    /// Nothing seen, no label named.
    pub const NOTHING: Reading = Reading { statistic: f64::NEG_INFINITY, second: None, falling: None, rising: None };
}

/// No label.
const NONE: u8 = u8::MAX;

/// The readings of a cell, day by day. Statistics are kept in single precision: thousands of traces are held at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    statistic: Vec<f32>,
    second: Vec<f32>,
    named: Vec<[u8; 2]>,
}

impl Trace {
    /// The next day's reading.
    ///
    /// # Panics
    /// Where a statistic is no number, or a second statistic is there on some days only: the method is wrong.
    pub fn push(&mut self, reading: Reading) {
        assert!(!reading.statistic.is_nan(), "the statistic of day {} is no number", self.len());
        assert!(
            reading.second.is_some() == (self.second.len() == self.len()) || self.is_empty(),
            "the second statistic of day {} is not as on the days before",
            self.len()
        );
        let label = |label: Option<usize>| label.and_then(|label| u8::try_from(label).ok()).unwrap_or(NONE);
        self.statistic.push(reading.statistic as f32);
        self.second.extend(reading.second.map(|second| second as f32));
        self.named.push([label(reading.falling), label(reading.rising)]);
    }

    /// Days.
    pub fn len(&self) -> usize {
        self.statistic.len()
    }

    /// Whether there is no day yet.
    pub fn is_empty(&self) -> bool {
        self.statistic.is_empty()
    }

    /// The statistic, day by day.
    pub fn statistic(&self) -> &[f32] {
        &self.statistic
    }

    /// The second statistic, day by day; empty where the method has none.
    pub fn second(&self) -> &[f32] {
        &self.second
    }

    /// The falling and the rising label that are named on a day, counted from the end of the history.
    pub fn named(&self, day: usize) -> [Option<usize>; 2] {
        self.named.get(day).map_or([None; 2], |named| named.map(|label| (label != NONE).then_some(usize::from(label))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_keeps_what_was_said() {
        let mut trace = Trace::default();
        trace.push(Reading { statistic: 1.5, second: Some(2.5), falling: Some(3), rising: None });
        trace.push(Reading { second: Some(0.0), ..Reading::NOTHING });
        assert_eq!(
            (trace.len(), trace.statistic(), trace.second()),
            (2, &[1.5, f32::NEG_INFINITY][..], &[2.5, 0.0][..])
        );
        assert_eq!((trace.named(0), trace.named(1), trace.named(2)), ([Some(3), None], [None; 2], [None; 2]));
    }

    #[test]
    #[should_panic(expected = "the second statistic of day 1")]
    fn a_second_statistic_is_there_always_or_never() {
        let mut trace = Trace::default();
        trace.push(Reading::NOTHING);
        trace.push(Reading { second: Some(1.0), ..Reading::NOTHING });
    }

    #[test]
    #[should_panic(expected = "the statistic of day 0 is no number")]
    fn no_number_is_no_reading() {
        Trace::default().push(Reading { statistic: f64::NAN, ..Reading::NOTHING });
    }
}

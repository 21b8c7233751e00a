//! Volumes: panes without their known day, with rolling sums, in the order in which people get them.

use headwater_model::{
    Families, Id, KnownDay, Names, PaneKey, Rolling, Series, Split, SplitBy, VolumeRow, WINDOW_DAYS,
};

use crate::order::{Order, SeriesKey};
use crate::rolling::{Figure, roll};
use crate::wide::Wide;
use crate::{PaneIndex, WindowError};

/// Which volumes are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct VolumeOptions {
    /// Only what was known by the end of that day.
    pub as_of: Option<KnownDay>,
    /// What rows are kept apart by beyond their fixed key.
    pub by: SplitBy,
}

/// The rows of a volume, sorted by day, period, substance, route, source and kind (as texts), then by the split.
pub struct Volumes<'n> {
    names: &'n Names,
    by: SplitBy,
    /// By number of substance.
    families: Vec<Families<'n>>,
    rows: Vec<Row>,
}

struct Row {
    figure: Figure,
    /// Place of its key in the order of keys.
    key: u32,
    /// One series of the key; what it does not share with the others is not in the split.
    series: Id<Series>,
    known_on: KnownDay,
    rolling: Option<[Rolling; WINDOW_DAYS.len()]>,
}

impl<'n> Volumes<'n> {
    /// Adds panes up. `families` is asked once a substance.
    ///
    /// # Errors
    /// [`WindowError::Overflow`] where a sum or a window leaves 64 bits.
    pub fn of(
        panes: &PaneIndex,
        names: &'n Names,
        options: VolumeOptions,
        families: impl Fn(&'n str) -> Families<'n>,
    ) -> Result<Volumes<'n>, WindowError> {
        let by = options.by;
        let keys = keys(names, by);
        let place = |key: &PaneKey| {
            let known_on = by.known_on.then_some(key.known_on);
            (keys[key.series.index()], known_on, key.period().last(), key.period_days)
        };
        let mut panes = panes.up_to(options.as_of).to_vec();
        panes.sort_unstable_by_key(|pane| place(&pane.key));
        let mut rows: Vec<Row> = Vec::new();
        for same in panes.chunk_by(|a, b| place(&a.key) == place(&b.key)) {
            let key = same[0].key;
            let mut sums = Wide::default();
            same.iter().for_each(|pane| sums += pane.sums);
            let day = key.period().last();
            let sums = sums.narrow().ok_or_else(|| WindowError::overflow(names, key.series, day))?;
            if !sums.is_zero() {
                let figure = Figure { day, period_days: key.period_days, sums };
                let (known_on, number) = (key.known_on, keys[key.series.index()]);
                rows.push(Row { figure, key: number, series: key.series, known_on, rolling: None });
            }
        }
        if !by.known_on {
            for same in rows.chunk_by_mut(|a, b| a.key == b.key) {
                let figures: Vec<Figure> = same.iter().map(|row| row.figure).collect();
                let rolled = roll(&figures).map_err(|day| WindowError::overflow(names, same[0].series, day))?;
                same.iter_mut().zip(rolled).for_each(|(row, rolling)| row.rolling = Some(rolling));
            }
        }
        let known_on = |row: &Row| by.known_on.then_some(row.known_on);
        rows.sort_unstable_by_key(|row| (row.figure.day, row.figure.period_days, row.key, known_on(row)));
        let families = names.substances.iter().map(|(_, substance)| families(substance)).collect();
        Ok(Volumes { names, by, families, rows })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = VolumeRow<'n>> {
        self.rows.iter().map(|row| {
            let (names, by) = (self.names, self.by);
            let series = names.series.get(row.series);
            VolumeRow {
                day: row.figure.day,
                period_days: row.figure.period_days,
                substance: names.substances.get(series.substance),
                families: self.families[series.substance.index()],
                route: names.routes.get(series.route),
                source: names.sources.get(series.source),
                evidence: series.evidence,
                split: Split {
                    place: by.place.then(|| series.place.map(|place| names.places.get(place))),
                    access: by.access.then(|| names.accesses.get(series.access)),
                    flagged: by.flagged.then_some(series.flagged),
                    known_on: by.known_on.then_some(row.known_on),
                },
                sums: row.figure.sums,
                rolling: row.rolling,
            }
        })
    }

    /// The error of a roll-up that begins with a row.
    pub(crate) fn overflow(&self, row: usize) -> WindowError {
        WindowError::overflow(self.names, self.rows[row].series, self.rows[row].figure.day)
    }
}

/// For every series the place of its key, cut to what a split keeps apart, in the order of keys.
fn keys(names: &Names, by: SplitBy) -> Vec<u32> {
    let order = Order::new(names);
    let mut sorted: Vec<(SeriesKey, usize)> = names
        .series
        .iter()
        .map(|(id, series)| {
            let (substance, route, source, evidence, place, access, flagged) = order.key(series);
            let place = if by.place { place } else { None };
            let access = if by.access { access } else { 0 };
            ((substance, route, source, evidence, place, access, by.flagged && flagged), id.index())
        })
        .collect();
    sorted.sort_unstable();
    let mut keys = vec![0; sorted.len()];
    for (number, same) in sorted.chunk_by(|a, b| a.0 == b.0).enumerate() {
        same.iter().for_each(|&(_, series)| keys[series] = number as u32);
    }
    keys
}

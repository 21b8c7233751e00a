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

#[cfg(test)]
mod tests {
    use headwater_model::{Evidence, Marking, Sums};

    use super::*;
    use crate::fixture::{Line, Said, after, known, mass};

    fn said(event: &str, line: Line) -> Said {
        Said::new(event, 0, 100, &[line])
    }

    fn volumes(window: &crate::Window, options: VolumeOptions) -> Volumes<'_> {
        let index = window.panes.sorted(&window.names);
        Volumes::of(&index, &window.names, options, |_| Families::default()).unwrap()
    }

    #[test]
    fn rows_are_sorted_by_texts_and_carry_their_families() {
        let window = after(&[
            said("1", Line { substance: "z", ..mass(5, 1) }),
            said("2", Line { route: "MX>US", ..mass(5, 1) }),
            said("3", Line { evidence: Evidence::Seizure, ..mass(5, 1) }),
            said("4", Line { evidence: Evidence::PreExportNotice, ..mass(5, 1) }),
            said("5", Line { evidence: Evidence::StoppedShipment, ..mass(5, 1) }),
            said("6", Line { period_days: 7, ..mass(1, 1) }),
            said("7", mass(4, 1)),
            said("8", mass(5, 1)),
        ]);
        let index = window.panes.sorted(&window.names);
        let families = |substance: &'static str| Families { family: Some(substance), market_family: None };
        let volumes = Volumes::of(&index, &window.names, VolumeOptions::default(), |s| match s {
            "z" => families("last"),
            _ => Families::default(),
        });
        let volumes = volumes.unwrap();
        let rows: Vec<String> = volumes
            .rows()
            .map(|r| {
                let family = r.families.family.unwrap_or("-");
                format!("{} {} {} {} {} {family}", r.day.0, r.period_days, r.substance, r.route, r.evidence)
            })
            .collect();
        assert_eq!(
            rows,
            [
                "4 1 npp CN>US export -",
                "5 1 npp CN>US export -",
                "5 1 npp CN>US pre_export_notice -",
                "5 1 npp CN>US seizure -",
                "5 1 npp CN>US stopped_shipment -",
                "5 1 npp MX>US export -",
                "5 1 z CN>US export last",
                "7 7 npp CN>US export -",
            ]
        );
        assert_eq!((volumes.len(), volumes.is_empty()), (8, false));
        assert!(self::volumes(&after(&[]), VolumeOptions::default()).is_empty());
    }

    #[test]
    fn a_row_whose_sums_are_all_zero_is_left_out_and_one_sum_is_enough() {
        let none = Line { event_day: 3, incidents: 0, ..Line::default() };
        let window = after(&[
            said("1", mass(1, 5)),
            said("2", none.clone()),
            Said::withdrawn("1", 0, 101),
            Said::new("3", 0, 100, &[mass(4, 9)]),
            Said::new("3", 1, 101, &[Line { event_day: 4, ..none }]),
        ]);
        let rows: Vec<_> = volumes(&window, VolumeOptions::default()).rows().map(|r| (r.day.0, r.sums)).collect();
        let one_event = Sums { events: 1, ..Sums::default() };
        assert_eq!(rows, [(3, one_event), (4, one_event)]);
        let before = VolumeOptions { as_of: Some(known(100)), ..VolumeOptions::default() };
        let rows: Vec<_> = volumes(&window, before).rows().map(|r| (r.day.0, r.sums.mass_mg)).collect();
        assert_eq!(rows, [(1, 5), (3, 0), (4, 9)]);
    }

    #[test]
    fn windows_run_over_all_lengths_of_one_key_only() {
        let month = Line { period_days: 31, ..mass(1, 100) };
        let window = after(&[
            said("1", mass(31, 1)),
            said("2", month),
            said("3", Line { substance: "z", ..mass(31, 7) }),
            said("4", mass(26, 10)),
        ]);
        let rows: Vec<_> = volumes(&window, VolumeOptions::default())
            .rows()
            .map(|r| (r.day.0, r.period_days, r.substance, r.rolling.unwrap().map(|w| w.mass_mg)))
            .collect();
        assert_eq!(
            rows,
            [
                (26, 1, "npp", [10, 10, 10, 10]),
                (31, 1, "npp", [11, 111, 111, 111]),
                (31, 1, "z", [7, 7, 7, 7]),
                (31, 31, "npp", [11, 111, 111, 111]),
            ]
        );
    }

    #[test]
    fn a_split_keeps_apart_what_it_names_and_nothing_else() {
        let line = |office, marking, flagged| Line { place: office, marking, flagged, ..mass(5, 1) };
        let mut records = vec![
            said("1", line(Some("B"), Marking::Red, false)),
            said("2", line(Some("A"), Marking::Amber, true)),
            said("3", line(None, Marking::AmberStrict, false)),
            said("4", line(None, Marking::Amber, true)),
        ];
        records[3].known_on = 101;
        let window = after(&records);
        let rows = |by: SplitBy| -> Vec<String> {
            volumes(&window, VolumeOptions { as_of: None, by })
                .rows()
                .map(|r| {
                    let place = r.split.place.map(|p| p.and_then(|p| p.office.as_deref()).unwrap_or("-"));
                    let access = r.split.access.map(ToString::to_string);
                    let known_on = r.split.known_on.map(|day| day.0.0);
                    assert_eq!(r.rolling.is_none(), by.known_on);
                    format!("{place:?} {access:?} {:?} {known_on:?} {}", r.split.flagged, r.sums.mass_mg)
                })
                .collect()
        };
        let by = SplitBy::default();
        assert_eq!(rows(by), ["None None None None 4"]);
        assert_eq!(
            rows(SplitBy { place: true, ..by }),
            [r#"Some("-") None None None 2"#, r#"Some("A") None None None 1"#, r#"Some("B") None None None 1"#]
        );
        assert_eq!(
            rows(SplitBy { access: true, ..by }),
            [
                r#"None Some("TLP:AMBER") None None 2"#,
                r#"None Some("TLP:AMBER+STRICT") None None 1"#,
                r#"None Some("TLP:RED") None None 1"#
            ]
        );
        assert_eq!(
            rows(SplitBy { flagged: true, ..by }),
            ["None None Some(false) None 2", "None None Some(true) None 2"]
        );
        assert_eq!(
            rows(SplitBy { known_on: true, ..by }),
            ["None None None Some(100) 3", "None None None Some(101) 1"]
        );
        assert_eq!(rows(SplitBy { place: true, access: true, flagged: true, known_on: true }).len(), 4);
    }

    #[test]
    fn a_sum_beyond_64_bits_names_its_day() {
        let window = after(&[said("1", mass(5, i64::MAX)), Said::new("2", 0, 101, &[mass(5, 1)])]);
        let index = window.panes.sorted(&window.names);
        let error =
            Volumes::of(&index, &window.names, VolumeOptions::default(), |_| Families::default()).err().unwrap();
        assert_eq!(error.to_string(), "the sum of npp CN>US S export on 1970-01-06 leaves 64 bits");
        let rolling = after(&[said("1", mass(5, i64::MAX)), said("2", mass(6, 1))]);
        let index = rolling.panes.sorted(&rolling.names);
        let error =
            Volumes::of(&index, &rolling.names, VolumeOptions::default(), |_| Families::default()).err().unwrap();
        assert_eq!(error.to_string(), "the sum of npp CN>US S export on 1970-01-07 leaves 64 bits");
    }
}

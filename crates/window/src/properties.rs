//! Random streams against a model that keeps every record and asks for each day anew which of them holds.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Day, Evidence, EvidenceQuery, Families, Identity, Marking, SplitBy, Sums};
use proptest::prelude::*;

use crate::fixture::{Line, Said, Spelt, after, feed, known, observe, series, spell, spell_key, spelt};
use crate::{VolumeOptions, Volumes, Window};

/// Known days of the streams: 0..KNOWN_DAYS.
const KNOWN_DAYS: i32 = 8;

fn line() -> impl Strategy<Value = Line> {
    let key = (
        prop::sample::select(vec!["npp", "anpp"]),
        prop::sample::select(vec!["CN>US", "CN>MX>US", "CN>MX"]),
        prop::sample::select(vec![Evidence::Import, Evidence::Seizure]),
        prop::sample::select(vec![None, Some("A")]),
        prop::sample::select(vec![Marking::Amber, Marking::Red]),
        any::<bool>(),
    );
    let days = (prop::sample::select(vec![-3, 0, 5, 20]), prop::sample::select(vec![1, 1, 7, 31]));
    let amounts = (prop::option::of(0..1_000i64), prop::option::of(0..9i64), 0..3i64);
    (key, days, amounts).prop_map(|(key, (event_day, period_days), (mass_mg, pieces, incidents))| {
        let (substance, route, evidence, place, marking, flagged) = key;
        Line { substance, route, evidence, place, marking, flagged, event_day, period_days, mass_mg, pieces, incidents }
    })
}

fn said() -> impl Strategy<Value = Said> {
    let key = (prop::sample::select(vec!["S", "T"]), prop::sample::select(vec!["a", "b", "c"]));
    (key, 0..4u32, prop::bool::weighted(0.25), 0..KNOWN_DAYS, prop::collection::vec(line(), 1..4)).prop_map(
        |((source, event), revision, withdrawn, known_on, lines)| Said {
            source,
            event: event.to_owned(),
            revision,
            withdrawn,
            known_on,
            lines: if withdrawn { Vec::new() } else { lines },
        },
    )
}

/// Streams in which a record may come again, and with other content.
pub(crate) fn conflicting() -> impl Strategy<Value = Vec<Said>> {
    prop::collection::vec(said(), 0..30)
}

/// Streams in which what comes again is the same.
pub(crate) fn stream() -> impl Strategy<Value = Vec<Said>> {
    conflicting().prop_map(|stream| {
        let first = |said: &Said| stream.iter().find(|s| s.identity() == said.identity() && s.rank() == said.rank());
        stream.iter().map(|said| first(said).unwrap().clone()).collect()
    })
}

pub(crate) fn shuffled() -> impl Strategy<Value = (Vec<Said>, Vec<Said>)> {
    stream().prop_flat_map(|stream| (Just(stream.clone()), Just(stream).prop_shuffle()))
}

fn identities(stream: &[Said]) -> BTreeSet<Identity> {
    stream.iter().map(Said::identity).collect()
}

/// What holds of an event on a day.
fn in_force(stream: &[Said], identity: Identity, day: i32) -> Option<&Said> {
    stream.iter().filter(|s| s.identity() == identity && s.known_on <= day).max_by_key(|s| s.rank())
}

fn add(to: &mut Sums, line: &Line, sign: i64) {
    to.mass_mg += sign * line.mass_mg.unwrap_or(0);
    to.pieces += sign * line.pieces.unwrap_or(0);
    to.incidents += sign * line.incidents;
    to.events += sign;
}

fn naive_panes(stream: &[Said]) -> Vec<Spelt> {
    let mut panes = BTreeMap::new();
    for identity in identities(stream) {
        let mut held: Option<&Said> = None;
        for day in 0..KNOWN_DAYS {
            let holds = in_force(stream, identity, day);
            if holds.map(Said::rank) != held.map(Said::rank) {
                for (said, sign) in held.map(|s| (s, -1)).into_iter().chain(holds.map(|s| (s, 1))) {
                    for line in &said.lines {
                        add(panes.entry(spell(said.source, line, day)).or_default(), line, sign);
                    }
                }
            }
            held = holds;
        }
    }
    panes.into_iter().filter(|(_, sums)| !sums.is_zero()).collect()
}

/// The lines in force on a day, each with its source.
fn lines_in_force(stream: &[Said], day: i32) -> Vec<(&str, &Line)> {
    identities(stream)
        .into_iter()
        .filter_map(|identity| in_force(stream, identity, day))
        .flat_map(|said| said.lines.iter().map(|line| (said.source, line)))
        .collect()
}

/// The records of an event that no other dominates.
fn held(arrived: &[Said], said: &Said) -> bool {
    !arrived.iter().any(|other| {
        other.identity() == said.identity() && other.rank() > said.rank() && other.known_on <= said.known_on
    })
}

/// Feeds one by one, checks each class against all that arrived before, and returns what was taken.
fn taken(window: &mut Window, stream: &[Said]) -> Result<Vec<Said>, TestCaseError> {
    let mut arrived: Vec<Said> = Vec::new();
    for said in stream {
        let (counts, _) = feed(window, std::slice::from_ref(said));
        let same: Vec<&Said> = arrived.iter().filter(|s| s.identity() == said.identity()).collect();
        let twin = same.iter().find(|s| s.rank() == said.rank() && held(&arrived, s));
        let lower = same.iter().any(|s| s.rank() > said.rank());
        let expected = match twin {
            Some(twin) => (0, 1, 0, u64::from(*twin != said)),
            None => (u64::from(!lower), 0, u64::from(lower), 0),
        };
        prop_assert_eq!((counts.accepted, counts.duplicate, counts.superseded, counts.conflict), expected);
        if twin.is_none() {
            arrived.push(said.clone());
        }
    }
    Ok(arrived)
}

/// A row with its rolling masses and incidents.
type VolumeOf = (RowKey, Sums, Vec<(i64, i64)>);

/// The key of a row by texts, in the order in which rows are sorted.
type RowKey = (i32, u16, String, String, String, String, String, String, String);

fn row_key(source: &str, line: &Line, by: SplitBy) -> RowKey {
    let place = if by.place { line.place.unwrap_or("-") } else { "" };
    let access = if by.access { line.marking.as_str() } else { "" };
    let flagged = if by.flagged { line.flagged.to_string() } else { String::new() };
    let last = line.event_day + i32::from(line.period_days) - 1;
    let (evidence, source) = (line.evidence.as_str().to_owned(), source.to_owned());
    let (substance, route) = (line.substance.to_owned(), line.route.to_owned());
    (last, line.period_days, substance, route, source, evidence, place.to_owned(), access.to_owned(), flagged)
}

fn naive_volumes(stream: &[Said], day: i32, by: SplitBy) -> Vec<VolumeOf> {
    let mut rows: BTreeMap<RowKey, Sums> = BTreeMap::new();
    for (source, line) in lines_in_force(stream, day) {
        add(rows.entry(row_key(source, line, by)).or_default(), line, 1);
    }
    let rest = |key: &RowKey| {
        (key.2.clone(), key.3.clone(), key.4.clone(), key.5.clone(), key.6.clone(), key.7.clone(), key.8.clone())
    };
    let rolling = |at: &RowKey, window: i32| {
        let within = |key: &RowKey| {
            let slack = if key.1 > 1 { 3 } else { 0 };
            rest(key) == rest(at) && key.0 <= at.0 && key.0 - i32::from(key.1) + 1 > at.0 - window - slack
        };
        let sums = rows.iter().filter(|(key, _)| within(key)).map(|(_, sums)| (sums.mass_mg, sums.incidents));
        sums.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let windows = |key: &RowKey| [7, 28, 91, 364].map(|window| rolling(key, window)).to_vec();
    rows.iter().map(|(key, sums)| (key.clone(), *sums, windows(key))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn panes_are_those_of_the_set_of_records_in_any_order((stream, other) in shuffled()) {
        let expected = naive_panes(&stream);
        for stream in [&stream, &other] {
            let window = after(stream);
            prop_assert_eq!(&spelt(&window.panes, &window.names), &expected);
            let index = window.panes.sorted(&window.names);
            for day in 0..KNOWN_DAYS {
                let mut sums: BTreeMap<_, Sums> = BTreeMap::new();
                for pane in index.up_to(Some(known(day))) {
                    let (text, event_day, period_days, _) = spell_key(&window.names, pane);
                    let sum = sums.entry((text, event_day, period_days)).or_default();
                    *sum = sum.checked_add(pane.sums).unwrap();
                }
                let mut in_force: BTreeMap<_, Sums> = BTreeMap::new();
                for (source, line) in lines_in_force(stream, day) {
                    let (text, event_day, period_days, _) = spell(source, line, day);
                    add(in_force.entry((text, event_day, period_days)).or_default(), line, 1);
                }
                sums.retain(|_, sums| !sums.is_zero());
                prop_assert_eq!(sums, in_force);
            }
        }
    }

    #[test]
    fn the_order_of_sorted_panes_does_not_depend_on_arrival((stream, other) in shuffled()) {
        let [a, b] = [after(&stream), after(&other)].map(|window| {
            let index = window.panes.sorted(&window.names);
            index.up_to(None).iter().map(|pane| (spell_key(&window.names, pane), pane.sums)).collect::<Vec<_>>()
        });
        prop_assert_eq!(a, b);
    }

    #[test]
    fn each_record_has_one_class_and_the_first_of_a_conflict_holds(stream in conflicting()) {
        let mut window = Window::default();
        let kept = taken(&mut window, &stream)?;
        prop_assert_eq!(spelt(&window.panes, &window.names), naive_panes(&kept));
        let counts = window.counts;
        prop_assert_eq!(counts.read, stream.len() as u64);
        prop_assert_eq!(counts.read, counts.accepted + counts.duplicate + counts.superseded + counts.rejected);
        prop_assert_eq!(window.ledger.len(), identities(&stream).len());
    }

    #[test]
    fn signed_rows_add_up_to_the_panes(stream in conflicting()) {
        let mut window = Window::default();
        let (_, rows) = feed(&mut window, &stream);
        let mut sums: BTreeMap<_, Sums> = BTreeMap::new();
        for row in rows {
            let sum = sums.entry(row.key).or_default();
            *sum = sum.checked_add(row.sums()).unwrap();
        }
        sums.retain(|_, sums| !sums.is_zero());
        let panes: BTreeMap<_, _> =
            window.panes.sorted(&window.names).up_to(None).iter().map(|pane| (pane.key, pane.sums)).collect();
        prop_assert_eq!(panes, sums);
    }

    #[test]
    fn a_memory_that_has_seen_the_records_does_not_grow(stream in stream()) {
        let mut window = after(&stream);
        let kept = |window: &Window| {
            let live = window.ledger.hot.records.slots().filter(|record| !record.is_free()).count();
            (live, window.panes.len())
        };
        let once = kept(&window);
        let distinct: BTreeSet<_> = stream.iter().filter(|s| held(&stream, s)).map(|s| (s.identity(), s.rank())).collect();
        prop_assert_eq!(once.0, distinct.len());
        let bytes = window.ledger.hot.items.len();
        for _ in 0..3 {
            feed(&mut window, &stream);
        }
        prop_assert_eq!((kept(&window), window.ledger.hot.items.len()), (once, bytes));
    }

    #[test]
    fn taking_a_trace_away_leaves_the_panes_without_its_event(
        stream in stream(),
        asked in prop::collection::vec((prop::collection::vec(line(), 1..4), -5..30i32, 0..30i32, 0..KNOWN_DAYS), 1..4),
    ) {
        let mut window = after(&stream);
        let queries: Vec<EvidenceQuery> = asked
            .iter()
            .map(|(lines, from, length, as_of)| {
                // Series that occur, beside the random ones, so that questions have answers.
                let stood = stream.iter().flat_map(|said| said.lines.first().map(|line| (said.source, line))).take(lines.len());
                let lines: Vec<(&str, &Line)> = lines.iter().map(|line| ("S", line)).chain(stood).collect();
                let mut series: Vec<_> = lines.iter().map(|(source, line)| series(&mut window.names, source, line)).collect();
                series.sort_unstable();
                series.dedup();
                EvidenceQuery { series, from: Day(*from), to: Day(from + length), as_of: known(*as_of) }
            })
            .collect();
        let answers = window.ledger.trace(&queries, &window.names).unwrap();
        let index = window.panes.sorted(&window.names);
        for (query, answer) in queries.iter().zip(&answers) {
            let as_of = query.as_of.0.0;
            let mut expected: Vec<(&str, &str)> = Vec::new();
            for identity in identities(&stream) {
                let Some(said) = in_force(&stream, identity, as_of) else { continue };
                let answers = said.lines.iter().any(|line| {
                    let last = Day(line.event_day + i32::from(line.period_days) - 1);
                    query.series.contains(&series(&mut window.names, said.source, line)) && query.from <= last && last <= query.to
                });
                if answers {
                    expected.push((said.source, &said.event));
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(answer.iter().map(|t| (&*t.source, &*t.event_id)).collect::<Vec<_>>(), expected);
            for trace in answer {
                let mut left: BTreeMap<_, Sums> = BTreeMap::new();
                for pane in index.up_to(Some(query.as_of)) {
                    left.insert(spell_key(&window.names, pane), pane.sums);
                }
                for pane in &trace.panes {
                    let sum = left.entry(spell_key(&window.names, pane)).or_default();
                    *sum = sum.checked_add(pane.sums.negated()).unwrap();
                }
                left.retain(|_, sums| !sums.is_zero());
                let without: Vec<Said> = stream
                    .iter()
                    .filter(|said| (said.source, said.event.as_str()) != (&*trace.source, &*trace.event_id))
                    .cloned()
                    .collect();
                let expected: Vec<Spelt> = naive_panes(&without).into_iter().filter(|(key, _)| key.3 <= as_of).collect();
                prop_assert_eq!(left.into_iter().collect::<Vec<_>>(), expected);
            }
        }
    }

    #[test]
    fn volumes_equal_the_lines_in_force(stream in stream(), as_of in prop::option::of(0..KNOWN_DAYS), by in any::<[bool; 3]>()) {
        let window = after(&stream);
        let by = SplitBy { place: by[0], access: by[1], flagged: by[2], known_on: false };
        let index = window.panes.sorted(&window.names);
        let options = VolumeOptions { as_of: as_of.map(known), by };
        let volumes = Volumes::of(&index, &window.names, options, |_| Families::default()).unwrap();
        let rows: Vec<_> = volumes
            .rows()
            .map(|r| {
                let place = r.split.place.map_or("", |place| place.map_or("-", |p| p.office.as_deref().unwrap()));
                let key = (
                    r.day.0,
                    r.period_days,
                    r.substance.to_owned(),
                    r.route.to_string(),
                    r.source.to_owned(),
                    r.evidence.to_string(),
                    place.to_owned(),
                    r.split.access.map_or(String::new(), ToString::to_string),
                    r.split.flagged.map_or(String::new(), |flagged| flagged.to_string()),
                );
                (key, r.sums, r.rolling.unwrap().iter().map(|w| (w.mass_mg, w.incidents)).collect::<Vec<_>>())
            })
            .collect();
        prop_assert_eq!(rows, naive_volumes(&stream, as_of.unwrap_or(KNOWN_DAYS), by));
    }

    #[test]
    fn panes_of_parts_add_up_to_those_of_the_whole(stream in stream()) {
        let (mut a, mut b) = (Window::default(), Window::default());
        let (part_a, part_b): (Vec<Said>, Vec<Said>) = stream.iter().cloned().partition(|s| s.identity().0 % 2 == 0);
        feed(&mut a, &part_a);
        let (batch, observations) = observe(&mut a.names, &part_b);
        b.names = std::mem::take(&mut a.names);
        b.process(&observations, &batch, &mut ()).unwrap();
        a.panes.merge(&b.panes).unwrap();
        prop_assert_eq!(spelt(&a.panes, &b.names), naive_panes(&stream));
    }

    #[test]
    fn panes_of_inputs_with_names_of_their_own_add_up_to_those_of_the_whole(stream in stream()) {
        let (part_a, part_b): (Vec<Said>, Vec<Said>) = stream.iter().cloned().partition(|s| s.identity().0 % 2 == 0);
        let (mut a, b) = (after(&part_a), after(&part_b));
        a.panes.merge_from(&mut a.names, &b.panes, &b.names).unwrap();
        prop_assert_eq!(spelt(&a.panes, &a.names), naive_panes(&stream));
        prop_assert_eq!(spelt(&b.panes, &b.names), naive_panes(&part_b));
    }
}

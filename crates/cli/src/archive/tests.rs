#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use headwater_catalog::Catalog;
use headwater_detect::Config;
use headwater_model::{Day, EventTrace, EvidenceQuery, Id, KnownDay, Names, Observations, PaneKey, Series, Sums};
use headwater_normalize::{Normalizer, Settings};
use headwater_store::OutputFolder;
use headwater_window::Window;
use proptest::prelude::*;

use crate::archive::fake::{Fake, WEEKS, batch, carry};
use crate::archive::{By, Evidence, Holdings, Span, closed_to, panes, replay, told, totals};
use crate::detecting::Detecting;

/// A series by the texts of its names.
fn spell(names: &Names, key: PaneKey) -> (String, i32, u16) {
    let series = names.series.get(key.series);
    let text = format!(
        "{} {} {} {} {:?} {} {}",
        names.substances.get(series.substance),
        names.routes.get(series.route),
        names.sources.get(series.source),
        series.evidence,
        series.place.map(|place| names.places.get(place).clone()),
        names.accesses.get(series.access),
        series.flagged
    );
    (text, key.event_day.0.0, key.period_days)
}

/// An event with its panes, in their order.
type Spelt = (String, Vec<(i32, (String, i32, u16), Sums)>);

fn spelt(traces: &[EventTrace], names: &Names) -> Vec<Spelt> {
    let panes = |trace: &EventTrace| {
        trace.panes.iter().map(|pane| (pane.key.known_on.0.0, spell(names, pane.key), pane.sums)).collect()
    };
    traces.iter().map(|trace| (format!("{} {}", trace.source, trace.event_id), panes(trace))).collect()
}

/// An event and what it nets to by series, day and period.
type Netted = (String, BTreeMap<(String, i32, u16), Sums>);

/// The same with its days forgotten: what the event adds up to.
fn netted(traces: Vec<Spelt>) -> Vec<Netted> {
    let net = |panes: Vec<(i32, (String, i32, u16), Sums)>| {
        let mut net: BTreeMap<_, Sums> = BTreeMap::new();
        for (_, key, sums) in panes {
            let sum = net.entry(key).or_default();
            *sum = sum.checked_add(sums).unwrap();
        }
        net.retain(|_, sums| !sums.is_zero());
        net
    };
    traces.into_iter().map(|(event, panes)| (event, net(panes))).collect()
}

/// Days, and which of so many series: one in `step`, from `first` on.
#[derive(Clone, Debug)]
struct Asked {
    first: usize,
    step: usize,
    from: i32,
    days: i32,
    as_of: i32,
}

fn asked() -> impl Strategy<Value = Asked> {
    let days = WEEKS.last().unwrap().last.0 - WEEKS[0].last.0;
    (0..5usize, 1..6usize, 0..days, 0..400i32, 0..days).prop_map(move |(first, step, from, length, as_of)| Asked {
        first,
        step,
        from: WEEKS[0].last.0 + from,
        days: length,
        as_of: WEEKS[0].last.0 + as_of,
    })
}

impl Asked {
    fn query(&self, series: impl Iterator<Item = Id<Series>>) -> EvidenceQuery {
        let mut series: Vec<_> = series.collect();
        series.sort_unstable();
        let (from, to) = (Day(self.from), Day(self.from + self.days));
        EvidenceQuery { series, from, to, as_of: KnownDay(Day(self.as_of)) }
    }

    /// The question in the names of a ledger, and the same in other names.
    fn queries(&self, ledger: &Names, other: &mut Names) -> (EvidenceQuery, EvidenceQuery) {
        let ids: Vec<_> = ledger.series.iter().skip(self.first).step_by(self.step).collect();
        let ours = self.query(ids.iter().map(|(id, _)| *id));
        let carried: Vec<_> = ids.iter().map(|(_, series)| carry(series, ledger, other)).collect();
        let theirs = self.query(carried.iter().map(|series| other.series.intern_with(series, |series| *series)));
        (ours, theirs)
    }
}

fn lines(weeks: &[usize]) -> Vec<&Vec<u8>> {
    weeks.iter().flat_map(|week| WEEKS[*week].trade.iter().chain(&WEEKS[*week].seizure)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// No clock: the counted day of every row is its known day.
    #[test]
    fn the_archive_answers_as_a_ledger_in_any_order_of_arrival(
        order in Just((0..WEEKS.len()).collect::<Vec<_>>()).prop_shuffle(),
        asked in prop::collection::vec(asked(), 1..4),
        keeps in prop::sample::select(vec![0, 200_000, usize::MAX]),
        fold in any::<bool>(),
    ) {
        let mut archive = Fake::with(&[("all", 1)]);
        for weeks in order.chunks(10) {
            archive.commit("all/0", &lines(weeks), false, None);
            if fold && weeks.contains(&0) {
                archive.fold("all/0", false);
            }
        }
        let window = archive.window("all/0");
        let mut names = Names::default();
        let (ours, theirs): (Vec<_>, Vec<_>) = asked.iter().map(|asked| asked.queries(&window.names, &mut names)).unzip();
        let expected = window.ledger.trace(&ours, &window.names).unwrap();
        let mut evidence = Evidence::keeping(keeps);
        for _ in 0..2 {
            let answers = evidence.trace(&archive, &theirs, &mut names).unwrap();
            prop_assert_eq!(answers.len(), expected.len());
            for (answer, expected) in answers.iter().zip(&expected) {
                prop_assert_eq!(spelt(answer, &names), spelt(expected, &window.names));
            }
        }
        prop_assert_eq!(Evidence::keeping(0).trace(&archive, &[], &mut names).unwrap(), Vec::<Vec<EventTrace>>::new());
    }

    /// With clocks: as of a counted day stands what the epochs that were begun before the clock passed it had brought.
    #[test]
    fn by_counted_day_it_answers_as_the_ledger_of_that_day(
        late in prop::collection::btree_set(0..WEEKS.len() - 8, 5..40),
        asked in asked(),
    ) {
        let mut archive = Fake::with(&[("all", 1)]);
        let mut normalizer = Normalizer::new(Catalog::embedded(), Settings::default());
        let (mut window, mut observations) = (Window::default(), Observations::default());
        // A late week arrives with the eighth after it.
        for week in 0..WEEKS.len() {
            let own = (!late.contains(&week)).then_some(week);
            let weeks: Vec<usize> = week.checked_sub(8).filter(|week| late.contains(week)).into_iter().chain(own).collect();
            let lines = lines(&weeks);
            if archive.clock("all/0").is_none_or(|clock| clock <= Day(asked.as_of)) {
                let batch = batch(&lines);
                normalizer.process(&batch, &mut window.names, &mut observations);
                window.process(&observations, &batch, &mut ()).unwrap();
            }
            archive.commit("all/0", &lines, true, None);
        }
        let mut names = Names::default();
        let (ours, theirs) = asked.queries(&window.names, &mut names);
        let expected = window.ledger.trace(&[ours], &window.names).unwrap();
        let answers = Evidence::new().trace(&archive, &[theirs], &mut names).unwrap();
        for (event, panes) in spelt(&answers[0], &names) {
            prop_assert!(panes.iter().all(|(day, ..)| *day <= asked.as_of), "{event}");
        }
        let net = netted(spelt(&answers[0], &names));
        prop_assert_eq!(net, netted(spelt(&expected[0], &window.names)));
    }
}

/// An archive, part folded, whose days are closed.
fn detected() -> Fake {
    let mut archive = Fake::with(&[("trade", 1), ("seizure", 1)]);
    for (number, week) in WEEKS.iter().enumerate() {
        archive.commit("trade/0", &week.trade, true, Some(week.last));
        archive.commit("seizure/0", &week.seizure, true, Some(week.last));
        if number == 70 {
            archive.fold("trade/0", false);
        }
    }
    let sources = ["trade".into(), "seizure".into()].into();
    let mut detecting = Detecting::new(Catalog::embedded(), Config::default(), sources);
    while detecting.step(&archive, true, &mut (), &|| false).unwrap().busy {}
    archive
}

#[test]
fn a_replay_of_the_archive_is_what_the_log_told_and_the_same_bytes_each_time() {
    let archive = detected();
    let all = told(&archive, None).unwrap();
    let to = closed_to(&archive).unwrap().unwrap();
    let middle = all[all.len() / 2].as_of;
    let dir = tempfile::tempdir().unwrap();
    let replayed = |name: &str, from: Day, to: Day| {
        let folder = OutputFolder::create(dir.path().join(name)).unwrap();
        let replayed =
            replay(&archive, &Catalog::embedded(), &Config::default(), Span { from, to }, &folder, || 1.0).unwrap();
        let read = |file: &str| std::fs::read(folder.path().join(file)).unwrap();
        (replayed, read("alerts.ndjson"), read("volumes.parquet"), read("rejects.ndjson"))
    };
    let ndjson = |from: Day, to: Day| -> Vec<u8> {
        let told = all.iter().filter(|alert| (from..=to).contains(&alert.as_of));
        told.flat_map(|alert| format!("{}\n", serde_json::to_string(alert).unwrap()).into_bytes()).collect()
    };
    let (first, alerts, volumes, rejects) = replayed("a", Day(0), to);
    assert!(first.differs.is_none());
    assert_eq!(alerts, ndjson(Day(0), to));
    let counts = first.summary.counts;
    assert_eq!(counts.read, counts.accepted + counts.duplicate + counts.superseded + counts.rejected);
    assert_eq!(totals(&archive).unwrap().values().map(|counts| counts.read).sum::<u64>(), counts.read);
    let again = replayed("b", Day(0), to);
    assert!((again.1, again.2, again.3) == (alerts, volumes.clone(), rejects));
    let (part, alerts, earlier, _) = replayed("c", middle, middle + 30);
    assert_eq!(alerts, ndjson(middle, middle + 30));
    assert!(part.differs.is_none() && !alerts.is_empty() && earlier != volumes);
    archive.log.borrow_mut().iter_mut().for_each(|entry| entry.alerts.retain(|alert| alert.as_of != middle));
    assert_eq!(replayed("d", middle, to).0.differs.map(|alert| alert.as_of), Some(middle));
}

#[test]
fn alerts_as_of_a_day_are_the_last_revisions_of_it() {
    let archive = detected();
    let all = told(&archive, None).unwrap();
    let revised = all.iter().find(|alert| alert.revision == 2).unwrap();
    let before = told(&archive, Some(revised.as_of - 1)).unwrap();
    let on = told(&archive, Some(revised.as_of)).unwrap();
    let revision = |alerts: &[headwater_model::Alert]| -> Vec<u32> {
        alerts.iter().filter(|alert| alert.alert_id == revised.alert_id).map(|alert| alert.revision).collect()
    };
    assert_eq!((revision(&before), revision(&on)), (vec![1], vec![2]));
    assert!(before.iter().all(|alert| alert.as_of < revised.as_of));
    assert!(told(&archive, Some(Day(0))).unwrap().is_empty());
}

#[test]
fn panes_of_the_archive_are_those_of_its_ledgers() {
    let archive = detected();
    let day = WEEKS[100].last;
    let all = |names: &Names, index: &headwater_window::PaneIndex, up_to: Option<KnownDay>| {
        let spelt = |pane: &headwater_model::Pane| ((pane.key.known_on, spell(names, pane.key)), pane.sums);
        index.up_to(up_to).iter().map(spelt).collect::<BTreeMap<_, _>>()
    };
    for up_to in [None, Some(KnownDay(day))] {
        let (names, known) = panes(&archive, By::Known, up_to).unwrap();
        let mut expected = BTreeMap::new();
        for input in archive.inputs().unwrap() {
            let window = archive.window(&input.to_string());
            expected.extend(all(&window.names, &window.panes.sorted(&window.names), up_to));
        }
        assert_eq!(all(&names, &known.sorted(&names), None), expected);
        let (names, counted) = panes(&archive, By::Counted, up_to).unwrap();
        assert_eq!(all(&names, &counted.sorted(&names), None), expected, "nothing was late");
    }
}

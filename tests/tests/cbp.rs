//! What the published seizures of US Customs and Border Protection, fiscal years 2019 to 2022, show: the tables of
//! `docs/cbp.md`, made here and held there. The published table is not part of this project: its place is given by
//! `HEADWATER_SHARED`.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::LazyLock;

use headwater_detect::{Area, CellKey, Config, Evaluation, MODEL, PairValue};
use headwater_import::cbp::{self, CbpOptions, LAG_DAYS};
use headwater_model::{Alert, Country, Day, EventPlace, Kind, SeizureEvent};
use headwater_tests::detection::{Replayed, replayed};
use headwater_tests::{binary, page, shared};

fn table() -> PathBuf {
    shared("data/cbp/nationwide-drugs-fy19-fy22.csv")
}

fn events(lag_days: u32) -> Vec<SeizureEvent> {
    let options = CbpOptions { lag_days, ..CbpOptions::default() };
    cbp::import([("table", File::open(table()).unwrap())], &options).unwrap().events
}

static EVENTS: LazyLock<Vec<SeizureEvent>> = LazyLock::new(|| events(LAG_DAYS));

fn detected(events: &[SeizureEvent]) -> Replayed {
    let lines: Vec<Vec<u8>> = events.iter().map(|event| serde_json::to_vec(event).unwrap()).collect();
    replayed(&lines)
}

static SHOWN: LazyLock<Replayed> = LazyLock::new(|| detected(&EVENTS));

/// The nation, then its regions.
static PLACES: LazyLock<BTreeSet<Area>> = LazyLock::new(|| {
    let regions = EVENTS.iter().filter_map(|event| Some(Area::Subdivision(us(), parts(event).0?.into())));
    regions.chain([Area::Market(us())]).collect()
});

/// The offices with enough seizures of heroin or fentanyl to say anything.
static OFFICES: LazyLock<BTreeSet<Area>> = LazyLock::new(|| {
    let offices = EVENTS.iter().filter_map(|event| Some(Area::Office(us(), parts(event).1?.into())));
    let offices: BTreeSet<Area> = offices.collect();
    let all = |place: &Area| -> u32 { YEARS.map(|year| total(place, &["Heroin", "Fentanyl"], year)).sum() };
    offices.into_iter().filter(|office| all(office) >= OFFICE_SEIZURES).collect()
});
/// One in a fortnight.
const OFFICE_SEIZURES: u32 = 100;

/// The fiscal years of the table.
const YEARS: std::ops::RangeInclusive<i32> = 2019..=2022;

fn us() -> Country {
    Country::from_letters(*b"US").unwrap()
}

/// Region and office of an event.
fn parts(event: &SeizureEvent) -> (Option<&str>, Option<&str>) {
    match &event.place {
        EventPlace::Parts { subdivision, office, .. } => (subdivision.as_deref(), office.as_deref()),
        EventPlace::Code(_) => (None, None),
    }
}

fn lies_in(event: &SeizureEvent, place: &Area) -> bool {
    match place {
        Area::Subdivision(_, name) => parts(event).0 == Some(name),
        Area::Office(_, name) => parts(event).1 == Some(name),
        Area::World | Area::Market(_) => true,
    }
}

fn cell(family: &str, place: &Area) -> CellKey {
    CellKey { kind: Kind::Substitution, family: family.into(), area: place.clone() }
}

fn named(place: Option<&str>) -> &str {
    place.unwrap_or("nationwide")
}

fn table_of(columns: &str, rows: impl IntoIterator<Item = String>) -> String {
    let rule = "|---".repeat(columns.matches('|').count() - 1);
    let rows: Vec<String> = rows.into_iter().collect();
    assert!(!rows.is_empty(), "a table without rows: {columns}");
    format!("{columns}\n{rule}|\n{}", rows.join("\n"))
}

/// Seizures of some drugs, by the table's own names, in a fiscal year, which begins in October.
fn total(place: &Area, drugs: &[&str], year: i32) -> u32 {
    let fiscal = |event: &SeizureEvent| {
        let (year, month, _) = Day::parse(&event.occurred_on).unwrap().ymd();
        year + i32::from(month >= 10)
    };
    let of = |event: &SeizureEvent| event.items[0].name.as_deref().is_some_and(|name| drugs.contains(&name));
    let there = EVENTS.iter().filter(|event| lies_in(event, place) && of(event) && fiscal(event) == year);
    there.map(|event| event.incidents.unwrap_or(1)).sum()
}

/// The seizures of some drugs, and one drug's percentage of them, fiscal year by fiscal year.
fn shares(place: &Area, drug: &str, of: &[&str]) -> String {
    let share = |year| match total(place, of, year) {
        0 => "-".to_owned(),
        all => format!("{:.0} %", 100.0 * f64::from(total(place, &[drug], year)) / f64::from(all)),
    };
    let all: u32 = YEARS.map(|year| total(place, of, year)).sum();
    format!("{all} | {}", YEARS.map(share).collect::<Vec<_>>().join(" | "))
}

/// The day on which something is greatest, with it: the first of several.
fn greatest(course: &[(Day, Evaluation)], of: impl Fn(&Evaluation) -> Option<f64>) -> Option<(Day, f64)> {
    let values = course.iter().filter_map(|(day, value)| Some((*day, of(value)?)));
    values.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

fn pair<'a>(value: &'a Evaluation, falling: &str, rising: &str) -> Option<&'a PairValue> {
    value.pairs.iter().find(|pair| pair.falling == falling && pair.rising == rising)
}

fn of_pair(value: &Evaluation, falling: &str, rising: &str) -> Option<f64> {
    pair(value, falling, rising).map(|pair| pair.log)
}

fn tells(alert: &Alert, place: &Area, falling: &str, rising: &str) -> bool {
    let sides = (alert.falling[0].id.as_str(), alert.rising[0].id.as_str());
    alert.revision == 1 && Area::of(alert).as_ref() == Some(place) && sides == (falling, rising)
}

fn raised(alerts: &[Alert]) -> String {
    let rows = alerts.iter().filter(|alert| alert.revision == 1).map(|alert| {
        let last = alerts.iter().rfind(|other| other.alert_id == alert.alert_id).unwrap();
        format!(
            "| {} | {} | {} to {} | {} | {} ({} to {}) | {} | {} | {} |",
            named(alert.place.as_deref()),
            alert.family,
            alert.falling[0].id,
            alert.rising[0].id,
            alert.detected_at,
            alert.onset.date,
            alert.onset.earliest,
            alert.onset.latest,
            alert.likelihood.words,
            alert.confidence.level,
            last.status,
        )
    });
    table_of(
        "| where | family | shift | raised on | onset (90 % interval) | likelihood | confidence | in the end |",
        rows,
    )
}

/// Of the days on which a pair's part of a place's statistic exceeds the bar, the one on which the pair says most for
/// itself without whichever office it can do without least: that office, and what it says.
fn without_an_office(place: &Area, family: &str, falling: (&str, &str), rising: (&str, &str)) -> Option<(String, f64)> {
    let config = Config::default();
    let course = SHOWN.course(&cell(family, place), &SHOWN.known_days(), None);
    let above =
        course.iter().filter(|(_, value)| of_pair(value, falling.0, rising.0).is_some_and(|log| log > config.bar));
    let days: Vec<Day> = above.map(|(day, _)| *day).collect();
    let drugs = [falling.1, rising.1];
    let seized = |place: &Area| -> u32 { YEARS.map(|year| total(place, &drugs, year)).sum() };
    let counts = |office: &Area| f64::from(seized(office)) >= config.reporter_share_min * f64::from(seized(place));
    let here = EVENTS.iter().filter(|event| lies_in(event, place)).filter_map(|event| parts(event).1);
    let mut here: BTreeSet<&str> = here.collect();
    here.retain(|office| counts(&Area::Office(us(), (*office).into())));
    let mut weakest: BTreeMap<Day, (String, f64)> = BTreeMap::new();
    for office in here {
        let without = SHOWN.course(&cell(family, place), &days, Some(office));
        for day in &days {
            let value =
                without.iter().find(|(on, _)| on == day).and_then(|(_, value)| pair(value, falling.0, rising.0));
            let own = value.map_or(f64::NEG_INFINITY, |pair| pair.own_log);
            let least = weakest.entry(*day).or_insert_with(|| (office.to_owned(), own));
            if own < least.1 {
                *least = (office.to_owned(), own);
            }
        }
    }
    weakest.into_values().reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// What became of a pair whose part of the statistic came to so much at most.
fn became(place: &Area, family: &str, falling: (&str, &str), rising: (&str, &str), most: Option<f64>) -> String {
    let (alerts, config) = (&SHOWN.alerts, Config::default());
    let told = |place: &Area| alerts.iter().find(|alert| tells(alert, place, falling.0, rising.0));
    if let Some(alert) = told(place) {
        return format!("raised {}, onset {}", alert.detected_at, alert.onset.date);
    }
    match most {
        None => return "not tested".into(),
        Some(log) if log <= config.bar => return "below the bar".into(),
        Some(_) if told(&Area::Market(us())).is_some() => return "told nationwide".into(),
        Some(_) if matches!(place, Area::Office(..)) => return "above the bar; one reporter".into(),
        Some(_) => {}
    }
    match without_an_office(place, family, falling, rising) {
        Some((office, log)) if log <= config.corroboration_bar => format!("above the bar; without {office} {log:.2}"),
        _ => "above the bar, not told".into(),
    }
}

/// From heroin to fentanyl, place by place: how the shares went, what the statistic came to, and what became of it.
fn heroin(places: &BTreeSet<Area>) -> String {
    let days = SHOWN.known_days();
    let rows = places.iter().map(|place| {
        let course = SHOWN.course(&cell("opioids", place), &days, None);
        let most = greatest(&course, |value| of_pair(value, "heroin", "fentanyl"));
        let said = most.map_or("- | -".to_owned(), |(day, log)| format!("{log:.2} | {day}"));
        let (falling, rising) = (("heroin", "Heroin"), ("fentanyl", "Fentanyl"));
        let became = became(place, "opioids", falling, rising, most.map(|(_, log)| log));
        let shares = shares(place, "Fentanyl", &["Heroin", "Fentanyl"]);
        format!("| {} | {shares} | {said} | {became} |", named(place.place()))
    });
    table_of("| where | seizures | 2019 | 2020 | 2021 | 2022 | greatest | on | what became of it |", rows)
}

/// Cocaine against each other stimulant that the table has, falling and rising, place by place.
fn cocaine() -> String {
    let days = SHOWN.known_days();
    let rows = PLACES.iter().flat_map(|place| {
        let course = SHOWN.course(&cell("stimulants", place), &days, None);
        [("methamphetamine", "Methamphetamine"), ("mdma", "Ecstasy")].map(|other| {
            let cocaine = ("cocaine", "Cocaine");
            let most = |falling: (&str, &str), rising: (&str, &str)| {
                let most = greatest(&course, |value| of_pair(value, falling.0, rising.0)).map(|(_, log)| log);
                let said = most.map_or(String::new(), |log| format!("{log:.2}, "));
                format!("{said}{}", became(place, "stimulants", falling, rising, most))
            };
            let (falls, rises) = (most(cocaine, other), most(other, cocaine));
            let shares = shares(place, "Cocaine", &["Cocaine", other.1]);
            format!("| {} | {} | {shares} | {falls} | {rises} |", named(place.place()), other.0)
        })
    });
    table_of("| where | against | seizures | 2019 | 2020 | 2021 | 2022 | cocaine falls | cocaine rises |", rows)
}

/// Where and when heroin giving way to fentanyl is told first, by the lag.
fn by_lag() -> String {
    let rows = [0, 20, LAG_DAYS, 90].map(|lag| {
        let shown = detected(&events(lag));
        let first =
            shown.raised().find(|a| (a.falling[0].id.as_str(), a.rising[0].id.as_str()) == ("heroin", "fentanyl"));
        let told = first.map_or("nowhere | - | -".to_owned(), |alert| {
            format!("{} | {} | {}", named(alert.place.as_deref()), alert.detected_at, alert.onset.date)
        });
        format!("| {lag} | {told} |")
    });
    table_of("| `--lag-days` | first told | on | onset |", rows)
}

#[test]
fn the_page_says_what_a_replay_shows() {
    let folder = tempfile::tempdir().unwrap();
    let table = table();
    let lag = LAG_DAYS.to_string();
    let import = ["import", "cbp", table.to_str().unwrap(), "--lag-days", &lag, "-o", "cbp.ndjson"];
    binary::succeeds(folder.path(), &import);
    let outcome = binary::replay(folder.path(), &["cbp.ndjson"], "out");
    assert_eq!(outcome.count("accepted"), 10_092);
    // The statistic is read from the same records in process.
    assert_eq!(outcome.alerts(), SHOWN.alerts);

    let names_cocaine = SHOWN.alerts.iter().filter(|alert| Replayed::names(alert, "cocaine")).count();
    let made = [
        format!(
            "Model `{MODEL}`, bar {}, lower bar {:.2}. Alerts that name cocaine: {names_cocaine}.",
            Config::default().bar,
            Config::default().corroboration_bar
        ),
        format!("### Every alert\n\n{}", raised(&outcome.alerts())),
        format!("### Heroin to fentanyl\n\n{}", heroin(&PLACES)),
        format!("### Heroin to fentanyl, office by office\n\n{}", heroin(&OFFICES)),
        format!("### By the lag of publication\n\n{}", by_lag()),
        format!("### Cocaine\n\n{}", cocaine()),
    ];
    page::held("docs/cbp.md", "results", &made.join("\n\n"));
}

/// The table as it grows year by year, each edition with errors that the next one corrects.
#[test]
fn editions_that_were_corrected_come_to_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = fs::read_to_string(table()).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let mut args = vec!["import".to_owned(), "cbp".into(), "-o".into(), "editions.ndjson".into()];
    for year in 2019..=2022 {
        let wrong = |number: usize, row: &str| match number % 10 {
            _ if year == 2022 => Some(row.to_owned()),
            3 => None,                    // not yet there
            7 => Some(format!("{row}1")), // another weight
            _ => Some(row.to_owned()),
        };
        let known = rows.iter().filter(|row| row[..4].parse::<i32>().unwrap() <= year);
        let mut known: Vec<String> = known.enumerate().filter_map(|(number, row)| wrong(number, row)).collect();
        if year < 2022 {
            // A row that was a mistake as a whole.
            known.push(format!("{year},SEP,U.S. Border Patrol,Northern Border,Other,HAVRE SECTOR,Mistake,1,1"));
        }
        fs::write(folder.join(format!("{year}.csv")), format!("{header}\n{}\n", known.join("\n"))).unwrap();
        args.extend(["--edition".into(), format!("{year}-11-14={year}.csv")]);
    }
    let output = binary::headwater(folder, &args.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && words.contains(" and 3 withdrawn rows written"), "{words}");
    binary::succeeds(folder, &["import", "cbp", table().to_str().unwrap(), "-o", "last.ndjson"]);
    let editions = binary::replay(folder, &["editions.ndjson"], "editions");
    let last = binary::replay(folder, &["last.ndjson"], "last");
    assert_eq!((editions.count("rejected"), editions.count("conflict")), (0, 0));
    assert!(editions.count("read") > 10_092 + 500, "{words}: hardly anything was corrected");
    assert_eq!(editions.volumes(), last.volumes());
}

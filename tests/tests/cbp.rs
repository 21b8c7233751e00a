//! What the published seizures of US Customs and Border Protection, fiscal years 2019 to 2022, show: the tables of
//! `docs/cbp.md`, made here and held there. The published table is not part of this project: its place is given by
//! `HEADWATER_SHARED`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::LazyLock;

use headwater_detect::{Area, CellKey, Config, Evaluation, MODEL};
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

/// The nation (`None`) and its regions.
static PLACES: LazyLock<BTreeSet<Option<&str>>> =
    LazyLock::new(|| EVENTS.iter().flat_map(|e| [None, region(e)]).collect());

fn region(event: &SeizureEvent) -> Option<&str> {
    match &event.place {
        EventPlace::Parts { subdivision, .. } => subdivision.as_deref(),
        EventPlace::Code(_) => None,
    }
}

fn cell(family: &str, place: Option<&str>) -> CellKey {
    let market = Country::from_letters(*b"US").unwrap();
    let area = place.map_or(Area::Market(market), |place| Area::Subdivision(market, place.into()));
    CellKey { kind: Kind::Substitution, family: family.into(), area }
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

/// Seizures of a drug in a fiscal year, which begins in October, by the table's own name.
fn seizures(place: Option<&str>, drug: &str, year: i32) -> u32 {
    let fiscal = |event: &SeizureEvent| {
        let (year, month, _) = Day::parse(&event.occurred_on).unwrap().ymd();
        year + i32::from(month >= 10)
    };
    let there = EVENTS.iter().filter(|event| place.is_none() || region(event) == place);
    let of_drug = there.filter(|event| event.items[0].name.as_deref() == Some(drug) && fiscal(event) == year);
    of_drug.map(|event| event.incidents.unwrap_or(1)).sum()
}

/// The seizures of some drugs, and one drug's percentage of them, fiscal year by fiscal year.
fn shares(place: Option<&str>, drug: &str, of: &[&str]) -> String {
    let total = |year| -> u32 { of.iter().map(|drug| seizures(place, drug, year)).sum() };
    let share = |year| match total(year) {
        0 => "-".to_owned(),
        total => format!("{:.0} %", 100.0 * f64::from(seizures(place, drug, year)) / f64::from(total)),
    };
    let years = || 2019..=2022;
    format!("{} | {}", years().map(total).sum::<u32>(), years().map(share).collect::<Vec<_>>().join(" | "))
}

/// The day on which something is greatest, with it: the first of several.
fn greatest(course: &[(Day, Evaluation)], of: impl Fn(&Evaluation) -> Option<f64>) -> Option<(Day, f64)> {
    let values = course.iter().filter_map(|(day, value)| Some((*day, of(value)?)));
    values.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

fn of_pair(value: &Evaluation, falling: &str, rising: &str) -> Option<f64> {
    value.pairs.iter().find(|p| p.falling == falling && p.rising == rising).map(|p| p.log)
}

fn tells(alert: &Alert, place: Option<&str>, falling: &str, rising: &str) -> bool {
    let sides = (alert.falling[0].id.as_str(), alert.rising[0].id.as_str());
    alert.revision == 1 && alert.place.as_deref() == place && sides == (falling, rising)
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

/// What became of a pair whose part of the statistic came to so much at most.
fn became(place: Option<&str>, falling: &str, rising: &str, most: Option<f64>) -> String {
    let alerts = &SHOWN.alerts;
    if let Some(alert) = alerts.iter().find(|alert| tells(alert, place, falling, rising)) {
        return format!("raised {}, onset {}", alert.detected_at, alert.onset.date);
    }
    let national = alerts.iter().any(|alert| tells(alert, None, falling, rising));
    match most {
        None => "not tested".into(),
        Some(log) if log <= Config::default().bar => "below the bar".into(),
        Some(_) if place.is_some() && national => "told nationwide".into(),
        Some(_) => "above the bar, not corroborated".into(),
    }
}

/// From heroin to fentanyl, place by place: how the shares went, what the statistic came to, and what became of it.
fn heroin() -> String {
    let days = SHOWN.known_days();
    let rows = PLACES.iter().map(|place| {
        let course = SHOWN.course(&cell("opioids", *place), &days);
        let most = greatest(&course, |value| of_pair(value, "heroin", "fentanyl"));
        let said = most.map_or("- | -".to_owned(), |(day, log)| format!("{log:.2} | {day}"));
        let became = became(*place, "heroin", "fentanyl", most.map(|(_, log)| log));
        format!("| {} | {} | {said} | {became} |", named(*place), shares(*place, "Fentanyl", &["Heroin", "Fentanyl"]))
    });
    table_of("| where | seizures | 2019 | 2020 | 2021 | 2022 | greatest | on | what became of it |", rows)
}

/// Cocaine against each other stimulant that the table has, falling and rising, place by place.
fn cocaine() -> String {
    let days = SHOWN.known_days();
    let rows = PLACES.iter().flat_map(|place| {
        let course = SHOWN.course(&cell("stimulants", *place), &days);
        [("methamphetamine", "Methamphetamine"), ("mdma", "Ecstasy")].map(|(other, drug)| {
            let shares = shares(*place, "Cocaine", &["Cocaine", drug]);
            let most = |falling: &str, rising: &str| {
                let most = greatest(&course, |value| of_pair(value, falling, rising)).map(|(_, log)| log);
                let said = most.map_or(String::new(), |log| format!(" ({log:.2})"));
                format!("{}{said}", became(*place, falling, rising, most))
            };
            let (falls, rises) = (most("cocaine", other), most(other, "cocaine"));
            format!("| {} | {other} | {shares} | {falls} | {rises} |", named(*place))
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
        format!("Model `{MODEL}`, bar {}. Alerts that name cocaine: {names_cocaine}.", Config::default().bar),
        format!("### Every alert\n\n{}", raised(&outcome.alerts())),
        format!("### Heroin to fentanyl\n\n{}", heroin()),
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

//! `headwater detect explain`: what it says of an alert is what the alert says, and of a cell what the alert's cell says.
#![allow(clippy::unwrap_used)]

use headwater_tests::binary::{headwater, replay, succeeds};

#[test]
fn an_alert_is_explained_by_its_own_figures_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &["sim", "--seed", "1", "--scenario", "substitution", "--out", "sim"]);
    let events = ["sim/trade.ndjson", "sim/seizure.ndjson"];
    let alerts = replay(folder.path(), &events, "out").alerts();
    let alert = alerts.iter().find(|a| a.revision == 1).unwrap();
    let (day, value) = (alert.detected_at.to_string(), format!("{:.2}", alert.statistic.value));
    let files = ["--events", events[0], events[1], "--day", &day];
    let explain =
        |what: &str, more: &[&str]| succeeds(folder.path(), &[&["detect", "explain", what], &files[..], more].concat());
    let text = explain(&alert.alert_id, &["--svg", "why.svg"]);
    let first = text.lines().next().unwrap();
    assert!(first.contains(&format!("log statistic {value}, bar")), "{first} and {value}");
    assert!(first.contains(&format!("/{}/{}", alert.family, alert.market)), "{first}");
    let pair = format!("{} to {}", alert.falling[0].id, alert.rising[0].id);
    assert!(text.contains(&format!("| {pair} |")), "{text}");
    for source in alert.strata.iter().map(|s| &s.source) {
        assert!(text.contains(&format!("| {source} |")), "{source}: {text}");
    }
    assert!(text.contains(&format!("between {} and {}", alert.onset.earliest, alert.onset.latest)), "{text}");

    // Where it stands among the alerts of its week, and by which budget.
    let place = "that week: within the budget that is common, 10 alerts a week";
    assert!(text.lines().nth(2).unwrap().contains(place), "{text}");
    let budgets = format!("[sources.a]\npath = \"a\"\n[detect.budgets.market]\n{} = 3\n", alert.market);
    std::fs::write(folder.path().join("budgets.toml"), budgets).unwrap();
    let told = explain(&alert.alert_id, &["--config", "budgets.toml"]);
    let place = format!("within the budget of the market {}, 3 alerts a week", alert.market);
    assert!(told.lines().nth(2).unwrap().contains(&place), "{told}");

    // The cell by its name speaks of the same pair (from records of every label, so by other figures).
    let cell = first.split_once(" on ").unwrap().0;
    let whole = explain(cell, &[]);
    assert!(whole.starts_with(&format!("{cell} on {day}: ")) && whole.contains(&format!("| {pair} |")), "{whole}");
    // The heaviest block of all lies after the shift may have begun.
    let table = text.split_once("Blocks that moved it most").unwrap().1;
    let block = table.lines().find(|line| line.starts_with("| 20")).unwrap();
    assert!(block[2..12] >= *alert.onset.earliest.to_string(), "{block}");

    let svg = std::fs::read_to_string(folder.path().join("why.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains(&format!(">{pair}</text>")) && svg.contains(">all pairs</text>"), "{svg}");
}

#[test]
fn what_cannot_be_explained_says_why() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &["sim", "--seed", "1", "--scenario", "quiet", "--out", "sim"]);
    let refused = |what: &str, words: &str| {
        let args = ["detect", "explain", what, "--events", "sim/seizure.ndjson"];
        let output = headwater(folder.path(), &args, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    };
    refused("00000000000000000000000000000000", "no alert 00000000000000000000000000000000 comes of these files");
    refused("tea/US", "\"tea\" is no family that is tested");
    refused("opioids/AQ", "nothing can be tested there");
}

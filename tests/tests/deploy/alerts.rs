//! The alerting rules: each fires, keeps silent, asks for metrics that there are, and says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use headwater_tests::binary;
use headwater_tests::broker::root;
use headwater_tests::process::program;
use headwater_tests::yaml;
use serde_json::Value;

pub const RULES: &str = "deploy/prometheus/alerts.yml";
const README: &str = "deploy/README.md";

/// The rules by the names of their alerts.
fn rules() -> BTreeMap<String, Value> {
    let file = yaml::document(RULES);
    let groups = file["groups"].as_array().unwrap();
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    rules.map(|rule| (rule["alert"].as_str().unwrap().to_owned(), rule.clone())).collect()
}

fn promtool(args: &[&str]) -> String {
    program(Path::new("promtool"), args)
}

/// Every name in an expression that looks like one of ours.
pub fn metrics_of(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("headwater_") || word.starts_with("process_")).map(str::to_owned).collect()
}

/// What `headwater metrics list` names, and the parts of which a histogram is made.
pub fn catalogue() -> BTreeSet<String> {
    let list = binary::succeeds(Path::new("."), &["metrics", "list"]);
    let mut names = BTreeSet::new();
    for line in list.lines() {
        let (signature, rest) = line.split_once('\t').unwrap();
        let name = signature.split('{').next().unwrap();
        names.insert(name.to_owned());
        if rest.starts_with("histogram") {
            names.extend(["bucket", "count", "sum"].map(|part| format!("{name}_{part}")));
        }
    }
    assert!(names.len() > 40, "{names:?}");
    names
}

#[test]
fn each_rule_fires_and_keeps_silent_in_its_unit_tests() {
    let path = |file: &str| root().join("deploy/prometheus").join(file).to_str().unwrap().to_owned();
    promtool(&["check", "rules", &path("alerts.yml")]);
    promtool(&["test", "rules", &path("alerts_test.yml")]);
    let tests = yaml::document("deploy/prometheus/alerts_test.yml");
    let cases = tests["tests"].as_array().unwrap().iter().flat_map(|test| test["alert_rule_test"].as_array().unwrap());
    let (mut fires, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for case in cases {
        let alert = case["alertname"].as_str().unwrap().to_owned();
        match case["exp_alerts"].as_array().unwrap().is_empty() {
            true => silent.insert(alert),
            false => fires.insert(alert),
        };
    }
    let all: BTreeSet<String> = rules().into_keys().collect();
    assert!(all.len() >= 20, "{all:?}");
    assert_eq!(fires, all);
    assert_eq!(silent, all);
}

#[test]
fn each_rule_says_what_it_means_and_its_section_what_to_do() {
    let page = fs::read_to_string(root().join(README)).unwrap();
    let link = format!("https://github.com/headwater-project/headwater/blob/main/{README}#");
    let sections: BTreeMap<&str, &str> =
        page.split("\n### ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    for (alert, rule) in rules() {
        let annotation = |name: &str| rule["annotations"][name].as_str().unwrap_or_default();
        assert!(annotation("summary").len() > 15 && annotation("description").len() > 60, "{alert}");
        assert_eq!(annotation("runbook_url"), format!("{link}{}", alert.to_lowercase()));
        assert!(["critical", "warning"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{alert}");
        let section = sections.get(&*alert).unwrap_or_else(|| panic!("{README} has no section {alert}"));
        for part in ["**It means** ", "**Look** ", "**Do** "] {
            assert!(section.contains(part), "section {alert} of {README} has no part {part}");
        }
    }
    let named = sections.keys().filter(|title| title.starts_with("Headwater"));
    let gone: Vec<_> = named.filter(|title| !rules().contains_key(**title)).collect();
    assert!(gone.is_empty(), "{README} has sections of alerts that are none: {gone:?}");
}

#[test]
fn rules_ask_for_metrics_that_there_are() {
    let catalogue = catalogue();
    for (alert, rule) in rules() {
        let named = metrics_of(rule["expr"].as_str().unwrap());
        let unknown: Vec<_> = named.difference(&catalogue).collect();
        assert!(unknown.is_empty(), "{alert}: {unknown:?}");
    }
}

#[test]
fn the_rule_of_memory_is_nine_tenths_of_the_limits_that_are_set() {
    let rule = &rules()["HeadwaterMemoryNearLimit"];
    let expression = rule["expr"].as_str().unwrap();
    assert!(expression.ends_with("> 0.9 * 4 * 1024 * 1024 * 1024"), "{expression}");
    assert_eq!(yaml::document("deploy/compose/compose.yaml")["services"]["ingest"]["mem_limit"], "4g");
    let unit = fs::read_to_string(root().join("deploy/systemd/headwater@.service")).unwrap();
    assert!(unit.lines().any(|line| line == "MemoryMax=4G"));
}

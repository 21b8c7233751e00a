//! The analysts' desk: what the binary holds is what the sources build, it is small, and it works in a real browser.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_tests::broker::root;
use headwater_tests::process::{Live, program};
use headwater_tests::{binary, crowd, served};

/// What all scripts may weigh together, as they are sent at the least.
const SCRIPT_BYTES_MAX: u64 = 120 * 1024;

/// Pictures of the README, made by the browser.
const PICTURES: [&str; 3] = ["inbox-wide-light.png", "alert-wide-light.png", "explore-wide-light.png"];

/// What whoever comes to sign in reads, as text.
const NOTICE: &str = "Desk of the north. <b>What you do here is logged.</b>\n\nAsk the operator to be let in.";

fn desk(args: &[&str]) {
    program(&root().join("scripts/desk"), args);
}

fn built() -> PathBuf {
    root().join("crates/serve/desk")
}

/// Where pictures are made. They stay: the README shows three of them.
fn pictures() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("desk")
}

/// Runs a script that works with the desk in a browser, and gives what it says; every check of it must hold.
fn browser(script: &str, args: &[&str]) -> String {
    let output = Command::new("node").arg(root().join("desk/test").join(script)).args(args).output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}\n{}", String::from_utf8_lossy(&output.stderr));
    words.into_owned()
}

#[test]
fn what_the_binary_holds_is_what_the_sources_build() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("desk").display().to_string();
    desk(&["check"]);
    desk(&["build", &out]);
    desk(&["same", &out]);
}

#[test]
fn all_scripts_together_are_small() {
    let files = fs::read_dir(built().join("assets")).unwrap().map(|entry| entry.unwrap());
    let scripts: Vec<_> = files.filter(|file| file.file_name().to_str().unwrap().ends_with(".js.gz")).collect();
    let bytes: u64 = scripts.iter().map(|file| file.metadata().unwrap().len()).sum();
    println!("{} scripts, {bytes} bytes as gzip", scripts.len());
    assert!(!scripts.is_empty() && bytes <= SCRIPT_BYTES_MAX, "{bytes} bytes");
}

/// A missing string, one that lacks a value, one that claims too much, and a number with a wide space end the build.
#[test]
fn a_missing_string_is_found() {
    desk(&["install"]);
    let folder = tempfile::tempdir().unwrap();
    let problems = |spanish: &str| {
        fs::write(folder.path().join("en.json"), r#"{"a": "one", "b": "{count} alerts"}"#).unwrap();
        fs::write(folder.path().join("es.json"), spanish).unwrap();
        let script = format!(
            "import {{ problems }} from '{}'; console.log(problems(new URL('file://{}/')).join())",
            root().join("desk/build/strings.js").display(),
            folder.path().display()
        );
        program(Path::new("node"), &["--input-type=module", "-e", &script])
    };
    assert_eq!(problems(r#"{"a": "uno", "b": "{count} alertas"}"#), "");
    assert_eq!(problems(r#"{"b": "{count} alertas"}"#), "es.json: a is missing");
    assert!(problems(r#"{"a": "uno", "b": "alertas"}"#).contains("has the values {} where English has {count}"));
    for words in ["porque", "debido a", "cártel", "nueva droga", "pasó a"] {
        let claims = problems(&format!(r#"{{"a": "uno {words} dos", "b": "{{count}} alertas"}}"#));
        assert_eq!(claims, format!("es.json: a claims too much, \"{words}\""));
    }
    assert_eq!(problems(r#"{"a": "90 %", "b": "{count} alertas"}"#), "es.json: a has a number with a wide space");
    assert_eq!(problems(r#"{"a": "90\u202f%", "b": "{count} alertas"}"#), "");
}

/// A field that the API or the desk calls otherwise, or that is of another kind or may be missing, ends the check.
#[test]
fn a_field_that_the_api_does_not_give_is_found() {
    desk(&["install"]);
    let problems = |source: &str, field: &str| {
        let api = format!(
            r#"{{"components": {{"schemas": {{"Row": {{"properties": {{"{field}": {{"type": "integer"}}, "of": {{"type": ["string", "null"]}}}}, "required": ["{field}"]}}}}}}}}"#
        );
        let script = format!(
            "import {{ problems }} from '{}'; console.log(problems(process.argv[1], JSON.parse(process.argv[2])).join())",
            root().join("desk/build/types.js").display()
        );
        program(Path::new("node"), &["--input-type=module", "-e", &script, source, &api])
    };
    assert_eq!(problems("interface Row { version: number; of?: string }", "version"), "");
    let renamed = "Row.version is not in schemas/openapi.json";
    assert_eq!(problems("interface Row { version: number; of?: string }", "edition"), renamed);
    assert_eq!(problems("interface Row { edition: number }", "version"), "Row.edition is not in schemas/openapi.json");
    assert_eq!(problems("interface Row { version: string }", "version"), "Row.version is number, not string");
    assert_eq!(problems("interface Row { of: string }", "version"), "Row.of may be missing");
    assert_eq!(problems("interface Other { of?: string }", "version"), "Other is nothing that the API answers with");
}

#[test]
fn an_analyst_works_with_it_in_a_browser() {
    desk(&["install"]);
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    binary::succeeds(folder, &["demo", "--once"]);
    let settings = [
        ("HEADWATER__STORE__URL", "headwater-demo/data"),
        ("HEADWATER__SOURCES__WORLD__PATH", "headwater-demo/inbox"),
        ("HEADWATER__SERVE__AUTH__CLEARANCE", "TLP:RED"),
        ("HEADWATER__SERVE__AUTH__ORGANISATIONS", "*"),
        ("HEADWATER__SERVE__NOTICE", NOTICE),
    ];
    let mut run = Live::start(folder, "log", &["--role", "serve"], &settings);
    let said = |name: &str| {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        lines.find(|line| line["event"] == name)
    };
    run.until("the API answers", || said("read_model_ready").is_some());
    let address = format!("http://{}", said("api_served").unwrap()["addr"].as_str().unwrap());
    let pictures = pictures();
    println!("{}", browser("browser.mjs", &[&address, &pictures.display().to_string()]));
    for name in PICTURES {
        assert!(fs::metadata(pictures.join(name)).unwrap().len() > 20_000, "{name}");
    }
    run.terminate();
}

/// Twelve alerts in four groups, as many as fit a screen: what the demo's world never shows.
#[test]
fn an_inbox_that_is_full_is_whole() {
    desk(&["install"]);
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let day = crowd::write(&folder.join("inbox/crowd.ndjson")).to_string();
    let settings = [
        ("HEADWATER__STORE__URL", "data"),
        ("HEADWATER__SOURCES__CROWD__PATH", "inbox"),
        // It ends with its last record, whatever day it is.
        ("HEADWATER__DETECT__IDLE_MS", "86400000"),
        ("HEADWATER__SERVE__AUTH__CLEARANCE", "TLP:RED"),
        ("HEADWATER__SERVE__AUTH__ORGANISATIONS", "*"),
    ];
    let mut run = Live::start(folder, "log", &["--role", "all"], &settings);
    let address = format!("http://{}", served::address(&mut run, folder, "log"));
    println!("{}", browser("full-inbox.mjs", &[&address, &pictures().display().to_string(), &day]));
    run.terminate();
}

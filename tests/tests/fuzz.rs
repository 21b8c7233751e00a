//! The API, asked by Schemathesis whatever its own document allows and what it does not: no fault of the program, and no
//! answer that the document does not describe.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use headwater_tests::binary;
use headwater_tests::broker::root;
use headwater_tests::process::{Live, program};
use headwater_tests::served::{address, arrive, json};

/// Seconds of asking.
const SECONDS: &str = "60";

/// Requests a second: what one caller may, in the long run.
const RATE: &str = "20/s";

/// What an answer is held against.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      response_headers_conformance";

#[test]
fn whatever_is_asked_is_answered_as_the_document_says() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    binary::succeeds(folder, &["sim", "--seed", "1", "--scenario", "substitution", "--out", "world"]);
    arrive(folder);
    let settings = [
        ("HEADWATER__DETECT__IDLE_MS", "1000"),
        ("HEADWATER__SERVE__AUTH__CLEARANCE", "TLP:RED"),
        ("HEADWATER__SERVE__AUTH__ORGANISATIONS", "*"),
    ];
    let mut run = Live::start(folder, "log", &[], &settings);
    let address = address(&mut run, folder, "log");
    let mut alert = String::new();
    run.until("an alert", || {
        let list = json(folder, &format!("curl -s 'http://{address}/api/v1/alerts?limit=1'"));
        alert = list["alerts"][0]["alert_id"].as_str().unwrap_or_default().to_owned();
        !alert.is_empty()
    });
    // Of an alert that there is, more can be asked.
    let settings =
        format!("[[operations]]\ninclude-path-regex = \"^/api/v1/alerts/\"\nparameters = {{ id = \"{alert}\" }}\n");
    fs::write(folder.join("schemathesis.toml"), settings).unwrap();
    let python = program(&root().join("scripts/python-env"), &[]);
    let output = Command::new(Path::new(&python).with_file_name("schemathesis"))
        .args(["--config-file", "schemathesis.toml", "run", &format!("http://{address}/openapi.json")])
        // It never ends.
        .args(["--exclude-path", "/api/v1/stream"])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--generation-deterministic"])
        .args(["--max-time", SECONDS, "--rate-limit", RATE, "--request-timeout", "30", "--no-color"])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("Unresolvable references"), "{said}");
    let asked = said.lines().find_map(|line| line.trim().split_once(" generated, ")?.0.parse::<u32>().ok());
    assert!(asked > Some(100), "{said}");
    // It lives, and has not said that anything of it failed.
    run.terminate();
}

//! The unit is one that systemd takes, and shuts the process in.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use headwater_tests::broker::root;
use headwater_tests::{binary, process::program};

/// systemd's own measure, from 0.0 to 10.0, times ten: below 2.0 is "OK". What is left is what the process needs: the
/// network, and the machine's own files to read.
const EXPOSURE_TENTHS_MAX: &str = "15";

#[test]
fn systemd_takes_the_unit_and_finds_it_shut_in() {
    let folder = tempfile::tempdir().unwrap();
    // Verified where the binary is, as systemd looks whether it can be started.
    let text = fs::read_to_string(root().join("deploy/systemd/headwater@.service")).unwrap();
    assert!(text.contains("ExecStart=/usr/local/bin/headwater run "));
    let binary = binary::path();
    let unit = folder.path().join("headwater@ingest.service");
    fs::write(&unit, text.replace("/usr/local/bin/headwater", binary.to_str().unwrap())).unwrap();
    let output = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !words.contains("headwater@"), "{words}");

    // Offline it wants a folder that looks like a machine's.
    let units = folder.path().join("root/etc/systemd/system");
    fs::create_dir_all(&units).unwrap();
    fs::copy(&unit, units.join("headwater@ingest.service")).unwrap();
    let machine = format!("--root={}", folder.path().join("root").display());
    let threshold = format!("--threshold={EXPOSURE_TENTHS_MAX}");
    let args = ["security", "--offline=yes", "--no-pager", &*threshold, &*machine, "headwater@ingest.service"];
    program(Path::new("systemd-analyze"), &args);
}

#[test]
fn each_instance_has_an_address_of_its_own_and_the_role_it_is_named_for() {
    let folder = tempfile::tempdir().unwrap();
    let config = root().join("deploy/systemd/headwater.toml");
    let mut addresses = Vec::new();
    for (name, role) in [("ingest", None), ("detect", None), ("ingest-2", Some("ingest"))] {
        let text = fs::read_to_string(root().join(format!("deploy/systemd/{name}.env"))).unwrap();
        let variables: Vec<(&str, &str)> =
            text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect();
        let said = variables.iter().find(|(key, _)| *key == "HEADWATER_ROLE").map(|(_, value)| *value);
        assert_eq!(said, role, "{name}");
        let args = ["config", "check", "--config", config.to_str().unwrap()];
        let output = binary::headwater(folder.path(), &args, &variables);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let shown = String::from_utf8(output.stdout).unwrap();
        let address = variables.iter().find(|(key, _)| *key == "HEADWATER__METRICS__LISTEN").unwrap().1.to_owned();
        assert!(shown.contains(&address), "{shown}");
        addresses.push(address);
    }
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 3);
    let mode = fs::metadata(root().join("deploy/docker/probe")).unwrap().permissions().mode();
    assert_ne!(mode & 0o111, 0, "the probe of the image can be run");
}

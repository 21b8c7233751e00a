//! Holds the walls between the rooms: which crate may depend on which, who alone names a library, who knows no clock.
//!
//! A crate that is not in [`ROOMS`] fails the test: say there what it may know before it lands.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// Each room, and the rooms it may depend on in what ships. Arrows point down to `model`; nothing depends on `cli`.
const ROOMS: &[(&str, &[&str])] = &[
    ("headwater-model", &[]),
    ("headwater-catalog", &["headwater-model"]),
    ("headwater-import", &["headwater-model"]),
    ("headwater-log", &["headwater-model"]),
    ("headwater-ingest", &["headwater-log", "headwater-model"]),
    ("headwater-normalize", &["headwater-catalog", "headwater-model"]),
    ("headwater-window", &["headwater-model"]),
    ("headwater-detect", &["headwater-catalog", "headwater-model"]),
    ("headwater-store", &["headwater-model"]),
    ("headwater-history", &["headwater-catalog", "headwater-model", "headwater-store"]),
    ("headwater-people", &["headwater-log", "headwater-model"]),
    ("headwater-runtime", &["headwater-log"]),
    (
        "headwater-serve",
        &["headwater-catalog", "headwater-history", "headwater-log", "headwater-model", "headwater-people"],
    ),
    ("headwater-sim", &["headwater-catalog", "headwater-model"]),
    ("headwater-svg", &[]),
    ("headwater-score", &["headwater-detect", "headwater-model", "headwater-sim", "headwater-svg"]),
    ("headwater", &["*"]),
    ("headwater-tests", &["*"]),
];

/// The one room that may name a library; the tests may name all.
const ONLY_ROOM: &[(&str, &str)] = &[
    ("rdkafka", "headwater-ingest"),
    ("polars", "headwater-history"),
    ("axum", "headwater-serve"),
    ("sqlx", "headwater-people"),
    ("utoipa", "headwater-serve"),
    ("jsonwebtoken", "headwater-serve"),
    ("tracing", "headwater-log"),
];

/// Rooms that are pure: no runtime, no broker, no clock, not even through a dependency.
const PURE: &[&str] = &[
    "headwater-model",
    "headwater-catalog",
    "headwater-import",
    "headwater-normalize",
    "headwater-window",
    "headwater-detect",
    "headwater-svg",
];
const NOT_IN_PURE: &[&str] = &["tokio", "rdkafka", "polars", "axum", "async-std", "reqwest", "hyper"];
/// Paths of the standard library that lead to a clock, the network, the environment or files.
const PATHS_NOT_IN_PURE: &[&str] =
    &["std::time", "Instant::now", "SystemTime", "std::net", "std::env", "std::fs", "std::thread", "std::process"];

/// Longest file of Rust: beyond it a file holds more than one noun.
const LINES_MAX: usize = 500;

/// Of the packages that this machine builds: those of other platforms need not be here.
fn metadata() -> Metadata {
    let compiler = Command::new("rustc").arg("-vV").output().unwrap();
    let about = String::from_utf8(compiler.stdout).unwrap();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .other_options(["--locked", "--offline", "--filter-platform", host].map(str::to_owned).to_vec())
        .exec()
        .unwrap()
}

fn folder(package: &Package) -> PathBuf {
    package.manifest_path.parent().unwrap().into()
}

/// Every `.rs` file below a folder, in sorted order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|n| n != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A file's code that ships: comments and the unit tests at its end cut off.
fn code(text: &str) -> String {
    let ships = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    ships.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "{} broken rule(s):\n  {}", broken.len(), broken.join("\n  "));
}

#[test]
fn arrows_point_down() {
    let metadata = metadata();
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let names: BTreeSet<&str> = metadata.workspace_packages().iter().map(|p| p.name.as_str()).collect();
    let mut broken = Vec::new();
    for package in metadata.workspace_packages() {
        let Some(allowed) = rooms.get(package.name.as_str()) else {
            broken.push(format!("{} is not in ROOMS", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| names.contains(d.name.as_str())) {
            let name = dependency.name.as_str();
            if name == "headwater" || name == "headwater-tests" {
                broken.push(format!("{} depends on {name}, and nothing may", package.name));
            } else if dependency.kind != DependencyKind::Development
                && !allowed.contains(&"*")
                && !allowed.contains(&name)
            {
                broken.push(format!("{} depends on {name}", package.name));
            }
        }
    }
    none(broken);
}

#[test]
fn one_room_names_a_library() {
    let mut broken = Vec::new();
    for package in metadata().workspace_packages() {
        for (library, room) in ONLY_ROOM {
            let name = package.name.as_str();
            if name != *room && name != "headwater-tests" && package.dependencies.iter().any(|d| d.name == *library) {
                broken.push(format!("{name} names {library}: only {room} may"));
            }
        }
    }
    none(broken);
}

#[test]
fn pure_rooms_reach_no_runtime_broker_or_clock() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().unwrap();
    let next: BTreeMap<&PackageId, Vec<&PackageId>> = resolve
        .nodes
        .iter()
        .map(|node| {
            let ships = node.deps.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
            (&node.id, ships.map(|d| &d.pkg).collect())
        })
        .collect();
    let mut broken = Vec::new();
    for package in metadata.workspace_packages().into_iter().filter(|p| PURE.contains(&p.name.as_str())) {
        let mut seen = BTreeSet::from([&package.id]);
        let mut open = vec![&package.id];
        while let Some(id) = open.pop() {
            open.extend(next[id].iter().copied().filter(|d| seen.insert(d)));
        }
        for id in seen {
            let name = metadata[id].name.as_str();
            if NOT_IN_PURE.contains(&name) {
                broken.push(format!("{} reaches {name}", package.name));
            }
        }
        for file in rust_files(&folder(package).join("src")) {
            let code = code(&std::fs::read_to_string(&file).unwrap());
            let crates = NOT_IN_PURE.iter().map(|name| format!("{name}::"));
            let named = crates.chain(PATHS_NOT_IN_PURE.iter().map(|p| (*p).to_owned())).filter(|p| code.contains(p));
            broken.extend(named.map(|p| format!("{} names {p}", file.display())));
        }
    }
    none(broken);
}

#[test]
fn every_room_says_what_it_must_not_know() {
    let mut broken = Vec::new();
    for package in metadata().workspace_packages() {
        let name = package.name.as_str();
        let (file, phrase) = if name == "headwater" { ("src/main.rs", "//!") } else { ("src/lib.rs", "must not know") };
        let text = std::fs::read_to_string(folder(package).join(file)).unwrap();
        let opening: String = text.lines().take_while(|l| l.starts_with("//!")).collect::<Vec<_>>().join("\n");
        if !opening.contains(phrase) {
            broken.push(format!("{name}/{file} does not open with a doc that says what it {phrase}"));
        }
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        if !manifest.contains("[lints]\nworkspace = true") {
            broken.push(format!("{name} does not take the workspace's lints"));
        }
        if package.license.as_deref() != Some("Apache-2.0") || package.description.is_none() {
            broken.push(format!("{name} lacks its licence or description"));
        }
    }
    none(broken);
}

#[test]
fn files_are_short_and_finished() {
    // Written in halves, so that this file does not hold them.
    let unfinished = [("to", "do!"), ("unimple", "mented!"), ("TO", "DO"), ("FIX", "ME"), ("#[ig", "nore")];
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut broken = Vec::new();
    let files: Vec<PathBuf> = ["crates", "tests"].iter().flat_map(|f| rust_files(&root.join(f))).collect();
    assert!(files.len() > 30, "the walk found only {} files", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        if lines > LINES_MAX {
            broken.push(format!("{} has {lines} lines", file.display()));
        }
        for (a, b) in unfinished {
            if text.contains(&format!("{a}{b}")) {
                broken.push(format!("{} holds {a}{b}", file.display()));
            }
        }
    }
    none(broken);
}

/// Whether an SPDX expression can be satisfied with the licences at hand. `AND` binds closer than `OR`; the slash of old
/// manifests means `OR`.
fn satisfied(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ").replace(" WITH ", "~WITH~");
    let tokens: Vec<String> = spaced.split_whitespace().map(|t| t.replace("~WITH~", " WITH ")).collect();
    let mut at = 0;
    let result = either(&tokens, &mut at, allowed);
    assert_eq!(at, tokens.len(), "cannot read the licence expression {expression:?}");
    return result;

    fn either(tokens: &[String], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
        let mut result = both(tokens, at, allowed);
        while tokens.get(*at).is_some_and(|t| t == "OR") {
            *at += 1;
            result |= both(tokens, at, allowed);
        }
        result
    }
    fn both(tokens: &[String], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
        let mut result = one(tokens, at, allowed);
        while tokens.get(*at).is_some_and(|t| t == "AND") {
            *at += 1;
            result &= one(tokens, at, allowed);
        }
        result
    }
    fn one(tokens: &[String], at: &mut usize, allowed: &BTreeSet<&str>) -> bool {
        let token = tokens[*at].as_str();
        *at += 1;
        if token != "(" {
            return allowed.contains(token);
        }
        let result = either(tokens, at, allowed);
        assert_eq!(tokens[*at], ")");
        *at += 1;
        result
    }
}

#[test]
fn licence_expressions_are_read() {
    let allowed = BTreeSet::from(["MIT", "Apache-2.0 WITH LLVM-exception", "Zlib"]);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 OR (MIT AND Zlib)", true),
        ("(GPL-3.0 OR MIT) AND Apache-2.0 WITH LLVM-exception", true),
        ("Zlib OR MIT AND GPL-3.0", true),
    ] {
        assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
    }
}

/// `deny.toml` is the list; `cargo deny` reads it where it is installed, this test always.
#[test]
fn dependencies_come_from_the_registry_under_allowed_licences() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deny.toml");
    let rules: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let strings = |section: &str, key: &str| -> BTreeSet<String> {
        rules[section][key].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    let licences = strings("licenses", "allow");
    let licences: BTreeSet<&str> = licences.iter().map(String::as_str).collect();
    let registries = strings("sources", "allow-registry");
    let banned: BTreeSet<&str> =
        rules["bans"]["deny"].as_array().unwrap().iter().map(|b| b["crate"].as_str().unwrap()).collect();

    let metadata = metadata();
    let members: BTreeSet<&PackageId> = metadata.workspace_members.iter().collect();
    let mut broken = Vec::new();
    for package in &metadata.packages {
        let name = format!("{} {}", package.name, package.version);
        match package.license.as_deref() {
            Some(licence) if satisfied(licence, &licences) => {}
            other => broken.push(format!("{name}: licence {other:?} is not allowed by deny.toml")),
        }
        let source = package.source.as_ref().map(|s| s.repr.as_str());
        let known = source.and_then(|s| s.strip_prefix("registry+")).is_some_and(|s| registries.contains(s));
        if !known && !members.contains(&package.id) {
            broken.push(format!("{name}: comes from {source:?}"));
        }
        if banned.contains(package.name.as_str()) {
            broken.push(format!("{name} is banned by deny.toml"));
        }
    }
    none(broken);
}

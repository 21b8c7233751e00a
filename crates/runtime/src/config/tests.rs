use std::net::IpAddr;

use super::*;

fn no_environment() -> Vec<(String, String)> {
    Vec::new()
}

fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn problems(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    Config::check(text, environment(variables)).unwrap_err().iter().map(|problem| problem.line("f.toml")).collect()
}

const TOPIC: &str = "[clusters.main]\nbrokers = \"h:1\"\n[sources.trade]\ncluster = \"main\"\ntopic = \"t\"\n";

#[test]
fn the_example_is_right_and_says_the_defaults() {
    let example = Config::check(Config::EXAMPLE, no_environment()).unwrap();
    assert_eq!(example.sources.len(), 2);
    assert_eq!(example.clusters["main"].brokers, "127.0.0.1:9092");
    let small = TOPIC.replace("h:1", "127.0.0.1:9092").replace("\"t\"", "\"trade-events\"")
        + "[sources.seizure]\ncluster = \"main\"\ntopic = \"seizure-events\"";
    assert_eq!(Config::check(&small, no_environment()).unwrap(), example);
    // The keys that it only hints at are right as well.
    let uncommented: String = Config::EXAMPLE
        .lines()
        .map(|line| {
            let hint = line.strip_prefix("# ").filter(|hint| hint.starts_with(['[', '"']) || hint.contains(" = "));
            format!("{}\n", hint.unwrap_or(line))
        })
        .collect();
    let all = Config::check(&uncommented, no_environment()).unwrap();
    assert_eq!((all.sources.len(), all.outputs.as_deref(), all.clusters["main"].client.len()), (3, Some("main"), 1));
    assert_eq!((all.serve.notice.unwrap().lines().count(), all.serve.simulated), (2, true));
    assert_eq!((all.detect.budgets.family["opioids"], all.detect.budgets.market["US"]), (20, 5));
    assert_eq!(
        (&*all.serve.auth.jwt.unwrap().audience, all.serve.auth.claims.role["Desk staff"]),
        ("headwater", "analyst")
    );
}

#[test]
fn shown_and_read_again_it_is_the_same() {
    let text = format!(
        "{TOPIC}partitioner = \"crc32\"\non_gap = \"skip\"\n[sources.box]\npath = 'in \"box\\'\n[outputs]\ncluster = \"main\"\n\
         [clusters.main.client]\n\"a.b\" = true\n\"sasl.password_file\" = \"/s\"\n[store]\nurl = \"s3://b/p\"\n"
    );
    let config = Config::check(&text, environment(&[("HEADWATER__CLUSTERS__MAIN__INSTANCE", "i")])).unwrap();
    assert_eq!(Config::check(&config.to_string(), no_environment()).unwrap(), config);
    assert_eq!(config.store.location, StoreLocation::Objects("s3://b/p".into()));
    assert_eq!(config.store.cache, PathBuf::from("headwater-cache"));
    assert!(matches!(config.sources["trade"], Source::Topic { on_gap: OnGap::Skip, .. }));
    assert_eq!(config.clusters["main"].client["sasl.password"], ClientSetting::File("/s".into()));
}

#[test]
fn environment_overrides_the_file_and_is_enough_alone() {
    let variables = environment(&[
        ("HEADWATER__STORE__COMMIT_MS", "200"),
        ("HEADWATER__SOURCES__TRADE__TOPIC", "other"),
        ("HEADWATER__CLUSTERS__MAIN__CLIENT__SESSION_TIMEOUT_MS", "7000"),
        ("HEADWATER__CLUSTERS__MAIN__CLIENT__SASL_PASSWORD_FILE", "/s"),
        ("HEADWATER__CLUSTERS__MAIN__CLIENT__FETCH_MAX_BYTES", "9"),
        ("HEADWATER_LOG", "debug"),
        ("PATH", "/bin"),
    ]);
    let text = format!("{TOPIC}[clusters.main.client]\n\"fetch.max.bytes\" = 8\n");
    let config = Config::check(&text, variables).unwrap();
    assert_eq!(config.store.commit_ms, 200);
    assert!(matches!(&config.sources["trade"], Source::Topic { topic, .. } if topic == "other"));
    let client = &config.clusters["main"].client;
    let value = |value: &str| ClientSetting::Value(value.into());
    assert_eq!(client.len(), 3);
    assert_eq!(client["session.timeout.ms"], value("7000"));
    assert_eq!(client["fetch.max.bytes"], value("9"));
    assert_eq!(client["sasl.password"], ClientSetting::File("/s".into()));

    let alone = environment(&[("HEADWATER__SOURCES__INBOX__PATH", "inbox")]);
    assert!(Config::in_environment(alone.clone()));
    assert!(!Config::in_environment(environment(&[("HEADWATER_LOG", "debug")])));
    assert_eq!(Config::check("", alone).unwrap().sources["inbox"], Source::Folder { path: "inbox".into() });
}

#[test]
fn writer_schemas_are_files_beside_the_configuration() {
    let text = format!("{TOPIC}[sources.trade.avro]\n7 = \"a.avsc\"\n0 = \"/b.avsc\"\n");
    let variables =
        [("HEADWATER__SOURCES__TRADE__AVRO__4294967295", "c.avsc"), ("HEADWATER__SOURCES__TRADE__AVRO__7", "d")];
    let files = |config: &Config| match &config.sources["trade"] {
        Source::Topic { avro, .. } => {
            avro.iter().map(|(id, file)| format!("{id} {}", file.display())).collect::<Vec<_>>()
        }
        Source::Folder { .. } => Vec::new(),
    };
    let config = Config::check(&text, environment(&variables)).unwrap();
    assert_eq!(files(&config), ["0 /b.avsc", "7 d", "4294967295 c.avsc"]);
    assert_eq!(Config::check(&config.to_string(), no_environment()).unwrap(), config);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.toml");
    fs::write(&path, &text).unwrap();
    let config = Config::load(Some(&path), no_environment()).unwrap();
    assert_eq!(files(&config), ["0 /b.avsc", &format!("7 {}", dir.path().join("a.avsc").display())]);

    let many: String = (0..=100).map(|id| format!("{id} = \"f\"\n")).collect();
    for (more, part) in [
        ("-1 = \"f\"", "f.toml:7:1: sources.trade.avro.-1: a schema id is wanted, a whole number from 0 to 4294967295"),
        ("07 = \"f\"", "sources.trade.avro.07: a schema id is wanted"),
        ("a = \"f\"", "sources.trade.avro.a: a schema id is wanted"),
        ("4294967296 = \"f\"", "sources.trade.avro.4294967296: a schema id is wanted"),
        ("7 = \"\"", "sources.trade.avro.7: is empty"),
        ("7 = 5", "sources.trade.avro.7: the file of a schema is wanted, not an integer"),
        (&many, "sources.trade.avro: 101 schemas are named, 100 are allowed"),
        ("[sources.b]\npath = \"p\"\navro = {7 = \"f\"}", "sources.b.avro: a folder holds lines of JSON"),
    ] {
        let lines = problems(&format!("{TOPIC}[sources.trade.avro]\n{more}\n"), &[]);
        assert!(lines.iter().any(|line| line.contains(part)) && lines.len() == 1, "{more}: {lines:?}");
    }
}

#[test]
fn told_nothing_it_reads_a_folder_into_a_folder() {
    let local = Config::load(None, environment(&[("HEADWATER_LOG", "debug")])).unwrap();
    assert_eq!(local.sources, BTreeMap::from([("inbox".to_owned(), Source::Folder { path: "inbox".into() })]));
    assert_eq!(local.store.location, StoreLocation::Folder("data".into()));
    assert_eq!((local.outputs, local.clusters.len()), (None, 0));
}

#[test]
fn the_cache_lies_in_a_local_store_unless_told_otherwise() {
    let cache = |store: &str| {
        let text = format!("{TOPIC}[store]\n{store}");
        Config::check(&text, no_environment()).unwrap().store.cache
    };
    assert_eq!(cache(""), PathBuf::from("data/cache"));
    assert_eq!(cache("url = \"/srv/hw\""), PathBuf::from("/srv/hw/cache"));
    assert_eq!(cache("url = \"/srv/hw\"\ncache = \"/fast\""), PathBuf::from("/fast"));
    let store = "[store]\nledger_bytes = 1048576\nfold_epochs = 2\nsnapshot_rows = 7\n";
    let store = Config::check(&format!("{TOPIC}{store}"), no_environment()).unwrap().store;
    assert_eq!((store.ledger_bytes, store.fold_epochs, store.snapshot_rows), (1 << 20, 2, 7));
}

#[test]
fn every_problem_is_listed_with_its_place() {
    let text = "\
[clusters.main]
broker = \"h:1\"
[sources.trade]
cluster = \"mian\"
topic = \"t t\"
partitioner = \"murmur\"
[stor]
[store]
comit_ms = 5
  commit_ms = \"5\"
commit_bytes = 1
[serve]
listen = \"localhost:80\"
";
    assert_eq!(
        problems(text, &[("HEADWATER__DETECT__IDLE", "1"), ("HEADWATER__DETECT__IDLE_MS", "soon")]),
        [
            "f.toml:1:11: clusters.main.brokers: is required",
            "f.toml:2:1: clusters.main.broker: unknown key; did you mean brokers?",
            "f.toml:4:1: sources.trade.cluster: there is no [clusters.mian]; did you mean \"main\"?",
            "f.toml:5:1: sources.trade.topic: \"t t\" is no topic: 1 to 249 of A-Z a-z 0-9 . _ -",
            "f.toml:6:1: sources.trade.partitioner: \"murmur\" is none of any, murmur2, crc32; did you mean \"murmur2\"?",
            "f.toml:7:2: stor: unknown key; did you mean store?",
            "f.toml:9:1: store.comit_ms: unknown key; did you mean commit_ms?",
            "f.toml:10:3: store.commit_ms: an integer is wanted, not a string",
            "f.toml:11:1: store.commit_bytes: 1 is not a whole number from 65536 to 1073741824",
            "f.toml:13:1: serve.listen: \"localhost:80\" is no IP address and port, as in \"127.0.0.1:8080\"",
            "HEADWATER__DETECT__IDLE: detect.idle: unknown key; did you mean idle_ms?",
            "HEADWATER__DETECT__IDLE_MS: detect.idle_ms: soon is not a whole number from 1000 to 86400000",
        ]
    );
}

#[test]
fn what_is_no_toml_has_a_place_too() {
    let lines = problems(&format!("{TOPIC}= 5\n"), &[]);
    assert!(lines[0].starts_with("f.toml:6:1: "), "{lines:?}");
    let lines = problems(&format!("{TOPIC}topic = \"u\"\n"), &[]);
    assert!(lines[0].starts_with("f.toml:6:1: ") && lines[0].contains("duplicate key"), "{lines:?}");
}

#[test]
fn refusals() {
    let nothing = problems("", &[]);
    assert!(nothing[0].starts_with("f.toml: sources: nothing to read") && nothing.len() == 1, "{nothing:?}");
    for (more, part) in [
        ("[sources.b]\ncluster = \"main\"\ntopic = \"t\"", "f.toml:3:10: sources.trade: reads the same as sources.b"),
        ("[sources.b]", "sources.b.topic: is required"),
        ("path = \"p\"", "f.toml:6:1: sources.trade.path: a source is a topic or a folder"),
        ("[sources.\"B c\"]\npath = \"p\"", "a name is made of"),
        ("[sources]\ntrade2 = 5", "sources.trade2: a table is wanted, not an integer"),
        ("[store]\nurl = \"ftp://x\"", "\"ftp://x\" is no folder"),
        ("[store]\nurl = \"s3:///x\"", "with a bucket"),
        ("[store]\nledger_bytes = 5", "store.ledger_bytes: 5 is not a whole number from 1048576 to"),
        ("[store]\nfold_epochs = 1", "store.fold_epochs: 1 is not a whole number from 2 to 65536"),
        ("[store]\ncache = \"\"", "store.cache: is empty"),
        ("on_gap = \"go\"", "f.toml:6:1: sources.trade.on_gap: \"go\" is none of stop, skip"),
        ("[sources.b]\npath = \"p\"\non_gap = \"stop\"", "sources.b.on_gap: unknown key"),
        ("[store]\ncommit_ms = 1.5", "an integer is wanted, not a number with a fraction"),
        ("[store]\ncommit_ms = -1", "-1 is not a whole number"),
        ("[outputs]", "outputs.cluster: is required"),
        ("[clusters.b]\nbrokers = \"h:1,h\"", "\"h\" is not host:port"),
        ("[clusters.main.client]\n\"sasl.password\" = \"x\"", "is a secret: give the file"),
        ("[clusters.main.client]\n\"group.id\" = \"x\"", "is given as `group`"),
        ("[clusters.main.client]\n\"enable.auto.commit\" = true", "cannot be set"),
        ("[clusters.main.client]\na.b = 1", "put the whole name in quotes"),
    ] {
        let lines = problems(&format!("{TOPIC}{more}\n"), &[]);
        assert!(lines.iter().any(|line| line.contains(part)), "{more}: {lines:?}");
        // No message repeats a secret.
        assert!(!lines.iter().any(|line| line.contains("\"x\"")), "{lines:?}");
    }
    let lines = problems(TOPIC, &[("HEADWATER__STORE__COMIT_MS", "1")]);
    assert_eq!(lines, ["HEADWATER__STORE__COMIT_MS: store.comit_ms: unknown key; did you mean commit_ms?"]);
    let lines = problems(TOPIC, &[("HEADWATER__STORE", "1")]);
    assert_eq!(lines, ["HEADWATER__STORE: store: a table is wanted, not a string"]);
}

#[test]
fn the_people_s_database_is_a_file_beside_the_store_or_what_is_said() {
    let url = |more: &str| Config::check(&format!("{TOPIC}{more}\n"), no_environment()).unwrap().people;
    let is = |text: &str| PeopleDatabase::Url(text.into());
    assert_eq!(url(""), is("people.sqlite"));
    assert_eq!(url("[store]\nurl = '/var/lib/headwater/store'"), is("/var/lib/headwater/people.sqlite"));
    assert_eq!(url("[store]\nurl = 's3://b/p'"), is("people.sqlite"));
    for said in ["a/b.sqlite", "sqlite:/b.sqlite", "postgres://u@h:5/d?sslmode=require"] {
        assert_eq!(url(&format!("[people]\nurl = '{said}'")), is(said));
    }
    let kept = Config::check(&format!("{TOPIC}[people]\nanchor = 'a'\n"), no_environment()).unwrap();
    assert_eq!(kept.anchor, Some(AnchorSettings { file: "a".into(), every_s: 60 }));
    assert_eq!(Config::check(&kept.to_string(), no_environment()).unwrap(), kept);
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(&secret, "postgres://u:p@h/d\n").unwrap();
    let by_file = format!("{TOPIC}[people]\nurl_file = '{}'\n", secret.path().display());
    let config = Config::check(&by_file, no_environment()).unwrap();
    assert_eq!(config.people.url().unwrap(), "postgres://u:p@h/d");
    assert_eq!(Config::check(&config.to_string(), no_environment()).unwrap(), config);
    for (wrong, part) in [
        (
            "url = 'postgres://u:secret@h/d'",
            "7:1: people.url: holds a password: give the file that holds the URL as `url_file`",
        ),
        ("url = 'postgres://h/d?password=secret'", "holds a password"),
        ("url = 'mysql://secret/d'", "is no file, sqlite: or postgres:// with a host"),
        ("url = ''", "people.url: is no file"),
        ("url_file = ''", "people.url_file: is empty"),
        ("url = 'a'\nurl_file = 'b'", "is given twice"),
        ("urll = 'a'", "did you mean url?"),
        ("anchor = ''", "people.anchor: is empty"),
        ("anchor = 'a'\nanchor_s = 0", "people.anchor_s: 0 is not a whole number from 1 to 86400"),
    ] {
        let lines = problems(&format!("{TOPIC}[people]\n{wrong}\n"), &[]);
        assert!(lines.len() == 1 && lines[0].contains(part) && !lines[0].contains("secret"), "{wrong}: {lines:?}");
    }
}

#[test]
fn budgets_have_names_and_are_whole_numbers_of_alerts() {
    let text = format!(
        "{TOPIC}[detect]\nweekly_budget = 7\n[detect.budgets.family]\nopioids = 20\n\"a b\" = 1\n\
         [detect.budgets.market]\nUS = 5\nNL = 10000\n"
    );
    let variables = [("HEADWATER__DETECT__BUDGETS__MARKET__US", "6"), ("HEADWATER__DETECT__BUDGETS__MARKET__DE", "3")];
    let config = Config::check(&text, environment(&variables)).unwrap();
    let named = |names: &[(&str, u32)]| names.iter().map(|(name, alerts)| ((*name).to_owned(), *alerts)).collect();
    let budgets = BudgetSettings {
        family: named(&[("a b", 1), ("opioids", 20)]),
        market: named(&[("NL", 10_000), ("US", 6), ("de", 3)]),
    };
    assert_eq!((config.detect.weekly_budget, &config.detect.budgets), (7, &budgets));
    assert_eq!(Config::check(&config.to_string(), no_environment()).unwrap(), config);
    let none = Config::check(TOPIC, no_environment()).unwrap().detect;
    assert_eq!((none.weekly_budget, none.budgets), (10, BudgetSettings::default()));
    for (wrong, part) in [
        ("weekly_budget = 0", "7:1: detect.weekly_budget: 0 is not a whole number from 1 to 10000"),
        (
            "budgets.family.opioids = 10001",
            "detect.budgets.family.opioids: 10001 is not a whole number from 1 to 10000",
        ),
        ("budgets.market.US = -5", "detect.budgets.market.US: -5 is not a whole number"),
        ("budgets.market.US = \"5\"", "detect.budgets.market.US: an integer is wanted, not a string"),
        ("budgets.markets.US = 5", "detect.budgets.markets: unknown key; did you mean market?"),
        ("budgets = 5", "detect.budgets: a table is wanted, not an integer"),
        ("weekly_buget = 5", "did you mean weekly_budget?"),
    ] {
        let lines = problems(&format!("{TOPIC}[detect]\n{wrong}\n"), &[]);
        assert!(lines.len() == 1 && lines[0].contains(part), "{wrong}: {lines:?}");
    }
}

#[test]
fn secrets_come_from_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    fs::write(&secret, "p w\n").unwrap();
    let text = format!("{TOPIC}[clusters.main.client]\n\"sasl.password_file\" = '{}'\n\"a\" = 1", secret.display());
    let path = dir.path().join("f.toml");
    fs::write(&path, &text).unwrap();
    let config = Config::load(Some(&path), no_environment()).unwrap();
    let settings = config.clusters["main"].client_settings().unwrap();
    assert_eq!(settings, [("a".into(), "1".into()), ("sasl.password".into(), "p w".into())]);
    assert!(!format!("{config:?}{config}").contains("p w"));
    fs::remove_file(&secret).unwrap();
    let error = config.clusters["main"].client_settings().unwrap_err().to_string();
    assert!(error.starts_with(&secret.display().to_string()), "{error}");
    let error = Config::load(Some(&secret), no_environment()).unwrap_err().to_string();
    assert!(error.contains("cannot read"), "{error}");
}

#[test]
fn without_sign_in_the_api_is_of_this_machine_alone() {
    let lines = problems(&format!("{TOPIC}[serve]\nlisten = \"0.0.0.0:8080\"\n"), &[]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let expected = "serve.listen: 0.0.0.0:8080 may be reached from other machines, and serve.auth.mode = \"none\"";
    assert!(lines[0].contains(expected), "{lines:?}");
    let by_key = format!("{TOPIC}[serve]\nlisten = \"0.0.0.0:8080\"\n[serve.auth]\nmode = \"keys\"\n");
    let config = Config::check(&by_key, no_environment()).unwrap();
    assert_eq!(
        (config.serve.auth.mode.as_str(), Config::check(&config.to_string(), no_environment()).unwrap()),
        ("keys", config)
    );
    let lines =
        problems(TOPIC, &[("HEADWATER__SERVE__AUTH__CLEARANCE", "AMBER"), ("HEADWATER__SERVE__AUTH__MODE", "nine")]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("\"AMBER\" is none of TLP:AMBER, TLP:CLEAR") && lines[1].contains("none"), "{lines:?}");
    let lines = problems(&format!("{TOPIC}[serve]\ntrusted_proxies = '10.0.0.1, proxy'"), &[]);
    assert!(
        lines.len() == 1 && lines[0].contains("7:1: serve.trusted_proxies: \"proxy\" is no IP address"),
        "{lines:?}"
    );
    let config =
        Config::check(&format!("{TOPIC}[serve]\ntrusted_proxies = '10.0.0.1, ::1'"), no_environment()).unwrap();
    assert_eq!(config.serve.trusted_proxies, ["10.0.0.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
    assert_eq!(Config::check(&config.to_string(), no_environment()).unwrap(), config);
    let text = format!(
        "{TOPIC}[serve]\nlisten = \"[::1]:0\"\n[serve.auth]\norganisations = \"B, A,\"\nclearance = \"TLP:RED\"\n"
    );
    let serve = Config::check(&text, []).unwrap().serve;
    assert_eq!((serve.auth.clearance, serve.auth.organisations), ("TLP:RED", vec!["B".to_owned(), "A".to_owned()]));
}

#[test]
fn what_whoever_comes_to_sign_in_is_told_is_plain_text() {
    let serve = |more: &str| Config::check(&format!("{TOPIC}[serve]\n{more}"), no_environment());
    assert_eq!((serve("").unwrap().serve.notice, serve("").unwrap().serve.simulated), (None, false));
    let config = serve("notice = \"\"\"\nOne \\\"desk\\\".\r\n\n\tTwo.\n\"\"\"\nsimulated = true").unwrap();
    assert_eq!(config.serve.notice.as_deref(), Some("One \"desk\".\n\n\tTwo."));
    assert!(config.serve.simulated);
    assert_eq!(Config::check(&config.to_string(), no_environment()).unwrap(), config);
    let variables = environment(&[("HEADWATER__SERVE__SIMULATED", "true"), ("HEADWATER__SERVE__NOTICE", "Three.")]);
    let serve_of = Config::check(TOPIC, variables).unwrap().serve;
    assert_eq!((serve_of.notice.as_deref(), serve_of.simulated), (Some("Three."), true));
    let long = format!("notice = '{}'", "é".repeat(1_001));
    for (text, part) in [
        (&*long, "serve.notice: has 2002 bytes, 2000 are allowed"),
        ("notice = '  '", "serve.notice: is empty"),
        ("notice = \"a\\u001b[31m\"", "serve.notice: holds a control character"),
        ("simulated = \"yes\"", "serve.simulated: true or false is wanted, not a string"),
        ("simulated = 1", "serve.simulated: true or false is wanted, not an integer"),
    ] {
        let lines = problems(&format!("{TOPIC}[serve]\n{text}\n"), &[]);
        assert!(lines.len() == 1 && lines[0].contains(part), "{text}: {lines:?}");
    }
    let lines = problems(TOPIC, &[("HEADWATER__SERVE__SIMULATED", "yes")]);
    assert!(lines.len() == 1 && lines[0].contains("serve.simulated: \"yes\" is neither true nor false"), "{lines:?}");
}

const OIDC: &str = "[serve]\nlisten = \"0.0.0.0:1\"\n[serve.auth]\nmode = \"oidc\"\n[serve.auth.oidc]\nissuer = 'https://i'\n\
                    client_id = 'c'\nurl = 'https://h:8443/'\n";

#[test]
fn people_sign_in_at_a_service_that_is_named() {
    let config = Config::check(&format!("{TOPIC}{OIDC}"), no_environment()).unwrap();
    let oidc = config.serve.auth.oidc.clone().unwrap();
    assert_eq!((&*oidc.url, &*oidc.scopes, oidc.idle_s, oidc.life_s), ("https://h:8443", "openid", 1_800, 43_200));
    assert_eq!((config.serve.auth.mode, oidc.client_secret().unwrap()), (AuthMode::Oidc, None));
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(&secret, "p w\n").unwrap();
    let more =
        format!("{TOPIC}{OIDC}client_secret_file = '{}'\nscopes = 'openid a'\nidle_s = 5\n", secret.path().display());
    let config = Config::check(&more, no_environment()).unwrap();
    assert_eq!(config.serve.auth.oidc.as_ref().unwrap().client_secret().unwrap().as_deref(), Some("p w"));
    assert!(!format!("{config:?}{config}").contains("p w"));
    assert_eq!(Config::check(&config.to_string(), no_environment()).unwrap(), config);
    for (wrong, part) in [
        ("scopes = 'profile'", "\"profile\" lacks \"openid\""),
        ("client_secret = 'x'", "unknown key; did you mean client_secret_file?"),
        ("idle_s = 0", "0 is not a whole number from 1 to 2678400"),
        ("algorithm = 'HS256'", "is none of RS256"),
    ] {
        let lines = problems(&format!("{TOPIC}{OIDC}{wrong}\n"), &[]);
        assert!(lines.len() == 1 && lines[0].contains(part), "{wrong}: {lines:?}");
    }
    for (right, wrong, part) in [
        ("https://h:8443/", "http://h", "serve.auth.oidc.url: \"http://h\" is no https:// address"),
        ("https://h:8443/", "https://h/sub", "serve.auth.oidc.url: \"https://h/sub\" has a path"),
        ("https://i", "http://i", "serve.auth.oidc.issuer: \"http://i\" is no https:// address"),
        ("client_id = 'c'", "", "serve.auth.oidc.client_id: is required"),
    ] {
        let lines = problems(&format!("{TOPIC}{OIDC}").replace(right, wrong), &[]);
        assert!(lines.len() == 1 && lines[0].contains(part), "{wrong}: {lines:?}");
    }
    let alone = problems(&format!("{TOPIC}[serve.auth]\nmode = \"oidc\""), &[]);
    assert!(alone.len() == 1 && alone[0].contains("serve.auth.oidc: is required"), "{alone:?}");
}

const JWT: &str = "[serve.auth.jwt]\nissuer = 'https://i'\naudience = 'a'\n";

#[test]
fn tokens_are_of_an_issuer_by_one_algorithm_and_say_what_the_mapping_says() {
    let text = format!(
        "{TOPIC}{JWT}keys_file = 'k.pem'\nalgorithm = 'ES256'\n[serve.auth.claims]\nroles = '/a/b'\n\
         [serve.auth.claims.role]\n\"x y\" = 'admin'\n[serve.auth.claims.label]\nhigh = 'TLP:RED'\n"
    );
    let variables =
        [("HEADWATER__SERVE__AUTH__JWT__LEEWAY_S", "5"), ("HEADWATER__SERVE__AUTH__CLAIMS__ROLE__R", "viewer")];
    let config = Config::check(&text, environment(&variables)).unwrap();
    let auth = &config.serve.auth;
    let jwt = JwtSettings {
        issuer: "https://i".into(),
        audience: "a".into(),
        algorithm: "ES256",
        leeway_s: 5,
        keys: KeyPlace::File("k.pem".into()),
    };
    assert_eq!(auth.jwt.as_ref(), Some(&jwt));
    assert_eq!(
        (&*auth.claims.roles, &*auth.claims.clearance, auth.claims.default_clearance),
        ("/a/b", "clearance", "TLP:CLEAR")
    );
    assert_eq!(auth.claims.role, BTreeMap::from([("r".to_owned(), "viewer"), ("x y".to_owned(), "admin")]));
    assert_eq!(Config::check(&config.to_string(), no_environment()).unwrap(), config);
    assert_eq!(Config::check(TOPIC, no_environment()).unwrap().serve.auth.jwt, None);
    for (wrong, part) in [
        ("", "serve.auth.jwt: needs the issuer's public keys: `keys_url` or `keys_file`"),
        ("keys_url = 'http://i/k'", "\"http://i/k\" is no https:// address, nor an http:// one of this machine"),
        ("keys_url = 'http://localhost.i/k'", "is no https:// address"),
        ("keys_url = 'https://u:p@i/k'", "is no https:// address"),
        ("keys_url = 'https:///k'", "is no https:// address"),
        ("keys_url = 'https://i/k'\nkeys_file = 'k'", "serve.auth.jwt.keys_file: is given beside `keys_url`"),
        ("keys_file = ''", "serve.auth.jwt.keys_file: is empty"),
        ("keys_file = 'k'\nalgorithm = 'HS256'", "\"HS256\" is none of RS256, RS384"),
        ("keys_file = 'k'\nalgorithm = 'none'", "\"none\" is none of RS256, RS384"),
        ("keys_file = 'k'\nleeway_s = 301", "301 is not a whole number from 0 to 300"),
        ("keys_file = 'k'\nissuers = 'x'", "unknown key; did you mean issuer?"),
        (
            "keys_file = 'k'\n[serve.auth.claims.role]\na = 'king'",
            "serve.auth.claims.role.a: is none of viewer, analyst",
        ),
        ("keys_file = 'k'\n[serve.auth.claims.label]\na = 5", "serve.auth.claims.label.a: is none of TLP:AMBER"),
        ("keys_file = 'k'\n[serve.auth.claims]\nroles = ''", "serve.auth.claims.roles: is empty"),
    ] {
        let lines = problems(&format!("{TOPIC}{JWT}{wrong}\n"), &[]);
        assert!(lines.iter().any(|line| line.contains(part)), "{wrong}: {lines:?}");
    }
    for missing in ["issuer", "audience"] {
        let lines = problems(&format!("{TOPIC}{JWT}keys_file = 'k'").replace(missing, "x"), &[]);
        assert!(lines.iter().any(|line| line.contains(&format!("serve.auth.jwt.{missing}: is required"))), "{lines:?}");
    }
    for good in ["https://i:8443/k?a=b", "http://127.0.0.1:1/k", "http://[::1]:1/k", "http://localhost/k"] {
        let text = format!("{TOPIC}{JWT}keys_url = '{good}'");
        assert!(Config::check(&text, no_environment()).is_ok(), "{good}");
    }
}

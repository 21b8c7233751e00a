//! The compose file is of the schema, refers only to what there is, and opens no port to others; the settings of its
//! Kafka are those of a real one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use headwater_tests::binary;
use headwater_tests::broker::root;
use headwater_tests::process::program;
use headwater_tests::yaml;
use serde_json::Value;

const FILE: &str = "deploy/compose/compose.yaml";

fn list(value: &Value) -> Vec<&str> {
    value.as_array().map(|list| list.iter().map(|entry| entry.as_str().unwrap()).collect()).unwrap_or_default()
}

#[test]
fn it_is_of_the_schema_and_refers_to_what_there_is() {
    let folder = root().join("deploy/compose");
    program(Path::new("docker-compose"), &["-f", root().join(FILE).to_str().unwrap(), "config", "--quiet"]);
    let file = yaml::document(FILE);
    let services = file["services"].as_object().unwrap();
    let named: BTreeSet<&str> = services.keys().map(String::as_str).collect();
    assert_eq!(named, BTreeSet::from(["detect", "grafana", "ingest", "kafka", "prometheus", "topics"]));
    let volumes = file["volumes"].as_object().unwrap();
    for (name, service) in services {
        for port in list(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name} opens {port}");
        }
        for mount in list(&service["volumes"]) {
            let source = mount.split(':').next().unwrap();
            match source.starts_with('.') {
                true => assert!(folder.join(source).exists() && mount.ends_with(":ro"), "{name}: {mount}"),
                false => assert!(volumes.contains_key(source), "{name}: {mount}"),
            }
        }
        let image = service["image"].as_str().unwrap();
        let version = image.rsplit(':').next().unwrap().trim_end_matches('}');
        assert!(version.starts_with(|c: char| c.is_ascii_digit() || c == 'v'), "{name} has no pinned image: {image}");
        let is_finite = name == "topics";
        assert!(is_finite || service["healthcheck"]["test"].is_array(), "{name} has no health check");
    }
    for role in ["ingest", "detect"] {
        let service = &services[role];
        assert_eq!(service["scale"], 2);
        assert_eq!(list(&service["command"]).last(), Some(&role));
        assert_eq!((&service["read_only"], &list(&service["cap_drop"])), (&Value::Bool(true), &vec!["ALL"]));
        let build = &service["build"];
        let context = folder.join(build["context"].as_str().unwrap());
        assert!(context.join(build["dockerfile"].as_str().unwrap()).is_file());
    }
    // The image of Kafka is of the version that the tests start.
    let pom = fs::read_to_string(root().join("scripts/kafka-pom.xml")).unwrap();
    let version = services["kafka"]["image"].as_str().unwrap().rsplit(':').next().unwrap();
    assert!(pom.contains(&format!("<version>{version}</version>")), "{version}");
}

#[test]
fn the_files_that_it_mounts_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    for config in ["deploy/compose/headwater.toml", "deploy/systemd/headwater.toml"] {
        let config = root().join(config);
        let shown = binary::succeeds(folder.path(), &["config", "check", "--config", config.to_str().unwrap()]);
        assert!(shown.contains("trade-events"), "{shown}");
    }
    // Beside the rules, as in the container.
    for (config, name) in [("deploy/compose/prometheus.yml", "a.yml"), ("deploy/prometheus/prometheus.yml", "b.yml")] {
        fs::copy(root().join("deploy/prometheus/alerts.yml"), folder.path().join("alerts.yml")).unwrap();
        let copy = folder.path().join(name);
        fs::copy(root().join(config), &copy).unwrap();
        let words = program(Path::new("promtool"), &["check", "config", copy.to_str().unwrap()]);
        assert!(words.contains("1 rule files found"), "{words}");
    }
    let prometheus = yaml::document("deploy/compose/prometheus.yml");
    let names = &prometheus["scrape_configs"][0]["dns_sd_configs"][0]["names"];
    assert_eq!(list(names), ["ingest", "detect"]);
    // What Grafana is told by its environment is what the provisioned files ask for.
    let grafana = &yaml::document(FILE)["services"]["grafana"];
    for file in ["datasources/prometheus.yaml", "dashboards/headwater.yaml"] {
        let file = yaml::document(&format!("deploy/grafana/provisioning/{file}")).to_string();
        let variables: Vec<&str> = file.split('$').skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(!variables.is_empty());
        variables.iter().for_each(|name| assert!(grafana["environment"][name].is_string(), "{name}"));
    }
}

/// The image writes each `KAFKA_A_B` as the setting `a.b`. A real Kafka of the same version takes them for a broker's
/// and formats its folder by them.
#[test]
fn the_settings_of_its_kafka_are_taken_by_a_real_one() {
    let environment = yaml::document(FILE)["services"]["kafka"]["environment"].clone();
    let folder = tempfile::tempdir().unwrap();
    let (data, config) = (folder.path().join("data"), folder.path().join("server.properties"));
    let mut settings = String::new();
    for (name, value) in environment.as_object().unwrap() {
        let setting = name.strip_prefix("KAFKA_").unwrap().to_lowercase().replace('_', ".");
        let value = match &*setting {
            "log.dirs" => data.to_str().unwrap(),
            _ => value.as_str().unwrap(),
        };
        settings += &format!("{setting}={value}\n");
    }
    fs::write(&config, settings).unwrap();
    let jars = program(&root().join("scripts/kafka"), &["jars"]) + "/*";
    let id = "5L6g3nShT-eMCtK--X86sw";
    let words = program(
        Path::new("java"),
        &["-cp", &jars, "kafka.tools.StorageTool", "format", "-t", id, "-c", config.to_str().unwrap()],
    );
    assert!(data.join("meta.properties").is_file(), "{words}");
}

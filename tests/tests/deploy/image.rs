//! The image that the Dockerfile makes: what it says of itself, and its binary at work in it, as its user, with a root
//! that cannot be written to.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use headwater_tests::binary::{self, replay};
use headwater_tests::broker::root;
use headwater_tests::feed::event;
use headwater_tests::port;
use headwater_tests::process::{eventually, program};
use serde_json::{Value, json};
use tempfile::TempDir;

const CONFIG: &str = "/etc/headwater/headwater.toml";
const EVENTS: usize = 2_000;

struct Image {
    folder: TempDir,
}

/// A process in the image, killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Image {
    /// Builds it, from what cargo has built for this test as far as it can be taken over.
    fn build() -> Image {
        let folder = tempfile::tempdir().unwrap();
        let target = binary::path().parent().unwrap().to_owned();
        let script = root().join("scripts/image");
        program(&script, &["build", folder.path().to_str().unwrap(), target.to_str().unwrap()]);
        Image { folder }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(root().join("scripts/image"));
        command.arg("run").arg(self.folder.path()).args(args);
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command prints that must succeed.
    fn says(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?} ended with {}: {words}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }

    /// A file for the process: in `etc` what it is configured by, in `data` what it may write to.
    fn put(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What it says of itself.
    fn config(&self) -> Value {
        let text = fs::read_to_string(self.folder.path().join("image.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["Docker"]["config"].clone()
    }
}

fn read_of(image: &Image) -> u64 {
    let output = image.output(&["headwater", "checkpoint", "list", "--config", CONFIG]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line["total"]["read"].as_u64()).sum()
}

#[test]
fn the_image_is_built_and_its_binary_reads_a_folder_as_its_user_with_a_root_that_is_read_only() {
    let image = Image::build();
    let config = image.config();
    assert_eq!(config["User"], "10001:10001");
    assert_eq!((&config["WorkingDir"], &config["Volumes"]), (&json!("/data"), &json!({"/data": {}})));
    assert_eq!(config["Healthcheck"]["Test"], json!(["CMD", "headwater-probe", "healthz"]));
    assert_eq!(config["StopSignal"], "SIGTERM");

    // What is in it.
    let version = image.says(&["headwater", "--version"]);
    assert_eq!(version.trim(), format!("headwater {}", env!("CARGO_PKG_VERSION")));
    let libraries = image.says(&["ldd", "/usr/local/bin/headwater"]);
    assert!(libraries.contains("libssl.so.3") && !libraries.contains("not found"), "{libraries}");
    image.says(&["test", "-s", "/etc/ssl/certs/ca-certificates.crt"]);
    let tools = image.output(&["bash", "-c", "command -v g++ cargo rustc"]);
    assert!(tools.stdout.is_empty(), "what built it is left behind: {tools:?}");

    // Who it is, and where it may write.
    assert_eq!(image.says(&["id", "-u"]).trim(), "10001");
    assert_eq!(image.says(&["touch", "/data/x"]), "");
    for path in ["/x", "/usr/local/bin/x", "/etc/headwater/x", "/tmp/x"] {
        let output = image.output(&["touch", path]);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && words.contains("Read-only file system"), "{path}: {words}");
    }

    // The configuration of the compose file.
    image.put("etc/headwater.toml", &fs::read_to_string(root().join("deploy/compose/headwater.toml")).unwrap());
    assert!(image.says(&["headwater", "config", "check", "--config", CONFIG]).contains("kafka:9092"));

    it_reads_a_folder(&image, &config);
}

/// By the command that the image names, probed as its health check does it, until SIGTERM.
fn it_reads_a_folder(image: &Image, config: &Value) {
    let address = format!("127.0.0.1:{}", port::free());
    let keys =
        format!("[sources.inbox]\npath = \"inbox\"\n[store]\ncommit_ms = 100\n[metrics]\nlisten = \"{address}\"\n");
    image.put("etc/headwater.toml", &keys);
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    image.put("data/inbox/events.ndjson", &(events.join("\n") + "\n"));
    let words = |name: &str| -> Vec<&str> {
        config[name].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
    };
    let mut command = image.command(&[words("Entrypoint"), words("Cmd")].concat());
    let mut running = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    eventually("every event is committed", || {
        let ended = running.0.try_wait().unwrap();
        assert!(ended.is_none(), "{ended:?} {}", log(&mut running));
        read_of(image) == EVENTS as u64
    });
    let probe = format!("HEADWATER_PROBE={address}");
    for page in ["healthz", "readyz"] {
        let answer = image.says(&[&probe, "headwater-probe", page]);
        assert!(serde_json::from_str::<Value>(&answer).unwrap().is_object(), "{answer}");
    }
    assert!(!image.output(&[&probe, "headwater-probe", "nowhere"]).status.success(), "a page that there is not");

    program(Path::new("kill"), &["-TERM", &running.0.id().to_string()]);
    let status = running.0.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{}", log(&mut running));
    assert!(!image.output(&[&probe, "headwater-probe", "healthz"]).status.success(), "it is healthy when it is gone");

    image.says(&["headwater", "export", "volumes", "--config", CONFIG, "--out", "volumes.parquet"]);
    let data = image.folder.path().join("data");
    let judge = replay(&data, &["inbox/events.ndjson"], "judge");
    assert!(fs::read(data.join("volumes.parquet")).unwrap() == judge.bytes("volumes.parquet"), "volumes differ");
    assert_eq!(fs::metadata(data.join("data/headwater.json")).unwrap().uid(), 10_001);
}

fn log(running: &mut Running) -> String {
    let mut text = String::new();
    let _ = running.0.kill();
    running.0.stderr.take().map(|mut stderr| stderr.read_to_string(&mut text));
    text
}

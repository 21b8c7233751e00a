//! Programs that show a token of an issuer, as the configuration says; and who is let in without anything.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headwater_tests::binary;
use headwater_tests::process::{Live, program};
use serde_json::{Value, json};

const SOURCES: &str = "[sources.inbox]\npath = \"inbox\"\n";

/// A token, signed by openssl with the key in a file.
fn token(folder: &Path, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&json!({"alg": "RS256", "typ": "JWT"})), part(claims));
    let [said, signed] = ["message", "signature"].map(|name| folder.join(name));
    fs::write(&said, &message).unwrap();
    let key = folder.join("private.pem");
    let paths = [&key, &signed, &said].map(|path| path.to_str().unwrap());
    program(Path::new("openssl"), &["dgst", "-sha256", "-sign", paths[0], "-out", paths[1], paths[2]]);
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(fs::read(&signed).unwrap()))
}

/// Status and answer.
fn me(address: &str, token: &str) -> (u64, Value) {
    let shown = format!("Authorization: Bearer {token}");
    let answer = program(Path::new("curl"), &["-s", "-H", &shown, &format!("http://{address}/api/v1/me")]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    (answer["status"].as_u64().unwrap_or(200), answer)
}

#[test]
fn a_token_of_the_configured_issuer_is_taken_and_no_other() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    let [private, public] = ["private.pem", "public.pem"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    program(Path::new("openssl"), &["genrsa", "-out", &private, "2048"]);
    program(Path::new("openssl"), &["rsa", "-in", &private, "-pubout", "-out", &public]);
    let auth = "[serve.auth.jwt]\nissuer = \"https://id.example.org\"\naudience = \"headwater\"\nkeys_file = \"public.pem\"\n\
                leeway_s = 0\n[serve.auth.claims]\nroles = \"/access/groups\"\nclearance = \"level\"\norganisations = \"for\"\n\
                [serve.auth.claims.role]\n\"Export jobs\" = \"service\"\n[serve.auth.claims.label]\n\"3\" = \"TLP:GREEN\"\n";
    fs::write(folder.join("f.toml"), format!("{SOURCES}{auth}")).unwrap();
    let mut run = Live::start(folder, "log", &["--config", "f.toml", "--role", "serve"], &[]);
    run.until("it serves", || folder.join("log").exists());
    run.until("it serves", || fs::read_to_string(folder.join("log")).unwrap().contains("api_served"));
    let line = run.events().into_iter().find(|line| line["event"] == "api_served").unwrap();
    let address = line["addr"].as_str().unwrap();
    // Good until the year 2100: the issuer decides, and the clock is the process's own.
    let good = json!({
        "iss": "https://id.example.org", "aud": ["headwater"], "sub": "exporter", "exp": 4_102_444_800_u64,
        "access": {"groups": ["Export jobs", "Canteen"]}, "level": "3", "for": ["ORG-A"]
    });
    let (status, told) = me(address, &token(folder, &good));
    assert_eq!(
        (status, &told["handle"], &told["roles"]),
        (200, &"token:exporter".into(), &json!(["service"])),
        "{told}"
    );
    assert_eq!((&told["marking"], &told["organisations"]), (&"TLP:GREEN".into(), &json!(["ORG-A"])));
    for (claim, value, expected) in [
        ("iss", json!("https://elsewhere.example.org"), 401),
        ("aud", json!("another"), 401),
        ("exp", json!(1_700_000_000), 401),
        ("nbf", json!(4_102_444_800_u64), 401),
        ("access", json!({"groups": ["Canteen"]}), 403),
    ] {
        let mut claims = good.clone();
        claims[claim] = value;
        let (status, problem) = me(address, &token(folder, &claims));
        assert_eq!(status, expected, "{claim}: {problem}");
    }
    run.terminate();
    assert!(!run.log().contains("eyJ") && !run.log().contains("exporter"));
}

#[test]
fn what_lets_in_too_many_or_nobody_is_refused_at_the_start() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("inbox")).unwrap();
    fs::write(folder.join("empty.pem"), "").unwrap();
    let jwt = "[serve.auth.jwt]\nissuer = \"https://id.example.org\"\naudience = \"headwater\"\n";
    for (auth, words) in [
        ("[serve]\nlisten = \"0.0.0.0:0\"\n".to_owned(), "may be reached from other machines"),
        (
            "[serve]\nlisten = \"127.0.0.1:0\"\n[serve.auth]\nmode = \"oidc\"\n".to_owned(),
            "serve.auth.oidc: is required",
        ),
        (
            format!("[serve]\nlisten = \"127.0.0.1:0\"\n{jwt}keys_file = \"absent.pem\"\n"),
            "serve.auth.jwt: absent.pem: ",
        ),
        (
            format!("[serve]\nlisten = \"127.0.0.1:0\"\n{jwt}keys_file = \"empty.pem\"\n"),
            "empty.pem: neither PEM nor JSON",
        ),
        (
            format!("[serve]\nlisten = \"127.0.0.1:0\"\n{jwt}keys_url = \"http://id.example.org/\"\n"),
            "is no https:// address",
        ),
    ] {
        let metrics = "[metrics]\nlisten = \"127.0.0.1:0\"\n";
        fs::write(folder.join("f.toml"), format!("{SOURCES}{metrics}{auth}")).unwrap();
        let output = binary::headwater(folder, &["run", "--config", "f.toml"], &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{auth}: {said}");
        assert!(said.contains(words), "{auth}: {said}");
    }
}

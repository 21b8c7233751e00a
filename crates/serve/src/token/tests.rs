//! What is a good token, and what is not, with keys that each test draws.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use super::*;

/// A time in which the tokens of the tests are good.
pub(crate) const NOW: Moment = Moment(1_790_000_000_000);

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token, signed by whatever `sign` is.
pub(crate) fn token(head: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encoded(head.to_string()), encoded(claims.to_string()));
    let signature = encoded(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// A key on P-256.
pub(crate) struct Ec {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Ec {
    pub fn draw() -> Ec {
        let random = SystemRandom::new();
        let drawn = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, drawn.as_ref(), &random).unwrap();
        Ec { pair, random }
    }

    pub fn jwk(&self, name: &str) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "kid": name, "use": "sig", "alg": "ES256",
            "x": encoded(&point[1..33]), "y": encoded(&point[33..])
        })
    }

    pub fn sign(&self, name: &str, claims: &Value) -> String {
        let head = json!({"alg": "ES256", "typ": "JWT", "kid": name});
        token(&head, claims, |message| self.pair.sign(&self.random, message).unwrap().as_ref().to_vec())
    }
}

pub(crate) fn claims() -> Value {
    let now_s = NOW.0 / 1_000;
    json!({
        "iss": "https://id.example.org", "aud": "headwater", "sub": "exporter", "iat": now_s, "exp": now_s + 300,
        "roles": ["service"], "clearance": "TLP:GREEN"
    })
}

/// The claims with one changed; null: without it.
pub(crate) fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

pub(crate) fn rules(algorithm: &str) -> TokenRules {
    TokenRules {
        issuer: "https://id.example.org".into(),
        audience: "headwater".into(),
        algorithm: algorithm.into(),
        leeway_s: 60,
    }
}

pub(crate) fn file_of(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("keys");
    std::fs::write(&file, text).unwrap();
    file
}

fn tokens(algorithm: &str, file: &Path) -> Tokens {
    Tokens::new(rules(algorithm), KeySource::File(file.into()), Http::new().unwrap()).unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_token_is_taken_that_is_signed_for_us_and_in_time_and_no_other() {
    let (folder, own, other) = (tempfile::tempdir().unwrap(), Ec::draw(), Ec::draw());
    let file = file_of(folder.path(), &json!({"keys": [{"kty": "oct"}, own.jwk("a")]}).to_string());
    let tokens = tokens("ES256", &file);
    let now_s = NOW.0 / 1_000;
    let fault = |token: &str| run(tokens.claims(token, NOW)).err();
    for good in [
        claims(),
        with("aud", json!(["x", "headwater"])),
        with("exp", json!(now_s - 59)),
        with("nbf", json!(now_s + 60)),
        with("exp", json!(now_s as f64 + 0.5)),
    ] {
        assert_eq!(fault(&own.sign("a", &good)), None, "{good}");
    }
    for (bad, expected) in [
        (with("iss", json!("https://id.example.org/")), Fault::Issuer),
        (with("iss", json!(["https://id.example.org"])), Fault::Issuer),
        (with("iss", Value::Null), Fault::Issuer),
        (with("aud", json!("headwater2")), Fault::Audience),
        (with("aud", json!(["x"])), Fault::Audience),
        (with("aud", Value::Null), Fault::Audience),
        (with("exp", json!(now_s - 60)), Fault::Expired),
        (with("exp", json!("never")), Fault::Expired),
        (with("exp", Value::Null), Fault::Expired),
        (with("nbf", json!(now_s + 61)), Fault::NotYet),
        (with("nbf", json!("now")), Fault::NotYet),
    ] {
        assert_eq!(fault(&own.sign("a", &bad)), Some(expected), "{bad}");
    }
    assert_eq!(fault(&other.sign("a", &claims())), Some(Fault::Signature));
    assert_eq!(fault(&own.sign("b", &claims())), Some(Fault::UnknownKey));

    // Changed after it was signed.
    let good = own.sign("a", &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], encoded(with("roles", json!(["admin"])).to_string()), parts[2]);
    assert_eq!(fault(&forged), Some(Fault::Signature));
    let demanding = json!({"alg": "ES256", "kid": "a", "crit": ["exp"]});
    let demanding =
        token(&demanding, &claims(), |message| own.pair.sign(&own.random, message).unwrap().as_ref().to_vec());
    assert_eq!(fault(&demanding), Some(Fault::Malformed));
    for malformed in ["", "a.b", "a.b.c", &format!("{good}.x"), &"x".repeat(20_000)] {
        assert_eq!(fault(malformed), Some(Fault::Malformed), "{malformed}");
    }
}

#[test]
fn whose_it_is_can_be_written_down() {
    let of = |subject: Value| handle("token", with("sub", subject).as_object().unwrap());
    assert_eq!(of(json!("exporter")), Ok("token:exporter".into()));
    assert!(of(json!("x".repeat(249))).is_ok());
    for bad in [Value::Null, json!(""), json!(5), json!("a\nb"), json!("x".repeat(250))] {
        assert_eq!(of(bad), Err(Fault::Subject));
    }
}

#[test]
fn the_algorithm_is_the_configured_one_whatever_the_token_says() {
    let folder = tempfile::tempdir().unwrap();
    let private = folder.path().join("private.pem");
    let made =
        Command::new("openssl").args(["genrsa", "-traditional", "-out"]).arg(&private).arg("2048").output().unwrap();
    assert!(made.status.success());
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl").args(args).arg("-in").arg(&private).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let (public, der) = (openssl(&["rsa", "-pubout"]), openssl(&["rsa", "-outform", "DER", "-traditional"]));
    let pair = RsaKeyPair::from_der(&der).unwrap();
    let file = file_of(folder.path(), std::str::from_utf8(&public).unwrap());
    let sign = |padding: &'static dyn ring::signature::RsaEncoding| {
        let pair = &pair;
        move |message: &[u8]| {
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        }
    };
    let head = |alg: &str| json!({"alg": alg, "kid": "any"});
    let by_rsa = token(&head("RS256"), &claims(), sign(&RSA_PKCS1_SHA256));
    let by_pss = token(&head("PS256"), &claims(), sign(&RSA_PSS_SHA256));
    let (rs256, ps256) = (tokens("RS256", &file), tokens("PS256", &file));
    assert!(run(rs256.claims(&by_rsa, NOW)).is_ok() && run(ps256.claims(&by_pss, NOW)).is_ok());
    assert_eq!(run(ps256.claims(&by_rsa, NOW)).err(), Some(Fault::Algorithm));
    let renamed = token(&head("PS256"), &claims(), sign(&RSA_PKCS1_SHA256));
    assert_eq!(run(ps256.claims(&renamed, NOW)).err(), Some(Fault::Signature));

    // The public key is known to all: as a secret it signs nothing (RFC 8725, section 2.1).
    for secret in [public.clone(), public.trim_ascii_end().to_vec(), pair.public().as_ref().to_vec()] {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        for (alg, fault) in [("HS256", Fault::Algorithm), ("RS256", Fault::Signature)] {
            let forged = token(&head(alg), &claims(), |message| hmac::sign(&secret, message).as_ref().to_vec());
            assert_eq!(run(rs256.claims(&forged, NOW)).err(), Some(fault), "{alg}");
        }
    }
    for none in ["none", "None", "NONE", ""] {
        let unsigned = token(&head(none), &claims(), |_| Vec::new());
        assert_eq!(run(rs256.claims(&unsigned, NOW)).err(), Some(Fault::Malformed), "{none:?}");
    }
    for refused in ["HS256", "none", "rs256", ""] {
        let made = Tokens::new(rules(refused), KeySource::File(file.clone()), Http::new().unwrap());
        assert!(made.is_err_and(|words| words.contains("RS256, RS384")), "{refused:?}");
    }
    // By JSON too.
    let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
    let (n, e) = (encoded(n), encoded(e));
    let set = json!({"keys": [{"kty": "RSA", "kid": "any", "n": n, "e": e}]}).to_string();
    let by_set = tokens("RS256", &file_of(folder.path(), &set));
    assert!(run(by_set.claims(&by_rsa, NOW)).is_ok());
}

#[test]
fn a_file_that_holds_no_key_for_the_algorithm_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let own = Ec::draw();
    let mut encryption = own.jwk("a");
    encryption["use"] = "enc".into();
    for (text, algorithm, words) in [
        ("", "ES256", "neither PEM nor JSON"),
        ("{}", "ES256", "no `keys`"),
        (&json!({"keys": [own.jwk("a")]}).to_string(), "RS256", "none of 1 keys is for RS256"),
        (&json!({"keys": [own.jwk("a")]}).to_string(), "ES384", "none of 1 keys is for ES384"),
        (&json!({"keys": [encryption]}).to_string(), "ES256", "none of 1 keys is for ES256"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "ES256", "no public key for ES256 as PEM"),
    ] {
        let file = file_of(folder.path(), text);
        let Err(said) = Tokens::new(rules(algorithm), KeySource::File(file.clone()), Http::new().unwrap()) else {
            panic!("{text}")
        };
        assert!(said.starts_with(&format!("{}: ", file.display())) && said.contains(words), "{said}");
    }
}

/// What an issuer answers, by path.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<BTreeMap<String, (u16, String)>>>);

impl Answers {
    pub fn set(&self, path: &str, status: u16, answer: &Value) {
        self.0.lock().unwrap().insert(path.to_owned(), (status, answer.to_string()));
    }
}

/// An issuer on this machine that answers as it is told, and remembers what it was asked.
pub(crate) struct Issuer {
    pub url: String,
    pub answers: Answers,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Issuer {
    pub async fn start() -> Issuer {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answers, asked) = (Answers::default(), Arc::<Mutex<Vec<String>>>::default());
        let (held, told) = (answers.clone(), Arc::clone(&asked));
        let routes = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let path = request.uri().path().to_owned();
            let (status, text) = held.0.lock().unwrap().get(&path).cloned().unwrap_or((404, "{}".into()));
            told.lock().unwrap().push(path);
            async move { (axum::http::StatusCode::from_u16(status).unwrap(), text) }
        });
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = hyper_util::service::TowerToHyperService::new(routes.clone());
                let serving = hyper::server::conn::http1::Builder::new();
                tokio::spawn(serving.serve_connection(hyper_util::rt::TokioIo::new(stream), service));
            }
        });
        Issuer { url, answers, asked }
    }

    pub fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

#[test]
fn keys_are_asked_for_when_one_is_missing_or_old_and_not_as_often_as_somebody_likes() {
    let (old, new) = (Ec::draw(), Ec::draw());
    run(async {
        let issuer = Issuer::start().await;
        let keys = |status: u16, keys: &[Value]| issuer.answers.set("/keys", status, &json!({"keys": keys}));
        keys(200, &[old.jwk("old")]);
        let source = KeySource::Url(format!("{}/keys", issuer.url));
        let tokens = Tokens::new(rules("ES256"), source, Http::new().unwrap()).unwrap();
        let mut forever = claims();
        forever["exp"] = json!(NOW.0 / 1_000 + 10_000_000);
        let fault =
            async |key: &Ec, name: &str, ms: i64| tokens.claims(&key.sign(name, &forever), NOW.after(ms)).await.err();
        for _ in 0..3 {
            assert_eq!(fault(&old, "old", 0).await, None);
        }
        assert_eq!(issuer.asked("/keys"), 1);
        // Names that somebody makes up.
        for n in 0..50 {
            assert_eq!(fault(&new, &format!("made-up-{n}"), 1_000).await, Some(Fault::UnknownKey));
        }
        assert_eq!(issuer.asked("/keys"), 1, "it was asked less than a minute ago");
        keys(200, &[old.jwk("old"), new.jwk("new")]);
        assert_eq!(fault(&new, "new", 61_000).await, None);
        for n in 0..50 {
            assert_eq!(fault(&new, &format!("made-up-{n}"), 62_000).await, Some(Fault::UnknownKey));
        }
        assert_eq!(issuer.asked("/keys"), 2);

        // One that was taken back is gone with the next look.
        keys(200, &[new.jwk("new")]);
        assert_eq!(fault(&old, "old", 700_000).await, Some(Fault::UnknownKey));
        assert_eq!(issuer.asked("/keys"), 3);

        // Without an answer the known ones are good for a day.
        keys(503, &[new.jwk("new")]);
        assert_eq!(fault(&new, "new", 2_000_000).await, None);
        assert_eq!(fault(&new, "new", 2_001_000).await, None);
        assert_eq!(issuer.asked("/keys"), 4, "it is left alone for a while");
        assert_eq!(fault(&new, "new", 700_000 + 86_400_001).await, Some(Fault::NoKeys));
        keys(200, &[new.jwk("new")]);
        assert_eq!(fault(&new, "new", 700_000 + 86_420_000).await, None);
    });
}

#[test]
fn an_issuer_that_is_not_there_is_no_reason_to_let_anybody_in() {
    let own = Ec::draw();
    run(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        drop(listener);
        let tokens = Tokens::new(rules("ES256"), KeySource::Url(url), Http::new().unwrap()).unwrap();
        assert_eq!(tokens.claims(&own.sign("a", &claims()), NOW).await.err(), Some(Fault::NoKeys));
    });
}

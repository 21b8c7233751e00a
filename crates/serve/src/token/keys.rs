//! The public keys of an issuer, kept for a while.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use headwater_log::SignInServiceFailing;
use headwater_people::Moment;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde_json::Value;

use super::{Fault, Http};

/// How long keys count as fresh: so long one that was taken back at the issuer may still be taken here.
const FRESH_MS: i64 = 600_000;
/// How long they are used when the issuer does not answer.
const STALE_MS: i64 = 86_400_000;
/// After a failure it is not asked again for so long.
const AGAIN_MS: i64 = 10_000;
/// For the name of a key that is not known it is not asked more often: whoever makes names up asks in vain.
const UNKNOWN_MS: i64 = 60_000;
/// Keys of a set: an issuer has a few, old ones included.
const KEYS_MAX: usize = 100;
/// Bytes of a file of keys.
const FILE_BYTES_MAX: u64 = 512 << 10;

/// Where keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A JSON Web Key Set (RFC 7517) at an address.
    Url(String),
    /// A file: a JSON Web Key Set, or one public key as PEM, which any name of a key stands for.
    File(PathBuf),
}

#[derive(Clone)]
struct Key {
    /// Its name; none: any.
    name: Option<String>,
    key: DecodingKey,
}

#[derive(Default)]
struct Held {
    keys: Arc<[Key]>,
    /// When they came.
    read: Option<Moment>,
    /// When it was last tried to get them.
    tried: Option<Moment>,
}

/// The keys, which are asked for again when they are old or when one is missing.
pub struct Keys {
    source: KeySource,
    algorithm: Algorithm,
    http: Http,
    held: Mutex<Held>,
    /// One asks at a time.
    asking: tokio::sync::Mutex<()>,
}

impl Keys {
    pub(super) fn new(source: KeySource, algorithm: Algorithm, http: Http) -> Result<Keys, String> {
        if let KeySource::File(path) = &source {
            file(path, algorithm)?;
        }
        let asking = tokio::sync::Mutex::default();
        Ok(Keys { source, algorithm, http, held: Mutex::default(), asking })
    }

    /// The keys that a token may be signed by: those of its name, or all where it gives none.
    pub(super) async fn of(&self, name: Option<&str>, now: Moment) -> Result<Vec<DecodingKey>, Fault> {
        let (found, read, tried) = self.look(name);
        let age = |since: Option<Moment>| since.map_or(i64::MAX, |since| (now.0 - since.0).max(0));
        let wanted =
            if age(read) > FRESH_MS { age(tried) > AGAIN_MS } else { found.is_empty() && age(tried) > UNKNOWN_MS };
        // Who has a key at hand does not wait for somebody else's question.
        let asking = match (wanted, found.is_empty() || age(read) > STALE_MS) {
            (false, _) => None,
            (true, false) => self.asking.try_lock().ok(),
            (true, true) => Some(self.asking.lock().await),
        };
        let (found, read) = match asking {
            None => (found, read),
            Some(_asking) => {
                // Somebody else may have asked meanwhile.
                if self.look(name).2 == tried {
                    self.ask(now).await;
                }
                let (found, read, _) = self.look(name);
                (found, read)
            }
        };
        match (age(read) > STALE_MS, found.is_empty()) {
            (true, _) => Err(Fault::NoKeys),
            (false, true) => Err(Fault::UnknownKey),
            (false, false) => Ok(found),
        }
    }

    fn look(&self, name: Option<&str>) -> (Vec<DecodingKey>, Option<Moment>, Option<Moment>) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |key: &&Key| match (&key.name, name) {
            (Some(own), Some(name)) => own == name,
            (None, _) | (_, None) => true,
        };
        (held.keys.iter().filter(of).map(|key| key.key.clone()).collect(), held.read, held.tried)
    }

    /// How many keys for the algorithm there are now, where they come from.
    pub(super) async fn count(&self) -> Result<usize, String> {
        Ok(self.read().await?.len())
    }

    async fn read(&self) -> Result<Vec<Key>, String> {
        match &self.source {
            KeySource::File(path) => file(path, self.algorithm),
            KeySource::Url(url) => {
                let set = self.http.get(url).await?;
                keys(&set, self.algorithm).map_err(|error| format!("{url}: {error}"))
            }
        }
    }

    /// Asks for the keys; where that fails the old ones stay.
    async fn ask(&self, now: Moment) {
        let answer = self.read().await;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.tried = Some(now);
        match answer {
            Ok(keys) => {
                held.keys = keys.into();
                held.read = Some(now);
            }
            Err(error) => SignInServiceFailing { error: &error }.log(),
        }
    }
}

/// The keys of a file.
fn file(path: &Path, algorithm: Algorithm) -> Result<Vec<Key>, String> {
    let read = || -> std::io::Result<String> {
        if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
            return Err(std::io::Error::other(format!("more than {FILE_BYTES_MAX} bytes")));
        }
        std::fs::read_to_string(path)
    };
    let place = path.display();
    let text = read().map_err(|error| format!("{place}: {error}"))?;
    if text.trim_start().starts_with("-----BEGIN") {
        let family = algorithm.family();
        let key = match family {
            AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(text.as_bytes()),
            AlgorithmFamily::Ec => DecodingKey::from_ec_pem(text.as_bytes()),
            AlgorithmFamily::Ed => DecodingKey::from_ed_pem(text.as_bytes()),
            AlgorithmFamily::Hmac => return Err(format!("{place}: no public key verifies {algorithm:?}")),
        };
        let key = key.map_err(|_| format!("{place}: no public key for {algorithm:?} as PEM"))?;
        return Ok(vec![Key { name: None, key }]);
    }
    let set = serde_json::from_str(&text).map_err(|error| format!("{place}: neither PEM nor JSON: {error}"))?;
    keys(&set, algorithm).map_err(|error| format!("{place}: {error}"))
}

/// The keys of a set that are for an algorithm and for signing. What is not understood is passed over (RFC 7517,
/// section 5).
fn keys(set: &Value, algorithm: Algorithm) -> Result<Vec<Key>, String> {
    let list = set["keys"].as_array().ok_or("no `keys`: this is no JSON Web Key Set")?;
    if list.len() > KEYS_MAX {
        return Err(format!("{} keys, {KEYS_MAX} are allowed", list.len()));
    }
    let family = algorithm.family();
    let key = |value: &Value| {
        let signs = value.get("alg").is_none_or(|alg| *alg == format!("{algorithm:?}"));
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let signs = signs && matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        (signs && key.family() == family).then_some(Key { name: jwk.common.key_id, key })
    };
    let keys: Vec<Key> = list.iter().filter_map(key).collect();
    if keys.is_empty() { Err(format!("none of {} keys is for {algorithm:?}", list.len())) } else { Ok(keys) }
}

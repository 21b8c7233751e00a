//! Secrets that a machine draws: 32 random bytes, of which only the SHA-256 is kept. With so many bytes a slow hash
//! would protect nothing more.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::PeopleError;

/// Bytes of a secret: too many to guess.
const SECRET_BYTES: usize = 32;
/// Bytes of an id, which is no secret: too many to draw twice.
const ID_BYTES: usize = 8;

/// A new secret as text that fits into a header or a cookie.
pub(crate) fn draw() -> Result<String, PeopleError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<SECRET_BYTES>()?))
}

/// A new id in hexadecimal.
pub(crate) fn draw_id() -> Result<String, PeopleError> {
    Ok(hex(&random::<ID_BYTES>()?))
}

/// What is kept of a secret.
pub(crate) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether a secret is the one of which a hash is kept, in a time that does not tell how much of it is right.
pub(crate) fn is(secret: &str, kept: &str) -> bool {
    hash(secret).as_bytes().ct_eq(kept.as_bytes()).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random<const N: usize>() -> Result<[u8; N], PeopleError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| PeopleError::Random { why: error.to_string() })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash_alone() {
        // SHA-256 of "abc": FIPS 180-2, appendix B.1.
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let (one, other) = (draw().unwrap(), draw().unwrap());
        assert_eq!(one.len(), 43);
        assert!(is(&one, &hash(&one)) && !is(&other, &hash(&one)) && !is(&one, ""));
    }
}

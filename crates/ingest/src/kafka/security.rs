//! Whether this build can speak TLS and SASL: they need OpenSSL, which only the feature `tls` links.

use crate::IngestError;

/// Refuses settings that ask for TLS or SASL where the build has neither, instead of leaving it to librdkafka, whose
/// words do not say what to do.
///
/// # Errors
/// [`IngestError::ClientSetting`] names the first such setting.
pub(super) fn check(client: &[(String, String)]) -> Result<(), IngestError> {
    refuse(client, cfg!(feature = "tls"))
}

fn refuse(client: &[(String, String)], built_with_tls: bool) -> Result<(), IngestError> {
    match client.iter().find(|(key, value)| asks(key, value)) {
        Some((key, _)) if !built_with_tls => Err(IngestError::ClientSetting {
            key: key.clone(),
            message: "this build has neither TLS nor SASL: build it with `--features tls`".into(),
        }),
        _ => Ok(()),
    }
}

/// Whether a setting has no meaning without TLS or SASL.
fn asks(key: &str, value: &str) -> bool {
    if key == "security.protocol" {
        return !value.eq_ignore_ascii_case("plaintext");
    }
    key.split('.').any(|part| part == "ssl" || part == "sasl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_tls_or_sasl_is_known() {
        for (key, value) in [
            ("security.protocol", "ssl"),
            ("security.protocol", "SASL_SSL"),
            ("security.protocol", "sasl_plaintext"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.password", "secret"),
            ("ssl.ca.location", "ca.pem"),
            ("enable.ssl.certificate.verification", "false"),
        ] {
            assert!(asks(key, value), "{key}");
        }
        for (key, value) in [
            ("security.protocol", "plaintext"),
            ("security.protocol", "PLAINTEXT"),
            ("session.timeout.ms", "6000"),
            ("client.id", "ssl"),
        ] {
            assert!(!asks(key, value), "{key}");
        }
    }

    #[test]
    fn a_build_without_it_names_the_feature_and_keeps_the_secret() {
        let client = [("client.id".to_owned(), "x".to_owned()), ("sasl.password".to_owned(), "the-secret".to_owned())];
        assert!(refuse(&client, true).is_ok());
        let words = refuse(&client, false).unwrap_err().to_string();
        assert!(words.contains("sasl.password") && words.contains("--features tls"), "{words}");
        assert!(!words.contains("the-secret"), "{words}");
    }
}

//! What a client says while it is asked something, kept instead of logged; and what it means.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};

/// Words kept: each broker may say a few, over and over.
const HEARD_MAX: usize = 64;

/// Why a broker is not reached, in the order of what tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The broker does not take the user or the password.
    Password,
    /// The broker does not know the SASL mechanism.
    Mechanism,
    /// The broker's certificate is of no authority that is trusted, or of another name.
    Certificate,
    /// One side speaks TLS and the other does not, or they agree on no version.
    Tls,
    /// Nobody knows the host's name.
    Name,
    /// Nobody listens there.
    Refused,
    /// No answer comes.
    TimedOut,
    /// Something else.
    Other,
}

/// A broker that is not reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// Why.
    pub cause: Cause,
    /// What the client library says.
    pub answer: String,
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.answer)
    }
}

impl Unreached {
    fn of(code: Option<RDKafkaErrorCode>, answer: &str) -> Unreached {
        Unreached { cause: Cause::of(code, answer), answer: answer.to_owned() }
    }
}

impl Cause {
    /// Of what librdkafka says.
    fn of(code: Option<RDKafkaErrorCode>, answer: &str) -> Cause {
        let answer = answer.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| answer.contains(word));
        if says(&["unsupported sasl mechanism", "mechanism is not enabled", "mechanism not supported"]) {
            Cause::Mechanism
        } else if code == Some(RDKafkaErrorCode::Authentication) || says(&["sasl authentication"]) {
            Cause::Password
        } else if says(&["certificate"]) {
            Cause::Certificate
        } else if code == Some(RDKafkaErrorCode::SSL)
            || says(&["ssl handshake", "security.protocol", "plaintext broker", "in state apiversion_query"])
        {
            Cause::Tls
        } else if code == Some(RDKafkaErrorCode::Resolve) || says(&["failed to resolve", "name or service not known"]) {
            Cause::Name
        } else if says(&["connection refused"]) {
            Cause::Refused
        } else if code == Some(RDKafkaErrorCode::OperationTimedOut) || says(&["timed out", "timeout"]) {
            Cause::TimedOut
        } else {
            Cause::Other
        }
    }
}

/// Hears one client.
#[derive(Default)]
pub(super) struct Ear(Mutex<Vec<Unreached>>);

impl Ear {
    fn hear(&self, code: Option<RDKafkaErrorCode>, answer: &str) {
        use RDKafkaErrorCode as Code;
        // Whatever else is told is of a topic or a group, and is the answer to a question; or it follows from these.
        let of_the_way = matches!(
            code,
            None | Some(
                Code::BrokerTransportFailure
                    | Code::Resolve
                    | Code::SSL
                    | Code::Authentication
                    | Code::SaslAuthenticationFailed
                    | Code::OperationTimedOut
            )
        );
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if of_the_way && heard.len() < HEARD_MAX {
            heard.push(Unreached::of(code, answer));
        }
    }

    /// What was heard that may matter although some broker answers. A name with two addresses of which one is refused is
    /// reached by the other; a connection that ends is made again.
    pub fn troubles(&self) -> Vec<Unreached> {
        let mut heard = self.heard();
        heard.retain(|heard| heard.cause != Cause::Other && !heard.answer.contains("ipv6#"));
        heard
    }

    /// All that was heard.
    pub fn heard(&self) -> Vec<Unreached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What tells most of why nothing was reached; `otherwise`, where nothing was heard.
    pub fn why(&self, otherwise: &str) -> Unreached {
        let most = self.heard().into_iter().min_by_key(|unreached| unreached.cause);
        most.unwrap_or_else(|| Unreached::of(None, otherwise))
    }
}

impl ClientContext for Ear {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        use RDKafkaLogLevel::{Alert, Critical, Emerg, Error};
        if matches!(level, Emerg | Alert | Critical | Error) || facility == "FAIL" {
            // Without the name of the library's thread.
            let answer = message.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: "));
            self.hear(None, answer.map_or(message, |(_, answer)| answer));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.hear(error.rdkafka_error_code(), reason);
    }
}

impl ConsumerContext for Ear {}

impl ProducerContext for Ear {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_says_is_understood() {
        use RDKafkaErrorCode as Code;
        for (code, answer, cause) in [
            (
                Code::BrokerTransportFailure,
                "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
                Cause::Refused,
            ),
            (
                Code::Resolve,
                "nowhere:9092/bootstrap: Failed to resolve 'nowhere:9092': Name or service not known",
                Cause::Name,
            ),
            (
                Code::SSL,
                "ssl://127.0.0.1:1/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: \
                 broker certificate could not be verified, verify that ssl.ca.location is correctly configured",
                Cause::Certificate,
            ),
            (Code::SSL, "SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener?", Cause::Tls),
            (
                Code::BrokerTransportFailure,
                "Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration \
                 (connecting to a SSL listener?) or broker version is < 0.10",
                Cause::Tls,
            ),
            (
                Code::Authentication,
                "sasl_ssl://h:1/bootstrap: SASL authentication error: Authentication failed: Invalid username or password",
                Cause::Password,
            ),
            (
                Code::Authentication,
                "SASL GSSAPI mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN",
                Cause::Mechanism,
            ),
            (
                Code::BrokerTransportFailure,
                "10.0.0.1:9092/bootstrap: Connection setup timed out in state CONNECT (after 4001ms in state CONNECT)",
                Cause::TimedOut,
            ),
            (Code::BrokerTransportFailure, "Disconnected", Cause::Other),
            // At the first word: who speaks TLS does not understand it.
            (
                Code::BrokerTransportFailure,
                "Disconnected: connection closed by peer: receive 0 after POLLIN (after 5ms in state APIVERSION_QUERY)",
                Cause::Tls,
            ),
        ] {
            assert_eq!(Cause::of(Some(code), answer), cause, "{answer}");
        }
    }

    #[test]
    fn what_tells_most_is_the_reason() {
        let ear = Ear::default();
        assert_eq!(ear.why("x timed out").cause, Cause::TimedOut);
        ear.hear(Some(RDKafkaErrorCode::BrokerTransportFailure), "::1 failed: Connection refused");
        ear.hear(Some(RDKafkaErrorCode::Authentication), "SASL authentication error: wrong");
        ear.hear(Some(RDKafkaErrorCode::AllBrokersDown), "1/1 brokers are down");
        assert_eq!(ear.why("").answer, "SASL authentication error: wrong");
        ear.hear(Some(RDKafkaErrorCode::PartitionEOF), "the end of a partition is no trouble");
        assert_eq!(ear.heard().len(), 2);
        ear.hear(Some(RDKafkaErrorCode::BrokerTransportFailure), "Connect to ipv6#[::1]:1 failed: Connection refused");
        ear.hear(Some(RDKafkaErrorCode::BrokerTransportFailure), "Disconnected");
        assert_eq!((ear.heard().len(), ear.troubles().len()), (4, 2));
    }
}

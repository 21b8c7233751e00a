//! What an error of a transaction means for the caller.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why nothing was published, or not surely. Each names the cause in the client's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Another producer with the same transactional id is active, or the broker has given this one up. Nothing of it is
    /// visible. This publisher is used up.
    #[error("kafka: the producer was fenced: {message}")]
    Fenced {
        /// What the client says.
        message: String,
    },
    /// The group has moved on since the metadata was read: some of it belongs to others now. Nothing of it is visible.
    /// What is still owned may be published again, with metadata read anew.
    #[error("kafka: the group has another generation: {message}")]
    Generation {
        /// What the client says.
        message: String,
    },
    /// It did not work this time. Nothing of it is visible, and the same may be tried again, by this publisher if it is
    /// still [usable](super::Publisher::usable) and by another of the same id if not.
    #[error("kafka: the transaction was aborted: {message}")]
    Retriable {
        /// What the client says.
        message: String,
    },
    /// The commit was sent and not answered in time: whether it holds is not known. This publisher is used up; starting
    /// another with the same transactional id decides it, and then the same may be published again.
    #[error("kafka: whether the transaction was committed is not known: {message}")]
    Undecided {
        /// What the client says.
        message: String,
    },
    /// Trying again does not mend it: a right is missing, a record is too large, a setting is wrong. Nothing of it is
    /// visible.
    #[error("kafka: cannot publish: {message}")]
    Fatal {
        /// What the client says.
        message: String,
    },
}

/// The facts about an error on which the verdict rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub code: RDKafkaErrorCode,
    /// The client is of no more use.
    pub fatal: bool,
    /// The transaction must be aborted, and another may follow.
    pub abortable: bool,
    /// The same call may be made again.
    pub retriable: bool,
    pub message: String,
}

impl Facts {
    /// Of an error; of one that only says "fatal" the cause that the client keeps.
    pub fn of(error: &KafkaError, cause: Option<(RDKafkaErrorCode, String)>) -> Facts {
        let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
        let message = match error {
            KafkaError::Transaction(error) => error.string(),
            other => other.to_string(),
        };
        let facts = match error {
            KafkaError::Transaction(error) => Facts {
                code,
                fatal: error.is_fatal(),
                abortable: error.txn_requires_abort(),
                retriable: error.is_retriable(),
                message,
            },
            _ => Facts { code, fatal: false, abortable: true, retriable: false, message },
        };
        match cause {
            Some((code, message)) => Facts { code, fatal: true, abortable: false, retriable: false, message },
            None => facts,
        }
    }

    /// What it means. The code goes before the flags: librdkafka calls a right that is missing abortable, which it is,
    /// but trying again changes nothing.
    pub fn verdict(self) -> PublishError {
        use RDKafkaErrorCode as Code;
        let Facts { code, fatal, abortable, retriable, message } = self;
        match code {
            Code::Fenced | Code::ProducerFenced => PublishError::Fenced { message },
            // Not fatal, it is the epoch of a transaction that the broker timed out: the client takes the next one.
            Code::InvalidProducerEpoch | Code::InvalidProducerIdMapping if fatal => PublishError::Fenced { message },
            Code::IllegalGeneration
            | Code::UnknownMemberId
            | Code::FencedInstanceId
            | Code::FencedMemberEpoch
            | Code::StaleMemberEpoch
            | Code::RebalanceInProgress => PublishError::Generation { message },
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::ClusterAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::TopicAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::InvalidTransactionTimeout
            | Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::PolicyViolation
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature => PublishError::Fatal { message },
            _ if fatal || !(abortable || retriable) => PublishError::Fatal { message },
            _ => PublishError::Retriable { message },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(code: RDKafkaErrorCode, fatal: bool, abortable: bool, retriable: bool) -> &'static str {
        let message = "why".to_owned();
        match (Facts { code, fatal, abortable, retriable, message }).verdict() {
            PublishError::Fenced { .. } => "fenced",
            PublishError::Generation { .. } => "generation",
            PublishError::Retriable { .. } => "retriable",
            PublishError::Undecided { .. } => "undecided",
            PublishError::Fatal { .. } => "fatal",
        }
    }

    #[test]
    fn each_kind_of_error_has_its_verdict() {
        use RDKafkaErrorCode as Code;
        for (code, fatal, abortable, retriable, meant) in [
            (Code::Fenced, true, false, false, "fenced"),
            (Code::ProducerFenced, true, false, false, "fenced"),
            (Code::InvalidProducerEpoch, true, false, false, "fenced"),
            (Code::InvalidProducerEpoch, false, true, false, "retriable"),
            (Code::IllegalGeneration, false, true, false, "generation"),
            (Code::UnknownMemberId, false, true, false, "generation"),
            (Code::FencedInstanceId, false, true, false, "generation"),
            (Code::StaleMemberEpoch, false, true, false, "generation"),
            (Code::OperationTimedOut, false, false, true, "retriable"),
            (Code::MessageTimedOut, false, true, false, "retriable"),
            (Code::CoordinatorNotAvailable, false, false, true, "retriable"),
            (Code::UnknownTopicOrPartition, false, true, false, "retriable"),
            (Code::TopicAuthorizationFailed, false, true, false, "fatal"),
            (Code::TransactionalIdAuthorizationFailed, true, false, false, "fatal"),
            (Code::MessageSizeTooLarge, false, true, false, "fatal"),
            (Code::OutOfOrderSequenceNumber, true, false, false, "fatal"),
            (Code::State, false, false, false, "fatal"),
        ] {
            assert_eq!(verdict(code, fatal, abortable, retriable), meant, "{code:?}");
        }
    }

    #[test]
    fn a_cause_goes_before_the_error_that_only_says_fatal() {
        let error = KafkaError::MessageProduction(RDKafkaErrorCode::Fatal);
        let facts = Facts::of(&error, Some((RDKafkaErrorCode::Fenced, "a newer one".into())));
        assert_eq!(facts.verdict(), PublishError::Fenced { message: "a newer one".into() });
        assert!(matches!(Facts::of(&error, None).verdict(), PublishError::Retriable { .. }));
    }
}

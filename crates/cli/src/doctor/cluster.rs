//! A Kafka cluster: the way to it, the topics, the rights, the group.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_ingest::{
    Cause, ClusterFacts, Found, GroupFacts, OutputFacts, PartitionFacts, ProbeError, ProbeSettings, TopicFacts, probe,
};
use headwater_model::{Input, Partition};
use headwater_runtime::{Cluster, Config, OnGap, Source};

use super::finding::Finding;
use super::store::Holds;
use crate::live::output_wishes;

/// Partitions named in one finding.
const NAMED_MAX: usize = 5;

/// A topic that is read from the cluster.
#[derive(Clone, Debug)]
pub struct Read {
    /// Name of the source.
    pub source: String,
    /// Its topic.
    pub topic: Arc<str>,
    /// Whether it goes on behind a gap.
    pub skips: bool,
}

/// What is looked at of one cluster.
pub struct Asked {
    /// Its name in the configuration.
    pub name: String,
    /// Whom to ask.
    pub settings: ProbeSettings,
    /// What is read from it.
    pub reads: Vec<Read>,
}

/// What to ask each cluster; or what stands in the way.
pub fn asked(config: &Config) -> Vec<Result<Asked, Finding>> {
    let each = config.clusters.iter().map(|(name, cluster)| ask(config, name, cluster));
    each.collect()
}

fn ask(config: &Config, name: &str, cluster: &Cluster) -> Result<Asked, Finding> {
    let client = cluster.client_settings().map_err(|error| {
        Finding::fail(
            "settings",
            name,
            error.to_string(),
            "put the secret where `*_file` names it, and let the process read it",
        )
    })?;
    let reads: Vec<Read> = config
        .sources
        .iter()
        .filter_map(|(source, of)| match of {
            Source::Topic { cluster, topic, on_gap, .. } if cluster == name => {
                Some(Read { source: source.clone(), topic: topic.as_str().into(), skips: *on_gap == OnGap::Skip })
            }
            _ => None,
        })
        .collect();
    let settings = ProbeSettings {
        brokers: cluster.brokers.clone(),
        client,
        group: cluster.group.clone(),
        topics: reads.iter().map(|read| Arc::clone(&read.topic)).collect(),
        outputs: if config.outputs.as_deref() == Some(name) { output_wishes() } else { Vec::new() },
    };
    Ok(Asked { name: name.to_owned(), settings, reads })
}

/// Looks at a cluster; gives the newest time that one of its brokers gave to a record, too.
pub fn look(asked: &Asked, holds: &Holds) -> (Vec<Finding>, Option<i64>) {
    match probe(&asked.settings) {
        Ok(facts) => (judge(asked, &facts, holds), facts.topics.values().filter_map(|topic| topic.stamped_ms).max()),
        Err(error) => (vec![unreached(&asked.name, &asked.settings.brokers, &error)], None),
    }
}

fn unreached(name: &str, brokers: &str, error: &ProbeError) -> Finding {
    let ProbeError::Unreached(unreached) = error else {
        let remedy = format!("correct [clusters.{name}.client]: the names are those of librdkafka's CONFIGURATION.md");
        return Finding::fail("settings", name, error.to_string(), remedy);
    };
    let (words, remedy) = cause(unreached.cause);
    Finding::fail("brokers", name, format!("{words} ({brokers}): {}", unreached.answer), remedy)
}

fn cause(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Password => (
            "wrong user or password",
            "see that `sasl.username` and the file of `sasl.password_file` are those that the cluster knows, and that the user is allowed in",
        ),
        Cause::Mechanism => ("unknown SASL mechanism", "set `sasl.mechanism` to one that the broker offers"),
        Cause::Certificate => (
            "the broker's certificate is not trusted",
            "give the authority that signed it as `ssl.ca.location` (a PEM file), and name the broker as its certificate does",
        ),
        Cause::Tls => (
            "one side speaks TLS and the other does not",
            "set `security.protocol` to what the port speaks (plaintext, ssl, sasl_plaintext, sasl_ssl), or name the other port",
        ),
        Cause::Name => ("unknown host", "correct `brokers`, or see to the name service (`getent hosts NAME`)"),
        Cause::Refused => ("nobody listens", "start the broker, or correct the port in `brokers`"),
        Cause::TimedOut => {
            ("no answer in time", "see that the network and its firewalls let the address and port through")
        }
        Cause::Other => (
            "not reached",
            "the answer names the cause; `HEADWATER_LOG=headwater::kafka=debug headwater run` says more",
        ),
    }
}

/// What the facts of a cluster say.
fn judge(asked: &Asked, facts: &ClusterFacts, holds: &Holds) -> Vec<Finding> {
    let name = &*asked.name;
    let mut findings = Vec::new();
    let addresses = facts.brokers.join(", ");
    findings.push(match facts.troubles.iter().min_by_key(|trouble| trouble.cause) {
        None => Finding::ok("brokers", name, format!("{}: {addresses}", facts.brokers.len())),
        Some(trouble) => {
            let (words, remedy) = cause(trouble.cause);
            Finding::warn("brokers", name, format!("{addresses} answer, but: {words}: {}", trouble.answer), remedy)
        }
    });
    findings.push(judge_group(name, &asked.settings.group, &facts.group));
    for read in &asked.reads {
        if let Some(topic) = facts.topics.get(&read.topic) {
            findings.extend(judge_topic(name, &asked.settings.group, read, topic, holds));
        }
    }
    for (topic, output) in &facts.outputs {
        findings.extend(judge_output(topic, output));
    }
    if let Some(transactions) = &facts.transactions {
        let id = format!("{}.*", asked.settings.group);
        findings.push(match transactions {
            Ok(()) => Finding::ok("transactions", name, "can be begun"),
            Err(error) => Finding::fail(
                "transactions",
                name,
                format!("cannot be begun: {error}"),
                format!(
                    "give the right to write and describe the transactional ids {id}; without an answer, see that \
                     `transaction.state.log.replication.factor` is not above the number of brokers"
                ),
            ),
        });
    }
    findings
}

fn judge_group(cluster: &str, group: &str, facts: &Result<GroupFacts, String>) -> Finding {
    let target = format!("{cluster}/{group}");
    match facts {
        Err(error) => Finding::fail(
            "group",
            &target,
            error.clone(),
            format!("give the right to read and describe the group {group}, and {group}.detect"),
        ),
        Ok(GroupFacts { members, .. }) if members.is_empty() => Finding::ok("group", &target, "nobody is in it"),
        Ok(GroupFacts { state, members }) => {
            let named: Vec<&str> = members.iter().take(NAMED_MAX).map(String::as_str).collect();
            let more = if members.len() > NAMED_MAX { ", ..." } else { "" };
            Finding::ok("group", &target, format!("{state}, {} in it: {}{more}", members.len(), named.join(", ")))
        }
    }
}

fn judge_topic(cluster: &str, group: &str, read: &Read, topic: &TopicFacts, holds: &Holds) -> Vec<Finding> {
    let Read { source, topic: name, skips } = read;
    let target = format!("{source} ({name})");
    let partitions = match &topic.found {
        Found::Partitions(partitions) => *partitions,
        Found::Missing => {
            let remedy = format!("make it, or correct `topic` of [sources.{source}]; `headwater run` waits for it");
            return vec![Finding::fail("topic", &target, format!("there is none in {cluster}"), remedy)];
        }
        Found::Forbidden => {
            let remedy = format!("give this client the right to read the topic {name}");
            return vec![Finding::fail("topic", &target, "this client may not see it", remedy)];
        }
        Found::Unknown(error) => {
            return vec![Finding::fail(
                "topic",
                &target,
                error.clone(),
                "see to the brokers: they do not tell of the topic",
            )];
        }
    };
    let mut findings = vec![match holds.sources.get(source) {
        Some(held) if *held != partitions => Finding::fail(
            "topic",
            &target,
            format!("{partitions} partitions, and the store knows it with {held}"),
            "keys lie in other partitions now, so it is no longer read: read it from its start into a new store",
        ),
        Some(_) => Finding::ok("topic", &target, format!("{partitions} partitions, as in the store")),
        None => Finding::ok("topic", &target, format!("{partitions} partitions, new to the store")),
    }];
    findings.push(match &topic.readable {
        Ok(()) => Finding::ok("read", &target, "its records can be read"),
        Err(error) => {
            let remedy =
                format!("give this client the right to read the topic {name}; without an answer, see to its leaders");
            Finding::fail("read", &target, error.clone(), remedy)
        }
    });
    if topic.policy.as_deref().is_some_and(|policy| policy.contains("compact")) {
        findings.push(Finding::warn(
            "policy",
            &target,
            "cleanup.policy is compact: an earlier revision may be gone before it is read",
            "set cleanup.policy=delete on the topic of a source",
        ));
    }
    findings.push(match &topic.offsets {
        Err(error) => {
            let remedy = format!("give this client the right to read the group {group}");
            Finding::fail("offsets", &target, format!("the group's are not told: {error}"), remedy)
        }
        Ok(()) => judge_offsets(&target, source, partitions, *skips, &topic.partitions, holds),
    });
    findings
}

fn judge_offsets(
    target: &str,
    source: &str,
    partitions: u32,
    skips: bool,
    edges: &BTreeMap<i32, PartitionFacts>,
    holds: &Holds,
) -> Finding {
    let next = |partition: i32| {
        let input = Input { source: source.into(), partition: Partition(partition) };
        holds.inputs.get(&input).and_then(|held| held.next)
    };
    let (mut gone, mut beyond, mut lag) = (Vec::new(), Vec::new(), 0);
    for (partition, PartitionFacts { low, high, .. }) in edges {
        let next = next(*partition);
        match next {
            Some(next) if next < *low => {
                gone.push(format!("partition {partition}: {next} comes next, it begins at {low}"))
            }
            Some(next) if next > *high => {
                beyond.push(format!("partition {partition}: {next} comes next, it ends at {high}"))
            }
            _ => {}
        }
        lag += high - next.unwrap_or(*low).clamp(*low, *high);
    }
    let named = |all: &[String]| all.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; ");
    let silent = partitions.saturating_sub(u32::try_from(edges.len()).unwrap_or(u32::MAX));
    if !beyond.is_empty() {
        let remedy = "the topic was made anew or cut short: restore it, or read it into a new store";
        Finding::fail("offsets", target, format!("the log ends before what comes next: {}", named(&beyond)), remedy)
    } else if !gone.is_empty() && !skips {
        let remedy = "restore the log, or read all of it into a new store, or set `on_gap = \"skip\"` to go on without what is gone";
        Finding::fail("offsets", target, format!("what comes next was deleted unread: {}", named(&gone)), remedy)
    } else if !gone.is_empty() {
        let remedy = "keep the topic for longer than the longest outage (retention.ms): what is gone is not counted";
        Finding::warn("offsets", target, format!("what comes next was deleted unread: {}", named(&gone)), remedy)
    } else if silent > 0 {
        Finding::fail(
            "offsets",
            target,
            format!("{silent} partitions do not answer"),
            "see to the leaders of its partitions",
        )
    } else {
        let committed = edges.values().filter(|facts| facts.committed.is_some()).count();
        Finding::ok(
            "offsets",
            target,
            format!("{lag} records to read; the group has offsets of {committed} partitions"),
        )
    }
}

fn judge_output(topic: &str, output: &OutputFacts) -> Vec<Finding> {
    let wanted = if output.compacted { "compact" } else { "delete" };
    match (&output.found, &output.may_make) {
        (Found::Missing, Some(Err(error))) => {
            let remedy =
                format!("make it with cleanup.policy={wanted}, or give this client the right to create topics");
            vec![Finding::fail("output", topic, format!("there is none and it cannot be made: {error}"), remedy)]
        }
        (Found::Missing, _) => vec![Finding::ok("output", topic, "there is none: the first start makes it")],
        (Found::Forbidden, _) => {
            let remedy = format!("give this client the right to write and describe the topic {topic}");
            vec![Finding::fail("output", topic, "this client may not see it", remedy)]
        }
        (Found::Unknown(error), _) => {
            vec![Finding::fail("output", topic, error.clone(), "see to the brokers: they do not tell of the topic")]
        }
        (Found::Partitions(partitions), _) => {
            let there = Finding::ok("output", topic, format!("{partitions} partitions"));
            vec![there, judge_policy(topic, wanted, output)]
        }
    }
}

fn judge_policy(topic: &str, wanted: &str, output: &OutputFacts) -> Finding {
    match output.policy.as_deref() {
        None => {
            let remedy = format!("see that it is {wanted}, or give the right to describe the topic's settings");
            Finding::warn("policy", topic, "cleanup.policy is not told", remedy)
        }
        Some(policy) if output.compacted && policy != "compact" => Finding::fail(
            "policy",
            topic,
            format!("cleanup.policy is {policy}: values that are still true are deleted with time"),
            format!("set it: kafka-configs.sh --alter --topic {topic} --add-config cleanup.policy=compact"),
        ),
        Some(policy) if !output.compacted && policy.contains("compact") => Finding::warn(
            "policy",
            topic,
            format!("cleanup.policy is {policy}: a record may replace an earlier one of its key"),
            format!("set it: kafka-configs.sh --alter --topic {topic} --add-config cleanup.policy=delete"),
        ),
        Some(policy) => Finding::ok("policy", topic, format!("cleanup.policy is {policy}")),
    }
}

#[cfg(test)]
mod tests {
    use headwater_ingest::Unreached;

    use super::*;
    use crate::doctor::finding::Verdict;
    use crate::doctor::store::Held;

    fn topic(found: Found, edges: &[(i64, i64)]) -> TopicFacts {
        let edge = |(partition, (low, high)): (usize, &(i64, i64))| {
            (partition as i32, PartitionFacts { low: *low, high: *high, committed: Some(*low) })
        };
        let partitions = edges.iter().enumerate().map(edge).collect();
        TopicFacts { found, partitions, readable: Ok(()), offsets: Ok(()), policy: None, stamped_ms: None }
    }

    fn holds(partitions: u32, next: &[i64]) -> Holds {
        let mut holds = Holds::default();
        holds.sources.insert("trade".into(), partitions);
        for (number, next) in next.iter().enumerate() {
            let input = Input { source: "trade".into(), partition: Partition(number as i32) };
            holds.inputs.insert(input, Held { next: Some(*next), ..Held::default() });
        }
        holds
    }

    fn judged(facts: &TopicFacts, holds: &Holds, skips: bool) -> Vec<Finding> {
        let read = Read { source: "trade".into(), topic: "t".into(), skips };
        judge_topic("main", "headwater", &read, facts, holds)
    }

    fn find<'a>(findings: &'a [Finding], check: &str) -> &'a Finding {
        findings.iter().find(|finding| finding.check == check).unwrap()
    }

    #[test]
    fn every_way_not_to_be_reached_says_what_to_do() {
        use Cause::{Certificate, Mechanism, Name, Other, Password, Refused, TimedOut, Tls};
        for of in [Password, Mechanism, Certificate, Tls, Name, Refused, TimedOut, Other] {
            let error = ProbeError::Unreached(Unreached { cause: of, answer: "its words".into() });
            let finding = unreached("main", "h:1", &error);
            assert_eq!((finding.check, finding.result), ("brokers", Verdict::Fail));
            assert!(finding.value.starts_with(cause(of).0) && finding.value.ends_with("its words"), "{finding:?}");
        }
    }

    #[test]
    fn a_topic_is_missing_hidden_or_has_grown() {
        let none = Holds::default();
        assert_eq!(find(&judged(&topic(Found::Missing, &[]), &none, false), "topic").result, Verdict::Fail);
        assert_eq!(find(&judged(&topic(Found::Forbidden, &[]), &none, false), "topic").result, Verdict::Fail);
        let two = topic(Found::Partitions(2), &[(0, 9), (0, 9)]);
        assert!(judged(&two, &none, false).iter().all(|finding| finding.result == Verdict::Ok));
        assert!(judged(&two, &holds(2, &[9, 3]), false).iter().all(|finding| finding.result == Verdict::Ok));
        let grown = judged(&two, &holds(1, &[9]), false);
        assert!(find(&grown, "topic").value.contains("knows it with 1"), "{grown:?}");
        let compacted = TopicFacts { policy: Some("compact".into()), ..two };
        assert_eq!(find(&judged(&compacted, &none, false), "policy").result, Verdict::Warn);
    }

    #[test]
    fn what_comes_next_is_there_gone_or_beyond() {
        let facts = topic(Found::Partitions(2), &[(10, 20), (0, 5)]);
        let offsets = |next: &[i64], skips| find(&judged(&facts, &holds(2, next), skips), "offsets").clone();
        assert_eq!(offsets(&[12, 5], false).value, "8 records to read; the group has offsets of 2 partitions");
        assert_eq!(offsets(&[9, 5], false).result, Verdict::Fail);
        assert!(offsets(&[9, 5], false).remedy.unwrap().contains("on_gap"));
        assert_eq!(offsets(&[9, 5], true).result, Verdict::Warn);
        assert!(offsets(&[20, 6], true).value.contains("partition 1: 6 comes next, it ends at 5"));
        let silent = topic(Found::Partitions(3), &[(0, 5)]);
        assert_eq!(find(&judged(&silent, &Holds::default(), false), "offsets").result, Verdict::Fail);
    }

    #[test]
    fn a_topic_of_results_is_there_can_be_made_and_is_kept_as_it_must_be() {
        let output = |found, compacted, policy: Option<&str>, may_make| {
            let output = OutputFacts { found, compacted, policy: policy.map(str::to_owned), may_make };
            judge_output("headwater.volumes.v1", &output).into_iter().map(|finding| finding.result).max().unwrap()
        };
        let there = || Found::Partitions(6);
        assert_eq!(output(there(), true, Some("compact"), None), Verdict::Ok);
        assert_eq!(output(there(), true, Some("delete"), None), Verdict::Fail);
        assert_eq!(output(there(), true, Some("compact,delete"), None), Verdict::Fail);
        assert_eq!(output(there(), false, Some("delete"), None), Verdict::Ok);
        assert_eq!(output(there(), false, Some("compact"), None), Verdict::Warn);
        assert_eq!(output(there(), true, None, None), Verdict::Warn);
        assert_eq!(output(Found::Missing, true, None, Some(Ok(()))), Verdict::Ok);
        assert_eq!(output(Found::Missing, true, None, Some(Err("denied".into()))), Verdict::Fail);
        assert_eq!(output(Found::Forbidden, true, None, None), Verdict::Fail);
    }

    #[test]
    fn a_group_names_its_members() {
        let group = |facts| judge_group("main", "headwater", &facts);
        assert_eq!(group(Ok(GroupFacts::default())).value, "nobody is in it");
        let members = (0..7).map(|n| format!("headwater at /10.0.0.{n}")).collect();
        let many = group(Ok(GroupFacts { state: "Stable".into(), members }));
        assert!(
            many.value.starts_with("Stable, 7 in it: headwater at /10.0.0.0") && many.value.ends_with(", ..."),
            "{many:?}"
        );
        assert_eq!(group(Err("denied".into())).result, Verdict::Fail);
    }
}

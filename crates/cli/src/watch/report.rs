//! Whether a process is alive, and whether it is ready, with the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater_model::{Day, Input, Partition};
use headwater_runtime::Standstill;
use headwater_serve::Report;
use serde::Serialize;

use super::inputs::{InputState, Watched};
use super::{State, Trouble, Watch};

/// Of the records of an input's last epochs, a share of rejected ones that people are told of.
const REJECTED_SHARE: f64 = 0.1;

/// What `/healthz` says.
#[derive(Serialize)]
struct Health {
    live: bool,
    words: Vec<String>,
    loops: BTreeMap<String, LoopStands>,
}

#[derive(Serialize)]
struct LoopStands {
    turned_ms_ago: u64,
}

/// What `/readyz` says.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// What it still waits for.
    waiting_for: Vec<String>,
    /// Each input of this process.
    inputs: BTreeMap<String, InputStands>,
    /// Inputs that have stopped by themselves, and why.
    stopped: BTreeMap<String, String>,
    /// Clusters that are not reached, and since when.
    clusters_unreachable: BTreeMap<String, Since>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_failing: Option<SinceWhy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs_failing: Option<SinceWhy>,
    /// Sources of whose last records many are rejected, with the highest share of an input.
    many_rejected: BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detection: Option<DetectionStands>,
}

#[derive(Serialize)]
struct InputStands {
    state: &'static str,
    clock: Option<Day>,
    epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_records: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Since {
    since: String,
}

#[derive(Serialize)]
struct SinceWhy {
    since: String,
    why: String,
}

#[derive(Serialize)]
struct DetectionStands {
    active: bool,
    closed_to: Option<Day>,
    /// Who keeps the next day from being closed.
    held_by: String,
}

/// A time as RFC 3339 has it, to the second.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (day, of_day) = (Day(i32::try_from(seconds / 86_400).unwrap_or(i32::MAX)), seconds % 86_400);
    format!("{day}T{:02}:{:02}:{:02}Z", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

fn since_why(trouble: &Trouble) -> Option<SinceWhy> {
    trouble.as_ref().map(|(since, why)| SinceWhy { since: rfc3339(*since), why: why.clone() })
}

impl InputStands {
    fn of(watched: &Watched) -> InputStands {
        let figures = watched.figures();
        InputStands {
            state: match watched.state {
                InputState::Restoring => "restoring",
                InputState::Reading => "reading",
                InputState::Stopped(_) => "stopped",
            },
            clock: watched.clock,
            epoch: figures.epoch,
            lag_records: figures.lag_records,
            lag_bytes: figures.lag_bytes,
        }
    }
}

impl State {
    /// What an ingest process still waits for.
    fn awaited_by_ingest(&self) -> Vec<String> {
        if !self.begun {
            return vec!["the store and the outputs' cluster, before anything is read".to_owned()];
        }
        let joining = self.readers.iter().filter(|(_, standing)| !standing.joined());
        let mut awaited: Vec<String> =
            joining.map(|(cluster, _)| format!("its share of the group of clusters.{cluster}")).collect();
        let given: BTreeSet<Input> = self.readers.iter().flat_map(|(_, standing)| standing.assigned()).collect();
        let folders = self.folders.keys().map(|source| Input { source: source.clone(), partition: Partition(0) });
        for input in given.into_iter().chain(folders) {
            match self.inputs.get(&input).map(|watched| &watched.state) {
                Some(InputState::Reading | InputState::Stopped(_)) => {}
                Some(InputState::Restoring) => awaited.push(format!("{input}, which is being restored")),
                None => awaited.push(format!("{input}, which is about to be restored")),
            }
        }
        awaited
    }

    /// What a detect process still waits for.
    fn awaited_by_detect(&self) -> Vec<String> {
        let mut awaited = Vec::new();
        if self.ownership.as_ref().is_some_and(|ownership| !ownership.joined()) {
            awaited.push("the group of detects, to say which of them is active".to_owned());
        }
        if self.standing.is_none() {
            awaited.push("detection, which reads what is committed".to_owned());
        }
        awaited
    }
}

impl Watch {
    /// Every loop of the process, and how long each stands still.
    fn loops(&self) -> Vec<Standstill> {
        let mut loops = self.0.pulses.all();
        let readers = self.state().readers.clone();
        loops.extend(
            readers
                .into_iter()
                .map(|(cluster, of)| Standstill { name: format!("reader of {cluster}"), age: of.turned_before() }),
        );
        loops
    }

    /// Alive is a process whose loops turn.
    pub(super) fn health(&self) -> Report {
        let loops = self.loops();
        let seconds = |time: Duration| time.as_millis() as f64 / 1_000.0;
        let still = loops.iter().filter(|of| of.age > self.0.stall).map(|of| {
            format!(
                "the loop {} has not turned for {} s, and after {} s it counts as hanging: restart the process",
                of.name,
                seconds(of.age),
                seconds(self.0.stall)
            )
        });
        let words: Vec<String> = still.collect();
        let stands = |of: &Standstill| (of.name.clone(), LoopStands { turned_ms_ago: of.age.as_millis() as u64 });
        let health = Health { live: words.is_empty(), loops: loops.iter().map(stands).collect(), words };
        report(health.live, &health)
    }

    /// Ready is a process that has its share and has restored it. What is wrong beside is told, and changes nothing.
    pub(super) fn readiness(&self) -> Report {
        let state = self.state();
        state.refresh();
        let mut waiting_for = Vec::new();
        if self.0.roles.ingest {
            waiting_for.extend(state.awaited_by_ingest());
        }
        if self.0.roles.detect {
            waiting_for.extend(state.awaited_by_detect());
        }
        if self.0.shutdown.is_requested() {
            waiting_for.push("its end: it was told to stop".to_owned());
        }
        let mut many_rejected: BTreeMap<String, f64> = BTreeMap::new();
        for (input, watched) in &state.inputs {
            if let Some(share) = watched.figures().rejected_ratio.filter(|share| *share > REJECTED_SHARE) {
                let highest = many_rejected.entry(input.source.to_string()).or_default();
                *highest = highest.max(share);
            }
        }
        let stopped = state.inputs.iter().filter_map(|(input, watched)| match &watched.state {
            InputState::Stopped(why) => Some((input.to_string(), why.clone())),
            _ => None,
        });
        let unreachable = state.unreachable().into_iter();
        let readiness = Readiness {
            ready: waiting_for.is_empty(),
            waiting_for,
            inputs: state.inputs.iter().map(|(input, of)| (input.to_string(), InputStands::of(of))).collect(),
            stopped: stopped.collect(),
            clusters_unreachable: unreachable
                .map(|(name, since)| (name.to_owned(), Since { since: rfc3339(since) }))
                .collect(),
            store_failing: since_why(&state.store),
            outputs_failing: since_why(&state.outputs),
            many_rejected,
            detection: state.standing.as_ref().map(|standing| DetectionStands {
                active: standing.active,
                closed_to: standing.closed_to,
                held_by: standing.held_by.to_string(),
            }),
        };
        report(readiness.ready, &readiness)
    }
}

/// As an answer. Maps with text as keys and finite numbers can always be written.
fn report(good: bool, what: &impl Serialize) -> Report {
    match serde_json::to_string(what) {
        Ok(json) => Report { good, json },
        Err(error) => Report { good: false, json: format!("{:?}", error.to_string()) },
    }
}

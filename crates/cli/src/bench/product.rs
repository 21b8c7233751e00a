//! The product's drain: `headwater run --role ingest`, from nothing until everything is committed and published.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use headwater_ingest::GroupWatch;
use headwater_runtime::{Config, ConfigError, StoreSettings};
use headwater_sim::LoadSums;

use super::exact::{self, Holding};
use super::figures::Way;
use super::load::LoadTopic;
use super::process::{Moment, Process};
use super::workplace::Workplace;
use crate::args::BenchCluster;
use crate::clock::{Stopwatch, pause};
use crate::failure::Failure;

/// How often the group's offsets are asked for: each question costs the broker some of the time that is measured.
pub const LOOK_EVERY: Duration = Duration::from_millis(25);

/// How long nothing may be committed before the bench gives up, in seconds: more than any session lasts.
const STILL_AT_MOST: f64 = 180.0;

/// The event of the log with which an input begins to be read.
const MARK: &str = "input_restored";

/// Keys of the configuration that the bench itself gives: others would lead it out of its own place.
const OWN_KEYS: [&str; 6] = ["clusters", "outputs", "serve", "sources", "store.cache", "store.url"];

/// A product that is set up, with a store and a group of its own.
pub struct Product {
    folder: PathBuf,
    set: Vec<(String, String)>,
    settings: StoreSettings,
    watch: GroupWatch,
    ends: Vec<i64>,
}

/// One drain by the product.
#[derive(Clone, Debug)]
pub struct ProductRun {
    /// From the moment its first partition was restored until everything was committed and published.
    pub steady: Way,
    /// The whole process, its stop too.
    pub whole: Way,
    /// Records between what is committed and the end.
    pub lag: i64,
    /// What its store holds, exactly.
    pub holding: Holding,
}

impl Product {
    /// Sets one up, to read a topic.
    ///
    /// # Errors
    /// Those of [`check_settings`].
    pub fn set_up(place: &mut Workplace, topic: &LoadTopic, set: &[(String, String)]) -> Result<Product, Failure> {
        let group = place.make_group();
        let folder = place.folder().join(&group);
        fs::create_dir(&folder)?;
        let text = configuration(place.cluster(), &group, &folder.join("store"), &topic.name)?;
        let set = in_environment(set);
        let file = folder.join("headwater.toml");
        fs::write(&file, &text).with_context(|| file.display().to_string())?;
        let settings = Config::load(Some(&file), set.clone()).map_err(|error| Failure::Usage(error.to_string()))?.store;
        let watch = GroupWatch::start(&place.settings(&group), &topic.name, topic.partitions)?;
        let ends = watch.ends()?;
        Ok(Product { folder, set, settings, watch, ends })
    }

    /// Its store.
    pub fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// What it was told of its store.
    pub fn settings(&self) -> &StoreSettings {
        &self.settings
    }

    /// Starts it.
    pub fn start(&self) -> anyhow::Result<Process> {
        let file = self.folder.join("headwater.toml");
        let args = ["run".as_ref(), "--role".as_ref(), "ingest".as_ref(), "--config".as_ref(), file.as_os_str()];
        Process::start(&args, &self.set, MARK)
    }

    /// Records that are not yet committed and published.
    pub fn lag(&self) -> anyhow::Result<i64> {
        let committed = self.watch.committed()?;
        Ok(self.ends.iter().zip(&committed).map(|(end, committed)| (end - committed).max(0)).sum())
    }

    /// Waits until no more than so much is left; gives the moment.
    pub fn until(&self, place: &Workplace, process: &mut Process, left: i64) -> anyhow::Result<Moment> {
        let (mut least, mut since) = (i64::MAX, Stopwatch::start());
        loop {
            let lag = self.lag()?;
            let moment = process.moment();
            if lag <= left {
                return Ok(moment);
            }
            if lag < least {
                (least, since) = (lag, Stopwatch::start());
            }
            process.must_live()?;
            place.go_on()?;
            if since.seconds() > STILL_AT_MOST {
                let words = process.last_words();
                return Err(anyhow!("nothing was committed for {STILL_AT_MOST} s, {lag} records are left:\n{words}"));
            }
            pause(LOOK_EVERY);
        }
    }

    /// Holds its store against what is known.
    pub fn check(&self, records: u64, sums: Option<&LoadSums>) -> anyhow::Result<Holding> {
        exact::check(&self.store(), records, sums)
    }

    /// Removes its folder.
    pub fn clear(self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.folder).with_context(|| self.folder.display().to_string())
    }

    /// Drains the topic, from nothing.
    pub fn drain(&self, place: &Workplace, topic: &LoadTopic, records: u64, bytes: u64) -> anyhow::Result<ProductRun> {
        let mut process = self.start()?;
        let end = self.until(place, &mut process, 0)?;
        let peak_rss_bytes = process.peak_rss_bytes();
        let lag = self.lag()?;
        let begin = process.marks().first().map(|(moment, _)| *moment);
        let whole = process.stop()?;
        let begin = begin.context("the product did not say when it began to read")?;
        ensure!(lag == 0, "{lag} records were appended meanwhile");
        let holding = self.check(records, topic.sums.as_ref())?;
        let way = |wall_s, cpu_s| Way { records, bytes, wall_s, cpu_s, peak_rss_bytes };
        Ok(ProductRun {
            steady: way(end.at_s - begin.at_s, end.cpu_s - begin.cpu_s),
            whole: way(whole.wall_s, whole.cpu_s),
            lag,
            holding,
        })
    }
}

/// Whether a product can be set up with these keys; to be asked before anything is made.
///
/// # Errors
/// [`Failure::Usage`] names a key that is unknown, out of range, or the bench's own.
pub fn check_settings(cluster: &BenchCluster, set: &[(String, String)]) -> Result<(), Failure> {
    let own = |key: &str| OWN_KEYS.iter().any(|own| key == *own || key.starts_with(&format!("{own}.")));
    if let Some((key, _)) = set.iter().find(|(key, _)| own(key)) {
        return Err(Failure::Usage(format!("--set {key}: the bench has a value of its own for it")));
    }
    let text = configuration(cluster, "group", Path::new("store"), "topic")?;
    let checked = Config::check(&text, in_environment(set));
    let file = "the product's configuration".to_owned();
    checked.map(drop).map_err(|problems| Failure::Usage(ConfigError::Problems { file, problems }.to_string()))
}

/// Keys as the environment names them.
fn in_environment(set: &[(String, String)]) -> Vec<(String, String)> {
    let name = |key: &str| format!("HEADWATER__{}", key.to_uppercase().replace('.', "__"));
    set.iter().map(|(key, value)| (name(key), value.clone())).collect()
}

/// The product's configuration file.
fn configuration(cluster: &BenchCluster, group: &str, store: &Path, topic: &str) -> anyhow::Result<String> {
    let store = store.to_str().context("the folder for temporary files has a name that is no text")?;
    let client: Vec<String> =
        cluster.client.iter().map(|(key, value)| format!("{} = {}", text(key), text(value))).collect();
    Ok(format!(
        "[clusters.bench]\nbrokers = {}\ngroup = {}\n[clusters.bench.client]\n{}\n[sources.load]\ncluster = \"bench\"\n\
         topic = {}\n[outputs]\ncluster = \"bench\"\n[store]\nurl = {}\n[metrics]\nlisten = \"127.0.0.1:0\"\n",
        text(&cluster.brokers),
        text(group),
        client.join("\n"),
        text(topic),
        text(store),
    ))
}

/// A string of TOML: one of JSON is one.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

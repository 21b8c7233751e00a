//! The product's drain: `headwater run --role ingest`, from nothing until everything is committed and published.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use headwater_ingest::GroupWatch;
use headwater_runtime::{Config, StoreSettings};
use headwater_sim::LoadSums;

use super::exact::{self, Holding};
use super::figures::Way;
use super::load::LoadTopic;
use super::process::{Moment, Process};
use super::workplace::Workplace;
use crate::clock::{Stopwatch, pause};
use crate::failure::Failure;

/// How often the group's offsets are asked for: each question costs the broker some of the time that is measured.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// How long nothing may be committed before the bench gives up, in seconds: more than any session lasts.
const STILL_AT_MOST: f64 = 180.0;

/// What the log says when an input begins to be read.
const MARK: &str = "restored";

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
    /// Sets one up under a name, to read a topic.
    ///
    /// # Errors
    /// [`Failure::Usage`] when a key of `set` is unknown or not to be set.
    pub fn set_up(
        place: &mut Workplace,
        name: &str,
        topic: &LoadTopic,
        set: &[(String, String)],
    ) -> Result<Product, Failure> {
        let own = |key: &str| OWN_KEYS.iter().any(|own| key == *own || key.starts_with(&format!("{own}.")));
        if let Some((key, _)) = set.iter().find(|(key, _)| own(key)) {
            return Err(Failure::Usage(format!("--set {key}: the bench has a value of its own for it")));
        }
        let folder = place.folder().join(name);
        fs::create_dir(&folder)?;
        let group = format!("{}-{name}", place.name());
        place.own_group(&group);
        let text = configuration(place, &group, &folder.join("store"), &topic.name)?;
        let set: Vec<(String, String)> = set
            .iter()
            .map(|(key, value)| (format!("HEADWATER__{}", key.to_uppercase().replace('.', "__")), value.clone()))
            .collect();
        let file = folder.join("headwater.toml");
        fs::write(&file, &text).with_context(|| file.display().to_string())?;
        let settings = Config::load(Some(&file), set.clone()).map_err(|error| Failure::Usage(error.to_string()))?.store;
        let watch = GroupWatch::start(&place.settings(&group), &topic.name, topic.partitions)?;
        let ends = watch.ends()?;
        Ok(Product { folder, set, settings, watch, ends })
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
        exact::check(&self.folder.join("store"), records, sums)
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

/// The product's configuration file.
fn configuration(place: &Workplace, group: &str, store: &std::path::Path, topic: &str) -> anyhow::Result<String> {
    let cluster = place.cluster();
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

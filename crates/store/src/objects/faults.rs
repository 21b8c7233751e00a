//! A backend that errs by a seed, for tests: never part of a release build.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::Limits;

/// What goes wrong, each with its probability a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct FaultPlan {
    seed: u64,
    /// Nothing is done and an error is answered.
    fail: f64,
    /// It is done and an error is answered.
    lost_answer: f64,
    /// No answer comes, ever.
    hang: f64,
    /// Half of the bytes are written where nothing was, and an error is answered: a broken disk.
    torn: f64,
    /// The answer comes late.
    slow: f64,
    slow_ms: u64,
    /// From this write on, so many writes find no room on the disk.
    full_after: u64,
    full_for: u64,
    /// The second create of a key is taken: such stores exist.
    ignore_condition: bool,
    /// After so many writes and deletions no call does anything any more.
    dies_after: Option<i64>,
    pub(super) limits: Limits,
}

impl FaultPlan {
    /// Reads `seed=7,fail=0.05,lost_answer=0.05,hang=0.01,torn=0.01,slow=0.5,slow_ms=20,full_after=3,
    /// full_for=9,dies_after=12,ignore_condition=1,try_ms=200,tries=5,pause_ms=1,pause_ms_max=10`; what is not said does not happen.
    pub(super) fn parse(text: &str) -> std::result::Result<FaultPlan, String> {
        let mut plan = FaultPlan {
            seed: 0,
            fail: 0.0,
            lost_answer: 0.0,
            hang: 0.0,
            torn: 0.0,
            slow: 1.0,
            slow_ms: 0,
            full_after: 0,
            full_for: 0,
            ignore_condition: false,
            dies_after: None,
            limits: Limits::default(),
        };
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("{part:?} is not NAME=VALUE"))?;
            let number = || value.parse::<u64>().map_err(|e| format!("{part}: {e}"));
            let chance = || match value.parse::<f64>() {
                Ok(chance) if (0.0..=1.0).contains(&chance) => Ok(chance),
                _ => Err(format!("{part}: not a probability")),
            };
            match name {
                "seed" => plan.seed = number()?,
                "fail" => plan.fail = chance()?,
                "lost_answer" => plan.lost_answer = chance()?,
                "hang" => plan.hang = chance()?,
                "torn" => plan.torn = chance()?,
                "slow" => plan.slow = chance()?,
                "slow_ms" => plan.slow_ms = number()?,
                "full_after" => plan.full_after = number()?,
                "full_for" => plan.full_for = number()?,
                "ignore_condition" => plan.ignore_condition = number()? != 0,
                "dies_after" => plan.dies_after = i64::try_from(number()?).ok(),
                "try_ms" => plan.limits.try_ms = number()?,
                "tries" => plan.limits.tries = u32::try_from(number()?).map_err(|e| format!("{part}: {e}"))?,
                "pause_ms" => plan.limits.pause_ms = number()?,
                "pause_ms_max" => plan.limits.pause_ms_max = number()?,
                _ => return Err(format!("there is no fault {name:?}")),
            }
        }
        Ok(plan)
    }
}

/// A backend over another.
#[derive(Debug)]
pub(super) struct Faulty {
    inner: Arc<dyn ObjectStore>,
    plan: FaultPlan,
    drawn: AtomicU64,
    writes: AtomicU64,
    writes_left: AtomicI64,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Well,
    Hang,
    Fail,
    LostAnswer,
    Torn,
}

impl Faulty {
    pub(super) fn new(inner: Arc<dyn ObjectStore>, plan: FaultPlan) -> Faulty {
        let writes_left = AtomicI64::new(plan.dies_after.unwrap_or(i64::MAX));
        Faulty { inner, plan, drawn: AtomicU64::new(0), writes: AtomicU64::new(0), writes_left }
    }

    /// A number in [0, 1) that depends on the seed and on how many were drawn before.
    fn draw(&self) -> f64 {
        let n = self.drawn.fetch_add(1, Ordering::Relaxed);
        // SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
        let mut z = self.plan.seed.wrapping_add((n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Draws what happens to a call.
    fn fate(&self, writes: bool) -> Result<Fate> {
        let left = if writes {
            self.writes_left.fetch_sub(1, Ordering::SeqCst)
        } else {
            self.writes_left.load(Ordering::SeqCst)
        };
        if self.plan.dies_after.is_some() && left < i64::from(writes) {
            // Not passing, so that nobody tries again: the process is dead.
            return Err(Error::NotSupported { source: "the process is dead".into() });
        }
        if writes {
            let written = self.writes.fetch_add(1, Ordering::SeqCst);
            if (self.plan.full_after..self.plan.full_after.saturating_add(self.plan.full_for)).contains(&written) {
                let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
                return Err(Error::Generic { store: "faults", source: full.into() });
            }
        }
        let mut at = self.draw();
        let fates = [
            (self.plan.hang, Fate::Hang),
            (self.plan.fail, Fate::Fail),
            (self.plan.lost_answer, Fate::LostAnswer),
            (self.plan.torn, Fate::Torn),
        ];
        for (chance, fate) in fates {
            if at < chance {
                return Ok(fate);
            }
            at -= chance;
        }
        Ok(Fate::Well)
    }

    /// As [`Faulty::fate`], after a while where the call is slow.
    async fn slow_fate(&self, writes: bool) -> Result<Fate> {
        if self.plan.slow_ms > 0 && self.draw() < self.plan.slow {
            tokio::time::sleep(Duration::from_millis(self.plan.slow_ms)).await;
        }
        self.fate(writes)
    }

    /// Of a call that changes nothing.
    async fn gate(&self) -> Result<()> {
        match self.slow_fate(false).await? {
            Fate::Well | Fate::Torn => Ok(()),
            Fate::Hang => std::future::pending().await,
            Fate::Fail | Fate::LostAnswer => Err(planted("failed")),
        }
    }
}

fn planted(what: &str) -> Error {
    Error::Generic { store: "faults", source: format!("planted: {what}").into() }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faults over {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, at: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        if self.plan.ignore_condition {
            options.mode = PutMode::Overwrite;
        }
        match self.slow_fate(true).await? {
            Fate::Hang => std::future::pending().await,
            Fate::Well => self.inner.put_opts(at, payload, options).await,
            Fate::Fail => Err(planted("failed")),
            Fate::LostAnswer => {
                self.inner.put_opts(at, payload, options).await?;
                Err(planted("done, but the answer is lost"))
            }
            Fate::Torn => {
                if matches!(self.inner.head(at).await, Err(Error::NotFound { .. })) {
                    let whole: Vec<u8> = payload.iter().flat_map(|part| part.to_vec()).collect();
                    let half = whole[..whole.len() / 2].to_vec();
                    self.inner.put_opts(at, half.into(), PutMode::Create.into()).await?;
                }
                Err(planted("torn"))
            }
        }
    }

    async fn put_multipart_opts(&self, at: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.gate().await?;
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        // The stream must not borrow the store, so its fate is drawn at once; the store deletes one object at a time.
        match self.fate(true) {
            Ok(Fate::Well | Fate::Torn) => self.inner.delete_stream(paths),
            Ok(Fate::LostAnswer) => {
                let done = self.inner.delete_stream(paths);
                done.map(|_| Err(planted("done, but the answer is lost"))).boxed()
            }
            Ok(Fate::Fail) => stream::iter([Err(planted("failed"))]).boxed(),
            Ok(Fate::Hang) => stream::pending().boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.fate(false) {
            Ok(Fate::Well | Fate::Torn) => self.inner.list(prefix),
            Ok(Fate::Fail | Fate::LostAnswer) => stream::iter([Err(planted("failed"))]).boxed(),
            Ok(Fate::Hang) => stream::pending().boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.gate().await?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.gate().await?;
        self.inner.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_and_a_wrong_word_is_named() {
        let plan = FaultPlan::parse("seed=7, fail=0.25,tries=3,dies_after=2").unwrap();
        assert_eq!((plan.seed, plan.fail, plan.limits.tries, plan.dies_after), (7, 0.25, 3, Some(2)));
        for (text, word) in [("fail=2", "fail=2"), ("fial=0.1", "fial"), ("seed", "seed"), ("tries=x", "tries=x")] {
            assert!(FaultPlan::parse(text).unwrap_err().contains(word), "{text}");
        }
    }
}

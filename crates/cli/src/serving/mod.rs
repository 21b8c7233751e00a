//! `--role serve`: the API, over a read model that follows the store.

mod anchor;
mod follow;
mod gate;

use std::sync::Arc;
use std::time::Duration;

use headwater_catalog::Catalog;
use headwater_history::History;
use headwater_log::{ApiServed, Lasting, ReadModelFailing, ReadModelReady, ReadModelRecovered, Trouble};
use headwater_model::Budgets;
use headwater_people::{Location, Moment, People};
use headwater_runtime::{Config, ServeSettings};
use headwater_serve::{Clock, Grounds, Limits, Needs, Rate, ReadModel, Server, SignInNotice, api, behind};
use headwater_store::Archive;

use crate::archive::Holdings;
use crate::clock::{self, Stopwatch};
use crate::failure::Failure;
use crate::open_files;
use crate::versions::versions;
use follow::Following;

pub use gate::{claims, sign_in, tokens};

/// The key of the configuration that gives the address.
const KEY: &str = "serve.listen";

/// Files of the archive that are kept for the next question: those of some millions of rows.
const ARCHIVE_CACHE_BYTES: usize = 256 << 20;

/// How often the store is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long it waits after an error.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The API, served until it is dropped.
pub struct Serving {
    server: Server,
    model: Arc<ReadModel>,
}

impl Serving {
    /// Listens where the configuration says, and answers "not yet" until the store was read. The people's database is
    /// made where it is a file that is not there yet. Each caller may ask at a rate.
    pub fn start(
        config: &Config,
        budgets: Budgets,
        archive: &Archive,
        catalog: &Arc<Catalog>,
        rate: Rate,
    ) -> Result<Serving, Failure> {
        open_files::raise();
        let model = Arc::new(ReadModel::new(Arc::clone(catalog), budgets, needs()));
        let people = location(config)?;
        let routes = async || {
            let people = People::open(&people).await.map_err(anyhow::Error::from)?;
            let clock: Clock = Arc::new(|| Moment(clock::unix_ms()));
            if let Some(settings) = &config.anchor {
                tokio::spawn(anchor::keep(people.clone(), settings.clone()));
            }
            let gate = gate::gate(&config.serve.auth, &people, &clock)?;
            let history = History::new(archive.clone(), ARCHIVE_CACHE_BYTES);
            let (model, versions) = (Arc::clone(&model), versions(catalog));
            let ServeSettings { notice, simulated, .. } = config.serve.clone();
            let notice = SignInNotice { notice, simulated };
            let open = people.clone();
            let grounds = Grounds { model, history, people, gate, versions, clock, rate, notice };
            let routes = behind(api(grounds), config.serve.trusted_proxies.clone());
            // Closed, a file of SQLite is whole without what lies beside it while it is open.
            Ok((routes, async move { open.close().await }))
        };
        let server = Server::start_with::<Failure, _>(KEY, config.serve.listen, Limits::API, routes)?;
        ApiServed { addr: &server.address() }.log();
        Ok(Serving { server, model })
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    /// Follows a store until told to stop. An error is logged and tried again: the store may be back.
    pub fn follow(&self, holdings: &impl Holdings, stop: &dyn Fn() -> bool) {
        let (mut following, mut trouble) = (Following::default(), Trouble::default());
        let began = Stopwatch::start();
        let mut ready = false;
        while !stop() {
            let pause = match following.step(holdings, &self.model, stop) {
                Ok(()) => {
                    if let Some(Lasting { times, ms }) = trouble.over(clock::now()) {
                        ReadModelRecovered { times, ms }.log();
                    }
                    if !ready && following.is_published() {
                        ready = true;
                        ReadModelReady { ms: began.ms() }.log();
                    }
                    LOOK_EVERY
                }
                Err(error) => {
                    if let Some(Lasting { times, ms }) = trouble.again(clock::now()) {
                        ReadModelFailing { times, ms, error: &format_args!("{error:#}") }.log();
                    }
                    AGAIN_AFTER
                }
            };
            let waited = Stopwatch::start();
            while !stop() && waited.elapsed() < pause {
                clock::pause(pause.min(LOOK_EVERY / 4));
            }
        }
    }
}

/// What detection must have of a cell before it sees anything, as the product runs it. A pair has two sides: where one
/// reporter has less than twice the least baseline, hardly a substance could be seen to fall.
fn needs() -> Needs {
    let config = headwater_detect::StatisticConfig::default();
    let incidents_a_year = (2.0 * config.baseline_min).ceil() as i64;
    Needs { incidents_a_year, history_days: config.history_weeks * 7 }
}

/// Where the people's state is.
pub fn location(config: &Config) -> Result<Location, Failure> {
    let url = config.people.url().map_err(|error| Failure::Usage(error.to_string()))?;
    Location::parse(&url).map_err(|error| Failure::Usage(error.to_string()))
}

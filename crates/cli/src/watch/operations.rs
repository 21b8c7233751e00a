//! The operations endpoint of a process.

use std::net::SocketAddr;
use std::sync::Arc;

use headwater_log::MetricsServed;
use headwater_runtime::metrics::Metrics;
use headwater_serve::{Limits, Operations, Report, Server, operations};

use super::Watch;
use crate::failure::Failure;

/// The key of the configuration that gives the address.
const KEY: &str = "metrics.listen";

/// Serves what a watch tells until the server is dropped.
pub fn serve(watch: &Watch, address: SocketAddr) -> Result<Server, Failure> {
    let server = Server::start(KEY, address, operations(Arc::new(watch.clone())), Limits::OPERATIONS)?;
    MetricsServed { addr: &server.address() }.log();
    Ok(server)
}

impl Operations for Watch {
    fn metrics(&self) -> Result<(Vec<u8>, &'static str), String> {
        self.metrics().ready.set(i64::from(Watch::readiness(self).good));
        {
            let state = self.state();
            state.refresh();
            let unreachable = state.unreachable();
            let clusters = state.clusters().into_keys();
            let reachable = |name: &str| if unreachable.contains_key(name) { 0.0 } else { 1.0 };
            self.metrics().clusters.set(clusters.map(|name| (name.to_owned(), Some(reachable(name)))).collect());
        }
        Ok((Watch::metrics(self).render()?, Metrics::CONTENT_TYPE))
    }

    fn health(&self) -> Report {
        Watch::health(self)
    }

    fn readiness(&self) -> Report {
        Watch::readiness(self)
    }
}

//! From where somebody asks, before anybody knows who they are.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::Response;

/// The header in which a proxy says for whom it asks; each adds one at the end.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub IpAddr);

impl Peer {
    /// What it is counted as: of IPv6 the network, for whoever has one address there has all of them (RFC 6177).
    pub fn key(self) -> String {
        match self.0.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

/// Routes behind proxies: of what comes from one of them, the last address in `X-Forwarded-For` that is no proxy is the
/// one that asks. From others the header is nothing.
pub fn behind(routes: Router, proxies: Vec<IpAddr>) -> Router {
    if proxies.is_empty() {
        return routes;
    }
    let proxies: Arc<[IpAddr]> = proxies.iter().map(IpAddr::to_canonical).collect();
    routes.layer(middleware::from_fn_with_state(proxies, forwarded))
}

async fn forwarded(State(proxies): State<Arc<[IpAddr]>>, mut request: Request, next: Next) -> Response {
    if let Some(Peer(address)) = request.extensions().get::<Peer>().copied() {
        let peer = Peer(asking(address, request.headers(), &proxies));
        request.extensions_mut().insert(peer);
    }
    next.run(request).await
}

fn asking(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.contains(&address.to_canonical());
    if !is_proxy(&peer) {
        return peer;
    }
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let said = lines.iter().flat_map(|line| line.split(',')).map(|address| address.trim().parse::<IpAddr>());
    // From the last on; what is no address was written by nobody who is trusted.
    let said: Vec<_> = said.collect();
    let mut nearest = peer;
    for address in said.into_iter().rev() {
        let Ok(address) = address else { break };
        nearest = address;
        if !is_proxy(&address) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_is_the_last_that_a_trusted_proxy_names() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        let of = |peer: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, line.parse().unwrap());
            }
            asking(ip(peer), &headers, &proxies).to_string()
        };
        assert_eq!(of("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(of("10.0.0.1", &["198.51.100.7, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(of("10.0.0.1", &["198.51.100.7", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(of("::ffff:10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        // Said by somebody who is no proxy, or by nobody.
        assert_eq!(of("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["203.0.113.9, unknown"]), "10.0.0.1");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let key = |text: &str| Peer(text.parse().unwrap()).key();
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
    }
}

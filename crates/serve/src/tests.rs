use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::peer::Peer;
use crate::{Limits, Operations, Report, ServeError, Server, behind, operations};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Fake {
    ready: AtomicBool,
}

impl Operations for Fake {
    fn metrics(&self) -> Result<(Vec<u8>, &'static str), String> {
        match self.ready.load(Ordering::SeqCst) {
            true => Ok((b"a 1\n".to_vec(), "text/plain; version=0.0.4")),
            false => Err("not yet".into()),
        }
    }

    fn health(&self) -> Report {
        Report { good: true, json: r#"{"live":true}"#.into() }
    }

    fn readiness(&self) -> Report {
        let good = self.ready.load(Ordering::SeqCst);
        Report { good, json: format!(r#"{{"ready":{good}}}"#) }
    }
}

fn limits() -> Limits {
    Limits { head_at_most: Duration::from_millis(200), ..Limits::OPERATIONS }
}

fn start(limits: Limits) -> (Server, Arc<Fake>) {
    let fake = Arc::new(Fake::default());
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let of: Arc<dyn Operations> = Arc::clone(&fake) as Arc<dyn Operations>;
    (Server::start("metrics.listen", address, operations(of), limits).unwrap(), fake)
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that comes until the server ends the connection.
fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // A reset ends it as well.
    let _ = stream.read_to_end(&mut all);
    String::from_utf8(all).unwrap()
}

fn ask(server: &Server, head: &str) -> String {
    let mut stream = connect(server);
    stream.write_all(format!("{head}\r\nhost: h\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    rest(&mut stream)
}

#[test]
fn each_path_answers_what_it_is_for() {
    let (server, fake) = start(limits());
    let health = ask(&server, "GET /healthz HTTP/1.1");
    assert!(health.starts_with("HTTP/1.1 200 ") && health.ends_with("{\"live\":true}\n"), "{health}");
    assert!(health.contains("content-type: application/json\r\n"), "{health}");
    let ready = ask(&server, "GET /readyz HTTP/1.1");
    assert!(ready.starts_with("HTTP/1.1 503 ") && ready.ends_with("{\"ready\":false}\n"), "{ready}");
    assert!(ask(&server, "GET /metrics HTTP/1.1").starts_with("HTTP/1.1 500 "));
    fake.ready.store(true, Ordering::SeqCst);
    assert!(ask(&server, "GET /readyz HTTP/1.1").starts_with("HTTP/1.1 200 "));
    let metrics = ask(&server, "GET /metrics HTTP/1.1");
    assert!(metrics.starts_with("HTTP/1.1 200 ") && metrics.ends_with("\r\n\r\na 1\n"), "{metrics}");
    assert!(metrics.contains("content-type: text/plain; version=0.0.4\r\n"), "{metrics}");
    assert!(ask(&server, "HEAD /metrics HTTP/1.1").ends_with("\r\n\r\n"));
    let unknown = ask(&server, "GET /metric HTTP/1.1");
    assert!(unknown.starts_with("HTTP/1.1 404 ") && unknown.contains("/healthz"), "{unknown}");
    assert!(ask(&server, "POST /metrics HTTP/1.1").starts_with("HTTP/1.1 405 "));
}

#[test]
fn no_body_is_taken() {
    let (server, _) = start(limits());
    for brings in ["content-length: 5", "transfer-encoding: chunked"] {
        let answer = ask(&server, &format!("GET /healthz HTTP/1.1\r\n{brings}"));
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
    assert!(ask(&server, "GET /healthz HTTP/1.1\r\ncontent-length: 0").starts_with("HTTP/1.1 200 "));
}

#[test]
fn one_that_says_nothing_is_sent_away_and_holds_up_nobody() {
    let (server, _) = start(Limits { connections: 2, ..limits() });
    // Before a request, within one, and behind an answer.
    let (mut silent, mut half) = (connect(&server), connect(&server));
    half.write_all(b"GET /healthz HTTP/1.1\r\nhost:").unwrap();
    let mut behind = connect(&server);
    behind.write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    for stream in [&mut silent, &mut half] {
        assert!(!rest(stream).contains(" 200 "));
    }
    let answer = rest(&mut behind);
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 1, "{answer}");
    assert!(ask(&server, "GET /healthz HTTP/1.1").starts_with("HTTP/1.1 200 "));
}

#[test]
fn an_old_connection_ends_behind_its_answer() {
    let (server, _) = start(Limits { connection_at_most: Duration::from_millis(300), ..Limits::OPERATIONS });
    let mut stream = connect(&server);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    let answer = rest(&mut stream);
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 1, "{answer}");
}

#[test]
fn a_head_without_end_is_refused() {
    let (server, _) = start(Limits::OPERATIONS);
    let mut stream = connect(&server);
    let _ = stream.write_all(format!("GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(64 << 10)).as_bytes());
    assert!(!rest(&mut stream).contains(" 200 "));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let of: Arc<dyn Operations> = Arc::new(Fake::default());
    let Err(error) = Server::start("metrics.listen", address, operations(of), Limits::OPERATIONS) else {
        panic!("it is taken")
    };
    assert!(matches!(error, ServeError::Taken { .. }), "{error:?}");
    let words = error.to_string();
    assert!(words.starts_with(&format!("metrics.listen: another process listens on {address}; ")), "{words}");
    assert!(words.contains("HEADWATER__METRICS__LISTEN=127.0.0.1:"), "{words}");
}

#[test]
fn dropped_it_ends_at_once_and_gives_the_port_back() {
    let (server, _) = start(Limits::OPERATIONS);
    let mut open = connect(&server);
    let address = server.address();
    drop(server);
    assert_eq!(rest(&mut open), "");
    let of: Arc<dyn Operations> = Arc::new(Fake::default());
    Server::start("metrics.listen", address, operations(of), Limits::OPERATIONS).unwrap();
}

#[test]
fn a_route_is_told_from_where_it_is_asked_and_by_a_proxy_that_is_trusted_for_whom() {
    async fn from(head: axum::http::Extensions) -> String {
        head.get::<Peer>().map_or_else(|| "nobody".to_owned(), |peer| peer.key())
    }
    let local: IpAddr = [127, 0, 0, 1].into();
    let forwarded = "GET / HTTP/1.1\r\nx-forwarded-for: 203.0.113.9";
    for (proxies, expected) in [(vec![], "127.0.0.1"), (vec![local], "203.0.113.9")] {
        let routes = behind(axum::Router::new().route("/", axum::routing::get(from)), proxies);
        let server = Server::start("serve.listen", SocketAddr::from((local, 0)), routes, limits()).unwrap();
        let plain = ask(&server, "GET / HTTP/1.1");
        assert!(plain.ends_with("\r\n\r\n127.0.0.1"), "{plain}");
        let answer = ask(&server, forwarded);
        assert!(answer.ends_with(&format!("\r\n\r\n{expected}")), "{answer}");
    }
}

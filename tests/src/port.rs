//! A port for a program whose address must be known before it starts.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Above the ports that the script of the broker takes, and below those that systems give to outgoing connections and to
/// whoever asks for any port: a port of that range that was free a moment ago may be another test's by now.
const PORTS: std::ops::Range<u16> = 31_000..32_768;

/// How many were handed out by this process: none is handed out twice.
static HANDED_OUT: AtomicU16 = AtomicU16::new(0);

/// A port of the loopback that nobody listens on.
///
/// # Panics
/// When none is left.
pub fn free() -> u16 {
    let ports = PORTS.end - PORTS.start;
    // Another process of tests beside this one begins elsewhere.
    let begin = u16::try_from(std::process::id() % u32::from(ports)).unwrap();
    loop {
        let nth = HANDED_OUT.fetch_add(1, Ordering::Relaxed);
        assert!(nth < ports, "no free port in {PORTS:?}");
        let port = PORTS.start + (begin + nth) % ports;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

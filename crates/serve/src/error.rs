//! Why nothing can be served.

use std::io;
use std::net::SocketAddr;

/// Why a server does not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process has the address.
    #[error(
        "{key}: another process listens on {address}; processes on one machine need an address each: set {key} in one's \
         configuration, or {variable}={next} in its environment"
    )]
    Taken {
        /// The key of the configuration that gives the address.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// The same key as environment.
        variable: String,
        /// An address that may be free.
        next: SocketAddr,
    },
    /// The system does not give the address.
    #[error("{key}: cannot listen on {address}: {source}")]
    Listen {
        /// The key of the configuration that gives the address.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The server's thread cannot begin.
    #[error("{key}: no thread for the server: {source}")]
    Thread {
        /// The key of the configuration that gives the address.
        key: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

impl ServeError {
    /// What the system says of an address that a key gives.
    pub(crate) fn listen(key: &'static str, address: SocketAddr, source: io::Error) -> ServeError {
        if source.kind() != io::ErrorKind::AddrInUse {
            return ServeError::Listen { key, address, source };
        }
        let variable = format!("HEADWATER__{}", key.to_ascii_uppercase().replace('.', "__"));
        let next = SocketAddr::new(address.ip(), address.port().checked_add(1).unwrap_or(0));
        ServeError::Taken { key, address, variable, next }
    }
}

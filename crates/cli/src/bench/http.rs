//! The plainest client of HTTP/1.1: a connection a request, so that no client's own work is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};

/// How long an answer may take, each part of it.
const ANSWER_AT_MOST: Duration = Duration::from_secs(60);

/// An answer.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Asks for a path; gives the whole answer.
pub fn get(address: SocketAddr, path: &str) -> anyhow::Result<Answer> {
    let (status, mut rest) = begin(address, path, "close")?;
    let mut body = Vec::new();
    rest.read_to_end(&mut body).with_context(|| path.to_owned())?;
    Ok(Answer { status, body })
}

/// Asks for a path; gives the status and, behind the answer's head, what comes.
pub fn begin(address: SocketAddr, path: &str, connection: &str) -> anyhow::Result<(u16, BufReader<TcpStream>)> {
    let mut stream = TcpStream::connect(address).with_context(|| address.to_string())?;
    stream.set_read_timeout(Some(ANSWER_AT_MOST))?;
    stream.set_nodelay(true)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: {connection}\r\n\r\n")?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).with_context(|| path.to_owned())?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("{path}: {line:?} is no answer of HTTP"))?;
    while line != "\r\n" {
        line.clear();
        ensure!(stream.read_line(&mut line)? > 0, "{path}: it ended within the head");
    }
    Ok((status, stream))
}

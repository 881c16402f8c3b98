//! `ferroflow health`: for container health checks, where there is no curl.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::cli::HealthArgs;

/// How long the server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks `/health`; `Err` says what is wrong.
pub(crate) fn check(args: &HealthArgs) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("no answer on port {}: {e}", args.port);
    let address = (Ipv4Addr::LOCALHOST, args.port).into();
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(failed)?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
    let request = format!("GET {}/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", args.static_prefix);
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer).map_err(failed)?;
    match answer.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        status => Err(format!("the server on port {} answers {}", args.port, status.unwrap_or("nothing"))),
    }
}

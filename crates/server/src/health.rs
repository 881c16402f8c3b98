//! `ferroflow health`: for container health checks, where there is no curl.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::cli::HealthArgs;
use crate::config::prefix;

/// How long the server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks `/health`; `Err` says what is wrong.
pub(crate) fn check(args: &HealthArgs) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("no answer on port {}: {e}", args.port);
    let address = address(&args.host, args.port).map_err(failed)?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(failed)?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(failed)?;
    let prefix = prefix(&args.static_prefix)?;
    let request = format!("GET {prefix}/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer).map_err(failed)?;
    match answer.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        status => Err(format!("the server on port {} answers {}", args.port, status.unwrap_or("nothing"))),
    }
}

/// Where a server that listens on `host` can be asked from this machine.
fn address(host: &str, port: u16) -> std::io::Result<SocketAddr> {
    let mut address = (host, port).to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { IpAddr::from(Ipv6Addr::LOCALHOST) });
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_includes_this_machines_own() {
        let of = |host| address(host, 7).unwrap().to_string();
        assert_eq!(
            (of("0.0.0.0"), of("::"), of("127.0.0.2")),
            ("127.0.0.1:7".into(), "[::1]:7".into(), "127.0.0.2:7".into())
        );
    }
}

//! Whether a server answers yet. Before it does, it refuses connections, or says that it is not ready, such as by status 503.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long one question may take. A server that compiles may be slow to answer any.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a server said to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody listens, or nothing came in time.
    None,
    /// This status.
    Status(u16),
}

/// Asks for a path.
pub(super) fn ask(address: SocketAddr, path: &str) -> Answer {
    status(address, path).map_or(Answer::None, Answer::Status)
}

fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).ok()?;
    // `HTTP/1.1 200`: the rest is of no interest.
    let mut start = [0; 12];
    stream.read_exact(&mut start).ok()?;
    std::str::from_utf8(&start).ok()?.strip_prefix("HTTP/1.")?.get(2..)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_server_refuses_then_is_busy_then_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            for status in ["503 Service Unavailable", "200 OK", "nonsense"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 16];
                stream.read_exact(&mut request).unwrap();
                assert!(request.starts_with(b"GET /health "));
                stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).unwrap();
            }
        });
        assert_eq!(ask(address, "/health"), Answer::Status(503));
        assert_eq!(ask(address, "/health"), Answer::Status(200));
        assert_eq!(ask(address, "/health"), Answer::None);
        server.join().unwrap();
        assert_eq!(ask(address, "/health"), Answer::None, "nobody listens any more");
    }
}

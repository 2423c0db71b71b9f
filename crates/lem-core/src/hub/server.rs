//! A hub on the loopback interface, for tests of the client that talks to the real one.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a hub serves, until the process ends.
pub(crate) struct Served {
    /// `models/org/name` or `datasets/org/name`.
    pub(crate) repository: &'static str,
    /// Names of the revisions beside the commit.
    pub(crate) revisions: &'static [&'static str],
    pub(crate) commit: &'static str,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// A hub that runs.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    /// The lines of the requests so far, with their headers.
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

/// Serves repositories.
pub(crate) fn serve(served: Vec<Served>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (served, heard) = (Arc::new(served), Arc::clone(&requests));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (served, heard) = (Arc::clone(&served), Arc::clone(&heard));
            thread::spawn(move || answer(stream.unwrap(), &served, &heard));
        }
    });
    Server { endpoint, requests }
}

/// A port where nobody answers: it was free a moment ago.
pub(crate) fn closed_endpoint() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

/// Answers one request as the hub does.
fn answer(mut stream: TcpStream, served: &[Served], heard: &Mutex<Vec<String>>) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    // A client that still has headers to send may drop an early answer.
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    assert!(head.len() > 1, "a request has headers");
    heard.lock().unwrap().push(head.join("\n"));
    let path = head[0].split(' ').nth(1).unwrap_or_default();
    let (status, body, commit) = served.iter().find_map(|one| one.answer(path)).unwrap_or(("404 Not Found", Vec::new(), ""));
    let size = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {size}\r\nContent-Range: bytes 0-{size}/{size}\r\nETag: \"{}\"\r\n\
         x-repo-commit: {commit}\r\nConnection: close\r\n\r\n",
        crate::digest::hexadecimal(<sha2::Sha256 as sha2::Digest>::new_with_prefix(&body))
    );
    // A client that learnt enough from the head may hang up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

impl Served {
    fn answer(&self, path: &str) -> Option<(&'static str, Vec<u8>, &'static str)> {
        let names = self.revisions.iter().copied().chain([self.commit]).map(|revision| revision.replace('/', "%2F"));
        if names.clone().any(|revision| path == format!("/api/{}/revision/{revision}", self.repository)) {
            let siblings: Vec<_> = self.files.iter().map(|(name, _)| serde_json::json!({ "rfilename": name })).collect();
            let info = serde_json::json!({ "sha": self.commit, "siblings": siblings }).to_string();
            return Some(("200 OK", info.into_bytes(), self.commit));
        }
        // Files of models lie at the root of the hub.
        let place = self.repository.strip_prefix("models/").unwrap_or(self.repository);
        let name = path.strip_prefix(&format!("/{place}/resolve/{}/", self.commit))?;
        let (_, content) = self.files.iter().find(|(known, _)| known == name)?;
        Some(("206 Partial Content", content.clone(), self.commit))
    }
}

//! `lem results serve`: a results folder in the browser.

mod answer;

use super::browser;
use crate::args::ServeArgs;
use crate::commands::Voice;
use crate::exit::Exit;
use crate::render::out;
use answer::{Answer, Asked, answer};
use lem_domain::protocol::{Fault, SeamError};
use lem_results::ResultsFolder;
use std::ffi::OsStr;
use std::net::Ipv4Addr;
use tiny_http::{Header, Request, Response, Server};

/// Threads that answer: a long report keeps nobody else waiting.
const THREADS: usize = 4;

/// Nothing of what is answered is for other pages, other sites or later.
const HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// Serves until it is interrupted. The address goes to standard output once it answers.
pub(crate) fn run(args: &ServeArgs, voice: Voice) -> anyhow::Result<Exit> {
    let busy = |error| {
        SeamError::new(Fault::Usage, format!("cannot listen on port {}", args.port))
            .because(error)
            .with_hint("another program has it; `--port 0` takes a free one")
    };
    let server = Server::http((Ipv4Addr::LOCALHOST, args.port)).map_err(busy)?;
    let port = server.server_addr().to_ip().map_or(args.port, |address| address.port());
    let address = format!("http://127.0.0.1:{port}/");
    out::line(&address)?;
    if !voice.quiet {
        anstream::eprintln!("showing {}; Ctrl-C ends it", args.folder.results_dir.display());
    }
    if args.open {
        browser::open(OsStr::new(&address));
    }
    let folder = ResultsFolder::new(args.folder.results_dir.clone());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    respond(&folder, port, request);
                }
            });
        }
    });
    Ok(Exit::Ok)
}

fn respond(folder: &ResultsFolder, port: u16, request: Request) {
    let host = request.headers().iter().find(|header| header.field.equiv("Host")).map(|header| header.value.to_string());
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let asked = Asked { method: request.method().to_string(), host, path: path.to_owned(), query: query.to_owned() };
    let Answer { status, kind, body } = answer(folder, port, &asked);
    let mut response = Response::from_data(body).with_status_code(status);
    for (name, value) in HEADERS.into_iter().chain([("content-type", kind)]) {
        response.add_header(Header::from_bytes(name, value).expect("names and values are plain ASCII"));
    }
    // A browser that went away is its own loss alone.
    let _ = request.respond(response);
}

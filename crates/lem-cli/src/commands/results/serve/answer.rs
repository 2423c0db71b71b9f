//! What the explorer answers: a function of the folder and of what was asked, without any network.

use super::super::report::TOOL;
use lem_domain::ExperimentId;
use lem_results::ResultsFolder;
use lem_results::report::{Listing, Report, explorer};

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) method: String,
    /// The header `Host`.
    pub(super) host: Option<String>,
    pub(super) path: String,
    /// What stands behind the question mark, encoded.
    pub(super) query: String,
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) body: Vec<u8>,
}

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Browsers ask for it unasked.
const ICON: &str = "/favicon.ico";

/// Most experiments of one report.
const MOST_IDS: usize = 500;

impl Answer {
    pub(super) fn text(status: u16, text: &str) -> Self {
        Self { status, kind: TEXT, body: format!("{text}\n").into_bytes() }
    }
}

/// Answers. Only names of this machine are answered to: a page elsewhere whose own name was made to lead here (DNS
/// rebinding) sends that name.
pub(super) fn answer(folder: &ResultsFolder, port: u16, asked: &Asked) -> Answer {
    if !asked.host.as_deref().is_some_and(|host| is_this_machine(host, port)) {
        return Answer::text(403, "this server answers to 127.0.0.1 and localhost alone");
    }
    if !matches!(asked.method.as_str(), "GET" | "HEAD") {
        return Answer::text(405, "this server only shows what there is");
    }
    match asked.path.as_str() {
        "/" => Answer { status: 200, kind: HTML, body: explorer().into_bytes() },
        "/api/experiments" => listing(folder),
        "/report" => report(folder, &asked.query),
        ICON => Answer { status: 204, kind: TEXT, body: Vec::new() },
        _ => Answer::text(404, "there is nothing here"),
    }
}

fn is_this_machine(host: &str, port: u16) -> bool {
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{port}") || (port == 80 && host == *name))
}

fn listing(folder: &ResultsFolder) -> Answer {
    let listing = Listing::of(folder, TOOL).map_err(|error| error.to_string());
    match listing.and_then(|listing| serde_json::to_vec(&listing).map_err(|error| error.to_string())) {
        Ok(body) => Answer { status: 200, kind: JSON, body },
        Err(error) => Answer::text(500, &error),
    }
}

fn report(folder: &ResultsFolder, query: &str) -> Answer {
    let ids: Option<Vec<ExperimentId>> = query.split('&').map(|pair| pair.strip_prefix("id=")?.parse().ok()).collect();
    match ids {
        None => Answer::text(400, "ask for /report?id=…, with the id of an experiment"),
        Some(ids) if ids.len() > MOST_IDS => Answer::text(400, &format!("a report shows at most {MOST_IDS} experiments")),
        Some(ids) => match Report::of(folder, &ids, TOOL) {
            Ok(report) => Answer { status: 200, kind: HTML, body: report.html().into_bytes() },
            Err(error) => Answer::text(404, &error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(host: &str, path: &str, query: &str) -> Asked {
        Asked { method: "GET".into(), host: Some(host.into()), path: path.into(), query: query.into() }
    }

    fn status(asked: &Asked) -> u16 {
        answer(&ResultsFolder::new("no/such/folder".into()), 7464, asked).status
    }

    #[test]
    fn only_names_of_this_machine_with_the_right_port_are_answered_to() {
        for host in ["127.0.0.1:7464", "localhost:7464", "[::1]:7464"] {
            assert_eq!(status(&asked(host, "/", "")), 200, "{host}");
        }
        for host in ["evil.example", "evil.example:7464", "127.0.0.1:80", "127.0.0.1", "127.0.0.1.evil.example:7464", "localhost:74640"] {
            assert_eq!(status(&asked(host, "/api/experiments", "")), 403, "{host}");
        }
        assert_eq!(status(&Asked { host: None, ..asked("", "/", "") }), 403);
    }

    #[test]
    fn nothing_but_reading_and_nothing_outside_the_folder() {
        let here = |path, query| status(&asked("localhost:7464", path, query));
        assert_eq!(status(&Asked { method: "POST".into(), ..asked("localhost:7464", "/", "") }), 405);
        assert_eq!((here("/api/experiments", ""), here("/favicon.ico", "")), (200, 204));
        for path in ["/../etc/passwd", "/results/x/config.yaml", "/%2e%2e/etc/passwd", "//etc/passwd"] {
            assert_eq!(here(path, ""), 404, "{path}");
        }
        for query in ["", "id=", "id=../../etc", "id=%2e%2e", "id=.hidden", "id=a/b", "x=1", "id=a&x=1"] {
            assert_eq!(here("/report", query), 400, "{query}");
        }
        assert_eq!(here("/report", "id=missing"), 404);
        assert_eq!(here("/report", &vec!["id=a"; MOST_IDS + 1].join("&")), 400);
    }
}

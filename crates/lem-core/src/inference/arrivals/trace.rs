//! A recorded load, line by line: the form of Mooncake's traces, <https://github.com/kvcache-ai/Mooncake>.

use lem_domain::protocol::{Fault, SeamError};
use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a recorded load cannot be repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line is no request.
    #[error("line {line} of `{}` is no request of a recorded load", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A line goes back in time.
    #[error("line {line} of `{}` comes before the one above it", path.display())]
    Backwards {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// There are fewer requests than are to be run.
    #[error("`{}` holds {found} requests, and {asked} are to be run", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Requests in it.
        found: usize,
        /// Requests asked for.
        asked: usize,
    },
}

impl From<TraceError> for SeamError {
    fn from(error: TraceError) -> Self {
        let what = error.to_string();
        match error {
            TraceError::Read { source, .. } => Self::new(Fault::Usage, what).because(source).with_hint("check `traffic.trace`"),
            TraceError::Line { source, .. } => Self::new(Fault::Usage, what)
                .because(source)
                .with_hint("write each as `{\"timestamp\": milliseconds, \"input_length\": tokens, \"output_length\": tokens}`"),
            TraceError::Backwards { .. } => Self::new(Fault::Usage, what).with_hint("sort its lines by their timestamps"),
            TraceError::Short { found, .. } => {
                Self::new(Fault::Usage, what).with_hint(format!("set `prompts.sample_size` to at most {found}"))
            }
        }
    }
}

/// One request of a recorded load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    /// When it came, after the first.
    pub(super) at: Duration,
    /// Tokens of its output, where they are known.
    pub(super) output: Option<u32>,
}

#[derive(Deserialize)]
struct Line {
    /// Milliseconds.
    timestamp: f64,
    #[serde(default)]
    output_length: Option<u32>,
}

/// The first `count` requests of a file.
pub(super) fn read(path: &Path, count: usize) -> Result<Vec<Recorded>, TraceError> {
    let unreadable = |source| TraceError::Read { path: path.to_owned(), source };
    let lines = BufReader::new(File::open(path).map_err(unreadable)?).lines();
    let mut requests = Vec::with_capacity(count);
    let (mut first, mut last) = (None, f64::NEG_INFINITY);
    for (index, text) in lines.enumerate() {
        let text = text.map_err(unreadable)?;
        if requests.len() == count || text.trim().is_empty() {
            continue;
        }
        let line = index + 1;
        let recorded: Line = serde_json::from_str(&text).map_err(|source| TraceError::Line { path: path.to_owned(), line, source })?;
        if recorded.timestamp < last {
            return Err(TraceError::Backwards { path: path.to_owned(), line });
        }
        last = recorded.timestamp;
        let since = recorded.timestamp - *first.get_or_insert(recorded.timestamp);
        let at = Duration::try_from_secs_f64(since / 1e3).unwrap_or(Duration::from_secs(u32::MAX.into()));
        requests.push(Recorded { at, output: recorded.output_length });
    }
    if requests.len() < count {
        return Err(TraceError::Short { path: path.to_owned(), found: requests.len(), asked: count });
    }
    Ok(requests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_text(text: &str, count: usize) -> Result<Vec<Recorded>, TraceError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read(file.path(), count)
    }

    #[test]
    fn instants_count_from_the_first_request() {
        let text =
            "{\"timestamp\": 1000, \"input_length\": 6758, \"output_length\": 500, \"hash_ids\": [0, 1]}\n\n{\"timestamp\": 4000.5}\n{}\n";
        let expected = [(0, Some(500)), (3_000_500, None)].map(|(micros, output)| Recorded { at: Duration::from_micros(micros), output });
        assert_eq!(read_text(text, 2).unwrap(), expected);
        assert!(matches!(read_text(text, 3), Err(TraceError::Line { line: 4, .. })));
        assert!(matches!(read_text("{\"timestamp\": 0}", 2), Err(TraceError::Short { found: 1, asked: 2, .. })));
        assert!(matches!(read_text("{\"timestamp\": 5}\n{\"timestamp\": 4}", 2), Err(TraceError::Backwards { line: 2, .. })));
        assert!(matches!(read(Path::new("/no/such/file"), 1), Err(TraceError::Read { .. })));
    }
}

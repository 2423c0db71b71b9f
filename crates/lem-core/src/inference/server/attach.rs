//! A server that runs already.

use super::ServerError;
use lem_domain::protocol::{HostFacts, SeamError, ServerEndpoint, ServerHost, ServerLauncher};
use lem_domain::record::ServerOrigin;
use lem_domain::spec::{ExperimentSpec, Launch};

/// Takes a server as it runs: nothing is started, and nothing is stopped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attach;

#[derive(Debug)]
struct Attached {
    endpoint: ServerEndpoint,
    facts: HostFacts,
}

impl ServerLauncher for Attach {
    /// The server that the spec attaches to; whether it answers shows when the first question is asked.
    fn launch(&self, spec: &ExperimentSpec) -> Result<Box<dyn ServerHost>, SeamError> {
        let launch = spec.server.as_ref().map(|server| &server.launch);
        let Some(Launch::Attach { url }) = launch else {
            return Err(ServerError::NoServer { backend: spec.backend.as_str() }.into());
        };
        let endpoint = ServerEndpoint { base_url: versioned(url), served_model: None };
        let facts = HostFacts {
            origin: ServerOrigin::Attached,
            command: Vec::new(),
            start: None,
            version: None,
            device: None,
            reported: Vec::new(),
        };
        Ok(Box::new(Attached { endpoint, facts }))
    }
}

/// An address up to the version: `/v1` is what all of them have, and easily left out.
fn versioned(url: &str) -> String {
    let trimmed = url.trim_end_matches('/');
    let has_path = trimmed.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if has_path { trimmed.to_owned() } else { format!("{trimmed}/v1") }
}

impl ServerHost for Attached {
    fn endpoint(&self) -> &ServerEndpoint {
        &self.endpoint
    }

    fn facts(&self) -> &HostFacts {
        &self.facts
    }

    fn check_alive(&mut self) -> Result<(), SeamError> {
        Ok(())
    }

    fn stop(&mut self) -> Result<(), SeamError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_may_be_left_out() {
        assert_eq!(versioned("http://127.0.0.1:8000"), "http://127.0.0.1:8000/v1");
        assert_eq!(versioned("http://127.0.0.1:8000/"), "http://127.0.0.1:8000/v1");
        assert_eq!(versioned("http://127.0.0.1:8000/v1/"), "http://127.0.0.1:8000/v1");
        assert_eq!(versioned("https://a.b/api/v3"), "https://a.b/api/v3");
    }
}

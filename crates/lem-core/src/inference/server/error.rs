//! What can go wrong with a server as a whole. What goes wrong with one request is an outcome of that request.

use crate::inference::arrivals::TraceError;
use crate::tokenizer::TokenizerError;
use lem_domain::protocol::{BoxError, Fault, SeamError};
use lem_domain::spec::Endpoint;

/// A failure before or beside the requests.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// An address is none, or holds what does not belong there.
    #[error("`{shown}` is not an address of a server: {problem}")]
    Address {
        /// The address, without a user.
        shown: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The name of a host leads nowhere.
    #[error("cannot find `{host}`")]
    Host {
        /// The name.
        host: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The variable that is to hold a key is not there.
    #[error("the environment variable {variable}, which is to hold the server's key, is not set")]
    NoKey {
        /// Its name.
        variable: String,
    },
    /// A key holds what cannot stand in a request.
    #[error("the environment variable {variable} holds no key that can be sent")]
    KeyUnfit {
        /// Its name.
        variable: String,
    },
    /// Nothing that runs requests can be had from the system.
    #[error("cannot make ready to send requests")]
    Runtime(#[source] std::io::Error),
    /// The server does not answer.
    #[error("the server at {address} does not answer")]
    Silent {
        /// Its address.
        address: String,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// It serves several models and not the one that was named.
    #[error("the server does not serve `{asked}`")]
    NoSuchModel {
        /// As asked.
        asked: String,
        /// What it serves.
        served: Vec<String>,
    },
    /// The backend is none that is spoken to so.
    #[error("`backend: {backend}` is no server")]
    NoServer {
        /// Its name.
        backend: &'static str,
    },
    /// A setting of the server was written for something that has another type.
    #[error("`{path}` cannot be sent: {problem}")]
    Setting {
        /// Dotted path.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A prompt cannot be tokenised.
    #[error("the model's tokenizer failed")]
    Tokenizer(#[from] TokenizerError),
    /// The recorded load that is to be repeated cannot be.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A prompt is empty, so there is nothing to continue.
    #[error("prompt `{prompt}` is empty")]
    EmptyPrompt {
        /// Its identifier.
        prompt: String,
    },
    /// Prompts of token ids have no place in a conversation.
    #[error("prompts of exactly so many tokens cannot be sent to the `{}` endpoint", endpoint.as_str())]
    TokensInChat {
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// A run was asked for that was not prepared.
    #[error("the workload was not prepared by this engine")]
    NotPrepared,
}

impl From<ServerError> for SeamError {
    fn from(error: ServerError) -> Self {
        let what = error.to_string();
        let (fault, hint) = match error {
            ServerError::Tokenizer(source) => return source.into(),
            ServerError::Trace(source) => return source.into(),
            ServerError::Host { source, .. } => {
                return Self::new(Fault::Preflight, what).because(source).with_hint("check the name in the address");
            }
            ServerError::Runtime(source) => return Self::new(Fault::Preflight, what).because(source),
            ServerError::Silent { source, .. } => {
                return Self::new(Fault::Preflight, what).because(source).with_hint("check that it runs, and its address and key");
            }
            ServerError::Address { .. } => (Fault::Usage, "write it as `http://127.0.0.1:8000/v1`".to_owned()),
            ServerError::NoKey { variable } => (Fault::Usage, format!("set {variable}, or leave `openai.api_key_env` out")),
            ServerError::KeyUnfit { variable } => (Fault::Usage, format!("check {variable} for line ends and characters beyond ASCII")),
            ServerError::NoSuchModel { served, .. } => (Fault::Usage, format!("it serves {}", served.join(", "))),
            ServerError::NoServer { .. } => (Fault::Usage, "name a backend that is one".to_owned()),
            ServerError::Setting { path, .. } => (Fault::Usage, format!("check the value of `{path}`")),
            ServerError::EmptyPrompt { .. } => (Fault::Usage, "remove the prompt, or give it some text".to_owned()),
            ServerError::TokensInChat { .. } => (Fault::Usage, "use `endpoint: completions`".to_owned()),
            ServerError::NotPrepared => return Self::new(Fault::Run, what),
        };
        Self::new(fault, what).with_hint(hint)
    }
}

//! What can go wrong with a chat template.

use crate::tokenizer::TokenizerError;
use lem_domain::protocol::{BoxError, Fault, SeamError};
use std::io;
use std::path::PathBuf;

/// Why there is no text for a prompt.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The model came without one.
    #[error("the model has no chat template")]
    None,
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A `tokenizer_config.json` is damaged.
    #[error("`{}` is damaged", path.display())]
    DamagedConfig {
        /// The file.
        path: PathBuf,
        /// What its reader says.
        #[source]
        source: BoxError,
    },
    /// The metadata of a GGUF file are damaged.
    #[error("the chat template of the model cannot be read")]
    Gguf(#[source] TokenizerError),
    /// It is no Jinja.
    #[error("the chat template ({template}) is not one that can be run")]
    NotATemplate {
        /// Where it came from.
        template: String,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
    /// It says itself that it is not made for such a prompt.
    #[error("the chat template ({template}) refuses the prompt: {message}")]
    Refused {
        /// Where it came from.
        template: String,
        /// In its own words.
        message: String,
    },
    /// It used up its budget.
    #[error("the chat template ({template}) takes too long")]
    Endless {
        /// Where it came from.
        template: String,
    },
    /// It failed.
    #[error("the chat template ({template}) failed")]
    Failed {
        /// Where it came from.
        template: String,
        /// Why.
        #[source]
        source: BoxError,
    },
}

/// The way that needs no template.
const WITHOUT: &str = "use `prompts.chat_template: none`, or name a file with another one";

impl TemplateError {
    pub(super) fn of_render(template: &str, error: minijinja::Error) -> Self {
        let template = template.to_owned();
        if let Some(message) = super::python::refusal(&error) {
            return Self::Refused { template, message };
        }
        match error.kind() {
            minijinja::ErrorKind::OutOfFuel => Self::Endless { template },
            _ => Self::Failed { template, source: error.into() },
        }
    }

    fn fault(&self) -> Fault {
        match self {
            Self::Unreadable { source, .. } if source.kind() != io::ErrorKind::NotFound => Fault::Preflight,
            Self::None
            | Self::Unreadable { .. }
            | Self::NotATemplate { .. }
            | Self::Refused { .. }
            | Self::Endless { .. }
            | Self::Failed { .. } => Fault::Usage,
            Self::DamagedConfig { .. } | Self::Gguf(_) => Fault::Preflight,
        }
    }
}

impl From<TemplateError> for SeamError {
    fn from(error: TemplateError) -> Self {
        let seam = Self::new(error.fault(), error.to_string()).with_hint(WITHOUT);
        match error {
            TemplateError::Unreadable { source, .. } => seam.because(source),
            TemplateError::DamagedConfig { source, .. }
            | TemplateError::NotATemplate { source, .. }
            | TemplateError::Failed { source, .. } => seam.because(source),
            TemplateError::Gguf(source) => seam.because(source),
            TemplateError::None | TemplateError::Refused { .. } | TemplateError::Endless { .. } => seam,
        }
    }
}

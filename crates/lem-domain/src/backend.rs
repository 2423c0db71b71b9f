//! What each backend does with each setting: the one table by which configurations are validated, command lines and
//! request bodies of servers are built, and the references are printed.
//!
//! A setting is never accepted without effect: a field that a backend does not support and that differs from its
//! default is an error (or, with `--force`, a recorded finding).

mod support;
mod table;

pub use support::{Field, FieldSupport, Handover};
pub use table::{FIELDS, field};

use std::fmt;

/// What runs the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// In process, on candle.
    Candle,
    /// The server of Hugging Face transformers.
    Pytorch,
    /// vLLM's server.
    Vllm,
    /// TensorRT-LLM's server.
    Tensorrt,
    /// llama.cpp's server.
    Llamacpp,
    /// SGLang's server.
    Sglang,
    /// A server that runs already and speaks OpenAI's protocol.
    Openai,
    /// The simulated engine with known physics.
    Virtual,
}

impl Backend {
    /// Every backend, in the order of the table's columns.
    pub const ALL: &'static [Self] =
        &[Self::Candle, Self::Pytorch, Self::Vllm, Self::Tensorrt, Self::Llamacpp, Self::Sglang, Self::Openai, Self::Virtual];

    /// The name in configurations and records, which is also the name of the section with its own settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Candle => "candle",
            Self::Pytorch => "pytorch",
            Self::Vllm => "vllm",
            Self::Tensorrt => "tensorrt",
            Self::Llamacpp => "llamacpp",
            Self::Sglang => "sglang",
            Self::Openai => "openai",
            Self::Virtual => "virtual",
        }
    }

    /// The backend of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|backend| backend.as_str() == name)
    }

    /// Whether the model runs in another process, which speaks HTTP.
    #[must_use]
    pub const fn is_server(self) -> bool {
        !matches!(self, Self::Candle | Self::Virtual)
    }

    /// What this backend does with the field at a dotted configuration path; `None` for a path that no backend knows.
    #[must_use]
    pub fn support(self, path: &str) -> Option<FieldSupport> {
        field(path).map(|field| field.support(self))
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn columns_stand_in_the_order_of_the_backends() {
        for (column, &backend) in Backend::ALL.iter().enumerate() {
            assert_eq!(backend as usize, column, "{backend}");
            assert_eq!(Backend::named(backend.as_str()), Some(backend));
        }
        assert_eq!(Backend::named("no such backend"), None);
    }

    #[test]
    fn every_path_has_one_row() {
        let paths: BTreeSet<_> = FIELDS.iter().map(|field| field.path).collect();
        assert_eq!(paths.len(), FIELDS.len());
        assert_eq!(Backend::Candle.support("no.such.field"), None);
    }

    #[test]
    fn a_section_of_a_backend_means_nothing_to_another() {
        for backend in Backend::ALL {
            let own = FIELDS.iter().filter(|field| field.path.split_once('.').is_some_and(|(section, _)| section == backend.as_str()));
            for field in own {
                for other in Backend::ALL.iter().filter(|other| *other != backend) {
                    assert!(matches!(field.support(*other), FieldSupport::Unsupported(_)), "{} on {other}", field.path);
                }
            }
        }
    }

    #[test]
    fn only_servers_are_handed_anything() {
        for field in FIELDS.iter() {
            for backend in Backend::ALL.iter().filter(|backend| !backend.is_server()) {
                assert!(!matches!(field.support(*backend), FieldSupport::Translated(_)), "{} on {backend}", field.path);
            }
            // A server that runs already has no command line, no file and no environment to put anything into.
            if let FieldSupport::Translated(handover) = field.support(Backend::Openai) {
                assert!(matches!(handover, Handover::Request(_) | Handover::Requests), "{}", field.path);
            }
        }
    }
}

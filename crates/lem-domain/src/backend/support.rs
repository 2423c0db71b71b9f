//! What a backend does with a setting, and how a server is told of it.

use super::Backend;

/// What a backend does with a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldSupport {
    /// It takes effect here, whatever runs the model, or in the engine within this process.
    Applied,
    /// A server is told of it, so.
    Translated(Handover),
    /// It has no effect here, for this reason.
    Unsupported(&'static str),
}

/// How a server is told of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Handover {
    /// This flag of its command line, with the value behind it.
    Flag(&'static str),
    /// A flag without a value: one that says yes, and one that says no; `None` where leaving the other out says it.
    Switch {
        /// Given when the setting is true.
        on: Option<&'static str>,
        /// Given when it is false.
        off: Option<&'static str>,
    },
    /// This flag with this value when the setting is true, and nothing when it is false.
    FlagWhen(&'static str, &'static str),
    /// The argument that names the model.
    Model,
    /// A key of a JSON object behind a flag of its command line.
    FlagJson(&'static str, &'static str),
    /// A dotted key of its configuration file.
    File(&'static str),
    /// This variable of its environment.
    Variable(&'static str),
    /// This key of every request.
    Request(&'static str),
    /// A key of a JSON text that is itself a value of every request.
    RequestJson(&'static str, &'static str),
    /// A table whose keys are flags of its command line.
    Flags,
    /// A table whose keys are keys of its configuration file, below this one; at its top where it is empty.
    FileBelow(&'static str),
    /// A table whose keys are variables of its environment.
    Variables,
    /// A table whose keys are keys of every request.
    Requests,
    /// As another way, in other words: each with the word in the configuration first.
    Spelled(&'static Handover, &'static [(&'static str, &'static str)]),
    /// Differently for each word of another setting, which is named first.
    By(&'static str, &'static [(&'static str, Handover)]),
}

impl Handover {
    /// Whether a server is told in requests; otherwise it is told when it starts.
    #[must_use]
    pub const fn is_in_requests(self) -> bool {
        match self {
            Self::Request(_) | Self::RequestJson(..) | Self::Requests => true,
            Self::Spelled(way, _) => way.is_in_requests(),
            _ => false,
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Dotted path in a configuration.
    pub path: &'static str,
    row: Row,
}

#[derive(Clone, Copy, Debug)]
enum Row {
    /// The same with every backend.
    Every(FieldSupport),
    /// A setting of one backend's own section.
    Own(Backend, FieldSupport),
    /// By backend, in the order of [`Backend::ALL`].
    Each(&'static [FieldSupport; 8]),
}

impl Field {
    pub(super) const fn every(path: &'static str, support: FieldSupport) -> Self {
        Self { path, row: Row::Every(support) }
    }

    pub(super) const fn own(path: &'static str, backend: Backend, support: FieldSupport) -> Self {
        Self { path, row: Row::Own(backend, support) }
    }

    pub(super) const fn each(path: &'static str, columns: &'static [FieldSupport; 8]) -> Self {
        Self { path, row: Row::Each(columns) }
    }

    /// What a backend does with it.
    #[must_use]
    pub const fn support(&self, backend: Backend) -> FieldSupport {
        match self.row {
            Row::Every(support) => support,
            Row::Own(owner, support) if owner as usize == backend as usize => support,
            Row::Own(owner, _) => FieldSupport::Unsupported(of_another(owner)),
            Row::Each(columns) => columns[backend as usize],
        }
    }
}

/// Why a setting of a backend's own section has no effect with another.
const fn of_another(owner: Backend) -> &'static str {
    match owner {
        Backend::Candle => "it is a setting of `backend: candle`",
        Backend::Pytorch => "it is a setting of `backend: pytorch`",
        Backend::Vllm => "it is a setting of `backend: vllm`",
        Backend::Tensorrt => "it is a setting of `backend: tensorrt`",
        Backend::Llamacpp => "it is a setting of `backend: llamacpp`",
        Backend::Sglang => "it is a setting of `backend: sglang`",
        Backend::Openai => "it is a setting of `backend: openai`",
        Backend::Virtual => "it describes the simulated machine of `backend: virtual`",
    }
}

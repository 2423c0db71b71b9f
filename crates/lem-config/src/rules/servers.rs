//! Rules between settings of servers.

use crate::sections::{Server, Settings};
use crate::stack::Stack;
use crate::value::{Choice, LauncherKind};
use crate::violation::{RuleCode, Violation};
use lem_domain::backend::Backend;

impl Settings {
    /// The server that the backend starts, with the name of its section; `None` for a backend that starts none.
    pub(crate) fn server(&self) -> Option<(&'static str, &Server)> {
        match self.backend.0 {
            Backend::Pytorch => Some(("pytorch.server", &self.pytorch.server)),
            Backend::Vllm => Some(("vllm.server", &self.vllm.server)),
            Backend::Tensorrt => Some(("tensorrt.server", &self.tensorrt.server)),
            Backend::Llamacpp => Some(("llamacpp.server", &self.llamacpp.server)),
            Backend::Sglang => Some(("sglang.server", &self.sglang.server)),
            Backend::Candle | Backend::Openai | Backend::Virtual => None,
        }
    }
}

pub(super) fn address(stack: &Stack, settings: &Settings) -> Option<Violation> {
    if settings.backend.0 == Backend::Openai && settings.openai.base_url.is_none() {
        return Some(stack.violation(
            RuleCode::AddressMissing,
            "backend",
            "`openai` needs `openai.base_url`",
            "give the address of the server there, such as `http://127.0.0.1:8000/v1`",
        ));
    }
    let (section, server) = settings.server()?;
    (server.launcher.0 == LauncherKind::Attach && server.url.is_none()).then(|| {
        let message = format!("`attach` needs `{section}.url`");
        let hint = "give the address of the server there, such as `http://127.0.0.1:8000`";
        stack.violation(RuleCode::AddressMissing, &format!("{section}.launcher"), message, hint)
    })
}

/// A place that the launcher does not look at.
pub(super) fn launcher(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let (section, server) = settings.server()?;
    let launcher = server.launcher.0;
    let places = [
        (server.command.is_some(), "command", LauncherKind::Process),
        (server.image.is_some(), "image", LauncherKind::Docker),
        (server.url.is_some(), "url", LauncherKind::Attach),
    ];
    let (_, name, kind) = places.into_iter().find(|(is_set, _, kind)| *is_set && *kind != launcher)?;
    let message = format!("it is not used: `{section}.launcher` is `{}`", server.launcher.name());
    let hint = format!("set `{section}.launcher: {}`, or leave it out", Choice(kind).name());
    Some(stack.violation(RuleCode::PlaceOfOtherLauncher, &format!("{section}.{name}"), message, hint))
}

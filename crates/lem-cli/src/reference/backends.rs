//! `docs/backend-support.md`.

use super::{GENERATED, cell};
use lem_config::{Setting, settings};
use lem_domain::backend::{Backend, FieldSupport, Handover};

const OPENING: &str = "\
# What each backend does with each setting

This is the table that configurations are checked by and servers are started by.

- **yes**: it takes effect, in the engine within this process or in `lem` itself.
- a flag, key or variable: the server is told of it so.
- **no**: it has no effect, and setting it is an error that says why (below each table), unless `--force` lets it through as a finding.

Settings of one backend's own section have no effect with another one.
";

pub(super) fn page() -> String {
    let mut page = format!("{GENERATED}\n\n{OPENING}");
    let own = |setting: &&Setting| owner(setting).is_some();
    common(&mut page, &settings().iter().filter(|setting| !own(setting)).collect::<Vec<_>>());
    for &backend in Backend::ALL {
        let settings: Vec<_> = settings().iter().filter(|setting| owner(setting) == Some(backend)).collect();
        if settings.is_empty() {
            continue;
        }
        page.push_str(&format!("\n## `{backend}`\n\n| setting | |\n|---|---|\n"));
        for setting in settings {
            page.push_str(&format!("| `{}` | {} |\n", setting.path, cell(&told(setting.field.support(backend)))));
        }
    }
    page
}

/// The backend in whose own section a setting stands.
fn owner(setting: &Setting) -> Option<Backend> {
    Backend::named(setting.path.split_once('.')?.0)
}

/// Settings that are no backend's own, with a column for each backend.
fn common(page: &mut String, settings: &[&Setting]) {
    page.push_str("\n## Of all backends\n\n| setting |");
    Backend::ALL.iter().for_each(|backend| page.push_str(&format!(" {backend} |")));
    page.push_str("\n|---|");
    Backend::ALL.iter().for_each(|_| page.push_str("---|"));
    page.push('\n');
    let mut reasons: Vec<&'static str> = Vec::new();
    for setting in settings {
        page.push_str(&format!("| `{}` |", setting.path));
        for &backend in Backend::ALL {
            let text = match setting.field.support(backend) {
                FieldSupport::Unsupported(reason) => {
                    let number = reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
                        reasons.push(reason);
                        reasons.len() - 1
                    });
                    format!("no ({})", number + 1)
                }
                support => told(support),
            };
            page.push_str(&format!(" {} |", cell(&text)));
        }
        page.push('\n');
    }
    page.push_str("\nWhy not:\n\n");
    for (number, reason) in reasons.iter().enumerate() {
        page.push_str(&format!("{}. {reason}\n", number + 1));
    }
}

fn told(support: FieldSupport) -> String {
    match support {
        FieldSupport::Applied => "yes".to_owned(),
        FieldSupport::Translated(handover) => way(&handover),
        FieldSupport::Unsupported(reason) => format!("no: {reason}"),
    }
}

/// How a server is told.
fn way(handover: &Handover) -> String {
    match handover {
        Handover::Flag(flag) => format!("`{flag}`"),
        Handover::Switch { on, off } => {
            let switches: Vec<_> = [on, off].into_iter().flatten().map(|flag| format!("`{flag}`")).collect();
            switches.join(" or ")
        }
        Handover::FlagWhen(flag, value) => format!("`{flag} {value}`"),
        Handover::Model => "the model's argument".to_owned(),
        Handover::FlagJson(flag, key) => format!("`{key}` in `{flag}`"),
        Handover::File(key) => format!("`{key}` in its file"),
        Handover::Variable(name) => format!("variable `{name}`"),
        Handover::Request(key) => format!("`{key}` of requests"),
        Handover::RequestJson(outer, key) => format!("`{key}` in `{outer}` of requests"),
        Handover::Flags => "flags by name".to_owned(),
        Handover::FileBelow("") => "keys of its file by name".to_owned(),
        Handover::FileBelow(key) => format!("keys below `{key}` in its file"),
        Handover::Variables => "variables by name".to_owned(),
        Handover::Requests => "keys of requests by name".to_owned(),
        Handover::Spelled(inner, words) => {
            let words: Vec<_> = words.iter().map(|(ours, theirs)| format!("{ours} as {theirs}")).collect();
            format!("{} ({})", way(inner), words.join(", "))
        }
        Handover::By(setting, ways) => {
            let ways: Vec<_> = ways.iter().map(|(word, inner)| format!("{} with `{setting}: {word}`", way(inner))).collect();
            ways.join("; ")
        }
    }
}

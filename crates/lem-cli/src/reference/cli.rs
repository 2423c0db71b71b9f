//! `docs/cli.md`.

use super::GENERATED;
use crate::args::Arguments;
use clap::{Command, CommandFactory};

/// Columns of the help texts.
const WIDTH: usize = 100;

const OPENING: &str = "\
# The command line

What `lem --help` and the help of every command say.
`lem completions SHELL` prints what a shell needs to complete them.
";

pub(super) fn page() -> String {
    let mut page = format!("{GENERATED}\n\n{OPENING}");
    let mut root = Arguments::command().term_width(WIDTH);
    root.build();
    describe(&mut page, &root, "");
    page
}

fn describe(page: &mut String, command: &Command, above: &str) {
    let name = if above.is_empty() { command.get_name().to_owned() } else { format!("{above} {}", command.get_name()) };
    let help = command.clone().term_width(WIDTH).render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!("\n## `{name}`\n\n```text\n{}\n```\n", help.join("\n").trim_end()));
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        describe(page, inner, &name);
    }
}

//! `lem man`.

use crate::args::Arguments;
use crate::exit::Exit;
use crate::render::out;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use lem_domain::protocol::{Fault, SeamError};

/// Prints the page of a command, named by the words behind `lem`, from the same declaration that arguments are read by.
pub(crate) fn man(words: &[String]) -> anyhow::Result<Exit> {
    let mut root = Arguments::command();
    root.build();
    let mut command: &Command = &root;
    for word in words {
        let inner = command.find_subcommand(word).filter(|inner| inner.get_name() != "help");
        command = inner.ok_or_else(|| {
            let known: Vec<_> = command.get_subcommands().filter(|inner| is_shown(inner)).map(Command::get_name).collect();
            let hint = if known.is_empty() { "it has no commands below it".to_owned() } else { format!("one of {}", known.join(", ")) };
            SeamError::new(Fault::Usage, format!("`{}` has no command `{word}`", command.get_name())).with_hint(hint)
        })?;
    }
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    out::text(String::from_utf8_lossy(&page))?;
    Ok(Exit::Ok)
}

fn is_shown(command: &Command) -> bool {
    command.get_name() != "help" && !command.is_hide_set()
}

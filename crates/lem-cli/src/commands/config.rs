//! `lem config`: check, show and write configurations.

pub(crate) mod grid;
mod new;
mod validate;

use crate::args::{ConfigArgs, ConfigCommand};
use crate::commands::Voice;
use crate::exit::Exit;
use crate::overlay;
use crate::render::{self, out};

/// Checks or shows a configuration.
pub(crate) fn config(command: &ConfigCommand, voice: Voice) -> anyhow::Result<Exit> {
    match command {
        ConfigCommand::Validate { config, json } => validate::validate(config, *json),
        ConfigCommand::Show { config, origin, json } => show(config, *origin, *json),
        ConfigCommand::New(args) => new::new(args),
        ConfigCommand::GenerateGrid(args) => grid::generate(args, voice),
        ConfigCommand::Schema => {
            out::json(&lem_config::schema())?;
            Ok(Exit::Ok)
        }
    }
}

fn show(args: &ConfigArgs, origin: bool, json: bool) -> anyhow::Result<Exit> {
    let resolved = lem_config::resolve(&overlay::request(args)?)?;
    match (json, origin) {
        (true, true) => out::json(&resolved.provenance_json())?,
        (true, false) => out::json(&resolved.document())?,
        (false, true) => render::list::origins(&resolved)?,
        (false, false) => out::text(resolved.to_yaml()?)?,
    }
    Ok(Exit::Ok)
}

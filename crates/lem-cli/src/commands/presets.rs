//! `lem presets`.

use crate::exit::Exit;
use crate::render::{self, out};
use lem_config::{Preset, presets};
use lem_domain::protocol::{Fault, SeamError};
use serde_json::{Map, Value, json};

/// Lists the presets, or shows what one sets.
pub(crate) fn show(name: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    let all = presets();
    let Some(name) = name else {
        if json {
            out::json(&all.iter().map(document).collect::<Vec<_>>())?;
        } else {
            render::presets::list(all)?;
        }
        return Ok(Exit::Ok);
    };
    let Some(preset) = all.iter().find(|preset| preset.name == name) else {
        let names: Vec<_> = all.iter().map(|preset| preset.name).collect();
        return Err(SeamError::new(Fault::Usage, format!("unknown preset `{name}`"))
            .with_hint(format!("one of {}", names.join(", ")))
            .into());
    };
    if json {
        out::json(&document(preset))?;
    } else {
        render::presets::one(preset)?;
    }
    Ok(Exit::Ok)
}

fn document(preset: &Preset) -> Value {
    let settings: Map<String, Value> = preset.settings.iter().map(|(path, value)| ((*path).to_owned(), (*value).into())).collect();
    json!({ "name": preset.name, "description": preset.description, "settings": settings })
}

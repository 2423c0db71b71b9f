//! `docs/presets.md`.

use super::{GENERATED, cell};
use lem_config::presets;
use serde_json::Value;

const OPENING: &str = "\
# Presets

`--preset NAME` puts these settings below the configuration file and the flags, which win.
No preset names a model.
`lem presets` lists them, `lem presets NAME` shows one.
";

pub(super) fn page() -> String {
    let mut page = format!("{GENERATED}\n\n{OPENING}");
    for preset in presets() {
        page.push_str(&format!("\n## `{}`\n\n{}\n\n| setting | value |\n|---|---|\n", preset.name, preset.description));
        for (path, value) in preset.settings {
            let value = Value::from(*value);
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            page.push_str(&format!("| `{path}` | `{}` |\n", cell(&value)));
        }
    }
    page
}

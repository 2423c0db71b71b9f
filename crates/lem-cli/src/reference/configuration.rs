//! `docs/configuration.md`.

use super::{GENERATED, cell};
use lem_config::{RuleCode, Setting, sections, settings};
use serde_json::Value;

const OPENING: &str = "\
# Configuration

An experiment is described by a file in YAML, JSON or TOML, by flags, or by both; everything has a built-in value but the model.
Layers lie on top of each other, and each value remembers where it came from (`lem config show --origin`):

1. what is built in, shown here;
2. the user file, `lem/config.toml` in the folder for configurations (`~/.config`, or `XDG_CONFIG_HOME`);
3. the environment, and a `.env` file in the working folder;
4. a preset (`--preset`, [presets.md](presets.md));
5. the configuration file, above those that it names as `_extends`;
6. flags, `--set PATH=VALUE` among them.

A key that does not exist is an error that suggests the nearest one, and a setting without effect on the chosen backend is an error too ([backend-support.md](backend-support.md)), unless `--force` lets it through as a finding.
The schema for editors is [schemas/experiment.json](../schemas/experiment.json), or `lem config schema`.
";

pub(super) fn page() -> String {
    let mut page = format!("{GENERATED}\n\n{OPENING}\n## At the top\n");
    table(&mut page, "");
    for section in sections() {
        page.push_str(&format!("\n## `{}`\n\n{}\n", section.path, section.documentation));
        table(&mut page, section.path);
    }
    page.push_str(RULES);
    for code in RuleCode::ALL {
        page.push_str(&format!("| {code} | {} |\n", cell(code.meaning())));
    }
    page
}

const RULES: &str = "
## What is refused

Every mistake is told at once, with its code, the place of the value and what to write instead.
What is marked as advice runs; it is a finding of the result, and one that is a warning asks first (`--yes` accepts).

| code | about |
|---|---|
";

fn table(page: &mut String, section: &str) {
    let mut inner = settings().iter().filter(|setting| setting.section == section).peekable();
    if inner.peek().is_none() {
        return;
    }
    page.push_str("\n| setting | what can be written | built in | what it is |\n|---|---|---|---|\n");
    for setting in inner {
        page.push_str(&row(setting));
    }
}

fn row(setting: &Setting) -> String {
    let name = setting.path.rsplit('.').next().unwrap_or(setting.path);
    let built_in = match &setting.built_in {
        Value::Null => String::new(),
        value => format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    };
    let form = setting.form.to_string();
    format!("| `{name}` | {} | {} | {} |\n", cell(&form), cell(&built_in), cell(&setting.documentation))
}

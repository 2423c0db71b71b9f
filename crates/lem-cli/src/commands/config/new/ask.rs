//! What no flag says, asked on a terminal.

use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, Select};
use lem_config::{Override, Request, presets};
use lem_domain::backend::Backend;
use serde_json::{Value, json};

/// Asks for model, backend, preset, number of prompts and length of output where nothing was said of them.
pub(super) fn the_rest(wishes: &mut Request) -> dialoguer::Result<()> {
    let theme = ColorfulTheme::default();
    let is_open = |wishes: &Request, path: &str| wishes.overrides.iter().all(|given| given.path != path);
    let answer = |wishes: &mut Request, path: &str, value: Value| {
        wishes.overrides.push(Override { path: path.to_owned(), value, flag: "an answer".to_owned() });
    };
    if is_open(wishes, "model_name") {
        let asked = Input::<String>::with_theme(&theme).with_prompt("Model (a .gguf file, a folder, or org/name on a hub)");
        let model = asked.interact_text()?;
        answer(wishes, "model_name", json!(model));
    }
    if is_open(wishes, "backend") {
        let names: Vec<_> = Backend::ALL.iter().map(|backend| backend.as_str()).collect();
        let chosen = Select::with_theme(&theme).with_prompt("What runs it").items(&names).default(0).interact()?;
        answer(wishes, "backend", json!(names[chosen]));
    }
    if wishes.preset.is_none() {
        let mut shown = vec!["none: the built-in values".to_owned()];
        shown.extend(presets().iter().map(|preset| format!("{}: {}", preset.name, preset.description)));
        let chosen = Select::with_theme(&theme).with_prompt("Preset to start from").items(&shown).default(0).interact()?;
        wishes.preset = chosen.checked_sub(1).and_then(|number| presets().get(number)).map(|preset| preset.name.to_owned());
    }
    for (path, question) in [
        ("prompts.sample_size", "How many prompts (a number or `all`; empty keeps what the preset says)"),
        ("max_output_tokens", "Most output tokens of a request (empty keeps what the preset says)"),
    ] {
        if is_open(wishes, path) {
            let text: String = Input::with_theme(&theme).with_prompt(question).allow_empty(true).interact_text()?;
            if !text.trim().is_empty() {
                let value = text.trim().parse::<u64>().map_or_else(|_| json!(text.trim()), |number| json!(number));
                answer(wishes, path, value);
            }
        }
    }
    Ok(())
}

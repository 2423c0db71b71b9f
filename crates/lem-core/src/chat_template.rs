//! Chat templates: what a model was trained to see around a question.
//!
//! A template is a Jinja program of whoever published the model, so it runs without files, clock and network, on a bounded
//! budget. What it may call is what transformers gives it
//! (`utils/chat_template_utils.py` in <https://github.com/huggingface/transformers>).

mod error;
mod files;
mod python;

pub use error::TemplateError;

use crate::digest::hexadecimal;
use crate::model::ModelFiles;
use lem_domain::record::TemplateFacts;
use lem_domain::spec::TemplateChoice;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, context};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

/// Instructions and 64-byte pieces of text that a template may take for a prompt: the longest published ones take
/// thousands, and a prompt of a million characters some tens of thousands more.
const FUEL: u64 = 4_000_000;

/// Nesting that a template may reach.
const MAX_DEPTH: usize = 200;

/// Name under which the one template stands in its environment.
const NAME: &str = "chat template";

/// A template that is ready to be written around prompts.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    special_tokens: BTreeMap<String, String>,
    facts: TemplateFacts,
    asked_for_date: Arc<AtomicBool>,
}

/// A template and the tokens that it may write, as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateText {
    /// The template.
    pub text: String,
    /// Texts of special tokens by the names that templates use, such as `bos_token`.
    pub special_tokens: BTreeMap<String, String>,
}

impl ChatTemplate {
    /// The template that is asked for, of the model that these files hold; `None` where none is. `today` is what a
    /// template is told that asks for the date.
    ///
    /// # Errors
    /// When the model or the file holds no template, or one that is none.
    pub fn open(choice: &TemplateChoice, files: &ModelFiles, today: SystemTime) -> Result<Option<Self>, TemplateError> {
        let (source, text) = match choice {
            TemplateChoice::None => return Ok(None),
            TemplateChoice::Model => ("model".to_owned(), files::of_model(files)?),
            TemplateChoice::File(path) => (path.display().to_string(), files::in_file(path, files)?),
        };
        Self::new(source, text, today).map(Some)
    }

    /// Reads a template.
    ///
    /// # Errors
    /// When it is no Jinja.
    pub fn new(source: String, template: TemplateText, today: SystemTime) -> Result<Self, TemplateError> {
        let sha256 = hexadecimal(Sha256::new_with_prefix(&template.text));
        let asked_for_date = Arc::new(AtomicBool::new(false));
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(MAX_DEPTH);
        // As transformers sets up Jinja.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
        python::add_to(&mut environment, today, Arc::clone(&asked_for_date));
        let added = environment.add_template_owned(NAME, python::without_generation_marks(&template.text));
        added.map_err(|error| TemplateError::NotATemplate { template: source.clone(), source: error.into() })?;
        Ok(Self { environment, special_tokens: template.special_tokens, facts: TemplateFacts { source, sha256 }, asked_for_date })
    }

    /// The text that the model gets for a prompt, up to where its answer begins.
    ///
    /// # Errors
    /// When the template refuses the prompt, fails on it, or takes too long.
    pub fn render(&self, system: Option<&str>, prompt: &str) -> Result<String, TemplateError> {
        let message = |role: &str, content: &str| context! { role, content };
        let messages: Vec<Value> = system.map(|system| message("system", system)).into_iter().chain([message("user", prompt)]).collect();
        let values = context! { messages, tools => (), documents => (), add_generation_prompt => true, ..self.special_tokens.clone() };
        let template = self.environment.get_template(NAME).expect("it was added when this was made");
        template.render(values).map_err(|error| TemplateError::of_render(&self.facts.source, error))
    }

    /// What results say about it.
    #[must_use]
    pub fn facts(&self) -> &TemplateFacts {
        &self.facts
    }

    /// Whether it asked for the date in any prompt so far, so that another day's prompts differ.
    #[must_use]
    pub fn asked_for_date(&self) -> bool {
        self.asked_for_date.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;

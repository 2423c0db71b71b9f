//! From prompts to token ids, before the window opens.

use super::EngineError;
use crate::chat_template::ChatTemplate;
use crate::inference::numbers::index;
use crate::model::ModelFiles;
use crate::synthetic::SyntheticPrompts;
use crate::tokenizer::Tokenizer;
use lem_domain::clock::{Clock, HostClock};
use lem_domain::finding::{Finding, FindingCode, Severity};
use lem_domain::protocol::{PreparedRequest, Prompt, PromptContent};
use lem_domain::record::TemplateFacts;
use lem_domain::spec::ExperimentSpec;
use std::cell::OnceCell;

/// Makes requests of prompts: writes the template around them, tokenises and cuts.
pub(super) struct RequestMaker<'a> {
    tokenizer: &'a Tokenizer,
    template: Option<ChatTemplate>,
    system: Option<&'a str>,
    /// Made when the first synthetic prompt comes.
    synthetic: OnceCell<SyntheticPrompts<'a>>,
    seed: u64,
    max_input: usize,
}

impl<'a> RequestMaker<'a> {
    pub(super) fn new(tokenizer: &'a Tokenizer, files: &ModelFiles, spec: &'a ExperimentSpec) -> Result<Self, EngineError> {
        // The wall clock labels, as everywhere: a template that asks writes the day into its text.
        let template = ChatTemplate::open(&spec.prompts.template, files, HostClock.wall())?;
        let system = spec.prompts.system.as_deref();
        let max_input = index(spec.limits.max_input);
        Ok(Self { tokenizer, template, system, synthetic: OnceCell::new(), seed: spec.seed, max_input })
    }

    pub(super) fn request(&self, prompt: &Prompt) -> Result<PreparedRequest, EngineError> {
        let mut tokens = match (&prompt.content, &self.template) {
            (PromptContent::Text(text), Some(template)) => self.tokenizer.encode_rendered(&template.render(self.system, text)?)?,
            (PromptContent::Text(text), None) => self.tokenizer.encode(text)?,
            (PromptContent::Synthetic { tokens, stream }, _) => {
                self.synthetic.get_or_init(|| SyntheticPrompts::new(self.tokenizer, self.seed)).tokens(*tokens, *stream)?
            }
        };
        let length = tokens.len();
        tokens.truncate(self.max_input);
        if tokens.is_empty() {
            return Err(EngineError::EmptyPrompt { prompt: prompt.id.clone() });
        }
        let truncated_from = (length > tokens.len()).then(|| u64::try_from(length).expect("a length fits 64 bits"));
        Ok(PreparedRequest { truncated_from, ..PreparedRequest::of(&prompt.id, tokens) })
    }

    /// What results say of the template, and what a reader must know of it.
    pub(super) fn finish(self) -> (Option<TemplateFacts>, Vec<Finding>) {
        let Some(template) = self.template else { return (None, Vec::new()) };
        let dated = template.asked_for_date().then(|| {
            let message = "the chat template writes the date into every prompt: the prompts of another day are others";
            Finding::new(FindingCode::PromptsDated, Severity::Info, message)
        });
        (Some(template.facts().clone()), dated.into_iter().collect())
    }
}

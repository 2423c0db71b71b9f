//! From prompts to what is sent, before the window opens.

use super::ServerError;
use super::body::Sent;
use crate::inference::numbers::index;
use crate::synthetic::SyntheticPrompts;
use crate::tokenizer::Tokenizer;
use lem_domain::backend::Backend;
use lem_domain::protocol::{PreparedRequest, Prompt, PromptContent};
use lem_domain::spec::{Endpoint, ExperimentSpec};
use lem_domain::{Finding, FindingCode, Severity};
use std::cell::OnceCell;

/// Makes what is sent of prompts.
pub(super) struct PromptMaker<'a> {
    tokenizer: Option<&'a Tokenizer>,
    synthetic: OnceCell<SyntheticPrompts<'a>>,
    seed: u64,
    max_input: usize,
    takes_tokens: bool,
    /// Prompts whose length nobody here knows.
    uncut: u64,
    /// Synthetic prompts of about the length that was asked for.
    approximate: u64,
}

impl<'a> PromptMaker<'a> {
    pub(super) fn new(tokenizer: Option<&'a Tokenizer>, spec: &ExperimentSpec, endpoint: Endpoint) -> Self {
        let by_ids = matches!(spec.backend, Backend::Vllm | Backend::Tensorrt | Backend::Llamacpp | Backend::Sglang);
        Self {
            tokenizer,
            synthetic: OnceCell::new(),
            seed: spec.seed,
            max_input: index(spec.limits.max_input),
            takes_tokens: by_ids && endpoint == Endpoint::Completions,
            uncut: 0,
            approximate: 0,
        }
    }

    /// A text is sent as it is; one that is cut, or made of tokens, as tokens where the server takes them.
    pub(super) fn make(&mut self, prompt: &Prompt) -> Result<(PreparedRequest, Sent), ServerError> {
        let (tokens, text) = match (&prompt.content, self.tokenizer) {
            (PromptContent::Text(text), Some(tokenizer)) => (Some(tokenizer.encode(text)?), Some(text.clone())),
            (PromptContent::Text(text), None) => (None, Some(text.clone())),
            (PromptContent::Synthetic { tokens, stream }, Some(tokenizer)) => {
                let synthetic = self.synthetic.get_or_init(|| SyntheticPrompts::new(tokenizer, self.seed));
                (Some(synthetic.tokens(*tokens, *stream)?), None)
            }
            (PromptContent::Synthetic { tokens, stream }, None) => {
                self.approximate += 1;
                (None, Some(words(index(tokens.get().min(u32::try_from(self.max_input).unwrap_or(u32::MAX))), *stream)))
            }
        };
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) || tokens.as_ref().is_some_and(Vec::is_empty) {
            return Err(ServerError::EmptyPrompt { prompt: prompt.id.clone() });
        }
        let mut request = PreparedRequest::of(&prompt.id, Vec::new());
        let Some(mut tokens) = tokens else {
            self.uncut += 1;
            return Ok((request, Sent::Text(text.unwrap_or_default())));
        };
        let length = tokens.len();
        tokens.truncate(self.max_input);
        let is_cut = length > tokens.len();
        request.truncated_from = is_cut.then_some(length as u64);
        let sent = match (text, self.tokenizer) {
            (Some(text), _) if !is_cut => Sent::Text(text),
            (_, Some(tokenizer)) if !self.takes_tokens => Sent::Text(tokenizer.decode(&tokens)?),
            _ => Sent::Tokens(tokens.clone()),
        };
        request.tokens = tokens;
        Ok((request, sent))
    }

    /// What a reader must know of how prompts were made.
    pub(super) fn findings(&self, no_tokenizer: Option<&str>) -> Vec<Finding> {
        let reason = no_tokenizer.unwrap_or("there is no tokenizer");
        let hint = "name the model's file or folder in `model_name`, so that its tokenizer can be read";
        let mut findings = Vec::new();
        if self.approximate > 0 {
            let message = format!("{} synthetic prompts hold about as many words as tokens were asked for: {reason}", self.approximate);
            findings.push(Finding::new(FindingCode::PromptsApproximate, Severity::Warning, message).with_hint(hint));
        } else if self.uncut > 0 {
            let message = format!("`max_input_tokens` was not applied to {} prompts, which were sent whole: {reason}", self.uncut);
            findings.push(Finding::new(FindingCode::PromptsNotCut, Severity::Info, message).with_hint(hint));
        }
        findings
    }
}

/// So many short words, which most vocabularies have as tokens; different ones for each stream, so that no two prompts begin
/// alike.
fn words(count: usize, stream: u64) -> String {
    const WORDS: [&str; 16] =
        ["the", "and", "time", "year", "people", "way", "day", "man", "thing", "life", "hand", "part", "place", "case", "week", "point"];
    let mut state = stream.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    let next = || {
        // The generator of Knuth's MMIX: any sequence that differs from the next does.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[usize::try_from(state >> 60).expect("four bits")]
    };
    std::iter::repeat_with(next).take(count.max(1)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_many_as_asked_and_differ_by_stream() {
        assert_eq!(words(12, 3).split(' ').count(), 12);
        assert_eq!(words(12, 3), words(12, 3));
        assert_ne!(words(12, 3), words(12, 4));
    }
}

//! What an answer says: pieces of output with their tokens, how it ended, and what the server counted.

use super::sse::Events;
use super::transport::Broken;
use lem_domain::Timestamp;
use lem_domain::record::RequestFailure;
use lem_domain::token::FinishReason;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// Longest message that is kept.
const MESSAGE: usize = 300;

/// What an answer says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) pieces: Vec<Piece>,
    /// The whole output.
    pub(super) text: String,
    /// Token ids of the output, where the server gives them.
    pub(super) tokens: Vec<u32>,
    /// How it ended, and when it said so.
    pub(super) finish: Option<(Timestamp, FinishReason)>,
    pub(super) usage: Option<Usage>,
    /// Natural logarithm of the probability of the output, where every piece tells.
    pub(super) log_probability: Option<f64>,
    /// What is wrong with it.
    pub(super) problem: Option<Broken>,
}

/// A part of the output that came at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) at: Timestamp,
    /// Whether it holds text.
    pub(super) has_text: bool,
    /// Tokens that are listed in it.
    pub(super) listed: Option<u64>,
    /// Output tokens up to and with this piece, as the server counts.
    pub(super) so_far: Option<u64>,
}

/// What a server counts.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

impl Usage {
    /// Prompt tokens that came from a cache.
    pub(super) fn cached(self) -> Option<u64> {
        self.prompt_tokens_details?.cached_tokens
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    /// A stop string that ended the text, as vLLM and SGLang say it; a number is a token.
    #[serde(default, alias = "matched_stop")]
    stop_reason: Option<StopReason>,
    #[serde(default)]
    token_ids: Option<Vec<u32>>,
    #[serde(default)]
    logprobs: Option<Probabilities>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
    /// Output too, which some servers keep apart.
    #[serde(borrow, default, alias = "reasoning")]
    reasoning_content: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StopReason {
    Text(String),
    Other(IgnoredAny),
}

/// Of the completions endpoint, whose lists stand side by side, or of chat, whose entries hold everything.
#[derive(Deserialize)]
struct Probabilities {
    #[serde(default)]
    token_logprobs: Option<Vec<Option<f64>>>,
    #[serde(default)]
    content: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    logprob: Option<f64>,
}

impl Probabilities {
    /// How many tokens are listed, and the sum of their logarithms where all of them have one.
    fn sum(&self) -> Option<(u64, Option<f64>)> {
        let (count, sum) = match (&self.content, &self.token_logprobs) {
            (Some(entries), _) => (entries.len(), entries.iter().map(|entry| entry.logprob).sum()),
            (None, Some(values)) => (values.len(), values.iter().copied().sum()),
            (None, None) => return None,
        };
        Some((count as u64, sum))
    }
}

impl Reading {
    /// Reads an answer; `came` says when the byte before a position came.
    pub(super) fn of(raw: &[u8], came: impl Fn(usize) -> Timestamp) -> Self {
        let mut reading = Self::default();
        let (mut n_events, mut all_probable, mut sum) = (0u64, true, 0.0);
        for event in Events::of(raw) {
            if event.data.trim_ascii() == b"[DONE]" {
                break;
            }
            n_events += 1;
            let at = came(event.end);
            let chunk: Chunk<'_> = match serde_json::from_slice(&event.data) {
                Ok(chunk) => chunk,
                Err(error) => {
                    let reason = format!("event {n_events} cannot be read: {error}");
                    reading.problem = Some(Broken { failure: RequestFailure::Malformed, reason });
                    break;
                }
            };
            if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
                let reason = said(&error).unwrap_or_else(|| error.to_string());
                reading.problem = Some(Broken { failure: RequestFailure::Reported, reason: shortened(&reason) });
                break;
            }
            reading.usage = chunk.usage.or(reading.usage);
            // There is one choice: more are not asked for.
            let Some(choice) = chunk.choices.into_iter().next() else { continue };
            let so_far = chunk.usage.and_then(|usage| usage.completion_tokens);
            match reading.take(&choice, at, so_far) {
                Some(Some(value)) => sum += value,
                Some(None) => all_probable = false,
                None => {}
            }
            if let Some(reason) = choice.finish_reason {
                reading.finish =
                    Some((at, finish(&reason, matches!(choice.stop_reason, Some(StopReason::Text(text)) if !text.is_empty()))));
            }
        }
        if n_events == 0 && reading.problem.is_none() && !raw.trim_ascii().is_empty() && !raw.trim_ascii().ends_with(b"[DONE]") {
            let reason = "the answer is no stream of events".to_owned();
            reading.problem = Some(Broken { failure: RequestFailure::Malformed, reason });
        }
        reading.log_probability = (all_probable && !reading.pieces.is_empty()).then_some(sum);
        reading
    }

    /// Takes a piece of output, if it is one; gives what is known of the probability of its tokens.
    fn take(&mut self, choice: &Choice<'_>, at: Timestamp, so_far: Option<u64>) -> Option<Option<f64>> {
        let delta = choice.delta.as_ref();
        let texts =
            [&choice.text, &delta.and_then(|delta| delta.content.clone()), &delta.and_then(|delta| delta.reasoning_content.clone())]
                .map(|text| text.as_deref().unwrap_or_default().to_owned());
        let length = self.text.len();
        texts.iter().for_each(|text| self.text.push_str(text));
        let has_text = self.text.len() > length;
        let probable = choice.logprobs.as_ref().and_then(Probabilities::sum);
        let ids = choice.token_ids.as_ref();
        let listed = ids.map(|ids| ids.len() as u64).or(probable.map(|(count, _)| count));
        // A piece that only names a role, or only says that the output has ended, is none.
        if !has_text && listed.unwrap_or(0) == 0 {
            return None;
        }
        self.tokens.extend(ids.into_iter().flatten());
        self.pieces.push(Piece { at, has_text, listed, so_far });
        Some(probable.and_then(|(_, sum)| sum))
    }
}

fn finish(reason: &str, is_string: bool) -> FinishReason {
    match reason {
        "length" | "max_tokens" => FinishReason::Length,
        "stop_sequence" => FinishReason::StopString,
        "abort" | "error" => FinishReason::Failed,
        _ if is_string => FinishReason::StopString,
        // Whatever else ends a text, the model has ended it: `stop`, `eos`, `tool_calls` and the like.
        _ => FinishReason::EndOfSequence,
    }
}

/// The message in a document that tells of an error: OpenAI's form, that of FastAPI, and plain ones.
pub(super) fn message(text: &str) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    document.get("error").and_then(said).or_else(|| said(&document))
}

fn said(document: &serde_json::Value) -> Option<String> {
    let text = [Some(document), document.get("message"), document.get("detail"), document.get("error")];
    text.into_iter().flatten().find_map(|value| value.as_str().map(str::to_owned))
}

/// The beginning of a message in one line.
pub(super) fn shortened(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Reading {
        Reading::of(raw.as_bytes(), |position| Timestamp::from_nanos(position as u64))
    }

    fn listed(raw: &str) -> Vec<Option<u64>> {
        read(raw).pieces.iter().map(|piece| piece.listed).collect()
    }

    /// As llama.cpp answers a conversation: a role first, an end without text, and what it counted in an event of its own.
    #[test]
    fn a_role_and_an_end_are_no_output() {
        let raw = concat!(
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null},\"finish_reason\":null}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\" Paris\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"choices\":[],\"usage\":{\"completion_tokens\":2,\"prompt_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n",
            "data: [DONE]\n\n",
        );
        let reading = read(raw);
        assert_eq!((reading.pieces.len(), reading.text.as_str()), (1, " Paris"));
        let usage = reading.usage.expect("a usage");
        assert_eq!((usage.completion_tokens, usage.prompt_tokens, usage.cached()), (Some(2), Some(5), Some(4)));
        assert_eq!(reading.finish.map(|(_, reason)| reason), Some(FinishReason::EndOfSequence));
        assert!(reading.problem.is_none());
    }

    #[test]
    fn tokens_are_counted_where_they_are_listed() {
        let ids = "data: {\"choices\":[{\"text\":\"ab\",\"token_ids\":[5,6]}]}\n\ndata: {\"choices\":[{\"text\":\"\",\"token_ids\":[2],\"finish_reason\":\"stop\"}]}\n\n";
        assert_eq!((listed(ids), read(ids).tokens), (vec![Some(2), Some(1)], vec![5, 6, 2]));
        let completions = "data: {\"choices\":[{\"text\":\"a\",\"logprobs\":{\"tokens\":[\"a\"],\"token_logprobs\":[-0.5]}}]}\n\n";
        assert_eq!((listed(completions), read(completions).log_probability), (vec![Some(1)], Some(-0.5)));
        let chat = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{\"token\":\"a\",\"logprob\":-1.5},{\"token\":\"\",\"logprob\":-1}]}}]}\n\n";
        assert_eq!((listed(chat), read(chat).log_probability), (vec![Some(2)], Some(-2.5)));
        let plain = "data: {\"choices\":[{\"text\":\"a\"}],\"usage\":{\"completion_tokens\":3}}\n\n";
        let reading = read(plain);
        assert_eq!((reading.pieces[0].listed, reading.pieces[0].so_far, reading.log_probability), (None, Some(3), None));
    }

    #[test]
    fn ends_have_their_reason() {
        let reason =
            |choice: &str| read(&format!("data: {{\"choices\":[{{\"text\":\"a\",{choice}}}]}}\n\n")).finish.map(|(_, reason)| reason);
        assert_eq!(reason("\"finish_reason\":\"length\""), Some(FinishReason::Length));
        assert_eq!(reason("\"finish_reason\":\"stop\",\"stop_reason\":\"###\""), Some(FinishReason::StopString));
        assert_eq!(reason("\"finish_reason\":\"stop\",\"stop_reason\":2"), Some(FinishReason::EndOfSequence));
        assert_eq!(reason("\"finish_reason\":\"abort\""), Some(FinishReason::Failed));
        assert_eq!(reason("\"finish_reason\":null"), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let problem = |raw: &str| read(raw).problem.map(|broken| (broken.failure, broken.reason));
        let (failure, reason) = problem("data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: {oops\n\n").expect("a problem");
        assert!(failure == RequestFailure::Malformed && reason.starts_with("event 2 cannot be read"), "{reason}");
        let told = problem("data: {\"error\":{\"message\":\"out of memory\",\"code\":500}}\n\n");
        assert_eq!(told, Some((RequestFailure::Reported, "out of memory".to_owned())));
        assert_eq!(problem("{\"choices\":[]}").map(|(failure, _)| failure), Some(RequestFailure::Malformed));
        assert_eq!((problem("data: [DONE]\n\n"), problem("")), (None, None));
        assert_eq!(message("{\"detail\":\"Unexpected fields\"}").as_deref(), Some("Unexpected fields"));
        assert_eq!(message("plain"), None);
        assert_eq!(shortened(&"x".repeat(400)).chars().count(), 301);
    }
}

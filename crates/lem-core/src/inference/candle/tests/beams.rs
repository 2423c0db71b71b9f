//! Beam searches against those of Hugging Face transformers on the tiny checkpoints: `tests/fixtures/beams.json`, made by
//! `xtask/checkpoints/beams.py`.

use super::families::{On, family};
use crate::inference::candle::generation::{Admission, BeamSearch, Journal};
use crate::inference::executed::Executed;
use crate::inference::executor::{Extent, Segment};
use crate::inference::sampling::SamplingRules;
use lem_domain::clock::HostClock;
use lem_domain::protocol::{Interrupt, PreparedRequest, PreparedWorkload, RunControl, RunOutput, Silent};
use lem_domain::spec::{BatchingStrategy, BeamSpec, EarlyStopping, SamplingSpec, TokenChoice, TokenLimits};
use lem_domain::token::{EventBuffer, FinishReason, TokenEventKind};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    family: String,
    prompt: Vec<u32>,
    width: usize,
    length_penalty: f64,
    early_stopping: String,
    end: u32,
    max_output: u32,
    tokens: Vec<u32>,
    score: f64,
}

impl Reference {
    fn spec(&self) -> BeamSpec {
        let early_stopping = match self.early_stopping.as_str() {
            "at_width" => EarlyStopping::AtWidth,
            "heuristic" => EarlyStopping::Heuristic,
            _ => EarlyStopping::Never,
        };
        BeamSpec { width: self.width, length_penalty: self.length_penalty, early_stopping }
    }
}

fn references() -> Vec<Reference> {
    serde_json::from_str(include_str!("../../../../tests/fixtures/beams.json")).unwrap()
}

/// The searches of some prompts in one batch, and the events.
fn search(on: On, family_name: &str, prompts: &[&[u32]], spec: BeamSpec, end: u32, max_output: u32) -> (RunOutput, EventBuffer) {
    let mut model = family(family_name, on);
    let capacity = prompts.iter().map(|prompt| prompt.len()).max().unwrap() + usize::try_from(max_output).unwrap();
    let rows = prompts.len() * spec.width;
    model.reserve(Extent { rows, capacity, tokens: capacity.max(rows), positions: rows }).unwrap();

    let request =
        |prompt: &&[u32]| PreparedRequest { prompt_id: String::new(), tokens: prompt.to_vec(), truncated_from: None, arrival: None };
    let workload =
        PreparedWorkload { requests: prompts.iter().map(request).collect(), batches: std::iter::once(0..prompts.len()).collect() };
    let sampling = SamplingSpec { choice: TokenChoice::Beams(spec), ..SamplingSpec::GREEDY };
    let limits = TokenLimits { max_input: 64, max_output, min_output: 0 };
    let ends = [end];
    let rules = SamplingRules { spec: &sampling, limits, seed: 0, ends: &ends, token_bytes: None };
    let mut events = EventBuffer::for_plan(prompts.len(), usize::try_from(max_output).unwrap());
    let control = RunControl { clock: &HostClock, interrupt: &Interrupt::new(), progress: &Silent };
    let admission = Admission::new(&workload, BatchingStrategy::Static, prompts.len(), capacity);
    let journal = Journal::new(&workload, 64, &mut events, control);
    let output = BeamSearch::new(&mut *model, (rules, spec), &workload, admission, journal).run().unwrap();
    (output, events)
}

/// Σ ln p ÷ length^penalty of some output, each token's probability computed with everything before it in one pass.
fn score(reference: &Reference, tokens: &[u32]) -> f64 {
    let mut model = family(&reference.family, On::processor());
    let text = [reference.prompt.as_slice(), tokens].concat();
    model.reserve(Extent { rows: 1, capacity: text.len(), tokens: text.len(), positions: text.len() }).unwrap();
    let mut executed = Executed::default();
    model.run(&[Segment { row: 0, tokens: &text }], &mut executed).unwrap();
    let vocabulary = model.architecture().vocabulary;
    let positions: Vec<usize> = (reference.prompt.len() - 1..text.len() - 1).collect();
    let logits = model.logits(&positions, &mut executed).unwrap();
    let sum: f64 = logits
        .chunks_exact(vocabulary)
        .zip(tokens)
        .map(|(logits, &token)| {
            let total: f64 = logits.iter().map(|&logit| f64::from(logit).exp()).sum();
            f64::from(logits[usize::try_from(token).unwrap()]) - total.ln()
        })
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a few tokens")]
    let length = tokens.len() as f64;
    sum / length.powf(reference.length_penalty)
}

#[test]
fn searches_find_what_transformers_finds() {
    let references = references();
    assert!(references.len() > 50);
    let searches = references.iter().enumerate().flat_map(|reference| On::both().map(|on| (on, reference)));
    for (on, (number, reference)) in searches {
        let (output, events) = search(on, &reference.family, &[&reference.prompt], reference.spec(), reference.end, reference.max_output);
        let tokens = &output.tokens[0];
        let what = format!("search {number} of {} on {on:?}, {:?}", reference.family, reference.spec());
        assert_eq!(*tokens, reference.tokens, "{what}");
        let found = score(reference, tokens);
        assert!((found - reference.score).abs() < 1e-3 * reference.score.abs().max(1.0), "{what}: {found}, {}", reference.score);
        let ended = tokens.last() == Some(&reference.end);
        assert_eq!(output.finish[0], Some(if ended { FinishReason::EndOfSequence } else { FinishReason::Length }), "{what}");
        let told = events.into_events().iter().filter(|event| event.kind == TokenEventKind::Tokens { count: 1 }).count();
        assert_eq!(told, tokens.len(), "{what}");
    }
}

#[test]
fn a_search_does_not_depend_on_those_beside_it() {
    let references = references();
    let [first, second, ..] = references.as_slice() else { unreachable!() };
    let spec = BeamSpec { width: 4, length_penalty: 1.0, early_stopping: EarlyStopping::Never };
    let prompts = [first.prompt.as_slice(), second.prompt.as_slice()];
    for on in On::both() {
        let (both, _) = search(on, "llama", &prompts, spec, first.end, 14);
        for (prompt, tokens) in prompts.iter().zip(&both.tokens) {
            assert_eq!(search(on, "llama", &[prompt], spec, first.end, 14).0.tokens[0], *tokens, "{on:?}");
        }
    }
}

#[test]
fn one_beam_is_the_greedy_choice() {
    let references = references();
    let [first, ..] = references.as_slice() else { unreachable!() };
    let spec = |width| BeamSpec { width, length_penalty: 0.0, early_stopping: EarlyStopping::Heuristic };
    let (one, _) = search(On::processor(), "llama", &[&first.prompt], spec(1), 9999, 8);
    let (four, _) = search(On::processor(), "llama", &[&first.prompt], spec(4), 9999, 8);
    assert_eq!(one.tokens[0], super::families::greedy("llama", &first.prompt, 8));
    let plain = Reference { length_penalty: 0.0, tokens: Vec::new(), ..references.into_iter().next().unwrap() };
    assert!(score(&plain, &four.tokens[0]) >= score(&plain, &one.tokens[0]), "more beams find nothing less probable here");
}

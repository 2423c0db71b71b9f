//! Beam searches against those of Hugging Face transformers on the tiny checkpoints: `tests/fixtures/beams.json`, made by
//! `xtask/checkpoints/beams.py`.

use super::families::{On, family};
use crate::inference::architecture::Architecture;
use crate::inference::candle::generation::{Admission, BeamSearch, Journal};
use crate::inference::executed::Executed;
use crate::inference::executor::{DeviceError, Executor, Extent, Segment};
use crate::inference::sampling::SamplingRules;
use crate::tokenizer::TokenBytes;
use lem_domain::clock::HostClock;
use lem_domain::protocol::{Interrupt, PreparedRequest, PreparedWorkload, RunControl, RunOutput, Silent};
use lem_domain::spec::{BatchingStrategy, BeamSpec, EarlyStopping, SamplingSpec, TokenChoice, TokenLimits};
use lem_domain::token::{EventBuffer, FinishReason, TokenEventKind};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

#[derive(Deserialize)]
struct Reference {
    family: String,
    prompt: Vec<u32>,
    width: NonZeroUsize,
    length_penalty: f64,
    early_stopping: String,
    /// Tokens that end a text.
    ends: Vec<u32>,
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

fn width(beams: usize) -> NonZeroUsize {
    NonZeroUsize::new(beams).unwrap()
}

fn references() -> Vec<Reference> {
    serde_json::from_str(include_str!("../../../../tests/fixtures/beams.json")).unwrap()
}

/// What ends a text in a search.
#[derive(Clone, Copy)]
struct Ending<'a> {
    tokens: &'a [u32],
    /// What tokens stand for, and the texts that are looked for.
    stop: Option<(&'a TokenBytes, &'a [String])>,
    max_output: u32,
}

impl<'a> Ending<'a> {
    fn tokens(tokens: &'a [u32], max_output: u32) -> Self {
        Self { tokens, stop: None, max_output }
    }
}

/// The searches of some prompts in one batch, and the events.
fn search(on: On, family_name: &str, prompts: &[&[u32]], spec: BeamSpec, ending: Ending<'_>) -> (RunOutput, EventBuffer) {
    search_with(&mut *family(family_name, on), prompts, spec, ending)
}

fn search_with(model: &mut dyn Executor, prompts: &[&[u32]], spec: BeamSpec, ending: Ending<'_>) -> (RunOutput, EventBuffer) {
    let Ending { tokens: ends, stop, max_output } = ending;
    let capacity = prompts.iter().map(|prompt| prompt.len()).max().unwrap() + usize::try_from(max_output).unwrap();
    let rows = prompts.len() * spec.width.get();
    model.reserve(Extent { rows, capacity, tokens: rows * capacity, positions: rows }).unwrap();

    let request = |prompt: &&[u32]| PreparedRequest::of("", prompt.to_vec());
    let workload = PreparedWorkload {
        requests: prompts.iter().map(request).collect(),
        batches: std::iter::once(0..prompts.len()).collect(),
        ..PreparedWorkload::default()
    };
    let texts = stop.map(|(_, texts)| texts.to_vec()).unwrap_or_default();
    let sampling = SamplingSpec { choice: TokenChoice::Beams(spec), stop: texts, ..SamplingSpec::GREEDY };
    let limits = TokenLimits { max_input: 64, max_output, min_output: 0 };
    let token_bytes = stop.map(|(token_bytes, _)| token_bytes);
    let rules = SamplingRules { spec: &sampling, limits, seed: 0, ends, token_bytes };
    let mut events = EventBuffer::for_plan(prompts.len(), usize::try_from(max_output).unwrap());
    let control = RunControl { clock: &HostClock, interrupt: &Interrupt::new(), progress: &Silent };
    let admission = Admission::new(&workload, BatchingStrategy::Static, prompts.len(), capacity);
    let journal = Journal::new(&workload, 64, &mut events, control);
    let output = BeamSearch::new(model, (rules, spec), &workload, admission, journal).run().unwrap();
    (output, events)
}

/// Runs every pass anew from the first token of each text, so that nothing hangs on what the cache holds.
#[derive(Debug)]
struct Forgetful {
    model: Box<dyn Executor>,
    texts: Vec<Vec<u32>>,
    /// Where the last token of each segment of the last pass stands, and where it stands in what ran instead.
    ends: BTreeMap<usize, usize>,
}

impl Executor for Forgetful {
    fn architecture(&self) -> &Architecture {
        self.model.architecture()
    }

    fn weight_bytes(&self) -> usize {
        self.model.weight_bytes()
    }

    fn cache_bytes(&self) -> Option<usize> {
        self.model.cache_bytes()
    }

    fn reserve(&mut self, extent: Extent) -> Result<(), DeviceError> {
        self.texts = vec![Vec::new(); extent.rows];
        self.model.reserve(Extent { tokens: extent.rows * extent.capacity, ..extent })
    }

    fn release(&mut self) {
        self.model.release();
    }

    fn fits(&self, extent: Extent) -> bool {
        self.model.fits(extent)
    }

    fn begin(&mut self, row: usize, context: usize) {
        self.texts[row].clear();
        self.model.begin(row, context);
    }

    fn length(&self, row: usize) -> usize {
        self.texts[row].len()
    }

    fn truncate(&mut self, row: usize, length: usize) {
        self.texts[row].truncate(length);
    }

    fn copy(&mut self, from: usize, to: usize, _: usize) -> Result<(), DeviceError> {
        self.texts[to] = self.texts[from].clone();
        Ok(())
    }

    fn run(&mut self, segments: &[Segment<'_>], executed: &mut Executed) -> Result<(), DeviceError> {
        let (mut end, mut whole_end) = (0, 0);
        self.ends.clear();
        for &Segment { row, tokens } in segments {
            self.texts[row].extend_from_slice(tokens);
            self.model.truncate(row, 0);
            end += tokens.len();
            whole_end += self.texts[row].len();
            self.ends.insert(end - 1, whole_end - 1);
        }
        let whole: Vec<_> = segments.iter().map(|&Segment { row, .. }| Segment { row, tokens: &self.texts[row] }).collect();
        self.model.run(&whole, executed)
    }

    /// Of the last tokens of rows alone, which is what a search asks for.
    fn logits(&mut self, positions: &[usize], executed: &mut Executed) -> Result<&mut [f32], DeviceError> {
        let last: Vec<_> = positions.iter().map(|position| self.ends[position]).collect();
        self.model.logits(&last, executed)
    }

    fn synchronize(&mut self) -> Result<(), DeviceError> {
        self.model.synchronize()
    }
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
        let (output, events) =
            search(on, &reference.family, &[&reference.prompt], reference.spec(), Ending::tokens(&reference.ends, reference.max_output));
        let tokens = &output.tokens[0];
        let what = format!("search {number} of {} on {on:?}, {:?}", reference.family, reference.spec());
        assert_eq!(*tokens, reference.tokens, "{what}");
        let found = score(reference, tokens);
        assert!((found - reference.score).abs() < 1e-3 * reference.score.abs().max(1.0), "{what}: {found}, {}", reference.score);
        let ended = tokens.last().is_some_and(|last| reference.ends.contains(last));
        assert_eq!(output.finish[0], Some(if ended { FinishReason::EndOfSequence } else { FinishReason::Length }), "{what}");
        let told = events.into_events().iter().filter(|event| event.kind == TokenEventKind::Tokens { count: 1 }).count();
        assert_eq!(told, tokens.len(), "{what}");
    }
}

#[test]
fn a_search_does_not_depend_on_those_beside_it() {
    let references = references();
    let [first, second, ..] = references.as_slice() else { unreachable!() };
    let spec = BeamSpec { width: width(4), length_penalty: 1.0, early_stopping: EarlyStopping::Never };
    let prompts = [first.prompt.as_slice(), second.prompt.as_slice()];
    for on in On::both() {
        let (both, _) = search(on, "llama", &prompts, spec, Ending::tokens(&first.ends, 14));
        for (prompt, tokens) in prompts.iter().zip(&both.tokens) {
            assert_eq!(search(on, "llama", &[prompt], spec, Ending::tokens(&first.ends, 14)).0.tokens[0], *tokens, "{on:?}");
        }
    }
}

#[test]
fn one_beam_is_the_greedy_choice() {
    let references = references();
    let [first, ..] = references.as_slice() else { unreachable!() };
    let spec = |beams| BeamSpec { width: width(beams), length_penalty: 0.0, early_stopping: EarlyStopping::Heuristic };
    let (one, _) = search(On::processor(), "llama", &[&first.prompt], spec(1), Ending::tokens(&[], 8));
    let (four, _) = search(On::processor(), "llama", &[&first.prompt], spec(4), Ending::tokens(&[], 8));
    assert_eq!(one.tokens[0], super::families::greedy("llama", &first.prompt, 8));
    let plain = Reference { length_penalty: 0.0, tokens: Vec::new(), ..references.into_iter().next().unwrap() };
    assert!(score(&plain, &four.tokens[0]) >= score(&plain, &one.tokens[0]), "more beams find nothing less probable here");
}

#[test]
fn what_the_cache_holds_is_what_the_beams_are() {
    let references = references();
    for (number, reference) in references.iter().enumerate().step_by(5) {
        let model = || family(&reference.family, On::processor());
        let vocabulary = model().architecture().vocabulary;
        // Every token is a letter, so that a text ends with many of them, with the first one, too, and beams become few.
        let token_bytes: TokenBytes = (b'a'..=b'z').cycle().take(vocabulary).map(|letter| [letter]).collect();
        let first = usize::try_from(reference.tokens[0]).unwrap() % 26;
        let letters: Vec<String> = (b'a'..=b'z').map(|letter| char::from(letter).to_string()).collect();
        for others in [3, 20] {
            let texts: Vec<_> = (first..=first + others).map(|letter| letters[letter % 26].clone()).collect();
            let ending = Ending { tokens: &[], stop: Some((&token_bytes, &texts)), max_output: 8 };
            let mut forgetful = Forgetful { model: model(), texts: Vec::new(), ends: BTreeMap::new() };
            let spec = BeamSpec { early_stopping: EarlyStopping::Never, ..reference.spec() };
            let (anew, _) = search_with(&mut forgetful, &[&reference.prompt], spec, ending);
            let (cached, _) = search_with(&mut *model(), &[&reference.prompt], spec, ending);
            assert_eq!(cached.tokens, anew.tokens, "search {number}, {others} letters more");
        }
    }
}

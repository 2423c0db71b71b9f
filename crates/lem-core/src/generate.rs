//! Generation in a program of one's own: a model, some texts, and what happened.
//!
//! What `lem experiment` does around it (warm-up, energy, a bundle on disk) is not here; the same events come out, so the
//! same figures can be derived from them.

use crate::dataset::digest_of_prompts;
use crate::inference::candle::{CandleEngine, EngineError};
use lem_domain::backend::Backend;
use lem_domain::clock::{Clock, HostClock};
use lem_domain::derive::{RequestTimeline, Summary, summarise, timelines};
use lem_domain::protocol::{
    InferenceEngine, Interrupt, PreparedRequest, PreparedWorkload, Prompt, RunControl, RunOutput, SeamError, Silent,
};
use lem_domain::record::{DatasetFacts, HostRecord, ProcessRecord, RequestFacts, RunRecord, SpeculationFacts};
use lem_domain::spec::{ExperimentSpec, SamplingSpec, TokenLimits};
use lem_domain::time::TimeWindow;
use lem_domain::token::{EventBuffer, TokenEvent, TokenLogProbability};

/// A model in this process.
#[derive(Debug)]
pub struct Model {
    engine: CandleEngine,
    load: TimeWindow,
}

/// How texts are continued.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Largest number of output tokens of a text.
    pub max_output: u32,
    /// How a token is chosen.
    pub sampling: SamplingSpec,
    /// Seed of all random choices.
    pub seed: u64,
}

impl Default for Options {
    /// Up to 128 tokens, each the most probable one.
    fn default() -> Self {
        Self { max_output: 128, sampling: SamplingSpec::GREEDY, seed: 0 }
    }
}

/// What a batch of texts led to.
#[derive(Clone, Debug)]
pub struct Generation {
    /// The continuation of each text, in their order.
    pub texts: Vec<String>,
    /// How probable the tokens of each continuation were; `None` unless asked for.
    pub log_probabilities: Option<Vec<Vec<TokenLogProbability>>>,
    /// Everything recorded.
    pub record: RunRecord,
}

impl Model {
    /// Loads a model by a reference as in configurations: a `.gguf` file, a folder, or a name on the hub. `threads` is
    /// that of [`lem_domain::spec::CandleSpec`].
    ///
    /// # Errors
    /// As [`CandleEngine::load`].
    pub fn load(reference: &str, threads: Option<u32>) -> Result<Self, EngineError> {
        let start = HostClock.now();
        let engine = CandleEngine::load(reference, threads)?;
        Ok(Self { engine, load: TimeWindow { start, end: HostClock.now() } })
    }

    /// Continues texts, all of them in one batch. One that is longer than the context leaves room for is cut, and its
    /// request says so.
    ///
    /// # Errors
    /// When a text has no tokens, or more output is asked for than the context has room for.
    pub fn generate(&mut self, texts: &[&str], options: &Options) -> Result<Generation, SeamError> {
        let context = self.engine.model().shape.map_or(u32::MAX, |shape| shape.max_context);
        let limits = TokenLimits { max_input: context.saturating_sub(options.max_output), max_output: options.max_output, min_output: 0 };
        let batch = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let plain = ExperimentSpec::plain(Backend::Candle, &self.engine.model().reference, limits, batch);
        let spec = ExperimentSpec { sampling: options.sampling.clone(), seed: options.seed, ..plain };
        let prompts: Vec<_> = texts.iter().enumerate().map(|(index, text)| Prompt::text(index.to_string(), *text)).collect();

        let workload = self.engine.prepare(&prompts, &spec)?;
        let mut events = EventBuffer::for_plan(texts.len(), usize::try_from(options.max_output).unwrap_or(usize::MAX));
        let control = RunControl { clock: &HostClock, interrupt: &Interrupt::new(), progress: &Silent };
        let start = HostClock.now();
        let output = self.engine.run(&workload, &spec, &mut events, control)?;
        let window = TimeWindow { start, end: HostClock.now() };

        let decode = |tokens: &Vec<u32>| self.engine.tokenizer().decode(tokens);
        let continued = output.tokens.iter().map(decode).collect::<Result<_, _>>()?;
        let record = self.record(&prompts, workload, &output, events, window);
        Ok(Generation { texts: continued, log_probabilities: output.log_probabilities, record })
    }

    fn record(
        &self,
        prompts: &[Prompt],
        workload: PreparedWorkload,
        output: &RunOutput,
        events: EventBuffer,
        window: TimeWindow,
    ) -> RunRecord {
        let (count, sha256) = (u64::try_from(prompts.len()).ok(), digest_of_prompts(prompts));
        let request = |(index, request): (usize, PreparedRequest)| RequestFacts {
            prompt_id: request.prompt_id,
            prompt_tokens: u64::try_from(request.tokens.len()).ok(),
            truncated_from: request.truncated_from,
            padding_tokens: output.padding[index],
            finish: output.finish[index],
            log_probability: output.log_probability(index),
            served: None,
        };
        let dataset = DatasetFacts {
            name: "texts of the caller".to_owned(),
            sha256: sha256.clone(),
            available: count,
            used: count,
            used_sha256: Some(sha256),
            ..DatasetFacts::default()
        };
        let requests = workload.requests.into_iter().enumerate().map(request).collect();
        let speculation = output.speculation.map(|counts| SpeculationFacts { draft: self.engine.draft().cloned(), counts });
        let process = ProcessRecord {
            index: 0,
            expected_processes: 1,
            engine: self.engine.engine().clone(),
            server: None,
            model: self.engine.model().clone(),
            dataset,
            load: self.load,
            warmup: None,
            offered: None,
            window: Some(window),
            requests,
            events: events.into_events(),
            executed: output.executed,
            traffic: output.traffic,
            speculation,
            memory: self.engine.memory(),
            findings: Vec::new(),
        };
        RunRecord { processes: vec![process], host: HostRecord::default() }
    }
}

impl Generation {
    /// The token events, in the order they were recorded.
    #[must_use]
    pub fn events(&self) -> &[TokenEvent] {
        &self.record.processes[0].events
    }

    /// The events of each text: TTFT, inter-token latencies and the like.
    #[must_use]
    pub fn timelines(&self) -> Vec<RequestTimeline> {
        timelines(self.events(), self.texts.len())
    }

    /// Rates, latencies, arithmetic and memory; without sensors, energy is unavailable and says so.
    #[must_use]
    pub fn summary(&self) -> Summary {
        summarise(std::slice::from_ref(&self.record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// A tiny checkpoint with a tokenizer of its bytes.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families/llama");
        for name in ["config.json", "model.safetensors"] {
            std::fs::copy(fixture.join(name), folder.path().join(name)).unwrap();
        }
        let vocabulary: serde_json::Map<_, _> = (32u8..127).map(|byte| (char::from(byte).to_string(), (byte - 31).into())).collect();
        let tokenizer = serde_json::json!({
            "version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null,
            "decoder": { "type": "Fuse" }, "truncation": null, "padding": null,
            "model": { "type": "BPE", "vocab": vocabulary, "merges": [], "unk_token": null, "dropout": null,
                "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false },
        });
        std::fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
        folder
    }

    #[test]
    fn texts_go_on_and_what_happened_is_there() {
        let folder = folder();
        let mut model = Model::load(folder.path().to_str().unwrap(), Some(1)).unwrap();
        let options = Options { max_output: 5, ..Options::default() };
        let both = model.generate(&["to be", "or not"], &options).unwrap();
        assert_eq!(both.texts.len(), 2);
        let alone = model.generate(&["or not"], &options).unwrap();
        assert_eq!(alone.texts[0], both.texts[1], "a text does not depend on the one beside it");
        let timelines = both.timelines();
        assert!(timelines.iter().all(|timeline| timeline.ttft().is_some() && timeline.output_tokens() <= 5));
        let summary = both.summary();
        assert!(summary.tokens.output.get() >= 2, "{:?}", summary.tokens);
        assert!(model.generate(&[""], &options).is_err(), "nothing to continue");
    }
}

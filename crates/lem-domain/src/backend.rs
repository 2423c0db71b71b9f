//! What each backend does with each setting: the one table by which configurations are validated.
//!
//! A setting is never accepted without effect: a field that a backend does not support and that differs from its
//! default is an error (or, with `--force`, a recorded finding).

use std::fmt;

/// What runs the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// In process, on candle.
    Candle,
    /// The simulated engine with known physics.
    Virtual,
}

impl Backend {
    /// Every backend.
    pub const ALL: &'static [Self] = &[Self::Candle, Self::Virtual];

    /// The name in configurations and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Candle => "candle",
            Self::Virtual => "virtual",
        }
    }

    /// What this backend does with the field at a dotted configuration path; `None` for a path that no backend knows.
    #[must_use]
    pub fn support(self, path: &str) -> Option<FieldSupport> {
        FIELDS.iter().find(|field| field.path == path).map(|field| match self {
            Self::Candle => field.candle,
            Self::Virtual => field.virtual_machine,
        })
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a backend does with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSupport {
    /// It takes effect as written.
    Applied,
    /// It has no effect here, for this reason.
    Unsupported(&'static str),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Dotted path in a configuration.
    pub path: &'static str,
    /// In the in-process engine.
    pub candle: FieldSupport,
    /// In the simulated engine.
    pub virtual_machine: FieldSupport,
}

const APPLIED: FieldSupport = FieldSupport::Applied;
const NO_TEXT: FieldSupport = FieldSupport::Unsupported("the virtual engine makes no text, so there is nothing to choose from");
const NO_LOAD: FieldSupport = FieldSupport::Unsupported("the virtual engine computes nothing");
const NOT_VIRTUAL: FieldSupport = FieldSupport::Unsupported("it describes the simulated machine of `backend: virtual`");

const fn field(path: &'static str, candle: FieldSupport, virtual_machine: FieldSupport) -> Field {
    Field { path, candle, virtual_machine }
}

/// Every leaf of the configuration. A test in `lem-config` holds the list complete.
pub const FIELDS: &[Field] = &[
    field("config_name", APPLIED, APPLIED),
    field("model_name", APPLIED, APPLIED),
    field("adapter", APPLIED, NO_LOAD),
    field("backend", APPLIED, APPLIED),
    field("max_input_tokens", APPLIED, APPLIED),
    field("max_output_tokens", APPLIED, APPLIED),
    field("min_output_tokens", APPLIED, NO_TEXT),
    field("random_seed", APPLIED, APPLIED),
    field("prompts.source", APPLIED, APPLIED),
    field("prompts.path", APPLIED, APPLIED),
    field("prompts.sample_size", APPLIED, APPLIED),
    field("prompts.shuffle", APPLIED, APPLIED),
    field("batching.batch_size", APPLIED, APPLIED),
    field("batching.strategy", APPLIED, APPLIED),
    field("batching.max_tokens_per_batch", APPLIED, APPLIED),
    field("decoder.preset", APPLIED, NO_TEXT),
    field("decoder.do_sample", APPLIED, NO_TEXT),
    field("decoder.temperature", APPLIED, NO_TEXT),
    field("decoder.top_k", APPLIED, NO_TEXT),
    field("decoder.top_p", APPLIED, NO_TEXT),
    field("decoder.min_p", APPLIED, NO_TEXT),
    field("decoder.repetition_penalty", APPLIED, NO_TEXT),
    field("decoder.no_repeat_ngram_size", APPLIED, NO_TEXT),
    field("decoder.ignore_eos", APPLIED, NO_TEXT),
    field("decoder.stop", APPLIED, NO_TEXT),
    field("decoder.logprobs", APPLIED, NO_TEXT),
    field("decoder.beam_search.num_beams", APPLIED, NO_TEXT),
    field("decoder.beam_search.length_penalty", APPLIED, NO_TEXT),
    field("decoder.beam_search.early_stopping", APPLIED, NO_TEXT),
    field("warmup.requests", APPLIED, APPLIED),
    field("energy.backend", APPLIED, APPLIED),
    field("energy.interval", APPLIED, APPLIED),
    field("energy.require", APPLIED, APPLIED),
    field("energy.precision", APPLIED, APPLIED),
    field("energy.cpu.idle_power_per_thread", APPLIED, APPLIED),
    field("energy.cpu.max_power_per_thread", APPLIED, APPLIED),
    field("energy.baseline.duration", APPLIED, APPLIED),
    field("energy.baseline.keep", APPLIED, APPLIED),
    field("impact.pue", APPLIED, APPLIED),
    field("impact.region", APPLIED, APPLIED),
    field("impact.grid_intensity", APPLIED, APPLIED),
    field("impact.price_per_kwh", APPLIED, APPLIED),
    field("impact.currency", APPLIED, APPLIED),
    field("io.results_dir", APPLIED, APPLIED),
    field("quantization.load_in_8bit", APPLIED, NO_LOAD),
    field("quantization.load_in_4bit", APPLIED, NO_LOAD),
    field("candle.device", APPLIED, NO_LOAD),
    field("candle.threads", APPLIED, NO_LOAD),
    field("candle.pin_threads", APPLIED, NO_LOAD),
    field("candle.waiting", APPLIED, NO_LOAD),
    field("candle.speculative.method", APPLIED, NO_LOAD),
    field("candle.speculative.model", APPLIED, NO_LOAD),
    field("candle.speculative.num_tokens", APPLIED, NO_LOAD),
    field("candle.speculative.prompt_lookup_max", APPLIED, NO_LOAD),
    field("virtual.clock", NOT_VIRTUAL, APPLIED),
    field("virtual.ttft", NOT_VIRTUAL, APPLIED),
    field("virtual.itl", NOT_VIRTUAL, APPLIED),
    field("virtual.static_power", NOT_VIRTUAL, APPLIED),
    field("virtual.prefill_token_energy", NOT_VIRTUAL, APPLIED),
    field("virtual.output_token_energy", NOT_VIRTUAL, APPLIED),
    field("virtual.context_token_energy", NOT_VIRTUAL, APPLIED),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_one_row() {
        let mut paths: Vec<_> = FIELDS.iter().map(|field| field.path).collect();
        paths.sort_unstable();
        let rows = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), rows);
        assert_eq!(Backend::Candle.support("no.such.field"), None);
        assert!(matches!(Backend::Candle.support("virtual.ttft"), Some(FieldSupport::Unsupported(_))));
    }
}

//! From what a configuration means to what will run.

use crate::settings::{Decoder, Settings};
use crate::value::{PromptKind, SampleSize};
use lem_domain::spec::{
    BatchingSpec, CandleSpec, CpuPowerOverride, EnergyLaw, EnergySpec, ExperimentSpec, PromptSource, PromptSpec, SamplingSpec, TokenLimits,
    VirtualSpec, WarmupSpec,
};
use std::path::PathBuf;

/// The experiment that checked settings describe, on this model and under this name.
pub(crate) fn lower(settings: &Settings, model: &str, name: &str) -> ExperimentSpec {
    ExperimentSpec {
        name: name.to_owned(),
        model: model.to_owned(),
        backend: settings.backend.0,
        limits: TokenLimits {
            max_input: settings.max_input_tokens,
            max_output: settings.max_output_tokens,
            min_output: settings.min_output_tokens,
        },
        prompts: prompts(settings),
        batching: BatchingSpec {
            size: settings.batching.batch_size,
            strategy: settings.batching.strategy.0,
            max_tokens: settings.batching.max_tokens_per_batch,
        },
        sampling: sampling(&settings.decoder),
        seed: settings.random_seed,
        warmup: WarmupSpec { requests: settings.warmup.requests },
        energy: energy(settings),
        candle: CandleSpec { threads: settings.candle.threads },
        virtual_machine: virtual_machine(settings),
    }
}

fn prompts(settings: &Settings) -> PromptSpec {
    let prompts = &settings.prompts;
    let source = match (prompts.source.0, &prompts.path) {
        (PromptKind::File, Some(path)) => PromptSource::TextFile(PathBuf::from(path)),
        // A file without a path is refused by the rules.
        (PromptKind::Embedded, _) | (PromptKind::File, None) => PromptSource::Embedded,
    };
    let count = match prompts.sample_size {
        SampleSize::All => None,
        SampleSize::Count(count) => Some(count.get()),
    };
    PromptSpec { source, count, shuffle: prompts.shuffle }
}

/// A temperature of 0 is the limit in which only the most probable token is left.
pub(crate) fn sampling(decoder: &Decoder) -> SamplingSpec {
    if !decoder.do_sample || decoder.temperature <= 0.0 {
        return SamplingSpec::Greedy;
    }
    SamplingSpec::Random { temperature: decoder.temperature, top_k: (decoder.top_k > 0).then_some(decoder.top_k), top_p: decoder.top_p }
}

fn energy(settings: &Settings) -> EnergySpec {
    let energy = &settings.energy;
    let cpu_power = match (energy.cpu.idle_power_per_thread, energy.cpu.max_power_per_thread) {
        (Some(idle), Some(max)) => Some(CpuPowerOverride { idle: idle.0, max: max.0 }),
        // One without the other is refused by the rules.
        _ => None,
    };
    EnergySpec { source: energy.backend.0, interval: energy.interval.0, cpu_power, required: energy.require.0 }
}

fn virtual_machine(settings: &Settings) -> VirtualSpec {
    let machine = &settings.virtual_machine;
    VirtualSpec {
        clock: machine.clock.0,
        ttft: machine.ttft.0,
        itl: machine.itl.0,
        law: EnergyLaw {
            static_power: machine.static_power.0,
            prefill_token: machine.prefill_token_energy.0,
            output_token: machine.output_token_energy.0,
            context_token: machine.context_token_energy.0,
        },
    }
}

/// The last part of a model reference, without a revision and the ending of a model file.
pub(crate) fn base_name(model: &str) -> &str {
    let trimmed = model.trim_end_matches('/');
    let last = trimmed.rsplit('/').next().unwrap_or(trimmed);
    // A file has no revision: an `@` in its name is part of the name.
    let name = last.strip_suffix(".gguf").unwrap_or_else(|| last.split_once('@').map_or(last, |(name, _)| name));
    if name.is_empty() { model } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_lends_its_name() {
        for (model, name) in [
            ("models/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_1"),
            ("HuggingFaceTB/SmolLM2-135M", "SmolLM2-135M"),
            ("org/name@main", "name"),
            ("a@b.gguf", "a@b"),
            ("./folder/", "folder"),
            ("model", "model"),
            (".gguf", ".gguf"),
            ("/", "/"),
        ] {
            assert_eq!(base_name(model), name, "{model}");
        }
    }

    #[test]
    fn temperature_zero_or_no_sampling_is_greedy() {
        let decoder = Settings::default().decoder;
        assert_eq!(sampling(&decoder), SamplingSpec::Random { temperature: 1.0, top_k: Some(50), top_p: 1.0 });
        assert_eq!(sampling(&Decoder { top_k: 0, ..decoder.clone() }), SamplingSpec::Random { temperature: 1.0, top_k: None, top_p: 1.0 });
        assert_eq!(sampling(&Decoder { temperature: 0.0, ..decoder.clone() }), SamplingSpec::Greedy);
        assert_eq!(sampling(&Decoder { do_sample: false, ..decoder }), SamplingSpec::Greedy);
    }
}

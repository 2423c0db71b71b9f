//! From what a configuration means to what will run.

mod prompts;
mod server;

use crate::sections::{BeamSearch, Decoder, Impact, Settings, Slo, Speculative, Traffic, Warmup};
use crate::value::{ArrivalKind, ParallelKind, SpeculationKind};
use lem_domain::impact::{Multiplier, Multipliers, grid_intensity};
use lem_domain::spec::{
    ArrivalShape, ArrivalSpec, BaselineSpec, BatchingSpec, BatchingStrategy, BeamSpec, CandleSpec, CpuPowerOverride, DeviceChoice,
    EnergyLaw, EnergySpec, ExperimentSpec, LoadQuantization, Objectives, ParallelStrategy, ParallelismSpec, PlacementSpec, RepetitionSpec,
    SamplingSpec, ScheduleSpec, SpeculationMethod, SpeculationSpec, StabilitySpec, TokenChoice, TokenLimits, TrafficSpec, VirtualSpec,
    WarmupSpec, WeightsSpec,
};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

/// The experiment that checked settings describe, on this model and under this name.
pub(crate) fn lower(settings: &Settings, model: &str, name: &str) -> ExperimentSpec {
    ExperimentSpec {
        name: name.to_owned(),
        model: model.to_owned(),
        weights: weights(settings),
        backend: settings.backend.0,
        placement: placement(settings),
        limits: TokenLimits {
            max_input: settings.max_input_tokens,
            max_output: settings.max_output_tokens,
            min_output: settings.min_output_tokens,
        },
        prompts: prompts::prompts(settings),
        batching: batching(settings),
        one_at_a_time: settings.streaming,
        traffic: traffic(&settings.traffic, settings.random_seed),
        sampling: sampling(&settings.decoder),
        seed: settings.random_seed,
        warmup: warmup(&settings.warmup),
        energy: energy(settings),
        multipliers: multipliers(&settings.impact),
        objectives: objectives(&settings.slo),
        repetition: repetition(settings),
        keeps_texts: settings.save_outputs,
        server: server::server(settings),
        candle: candle(settings),
        virtual_machine: virtual_machine(settings),
    }
}

/// The rules refuse both widths at once.
fn weights(settings: &Settings) -> WeightsSpec {
    let quantization = match (settings.quantization.load_in_8bit, settings.quantization.load_in_4bit) {
        (true, _) => Some(LoadQuantization::EightBit),
        (false, true) => Some(LoadQuantization::FourBit),
        (false, false) => None,
    };
    WeightsSpec { adapter: settings.adapter.clone(), quantization, precision: settings.fp_precision.0 }
}

fn placement(settings: &Settings) -> PlacementSpec {
    let strategy = match settings.parallelism.strategy.0 {
        ParallelKind::None => None,
        ParallelKind::Tensor => Some(ParallelStrategy::Tensor),
        ParallelKind::Pipeline => Some(ParallelStrategy::Pipeline),
        ParallelKind::Data => Some(ParallelStrategy::Data),
    };
    let parallelism = strategy.map(|strategy| ParallelismSpec { strategy, degree: settings.parallelism.degree });
    PlacementSpec { gpus: settings.gpus.as_ref().map(|gpus| gpus.0.clone()), parallelism }
}

/// One request at a time is a batch of one, whatever is said of batches.
fn batching(settings: &Settings) -> BatchingSpec {
    let batching = &settings.batching;
    let asked = BatchingSpec { size: batching.batch_size, strategy: batching.strategy.0, max_tokens: batching.max_tokens_per_batch };
    match (settings.streaming, asked.strategy) {
        (false, _) => asked,
        (true, BatchingStrategy::Continuous) => BatchingSpec { size: 1, ..asked },
        (true, _) => BatchingSpec { size: 1, strategy: BatchingStrategy::Static, max_tokens: None },
    }
}

/// The rules refuse an arrival without a rate, and a gamma distribution without its burstiness.
fn traffic(traffic: &Traffic, seed: u64) -> TrafficSpec {
    let shape = match traffic.arrival.0 {
        ArrivalKind::None => None,
        ArrivalKind::Constant => Some(ArrivalShape::Constant),
        ArrivalKind::Poisson => Some(ArrivalShape::Poisson),
        ArrivalKind::Gamma => traffic.burstiness.map(|variation| ArrivalShape::Gamma { variation }),
    };
    let arrival = shape.zip(traffic.rate).map(|(shape, rate)| ArrivalSpec { shape, rate, seed: traffic.seed.unwrap_or(seed) });
    TrafficSpec {
        arrival,
        trace: traffic.trace.as_ref().map(PathBuf::from),
        ramp: traffic.ramp.map(|ramp| ramp.0),
        retries: traffic.retries,
        concurrency: traffic.concurrency,
    }
}

fn warmup(warmup: &Warmup) -> WarmupSpec {
    let until_stable = warmup.until_stable.then_some(StabilitySpec {
        max_requests: warmup.max_requests,
        window: warmup.window,
        variation: warmup.cv_threshold,
        min_duration: warmup.min_duration.0,
    });
    WarmupSpec { requests: warmup.requests, until_stable }
}

fn objectives(slo: &Slo) -> Objectives {
    let is_asked = slo.ttft.is_some() || slo.tpot.is_some() || slo.end_to_end.is_some();
    Objectives {
        ttft: slo.ttft.map(|limit| limit.0),
        tpot: slo.tpot.map(|limit| limit.0),
        end_to_end: slo.end_to_end.map(|limit| limit.0),
        share: is_asked.then_some(slo.percentile),
    }
}

fn repetition(settings: &Settings) -> RepetitionSpec {
    let schedule = &settings.schedule;
    RepetitionSpec {
        cycles: settings.num_cycles,
        confidence: settings.statistics.confidence,
        target_half_width: settings.statistics.target_half_width,
        schedule: schedule.enabled.then(|| ScheduleSpec {
            every: schedule.interval.map(|interval| interval.0),
            at: schedule.at.map(|time| time.0),
            days: schedule.days.as_ref().map(|days| days.weekdays()).unwrap_or_default(),
            total: schedule.total_duration.0,
        }),
    }
}

/// The one GPU that is named, or none, says where `auto` is; the rules refuse several.
fn candle(settings: &Settings) -> CandleSpec {
    let candle = &settings.candle;
    let device = match (candle.device.0, settings.gpus.as_ref().map(|gpus| gpus.0.as_slice())) {
        (DeviceChoice::Auto, Some([])) => DeviceChoice::Cpu,
        (DeviceChoice::Auto, Some(&[gpu])) => DeviceChoice::Cuda(gpu),
        (device, _) => device,
    };
    CandleSpec {
        device,
        threads: candle.threads,
        pin_threads: candle.pin_threads,
        waiting: candle.waiting.0,
        speculation: speculation(&candle.speculative),
    }
}

fn sampling(decoder: &Decoder) -> SamplingSpec {
    SamplingSpec {
        repetition_penalty: decoder.repetition_penalty,
        no_repeat_ngram: NonZeroU32::new(decoder.no_repeat_ngram_size),
        choice: choice(decoder),
        ignore_eos: decoder.ignore_eos,
        stop: decoder.stop.0.clone(),
        // A result holds sums alone, so no other tokens are looked for.
        logprobs: decoder.logprobs.then_some(0),
    }
}

/// The rules refuse a draft model without a name.
fn speculation(speculative: &Speculative) -> Option<SpeculationSpec> {
    let method = match speculative.method.0 {
        SpeculationKind::None => return None,
        SpeculationKind::PromptLookup => SpeculationMethod::PromptLookup { ngram: speculative.prompt_lookup_max },
        SpeculationKind::DraftModel => SpeculationMethod::DraftModel(speculative.model.clone()?),
    };
    Some(SpeculationSpec { method, tokens: speculative.num_tokens })
}

/// A temperature of 0 is the limit in which only the most probable token is left.
fn choice(decoder: &Decoder) -> TokenChoice {
    let BeamSearch { num_beams, length_penalty, early_stopping } = &decoder.beam_search;
    if *num_beams > 1 {
        let width = usize::try_from(*num_beams).ok().and_then(NonZeroUsize::new).expect("2 to 16");
        return TokenChoice::Beams(BeamSpec { width, length_penalty: *length_penalty, early_stopping: early_stopping.0 });
    }
    if !decoder.do_sample || decoder.temperature <= 0.0 {
        return TokenChoice::Greedy;
    }
    TokenChoice::Random {
        temperature: decoder.temperature,
        top_k: (decoder.top_k > 0).then_some(decoder.top_k),
        top_p: decoder.top_p,
        min_p: decoder.min_p,
    }
}

pub(crate) fn energy(settings: &Settings) -> EnergySpec {
    let energy = &settings.energy;
    let cpu_power = match (energy.cpu.idle_power_per_thread, energy.cpu.max_power_per_thread) {
        (Some(idle), Some(max)) => Some(CpuPowerOverride { idle: idle.0, max: max.0 }),
        // One without the other is refused by the rules.
        _ => None,
    };
    EnergySpec {
        sources: energy.backend.choice(),
        interval: energy.interval.map(|interval| interval.0),
        cpu_power,
        required: energy.require.0,
        precision: energy.precision,
        baseline: BaselineSpec { duration: energy.baseline.duration.0, keep: energy.baseline.keep },
    }
}

/// The rules refuse a region beside an own figure, and a price without a currency.
pub(crate) fn multipliers(impact: &Impact) -> Multipliers {
    let configured = |value| Multiplier { value, source: "configured".to_owned() };
    Multipliers {
        pue: impact.pue.map(configured),
        grid: impact.grid_intensity.map(configured).or_else(|| grid_intensity(impact.region?.0)),
        price: impact.price_per_kwh.map(configured),
        currency: impact.currency.as_ref().map(|currency| currency.0.clone()),
    }
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
    use crate::value::TextList;

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
    fn weights_run_as_they_are_stored_unless_told_otherwise() {
        let asked = |load_in_8bit, load_in_4bit| {
            let quantization = crate::sections::Quantization { load_in_8bit, load_in_4bit };
            weights(&Settings { quantization, ..Settings::default() }).quantization
        };
        assert_eq!(weights(&Settings::default()), WeightsSpec::default());
        let adapter = Some("org/adapter".to_owned());
        assert_eq!(weights(&Settings { adapter: adapter.clone(), ..Settings::default() }).adapter, adapter);
        assert_eq!(asked(false, false), None);
        assert_eq!(asked(true, false), Some(LoadQuantization::EightBit));
        assert_eq!(asked(false, true), Some(LoadQuantization::FourBit));
    }

    #[test]
    fn temperature_zero_or_no_sampling_is_greedy() {
        let decoder = Settings::default().decoder;
        let random = |top_k, min_p| TokenChoice::Random { temperature: 1.0, top_k, top_p: 1.0, min_p };
        assert_eq!(choice(&decoder), random(Some(50), 0.0));
        assert_eq!(choice(&Decoder { top_k: 0, min_p: 0.1, ..decoder.clone() }), random(None, 0.1));
        assert_eq!(choice(&Decoder { temperature: 0.0, ..decoder.clone() }), TokenChoice::Greedy);
        assert_eq!(choice(&Decoder { do_sample: false, ..decoder }), TokenChoice::Greedy);
    }

    #[test]
    fn penalties_and_ends_hold_for_the_greedy_choice_too() {
        let decoder = Decoder {
            do_sample: false,
            repetition_penalty: 1.2,
            no_repeat_ngram_size: 3,
            ignore_eos: true,
            stop: TextList(vec!["\n".to_owned()]),
            ..Settings::default().decoder
        };
        let expected = SamplingSpec {
            repetition_penalty: 1.2,
            no_repeat_ngram: NonZeroU32::new(3),
            choice: TokenChoice::Greedy,
            ignore_eos: true,
            stop: vec!["\n".to_owned()],
            logprobs: None,
        };
        assert_eq!(sampling(&decoder), expected);
        assert_eq!(sampling(&Decoder { do_sample: false, ..Settings::default().decoder }), SamplingSpec::GREEDY);
    }
}

//! The experiment of the laboratory: one prompt, one warm-up request.

use lem_domain::backend::Backend;
use lem_domain::impact::{Multiplier, Multipliers};
use lem_domain::spec::{
    BaselineSpec, BatchingSpec, BatchingStrategy, CandleSpec, EnergyChoice, EnergyLaw, EnergySpec, ExperimentSpec, PromptSource,
    PromptSpec, SamplingSpec, TokenLimits, VirtualClockChoice, VirtualSpec, WarmupSpec, WeightsSpec,
};
use lem_domain::units::{Joules, Watts};
use std::time::Duration;

pub(super) fn spec() -> ExperimentSpec {
    let nothing = Joules::new(0.0);
    ExperimentSpec {
        name: "test".into(),
        model: "fake".into(),
        backend: Backend::Virtual,
        limits: TokenLimits { max_input: 8, max_output: 8, min_output: 0 },
        prompts: PromptSpec { source: PromptSource::Embedded, count: None, shuffle: false },
        batching: BatchingSpec { size: 1, strategy: BatchingStrategy::Static, max_tokens: None },
        sampling: SamplingSpec::GREEDY,
        seed: 0,
        warmup: WarmupSpec { requests: 1 },
        energy: EnergySpec {
            baseline: BaselineSpec { duration: Duration::from_secs(2), keep: true },
            ..EnergySpec::of(EnergyChoice::Auto)
        },
        multipliers: Multipliers { pue: Some(Multiplier { value: 1.2, source: "test".into() }), ..Multipliers::default() },
        weights: WeightsSpec::default(),
        candle: CandleSpec::default(),
        virtual_machine: VirtualSpec {
            clock: VirtualClockChoice::Virtual,
            ttft: Duration::from_secs(1),
            itl: Duration::from_secs(1),
            law: EnergyLaw { static_power: Watts::new(0.0), prefill_token: nothing, output_token: nothing, context_token: nothing },
        },
    }
}

//! The experiment of the laboratory: one prompt, one warm-up request.

use lem_domain::backend::Backend;
use lem_domain::impact::{Multiplier, Multipliers};
use lem_domain::spec::{BaselineSpec, EnergyChoice, EnergySpec, ExperimentSpec, TokenLimits, VirtualSpec, WarmupSpec};
use std::time::Duration;

pub(super) fn spec() -> ExperimentSpec {
    let machine = VirtualSpec {
        ttft: Duration::from_secs(1),
        itl: Duration::from_secs(1),
        ..ExperimentSpec::plain(Backend::Virtual, "fake", LIMITS, 1).virtual_machine
    };
    ExperimentSpec {
        warmup: WarmupSpec::requests(1),
        energy: EnergySpec {
            baseline: BaselineSpec { duration: Duration::from_secs(2), keep: true },
            ..EnergySpec::of(EnergyChoice::Auto)
        },
        multipliers: Multipliers { pue: Some(Multiplier { value: 1.2, source: "test".into() }), ..Multipliers::default() },
        virtual_machine: machine,
        ..ExperimentSpec::plain(Backend::Virtual, "fake", LIMITS, 1)
    }
}

const LIMITS: TokenLimits = TokenLimits { max_input: 8, max_output: 8, min_output: 0 };

//! The simulated machine.

use super::within;
use crate::section::section;
use crate::value::{Choice, Quantity};
use lem_domain::spec::VirtualClockChoice;
use lem_domain::units::{Joules, Watts};
use std::time::Duration;
use validator::ValidationError;

section! {
    /// The simulated machine of `backend: virtual`.
    Virtual from RawVirtual {
        /// `virtual`: simulated time, a run takes none. `real`: the same world in real time.
        clock: Choice<VirtualClockChoice> = Choice(VirtualClockChoice::Virtual),
        /// From the start of a batch to the first token of its requests, 1h at most.
        #[validate(custom(function = "simulated_step"))]
        ttft: Quantity<Duration> = Quantity(Duration::from_millis(20)),
        /// Between two output tokens of a request, 1h at most.
        #[validate(custom(function = "simulated_step"))]
        itl: Quantity<Duration> = Quantity(Duration::from_millis(5)),
        /// Power that flows at all times.
        static_power: Quantity<Watts> = Quantity(Watts::new(50.0)),
        /// Energy of one prompt token.
        prefill_token_energy: Quantity<Joules> = Quantity(Joules::from_millijoules(20)),
        /// Energy of one output token.
        output_token_energy: Quantity<Joules> = Quantity(Joules::from_millijoules(200)),
        /// Energy of attending to one token of context while an output token is made.
        context_token_energy: Quantity<Joules> = Quantity(Joules::from_microjoules(100)),
    }
}

fn simulated_step(step: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(step.0, Duration::ZERO, Duration::from_secs(3600))
}

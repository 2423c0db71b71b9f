//! Settings of the in-process engine.

use crate::section::section;
use crate::value::{Choice, Device, SpeculationKind};
use lem_domain::spec::{DeviceChoice, ThreadWaiting};

section! {
    /// Settings of `backend: candle`.
    Candle from RawCandle {
        /// What the model runs on: `cpu`, `cuda`, or a GPU by its number such as `cuda:1`. `auto`: the first GPU where
        /// this program was built for one, it is there, and nothing is said of threads; else the processor.
        device: Device = Device(DeviceChoice::Auto),
        /// Threads for tensor work on the processor. Left out: the machine's physical cores.
        #[validate(range(min = 1, max = 1024))]
        threads: u32,
        /// Keep each of the threads, but the calling one, on a processor of its own.
        pin_threads: bool = false,
        /// How threads wait for each other between two products: `spin` for some tens of microseconds, `yield` to other
        /// programs, `sleep` at once.
        waiting: Choice<ThreadWaiting> = Choice(ThreadWaiting::Spin),
    } {
        /// Guess tokens ahead, so that one pass confirms several. Output stays as it is.
        "speculative" speculative: Speculative from RawSpeculative,
    }
}

section! {
    /// Guessing tokens ahead.
    Speculative from RawSpeculative {
        /// What guesses: `none`; `prompt_lookup`, what followed the last tokens where they stood before; `draft_model`, a
        /// smaller model.
        method: Choice<SpeculationKind> = Choice(SpeculationKind::None),
        /// The smaller model, as `model_name`. It must have the same tokenizer.
        #[validate(length(min = 1, max = 4096))]
        model: String,
        /// Most tokens that are guessed at once.
        #[validate(range(min = 1, max = 64))]
        num_tokens: u32 = 5,
        /// Most of the last tokens that `prompt_lookup` looks for.
        #[validate(range(min = 1, max = 32))]
        prompt_lookup_max: u32 = 3,
    }
}

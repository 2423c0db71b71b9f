//! How much runs at once, and the room it needs.

use super::EngineError;
use super::generation::{PREFILL_CHUNK, prompts_part};
use crate::inference::executor::Extent;
use crate::inference::numbers::index;
use lem_domain::protocol::PreparedWorkload;
use lem_domain::spec::{BatchingStrategy, ExperimentSpec, TokenChoice};

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Requests that run at once.
    pub(super) requests: usize,
    /// Most tokens guessed at once for a request.
    pub(super) guesses: usize,
    /// Most tokens of a pass, unless those that must run together are more.
    pub(super) pass: usize,
    /// Room of the model.
    pub(super) extent: Extent,
}

impl Plan {
    /// For a workload that was prepared under `spec`.
    pub(super) fn of(workload: &PreparedWorkload, spec: &ExperimentSpec) -> Result<Self, EngineError> {
        let continuous = spec.batching.strategy == BatchingStrategy::Continuous;
        let speculation = spec.candle.speculation.as_ref();
        let width = if let TokenChoice::Beams(beams) = spec.sampling.choice {
            let conflicts = [
                (continuous, "continuous batching"),
                (speculation.is_some(), "speculative decoding"),
                (spec.sampling.logprobs.is_some(), "log-probabilities of tokens"),
            ];
            if let Some((_, other)) = conflicts.into_iter().find(|(is_asked, _)| *is_asked) {
                return Err(EngineError::BesideBeams { other });
            }
            beams.width.get()
        } else {
            1
        };
        let requests = if continuous {
            index(spec.batching.size).min(workload.requests.len())
        } else {
            workload.batches.iter().map(ExactSizeIterator::len).max().unwrap_or(0)
        };
        let longest = workload.requests.iter().map(|request| request.tokens.len()).max().unwrap_or(0);
        let guesses = speculation.map_or(0, |speculation| index(speculation.tokens));
        let pass = spec.batching.max_tokens.filter(|_| continuous).map_or(PREFILL_CHUNK, index);
        // The last output token is never run.
        let capacity = longest + index(spec.limits.max_output.saturating_sub(1));
        let rows = requests * width;
        let positions = rows * (1 + guesses);
        // Output tokens run whatever the pass may hold, and so does a part of the prompts beside them.
        let least = if continuous { positions.max(rows + prompts_part(pass)) } else { positions };
        let extent = Extent { rows, capacity, tokens: pass.min(rows * capacity).max(least), positions };
        Ok(Self { requests, guesses, pass, extent })
    }

    /// Room of a model that guesses for it: it guesses one token of each request at a time.
    pub(super) fn draft_extent(&self) -> Extent {
        let Extent { rows, capacity, .. } = self.extent;
        Extent { rows, capacity, tokens: PREFILL_CHUNK.min(rows * capacity).max(rows), positions: rows }
    }
}

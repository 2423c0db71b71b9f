//! Counts arithmetic and traffic where they happen: every matrix product reports the dimensions it ran with.

use crate::inference::numbers::wide;
use lem_domain::flops::{FlopsBreakdown, matmul};
use lem_domain::traffic::{MemoryTraffic, PassTraffic};
use lem_domain::units::Bytes;

/// Part of the model that a matrix product belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Projections and feed-forward.
    Linear,
    /// The language-model head.
    Head,
}

/// A matrix as products meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Multiplied {
    pub(crate) inputs: usize,
    /// Outputs that are computed.
    pub(crate) outputs: usize,
    /// Of its weights.
    pub(crate) bytes: usize,
}

/// Arithmetic and traffic of some passes so far (MEASUREMENT.md §5).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Executed {
    flops: FlopsBreakdown,
    traffic: PassTraffic,
}

impl Executed {
    /// A pass begins.
    pub(crate) fn begin_pass(&mut self) {
        self.traffic.passes += 1;
    }

    /// Adds a product of `(rows × inputs) · (inputs × outputs)`, which reads its matrix once.
    pub(crate) fn add(&mut self, part: Part, rows: usize, matrix: Multiplied) {
        let flops = matmul(wide(rows), wide(matrix.inputs), wide(matrix.outputs));
        let counter = match part {
            Part::Linear => &mut self.flops.linear,
            Part::Head => &mut self.flops.lm_head,
        };
        *counter = *counter + flops;
        self.traffic.weights = self.traffic.weights + bytes(matrix.bytes);
    }

    /// Adds multiply-adds of scores and values that were counted where they ran.
    pub(crate) fn add_attention(&mut self, multiply_adds: u64) {
        self.flops.attention = self.flops.attention + matmul(1, multiply_adds, 1);
    }

    /// Adds bytes of keys and values, of those that are attended to and of new ones.
    pub(crate) fn add_cache(&mut self, read: usize, written: usize) {
        self.traffic.kv_read = self.traffic.kv_read + bytes(read);
        self.traffic.kv_written = self.traffic.kv_written + bytes(written);
    }

    /// Adds what other passes took.
    pub(crate) fn include(&mut self, other: Self) {
        self.flops = self.flops + other.flops;
        self.traffic = self.traffic + other.traffic;
    }
}

/// What passes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Prompt tokens, and possibly output tokens of others beside them.
    Prefill,
    /// Output tokens alone.
    Decode,
}

/// Of a run, by phase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ByPhase {
    prefill: Executed,
    decode: Executed,
}

impl ByPhase {
    /// Where passes of a phase count.
    pub(crate) fn of(&mut self, phase: Phase) -> &mut Executed {
        match phase {
            Phase::Prefill => &mut self.prefill,
            Phase::Decode => &mut self.decode,
        }
    }

    /// The arithmetic of both.
    pub(crate) fn flops(self) -> FlopsBreakdown {
        self.prefill.flops + self.decode.flops
    }

    /// The traffic of each.
    pub(crate) fn traffic(self) -> MemoryTraffic {
        MemoryTraffic { prefill: self.prefill.traffic, decode: self.decode.traffic }
    }
}

fn bytes(count: usize) -> Bytes {
    Bytes::new(wide(count))
}

//! Bytes that a model's passes move between memory and what computes (MEASUREMENT.md §5, MBU).
//!
//! A pass reads the matrices that are active in it once, those of experts where a token of the batch is routed to them; it
//! reads the keys and values that its tokens attend to, in every layer and for every request, and writes those of its new
//! tokens. Activations, norms, and single rows of the embedding are not counted: they are small, and mostly stay in caches.

use crate::units::Bytes;
use std::iter::Sum;
use std::ops::Add;

/// What some passes moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassTraffic {
    /// How many.
    pub passes: u64,
    /// Weights read, as they lie in memory.
    pub weights: Bytes,
    /// Keys and values read.
    pub kv_read: Bytes,
    /// Keys and values written.
    pub kv_written: Bytes,
}

/// What a run moved, by phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryTraffic {
    /// Passes with prompt tokens.
    pub prefill: PassTraffic,
    /// Passes of output tokens alone.
    pub decode: PassTraffic,
}

impl PassTraffic {
    /// All bytes.
    #[must_use]
    pub fn bytes(self) -> Bytes {
        self.weights + self.kv_read + self.kv_written
    }
}

impl Add for PassTraffic {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passes: self.passes.saturating_add(other.passes),
            weights: self.weights + other.weights,
            kv_read: self.kv_read + other.kv_read,
            kv_written: self.kv_written + other.kv_written,
        }
    }
}

impl Add for MemoryTraffic {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { prefill: self.prefill + other.prefill, decode: self.decode + other.decode }
    }
}

impl Sum for MemoryTraffic {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Self::add)
    }
}

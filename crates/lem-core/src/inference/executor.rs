//! What generation asks of a decoder, whatever runs it: the processor (`cpu`), or candle's tensors on a GPU (`tensor`).

use super::architecture::Architecture;
use super::executed::Executed;
use std::fmt::Debug;

/// Runs a decoder for several texts, whose keys and values it holds in a row each.
///
/// Memory is reserved before the window opens; within it, a pass runs new tokens of some of the rows, and logits of some
/// of these tokens follow.
pub(crate) trait Executor: Debug + Send {
    /// What the decoder is.
    fn architecture(&self) -> &Architecture;

    /// Bytes of the weights in memory.
    fn weight_bytes(&self) -> usize;

    /// Bytes reserved for keys and values; `None` before any are.
    fn cache_bytes(&self) -> Option<usize>;

    /// Reserves memory in place of what was reserved before.
    ///
    /// # Errors
    /// When the device has too little.
    fn reserve(&mut self, extent: Extent) -> Result<(), DeviceError>;

    /// Gives reserved memory back.
    fn release(&mut self);

    /// Whether the reserved memory suffices.
    fn fits(&self, extent: Extent) -> bool;

    /// Empties a row for a text of at most `context` tokens, output included.
    ///
    /// Some models turn positions otherwise in long texts than in short ones, and what is in the cache was turned already.
    fn begin(&mut self, row: usize, context: usize);

    /// Tokens that a row holds.
    fn length(&self, row: usize) -> usize;

    /// Forgets the tokens of a row from `length` on.
    fn truncate(&mut self, row: usize, length: usize);

    /// Makes row `to` hold what row `from` holds. Both hold the same in their first `shared` tokens already.
    ///
    /// # Errors
    /// When the device fails.
    fn copy(&mut self, from: usize, to: usize, shared: usize) -> Result<(), DeviceError>;

    /// Runs the new tokens of all segments in one pass, each behind what its row holds.
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When too little was reserved, or the vocabulary does not have one of the tokens.
    fn run(&mut self, segments: &[Segment<'_>], executed: &mut Executed) -> Result<(), DeviceError>;

    /// Logits of tokens of the last pass, by their positions among all of its tokens: `[positions, vocabulary]`.
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When nothing was run, or too little was reserved.
    fn logits(&mut self, positions: &[usize], executed: &mut Executed) -> Result<&mut [f32], DeviceError>;

    /// Waits until all that was submitted is done.
    ///
    /// # Errors
    /// When the device failed.
    fn synchronize(&mut self) -> Result<(), DeviceError>;
}

/// Why a device failed, in its driver's words.
pub(crate) type DeviceError = Box<dyn std::error::Error + Send + Sync>;

/// Room for running requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Rows of keys and values.
    pub(crate) rows: usize,
    /// Tokens of each.
    pub(crate) capacity: usize,
    /// Tokens of a pass.
    pub(crate) tokens: usize,
    /// Tokens of a pass whose logits are asked for at once.
    pub(crate) positions: usize,
}

/// New tokens of one text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// Its row in the cache.
    pub(crate) row: usize,
    /// The tokens; at least one.
    pub(crate) tokens: &'a [u32],
}

//! What generation asks of a decoder, whatever it runs on.

use crate::inference::candle::EngineError;
use lem_domain::flops::FlopsBreakdown;

/// New tokens of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// Its row in the cache.
    pub(crate) row: usize,
    /// The tokens; at least one.
    pub(crate) tokens: &'a [u32],
}

/// A decoder with room for the keys and values of some rows, each the tokens of one text.
pub(crate) trait Forward {
    /// Tokens that it knows, which is the length of a row of logits.
    fn vocabulary(&self) -> usize;

    /// Tokens that a row holds.
    fn length(&self, row: usize) -> usize;

    /// Forgets what a row holds from `length` on.
    fn truncate(&mut self, row: usize, length: usize);

    /// Makes row `to` hold what row `from` holds. Both hold the same in their first `shared` tokens already.
    fn copy(&mut self, from: usize, to: usize, shared: usize) -> Result<(), EngineError>;

    /// Runs the tokens of all segments in one pass, each behind what its row holds.
    fn run(&mut self, segments: &[Segment<'_>]) -> Result<(), EngineError>;

    /// Logits at some of the tokens of the last pass, by their positions among all of them: `[positions, vocabulary]`.
    fn logits(&mut self, positions: &[usize]) -> Result<&mut [f32], EngineError>;

    /// Arithmetic executed so far.
    fn executed(&self) -> FlopsBreakdown;
}

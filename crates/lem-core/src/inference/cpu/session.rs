//! A decoder at work: its weights, threads that are shared with other decoders, and the memory of running requests.

use super::attention::Span;
use super::decoder::{Decoder, Run};
use super::{KvCache, Pool, Workspace};
use crate::inference::candle::EngineError;
use crate::inference::executed::Executed;
use crate::inference::forward::{Forward, Segment};
use lem_domain::flops::FlopsBreakdown;
use std::cell::RefCell;

/// Memory of running requests.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) cache: KvCache,
    pub(crate) workspace: Workspace,
}

impl Room {
    /// Room for a decoder on so many threads.
    pub(crate) fn new(decoder: &mut Decoder, size: RoomSize, threads: usize) -> Self {
        let cache = decoder.reserve(size.rows, size.capacity);
        Self { cache, workspace: Workspace::new(decoder.architecture(), size.tokens, size.positions, threads) }
    }

    /// Whether `rows` requests of `capacity` tokens fit, in passes of `tokens` tokens with logits for `positions` of them.
    pub(crate) fn fits(&self, size: RoomSize, vocabulary: usize) -> bool {
        self.cache.fits(size.rows, size.capacity) && self.workspace.fits(size.tokens, size.positions * vocabulary)
    }
}

/// How much room a run needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoomSize {
    /// Rows of the cache.
    pub(crate) rows: usize,
    /// Tokens of a row.
    pub(crate) capacity: usize,
    /// Tokens of a pass.
    pub(crate) tokens: usize,
    /// Tokens of a pass whose logits are asked for.
    pub(crate) positions: usize,
}

/// See the module.
pub(crate) struct Session<'a> {
    decoder: &'a Decoder,
    pool: &'a RefCell<&'a mut Pool>,
    room: &'a mut Room,
    spans: Vec<Span>,
    executed: Executed,
}

impl<'a> Session<'a> {
    /// Nothing has been run yet.
    pub(crate) fn new(decoder: &'a Decoder, pool: &'a RefCell<&'a mut Pool>, room: &'a mut Room) -> Self {
        let spans = Vec::with_capacity(room.cache.size().rows);
        Self { decoder, pool, room, spans, executed: Executed::default() }
    }
}

impl Forward for Session<'_> {
    fn vocabulary(&self) -> usize {
        self.decoder.architecture().vocabulary
    }

    fn length(&self, row: usize) -> usize {
        self.room.cache.length(row)
    }

    fn truncate(&mut self, row: usize, length: usize) {
        self.room.cache.truncate(row, length);
    }

    fn copy(&mut self, from: usize, to: usize, shared: usize) -> Result<(), EngineError> {
        self.room.cache.copy(from, to, shared);
        Ok(())
    }

    fn run(&mut self, segments: &[Segment<'_>]) -> Result<(), EngineError> {
        let Room { cache, workspace } = &mut *self.room;
        let mut run = Run { pool: &mut self.pool.borrow_mut(), workspace, cache, executed: &mut self.executed };
        self.decoder.run(segments, &mut self.spans, &mut run);
        Ok(())
    }

    fn logits(&mut self, positions: &[usize]) -> Result<&mut [f32], EngineError> {
        let Room { workspace, .. } = &mut *self.room;
        Ok(self.decoder.logits(positions, &mut self.pool.borrow_mut(), workspace, &mut self.executed))
    }

    fn executed(&self) -> FlopsBreakdown {
        self.executed.breakdown()
    }
}

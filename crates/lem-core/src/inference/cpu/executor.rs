//! The processor as an executor.

use super::attention::Span;
use super::cache::KvCache;
use super::decoder::{Decoder, Run};
use super::pool::Pool;
use super::workspace::Workspace;
use crate::inference::architecture::Architecture;
use crate::inference::executed::Executed;
use crate::inference::executor::{DeviceError, Executor, Extent, Segment};
use std::sync::{Arc, Mutex, MutexGuard};

/// Threads that several decoders share. They are locked for a whole pass: between passes nothing is left undone.
pub(crate) type SharedPool = Arc<Mutex<Pool>>;

/// A decoder, the threads that run it, and the memory of running requests. Only memory may be lacking.
#[derive(Debug)]
pub(crate) struct Processor {
    decoder: Decoder,
    pool: SharedPool,
    room: Option<Room>,
    /// Requests of the last pass.
    spans: Vec<Span>,
}

/// Memory of running requests.
#[derive(Debug)]
struct Room {
    cache: KvCache,
    workspace: Workspace,
}

impl Processor {
    /// Puts a decoder on these threads.
    pub(crate) fn new(decoder: Decoder, pool: SharedPool) -> Self {
        Self { decoder, pool, room: None, spans: Vec::new() }
    }

    fn room(&self) -> &Room {
        self.room.as_ref().expect("memory was reserved")
    }

    fn room_mut(&mut self) -> &mut Room {
        self.room.as_mut().expect("memory was reserved")
    }
}

impl Executor for Processor {
    fn architecture(&self) -> &Architecture {
        self.decoder.architecture()
    }

    fn weight_bytes(&self) -> usize {
        self.decoder.bytes()
    }

    fn cache_bytes(&self) -> Option<usize> {
        self.room.as_ref().map(|room| room.cache.bytes())
    }

    fn reserve(&mut self, extent: Extent) -> Result<(), DeviceError> {
        // The old memory goes before the new comes.
        self.room = None;
        let cache = self.decoder.reserve(extent.rows, extent.capacity)?;
        let threads = locked(&self.pool).threads();
        let workspace = Workspace::new(self.decoder.architecture(), extent.tokens, extent.positions, threads)?;
        self.room = Some(Room { cache, workspace });
        self.spans = Vec::with_capacity(extent.rows);
        Ok(())
    }

    fn release(&mut self) {
        self.room = None;
    }

    fn fits(&self, extent: Extent) -> bool {
        let Extent { rows, capacity, tokens, positions } = extent;
        let logits = positions * self.decoder.architecture().vocabulary;
        self.room.as_ref().is_some_and(|room| room.cache.fits(rows, capacity) && room.workspace.fits(tokens, logits))
    }

    fn begin(&mut self, row: usize, context: usize) {
        self.room_mut().cache.begin(row, context);
    }

    fn length(&self, row: usize) -> usize {
        self.room().cache.length(row)
    }

    fn truncate(&mut self, row: usize, length: usize) {
        self.room_mut().cache.truncate(row, length);
    }

    fn copy(&mut self, from: usize, to: usize, shared: usize) -> Result<(), DeviceError> {
        self.room_mut().cache.copy(from, to, shared);
        Ok(())
    }

    fn run(&mut self, segments: &[Segment<'_>], executed: &mut Executed) -> Result<(), DeviceError> {
        let Room { cache, workspace } = self.room.as_mut().expect("memory was reserved");
        let mut run = Run { pool: &mut locked(&self.pool), workspace, cache, executed };
        self.decoder.run(segments, &mut self.spans, &mut run);
        Ok(())
    }

    fn logits(&mut self, positions: &[usize], executed: &mut Executed) -> Result<&mut [f32], DeviceError> {
        let Room { workspace, .. } = self.room.as_mut().expect("memory was reserved");
        Ok(self.decoder.logits(positions, &mut locked(&self.pool), workspace, executed))
    }

    /// Products on the processor are done when they return.
    fn synchronize(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}

fn locked(pool: &SharedPool) -> MutexGuard<'_, Pool> {
    pool.lock().expect("a pass that panicked ends the run")
}

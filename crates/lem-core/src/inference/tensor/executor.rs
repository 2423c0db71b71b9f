//! A device of candle as an executor.

use super::cache::KvCache;
use super::decoder::Decoder;
use super::device::failure;
use crate::inference::architecture::Architecture;
use crate::inference::executed::Executed;
use crate::inference::executor::{DeviceError, Executor, Extent, Segment};
use candle_core::Tensor;

/// A decoder on a device, and the memory of running requests.
#[derive(Debug)]
pub(crate) struct Accelerator {
    decoder: Decoder,
    cache: Option<KvCache>,
    /// The residual stream of the last pass.
    states: Option<Tensor>,
    /// Those that were asked for last.
    logits: Vec<f32>,
}

impl Accelerator {
    /// Makes a decoder run on the device that its weights are on.
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { decoder, cache: None, states: None, logits: Vec::new() }
    }

    fn cache(&self) -> &KvCache {
        self.cache.as_ref().expect("memory was reserved")
    }
}

impl Executor for Accelerator {
    fn architecture(&self) -> &Architecture {
        self.decoder.architecture()
    }

    fn weight_bytes(&self) -> usize {
        self.decoder.bytes()
    }

    fn cache_bytes(&self) -> Option<usize> {
        self.cache.as_ref().map(KvCache::bytes)
    }

    /// What a pass writes to is allocated as it runs, from the driver's pool; only keys and values are reserved.
    fn reserve(&mut self, extent: Extent) -> Result<(), DeviceError> {
        self.release();
        self.cache = Some(self.decoder.reserve(extent.rows, extent.capacity).map_err(failure)?);
        Ok(())
    }

    fn release(&mut self) {
        (self.cache, self.states) = (None, None);
    }

    fn fits(&self, extent: Extent) -> bool {
        self.cache.as_ref().is_some_and(|cache| cache.fits(extent.rows, extent.capacity))
    }

    fn length(&self, row: usize) -> usize {
        self.cache().length(row)
    }

    fn truncate(&mut self, row: usize, length: usize) {
        self.cache.as_mut().expect("memory was reserved").truncate(row, length);
    }

    fn copy(&mut self, from: usize, to: usize, shared: usize) -> Result<(), DeviceError> {
        self.cache.as_mut().expect("memory was reserved").copy(from, to, shared).map_err(failure)
    }

    fn run(&mut self, segments: &[Segment<'_>], executed: &mut Executed) -> Result<(), DeviceError> {
        let cache = self.cache.as_mut().expect("memory was reserved");
        self.states = Some(self.decoder.run(segments, cache, executed).map_err(failure)?);
        Ok(())
    }

    fn logits(&mut self, positions: &[usize], executed: &mut Executed) -> Result<&mut [f32], DeviceError> {
        let states = self.states.as_ref().expect("a pass was run");
        self.logits = self.decoder.logits(states, positions.iter().copied(), executed).map_err(failure)?;
        Ok(&mut self.logits)
    }

    fn synchronize(&mut self) -> Result<(), DeviceError> {
        self.decoder.place().device.synchronize().map_err(failure)
    }
}

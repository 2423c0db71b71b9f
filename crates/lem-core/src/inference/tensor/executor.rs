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
    /// Where each token of the last pass stands in `states`.
    places: Vec<usize>,
    /// Those that were asked for last.
    logits: Vec<f32>,
}

impl Accelerator {
    /// Makes a decoder run on the device that its weights are on.
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { decoder, cache: None, states: None, places: Vec::new(), logits: Vec::new() }
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

    fn begin(&mut self, row: usize, context: usize) {
        self.cache.as_mut().expect("memory was reserved").begin(row, context);
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

    /// Segments run in the order in which most of them share products: by length, and neighbours in the cache together.
    fn run(&mut self, segments: &[Segment<'_>], executed: &mut Executed) -> Result<(), DeviceError> {
        let mut sorted: Vec<_> = segments.iter().copied().enumerate().collect();
        sorted.sort_by_key(|(_, segment)| (segment.tokens.len(), segment.row));
        let mut starts = vec![0; segments.len()];
        let mut end = 0;
        for &(number, segment) in &sorted {
            starts[number] = end;
            end += segment.tokens.len();
        }
        self.places.clear();
        self.places.extend(segments.iter().zip(starts).flat_map(|(segment, start)| start..start + segment.tokens.len()));
        let sorted: Vec<_> = sorted.into_iter().map(|(_, segment)| segment).collect();
        let cache = self.cache.as_mut().expect("memory was reserved");
        self.states = Some(self.decoder.run(&sorted, cache, executed).map_err(failure)?);
        Ok(())
    }

    fn logits(&mut self, positions: &[usize], executed: &mut Executed) -> Result<&mut [f32], DeviceError> {
        let states = self.states.as_ref().expect("a pass was run");
        self.logits = self.decoder.logits(states, positions.iter().map(|&position| self.places[position]), executed).map_err(failure)?;
        Ok(&mut self.logits)
    }

    fn synchronize(&mut self) -> Result<(), DeviceError> {
        self.decoder.place().device.synchronize().map_err(failure)
    }
}

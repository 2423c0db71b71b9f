//! Where a model runs, and the model that guesses for it beside it: the processor or a GPU.

use super::weight_types::WeightTypes;
use super::{EngineError, threads};
use crate::inference::architecture::Architecture;
use crate::inference::checkpoint::{Assembled, Changes, Checkpoint, Choice, Names, assemble};
use crate::inference::cpu::{self, Level, Processor, SharedPool, Tiled};
use crate::inference::executor::Executor;
#[cfg(any(feature = "cuda", test))]
use crate::inference::tensor::{self, Accelerator};
#[cfg(any(feature = "cuda", test))]
use candle_core::{DType, Device};
use lem_domain::record::EngineFacts;
use lem_domain::spec::{CandleSpec, DeviceChoice};
use std::collections::BTreeMap;

/// A device that was chosen, and is there.
#[derive(Debug)]
pub(super) enum Target {
    /// Threads of the processor.
    Processor {
        pool: SharedPool,
        /// How many.
        threads: usize,
    },
    /// One that candle's tensors run on.
    #[cfg(any(feature = "cuda", test))]
    Device(Device),
}

/// The setting that says something about threads of the processor.
fn about_threads(candle: &CandleSpec) -> Option<&'static str> {
    let plain = CandleSpec::default();
    let settings = [
        ("candle.threads", candle.threads != plain.threads),
        ("candle.pin_threads", candle.pin_threads != plain.pin_threads),
        ("candle.waiting", candle.waiting != plain.waiting),
    ];
    settings.into_iter().find(|(_, is_set)| *is_set).map(|(setting, _)| setting)
}

/// Whether there is no GPU, or nothing that would run one.
fn is_no_gpu(error: &EngineError) -> bool {
    match error {
        EngineError::WithoutCuda => true,
        // The driver's name of the failure; candle passes it on as text.
        EngineError::NoDevice { source, .. } => source.to_string().contains("CUDA_ERROR_NO_DEVICE"),
        _ => false,
    }
}

/// A decoder where it runs, and what became of its weights on the way.
pub(super) struct Placed {
    pub(super) executor: Box<dyn Executor>,
    /// As in [`Assembled`].
    pub(super) changed: BTreeMap<String, Choice>,
    pub(super) types: WeightTypes,
    /// What arithmetic runs, in words.
    pub(super) kernel: String,
}

impl Target {
    /// Opens what is asked for.
    pub(super) fn new(candle: &CandleSpec) -> Result<Self, EngineError> {
        let about_threads = about_threads(candle);
        match candle.device {
            DeviceChoice::Cpu => Self::processor(candle),
            DeviceChoice::Cuda(ordinal) => match about_threads {
                Some(setting) => Err(EngineError::ThreadsOnGpu { setting }),
                None => Self::cuda(ordinal),
            },
            // Who asks for threads asks for the processor, which is also what a machine without a GPU or its driver has.
            DeviceChoice::Auto if about_threads.is_some() => Self::processor(candle),
            DeviceChoice::Auto => match Self::cuda(0) {
                Err(error) if is_no_gpu(&error) => Self::processor(candle),
                // A GPU that fails is not one that is missing: a run on the processor in its place would go unnoticed.
                opened => opened,
            },
        }
    }

    fn processor(candle: &CandleSpec) -> Result<Self, EngineError> {
        let pool = threads::pool(candle)?;
        Ok(Self::Processor { threads: pool.threads(), pool: SharedPool::new(pool.into()) })
    }

    #[cfg(feature = "cuda")]
    fn cuda(ordinal: u32) -> Result<Self, EngineError> {
        let unavailable = |source| EngineError::NoDevice { device: format!("cuda:{ordinal}"), source: tensor::failure(source) };
        tensor::cuda(ordinal).map(Self::Device).map_err(unavailable)
    }

    #[cfg(not(feature = "cuda"))]
    fn cuda(_ordinal: u32) -> Result<Self, EngineError> {
        Err(EngineError::WithoutCuda)
    }

    /// What results call it.
    pub(super) fn name(&self) -> Result<String, EngineError> {
        match self {
            Self::Processor { .. } => Ok(EngineFacts::PROCESSOR.to_owned()),
            #[cfg(any(feature = "cuda", test))]
            Self::Device(device) => tensor::name(device).map_err(|source| EngineError::Device(tensor::failure(source))),
        }
    }

    /// Threads of tensor work, where there are any.
    pub(super) fn threads(&self) -> Option<usize> {
        match self {
            Self::Processor { threads, .. } => Some(*threads),
            #[cfg(any(feature = "cuda", test))]
            Self::Device(_) => None,
        }
    }

    /// Threads that change weights before the device has them.
    pub(super) fn threads_for_changes(&self) -> usize {
        self.threads().unwrap_or_else(threads::limit)
    }

    /// Lays a checkpoint out on the device.
    pub(super) fn place(
        &self,
        architecture: Architecture,
        names: &Names,
        checkpoint: &dyn Checkpoint,
        changes: Changes<'_>,
    ) -> Result<Placed, EngineError> {
        match self {
            Self::Processor { pool, .. } => {
                let level = Level::best();
                let Assembled { weights, changed } = assemble(&Tiled, &architecture, names, checkpoint, changes)?;
                let types = WeightTypes::after(checkpoint, &changed);
                let kernel = types.kernel(level.name(), "f32", level.dots_bf16());
                let executor = Box::new(Processor::new(cpu::Decoder::new(architecture, weights, level), pool.clone()));
                Ok(Placed { executor, changed, types, kernel })
            }
            #[cfg(any(feature = "cuda", test))]
            Self::Device(device) => {
                let precision = match (changes.quantiser, changes.precision) {
                    // Most matrices will be in blocks.
                    (Some(_), _) => DType::F32,
                    (None, Some(format)) => tensor::precision(std::iter::once((format, 1))),
                    (None, None) => tensor::precision(WeightTypes::stored(checkpoint).matrices()),
                };
                let layout = tensor::Placement { device: device.clone(), precision };
                let Assembled { weights, changed } = assemble(&layout, &architecture, names, checkpoint, changes)?;
                let types = WeightTypes::after(checkpoint, &changed);
                let kernel = types.kernel("candle", precision.as_str(), false);
                let executor = Box::new(Accelerator::new(tensor::Decoder::new(architecture, weights, layout)));
                Ok(Placed { executor, changed, types, kernel })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_gpu_is_not_one_that_fails() {
        let failed = |driver: &str| EngineError::NoDevice { device: "cuda:0".to_owned(), source: driver.into() };
        assert!(is_no_gpu(&failed("DriverError(CUDA_ERROR_NO_DEVICE, \"no CUDA-capable device is detected\")")));
        assert!(!is_no_gpu(&failed("DriverError(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, \"driver and display driver differ\")")));
        assert!(is_no_gpu(&EngineError::WithoutCuda));
        assert!(!is_no_gpu(&EngineError::ThreadsOnGpu { setting: "candle.threads" }));
    }
}

//! In which type weights are held, on which GPUs, and how a model is spread over them.

use std::fmt;

/// The type in which floating-point weights are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// That of the checkpoint; the processor computes with it in f32, or in bf16 where it has instructions for that.
    #[default]
    Auto,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of binary32.
    Bf16,
}

impl Precision {
    /// Every choice.
    pub const ALL: &'static [Self] = &[Self::Auto, Self::F32, Self::F16, Self::Bf16];

    /// The name in configurations and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// On which GPUs a model runs, and how it is spread over them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacementSpec {
    /// Numbers of GPUs, as CUDA counts them; `None` leaves the choice to the engine, an empty list is the processor.
    pub gpus: Option<Vec<u32>>,
    /// `None` is one device.
    pub parallelism: Option<ParallelismSpec>,
}

/// How a model is spread over devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParallelismSpec {
    /// What is divided.
    pub strategy: ParallelStrategy,
    /// Into how many parts.
    pub degree: u32,
}

/// What is divided among devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParallelStrategy {
    /// Every matrix. Shoeybi et al. 2019, "Megatron-LM", arXiv 1909.08053.
    Tensor,
    /// The layers.
    Pipeline,
    /// The requests: each device holds the whole model.
    Data,
}

//! Weights on a device.

use super::device::failure;
use crate::inference::architecture::{HeadNorm, NormKind};
use crate::inference::checkpoint::{CheckpointError, Format, Stored};
use crate::inference::executed::{Executed, Multiplied, Part};
use crate::inference::weights::{self, Footprint, Layout, NormWeights};
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops;
use std::borrow::Cow;

/// Weights on a device: numbers of floating-point types in one precision, blocks as they are.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    pub(crate) device: Device,
    /// Of floating-point weights, activations, keys and values.
    pub(crate) precision: DType,
}

pub(crate) type Weights = weights::Weights<Linear, Norm>;
pub(super) type LayerWeights = weights::LayerWeights<Linear, Norm>;

/// A matrix of `outputs × inputs` weights, and what is added to each of its outputs.
#[derive(Debug)]
pub(crate) struct Linear {
    matrix: Matrix,
    bias: Option<Tensor>,
    outputs: usize,
    inputs: usize,
}

#[derive(Debug)]
enum Matrix {
    /// `[outputs, inputs]`.
    Floats(Tensor),
    /// Likewise, multiplied with activations that the kernel rounds to eight bits.
    Blocks(Box<QTensor>),
}

/// A norm with its gain and bias.
#[derive(Debug)]
pub(crate) struct Norm {
    kind: NormKind,
    epsilon: f32,
    gain: Tensor,
    /// Zeros for a layer norm that has none.
    bias: Option<Tensor>,
}

impl Placement {
    fn vector(&self, values: Vec<f32>) -> Result<Tensor> {
        let length = values.len();
        Tensor::from_vec(values, length, &self.device)?.to_dtype(self.precision)
    }

    fn matrix(&self, parts: &[Stored<'_>], rows: usize, columns: usize) -> Result<Matrix> {
        let format = parts[0].format();
        let bytes = match parts {
            [part] => Cow::Borrowed(part.bytes()),
            parts => Cow::Owned(parts.iter().flat_map(|part| part.bytes().iter().copied()).collect()),
        };
        match kind(format) {
            Kind::Floats(stored) => {
                let tensor = Tensor::from_raw_buffer(&bytes, stored, &[rows, columns], &self.device)?;
                Ok(Matrix::Floats(tensor.to_dtype(self.precision)?))
            }
            Kind::Blocks(stored) => {
                // Blocks are read as structures of 16-bit words, at whose alignment a file need not hold them.
                let bytes = if bytes.as_ptr().addr().is_multiple_of(align_of::<u16>()) { bytes } else { Cow::Owned(bytes.into_owned()) };
                let storage = QStorage::from_data(bytes, &self.device, stored)?;
                Ok(Matrix::Blocks(Box::new(QTensor::new(storage, (rows, columns))?)))
            }
        }
    }
}

impl Layout for Placement {
    type Linear = Linear;
    type Norm = Norm;

    fn linear(&self, parts: &[Stored<'_>], bias: Option<Vec<f32>>) -> std::result::Result<Linear, CheckpointError> {
        let (outputs, inputs) = (parts.iter().map(Stored::rows).sum(), parts[0].columns());
        let linear = || {
            let bias = bias.map(|bias| self.vector(bias)).transpose()?;
            Ok(Linear { matrix: self.matrix(parts, outputs, inputs)?, bias, outputs, inputs })
        };
        linear().map_err(unplaced)
    }

    fn norm(&self, norm: NormWeights) -> std::result::Result<Norm, CheckpointError> {
        let NormWeights { kind, epsilon, gain, bias } = norm;
        let place = || {
            let bias = bias.or_else(|| (kind == NormKind::Layer).then(|| vec![0.0; gain.len()]));
            Ok(Norm { kind, epsilon, bias: bias.map(|bias| self.vector(bias)).transpose()?, gain: self.vector(gain)? })
        };
        place().map_err(unplaced)
    }
}

impl Linear {
    /// `[rows, inputs]` to `[rows, outputs]`.
    pub(super) fn forward(&self, input: &Tensor, part: Part, executed: &mut Executed) -> Result<Tensor> {
        let output = match &self.matrix {
            Matrix::Floats(matrix) => input.matmul(&matrix.t()?)?,
            Matrix::Blocks(matrix) => input.apply_op1_no_bwd(matrix.as_ref())?,
        };
        executed.add(part, input.dim(0)?, Multiplied { inputs: self.inputs, outputs: self.outputs, bytes: self.bytes() });
        match &self.bias {
            Some(bias) => output.broadcast_add(bias),
            None => Ok(output),
        }
    }

    /// The weights of outputs: the embeddings of tokens, when the matrix is an embedding.
    pub(super) fn rows(&self, outputs: &Tensor, precision: DType) -> Result<Tensor> {
        match &self.matrix {
            Matrix::Floats(matrix) => matrix.index_select(outputs, 0),
            Matrix::Blocks(matrix) => matrix.embedding(outputs)?.to_dtype(precision),
        }
    }
}

impl Norm {
    /// Normalises along the last dimension, which is as wide as there are gains.
    pub(super) fn apply(&self, values: &Tensor) -> Result<Tensor> {
        self.with(values, &self.gain, self.bias.as_ref())
    }

    /// Normalises heads, `[tokens, heads, width]`.
    pub(super) fn apply_to_heads(&self, over: HeadNorm, values: &Tensor) -> Result<Tensor> {
        let (tokens, heads, width) = values.dims3()?;
        let values = values.contiguous()?;
        match over {
            HeadNorm::Whole(_) => self.apply(&values.reshape((tokens, heads * width))?)?.reshape((tokens, heads, width)),
            HeadNorm::Head(_) if self.gain.elem_count() == width => self.apply(&values),
            HeadNorm::Head(_) => {
                let one = Tensor::ones(width, values.dtype(), values.device())?;
                let zero = self.bias.as_ref().map(|_| one.zeros_like()).transpose()?;
                let normed = self.with(&values, &one, zero.as_ref())?.broadcast_mul(&self.gain.reshape((heads, width))?)?;
                match &self.bias {
                    Some(bias) => normed.broadcast_add(&bias.reshape((heads, width))?),
                    None => Ok(normed),
                }
            }
        }
    }

    fn with(&self, values: &Tensor, gain: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        match (self.kind, bias) {
            (NormKind::Layer, Some(bias)) => ops::layer_norm(values, gain, bias, self.epsilon),
            (NormKind::Layer, None) => unreachable!("layer norms were given a bias"),
            (NormKind::Rms, bias) => {
                let normed = ops::rms_norm(values, gain, self.epsilon)?;
                bias.map_or(Ok(normed.clone()), |bias| normed.broadcast_add(bias))
            }
        }
    }
}

impl Footprint for Linear {
    fn bytes(&self) -> usize {
        let matrix = match &self.matrix {
            Matrix::Floats(matrix) => bytes(matrix),
            Matrix::Blocks(matrix) => matrix.storage_size_in_bytes(),
        };
        matrix + self.bias.as_ref().map_or(0, bytes)
    }
}

impl Footprint for Norm {
    fn bytes(&self) -> usize {
        bytes(&self.gain) + self.bias.as_ref().map_or(0, bytes)
    }
}

/// Bytes of a tensor in memory.
pub(super) fn bytes(tensor: &Tensor) -> usize {
    tensor.elem_count() * tensor.dtype().size_in_bytes()
}

fn unplaced(source: candle_core::Error) -> CheckpointError {
    CheckpointError::Placement(failure(source))
}

enum Kind {
    Floats(DType),
    Blocks(GgmlDType),
}

/// What candle calls a format.
fn kind(format: Format) -> Kind {
    match format {
        Format::F32 => Kind::Floats(DType::F32),
        Format::F16 => Kind::Floats(DType::F16),
        Format::Bf16 => Kind::Floats(DType::BF16),
        Format::Q4_0 => Kind::Blocks(GgmlDType::Q4_0),
        Format::Q4_1 => Kind::Blocks(GgmlDType::Q4_1),
        Format::Q5_0 => Kind::Blocks(GgmlDType::Q5_0),
        Format::Q5_1 => Kind::Blocks(GgmlDType::Q5_1),
        Format::Q8_0 => Kind::Blocks(GgmlDType::Q8_0),
        Format::Q2K => Kind::Blocks(GgmlDType::Q2K),
        Format::Q3K => Kind::Blocks(GgmlDType::Q3K),
        Format::Q4K => Kind::Blocks(GgmlDType::Q4K),
        Format::Q5K => Kind::Blocks(GgmlDType::Q5K),
        Format::Q6K => Kind::Blocks(GgmlDType::Q6K),
    }
}

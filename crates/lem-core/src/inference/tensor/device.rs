//! Devices of candle.

use crate::inference::checkpoint::Format;
use crate::inference::executor::DeviceError;
use candle_core::{DType, Device, Error, Result};

/// Opens a GPU.
///
/// # Errors
/// When there is none of this number, or its driver does not run what this program was built for.
#[cfg(feature = "cuda")]
pub(crate) fn cuda(ordinal: u32) -> Result<Device> {
    Device::new_cuda(ordinal.try_into().expect("pointers have at least 32 bits on every platform that candle runs on"))
}

/// A failure without the places where it came up in candle, which are part of its message when backtraces are on.
pub(crate) fn failure(error: Error) -> DeviceError {
    match error {
        Error::WithBacktrace { inner, .. } => failure(*inner),
        other => other.into(),
    }
}

/// The precision that most matrices are stored in, by their formats with their number: products of other precisions would
/// first convert them. What meets weights in blocks stays in f32, of which kernels make eight bits.
pub(crate) fn precision(matrices: impl Iterator<Item = (Format, usize)>) -> DType {
    match matrices.max_by_key(|&(format, count)| (!format.is_float(), count)) {
        Some((Format::F16, _)) => DType::F16,
        Some((Format::Bf16, _)) => DType::BF16,
        _ => DType::F32,
    }
}

/// A device's name from its driver.
///
/// # Errors
/// When the driver does not say.
pub(crate) fn name(device: &Device) -> Result<String> {
    match device {
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => {
            let stream = device.cuda_stream();
            let name = stream.context().name().map_err(Error::wrap)?;
            Ok(format!("{name} (cuda:{})", stream.context().ordinal()))
        }
        other => Ok(format!("{:?}", other.location()).to_lowercase()),
    }
}

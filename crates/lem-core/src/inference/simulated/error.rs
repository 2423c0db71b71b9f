//! What a simulated machine cannot be.

use lem_domain::protocol::{Fault, SeamError};

/// Why a machine cannot be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimulationError {
    /// A step takes no time, so the energy it spends would need infinite power.
    #[error("`virtual.{field}` is zero: a step of the virtual machine takes time")]
    NoDuration {
        /// The setting.
        field: &'static str,
    },
    /// Requests are to arrive at times of their own, and the machine runs batches.
    #[error("the virtual machine runs batches, and requests of this workload arrive one by one")]
    Arrivals,
}

impl From<SimulationError> for SeamError {
    fn from(error: SimulationError) -> Self {
        let hint = match error {
            SimulationError::NoDuration { field } => format!("set `virtual.{field}` to a positive duration, such as \"10ms\""),
            SimulationError::Arrivals => "leave `PreparedRequest::arrival` out".to_owned(),
        };
        Self::new(Fault::Usage, error.to_string()).with_hint(hint)
    }
}

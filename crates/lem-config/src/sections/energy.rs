//! How energy is read.

use super::within;
use crate::section::section;
use crate::value::{Choice, Quantity, SourceWord, Sources};
use lem_domain::spec::{EnergySpec, RequiredGrade};
use lem_domain::units::Watts;
use std::time::Duration;
use validator::ValidationError;

section! {
    /// How energy is read.
    Energy from RawEnergy {
        /// `auto`: every sensor that works here. `none`: no energy. Otherwise a source or a list of them, each of which
        /// must work: `nvml` (NVIDIA boards), `rapl` (processor and memory), `amd` (AMD boards), `hwmon` (other sensors of
        /// the host), `estimate` (from processor load), `virtual` (the simulated machine's).
        #[validate(custom(function = "source_list"))]
        backend: Sources = Sources::Word(Choice(SourceWord::Auto)),
        /// Time between two samples, 1ms to 10s. Left out: half of each sensor's update period, 50ms while that is
        /// unknown.
        #[validate(custom(function = "sampling_interval"))]
        interval: Quantity<Duration>,
        /// Worst grade that the energy may have: `any`, `estimated` or `measured`.
        require: Choice<RequiredGrade> = Choice(RequiredGrade::Any),
        /// Asked precision: the largest half-width of the 95 % interval of the random part, as a share of the energy. A
        /// window too short for it is `limited`.
        #[validate(range(exclusive_min = 0.0, max = 1.0))]
        #[schemars(extend("exclusiveMinimum" = 0))]
        precision: f64 = EnergySpec::USUAL_PRECISION,
    } {
        /// Your own figures for the estimate from processor load.
        "cpu" cpu: CpuPower from RawCpuPower,
        /// How idle power is found.
        "baseline" baseline: Baseline from RawBaseline,
    }
}

section! {
    /// Your own figures for the estimate from processor load.
    CpuPower from RawCpuPower {
        /// Power of one idle hardware thread.
        idle_power_per_thread: Quantity<Watts>,
        /// Power of one busy hardware thread.
        max_power_per_thread: Quantity<Watts>,
    }
}

section! {
    /// How idle power is found.
    Baseline from RawBaseline {
        /// How long each idle state is watched, 10m at most. `0s` leaves idle power out.
        #[validate(custom(function = "idle_watch"))]
        duration: Quantity<Duration> = Quantity(Duration::from_secs(2)),
        /// Use the idle levels of earlier runs while a short check finds them unchanged.
        keep: bool = true,
    }
}

fn source_list(sources: &Sources) -> Result<(), ValidationError> {
    sources.check()
}

fn sampling_interval(interval: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(interval.0, Duration::from_millis(1), Duration::from_secs(10))
}

fn idle_watch(duration: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(duration.0, Duration::ZERO, Duration::from_secs(600))
}

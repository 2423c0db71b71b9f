//! What a board's power figures mean and how far their gain may be off, by generation.
//!
//! Yang, Adamek, Armour, "Part-time Power Measurements: nvidia-smi's Lack of Attention" (arXiv 2312.02741): more than 70
//! boards against a power meter. `nvmlDeviceGetPowerUsage` by the NVML reference: a mean over one second on Ampere except
//! GA100 and newer, instantaneous before. The paper also found that drivers before, of and after 530 give `nvidia-smi`'s
//! default reading other meanings, which is why the driver stands in every sensor's source and in the profile's key.

use lem_domain::sensor::{Gain, PowerMeaning};
use nvml_wrapper::enums::device::DeviceArchitecture;
use std::time::Duration;

/// Generations whose sensors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    MaxwellOrOlder,
    Pascal,
    Volta,
    Turing,
    /// A100 and A30: the one Ampere chip whose sensor is another.
    Ga100,
    Ampere,
    Ada,
    Hopper,
    Blackwell,
    /// Not told, or newer than this table.
    Unknown,
}

const ONE_SECOND: Duration = Duration::from_secs(1);

impl Generation {
    /// By what NVML says of the board. `capability` is the CUDA compute capability: 8.0 is GA100, the rest of Ampere 8.6 and up.
    pub(super) fn of(architecture: Option<DeviceArchitecture>, capability: Option<(i32, i32)>) -> Self {
        match architecture {
            Some(DeviceArchitecture::Kepler | DeviceArchitecture::Maxwell) => Self::MaxwellOrOlder,
            Some(DeviceArchitecture::Pascal) => Self::Pascal,
            Some(DeviceArchitecture::Volta) => Self::Volta,
            Some(DeviceArchitecture::Turing) => Self::Turing,
            Some(DeviceArchitecture::Ampere) if capability == Some((8, 0)) => Self::Ga100,
            Some(DeviceArchitecture::Ampere) => Self::Ampere,
            Some(DeviceArchitecture::Ada) => Self::Ada,
            Some(DeviceArchitecture::Hopper) => Self::Hopper,
            Some(DeviceArchitecture::Blackwell) => Self::Blackwell,
            Some(DeviceArchitecture::Unknown) | None => Self::Unknown,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::MaxwellOrOlder => "Maxwell or older",
            Self::Pascal => "Pascal",
            Self::Volta => "Volta",
            Self::Turing => "Turing",
            Self::Ga100 => "Ampere (GA100)",
            Self::Ampere => "Ampere",
            Self::Ada => "Ada",
            Self::Hopper => "Hopper",
            Self::Blackwell => "Blackwell",
            Self::Unknown => "unknown",
        }
    }

    /// How often readings change while no profile says better. Yang et al. table of update periods.
    pub(super) const fn update_period(self) -> Duration {
        match self {
            Self::Pascal | Self::Volta => Duration::from_millis(20),
            Self::MaxwellOrOlder | Self::Turing | Self::Ga100 | Self::Ampere | Self::Ada => Duration::from_millis(100),
            Self::Hopper | Self::Blackwell | Self::Unknown => Duration::from_millis(100),
        }
    }

    /// What `nvmlDeviceGetPowerUsage` is.
    pub(super) const fn power_usage(self) -> PowerMeaning {
        let window = match self {
            Self::Pascal | Self::Volta => Duration::from_millis(10),
            Self::Turing => Duration::from_millis(100),
            Self::Ga100 => Duration::from_millis(25),
            // The oldest answer through a low-pass filter, whose lag is nearer to that of a second's mean than to none.
            Self::MaxwellOrOlder => ONE_SECOND,
            Self::Ampere | Self::Ada | Self::Hopper | Self::Blackwell | Self::Unknown => ONE_SECOND,
        };
        PowerMeaning::Averaged(window)
    }

    /// What the field `POWER_INSTANT` is: on GA100 and Hopper a quarter of the time is seen, elsewhere all of it.
    pub(super) const fn power_instant(self) -> PowerMeaning {
        let window = match self {
            Self::Ga100 | Self::Hopper => Duration::from_millis(25),
            Self::MaxwellOrOlder | Self::Pascal | Self::Volta | Self::Turing => Duration::from_millis(100),
            Self::Ampere | Self::Ada | Self::Blackwell | Self::Unknown => Duration::from_millis(100),
        };
        PowerMeaning::Averaged(window)
    }

    /// What the field `POWER_AVERAGE` is.
    pub(super) const fn power_average() -> PowerMeaning {
        PowerMeaning::Averaged(ONE_SECOND)
    }

    /// A bound that holds the steady-state errors that Yang et al. measured on boards of the class.
    pub(super) fn gain(self) -> Gain {
        let (per_cent, measured) = match self {
            Self::Ga100 => (6, "A100 PCIe −5.5 %"),
            Self::Ampere => (6, "RTX 3090 −3.8 to −4.7 %, RTX A5000 −5 to −6 %"),
            Self::Ada => (6, "RTX 4090 −4.3 %"),
            Self::Pascal => (6, "P100 +0.5 %, GTX 1080 Ti −0.3 %"),
            Self::Turing => (12, "RTX 2080 Ti −6.2 %, RTX 2060 Super +10.9 %"),
            Self::MaxwellOrOlder | Self::Volta | Self::Hopper | Self::Blackwell | Self::Unknown => {
                let source = "no comparison of this generation with a power meter is published: assumed";
                return Gain { half_width: 0.10, source: source.to_owned() };
            }
        };
        Gain { half_width: f64::from(per_cent) / 100.0, source: format!("against a power meter, {measured} (arXiv 2312.02741)") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_means_what_the_reference_and_the_paper_say() {
        let check = |architecture, capability, usage_ms, instant_ms, period_ms| {
            let generation = Generation::of(Some(architecture), Some(capability));
            let millis = |millis| PowerMeaning::Averaged(Duration::from_millis(millis));
            assert_eq!(generation.power_usage(), millis(usage_ms), "{generation:?}");
            assert_eq!(generation.power_instant(), millis(instant_ms), "{generation:?}");
            assert_eq!(generation.update_period(), Duration::from_millis(period_ms), "{generation:?}");
        };
        check(DeviceArchitecture::Pascal, (6, 0), 10, 100, 20);
        check(DeviceArchitecture::Volta, (7, 0), 10, 100, 20);
        check(DeviceArchitecture::Turing, (7, 5), 100, 100, 100);
        check(DeviceArchitecture::Ampere, (8, 0), 25, 25, 100);
        check(DeviceArchitecture::Ampere, (8, 6), 1_000, 100, 100);
        check(DeviceArchitecture::Ada, (8, 9), 1_000, 100, 100);
        check(DeviceArchitecture::Hopper, (9, 0), 1_000, 25, 100);
        check(DeviceArchitecture::Blackwell, (10, 0), 1_000, 100, 100);
        check(DeviceArchitecture::Unknown, (12, 0), 1_000, 100, 100);
    }

    #[test]
    fn a_bound_holds_every_error_that_it_cites_and_the_rest_is_ten_per_cent() {
        let check = |generation: Generation, errors: &[f64]| {
            let gain = generation.gain();
            assert!(errors.iter().all(|error| error.abs() <= gain.half_width), "{generation:?}: {gain:?}");
        };
        check(Generation::Ga100, &[-0.055]);
        check(Generation::Ampere, &[-0.038, -0.047, -0.05, -0.06]);
        check(Generation::Ada, &[-0.043]);
        check(Generation::Turing, &[-0.062, 0.109]);
        check(Generation::Pascal, &[0.005, -0.003]);
        for generation in [Generation::Volta, Generation::Hopper, Generation::Blackwell, Generation::Unknown] {
            assert!((generation.gain().half_width - 0.10).abs() < 1e-12, "{generation:?}");
        }
    }
}

//! Unit newtypes: the only place in the workspace where a factor of 1000 appears.
//!
//! A value's unit is said once, by the constructor at the boundary where the raw reading enters
//! ([`Watts::from_milliwatts`]), and from then on the type carries it.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::time::Duration;

/// A unit that a [`crate::Quantity`] can carry.
pub trait Unit: Copy + PartialEq + std::fmt::Debug {
    /// Symbol printed behind the number, in SI style.
    const SYMBOL: &'static str;

    /// The value in the base unit named by [`Unit::SYMBOL`].
    fn value(self) -> f64;
}

macro_rules! real_unit {
    ($(#[$doc:meta])* $name:ident, $symbol:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// Wraps a value that is already in the unit of the type.
            #[must_use]
            pub const fn new(value: f64) -> Self {
                Self(value)
            }

            /// The bare number, in the unit of the type.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl Unit for $name {
            const SYMBOL: &'static str = $symbol;

            fn value(self) -> f64 {
                self.0
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }

        impl Div<f64> for $name {
            type Output = Self;
            fn div(self, divisor: f64) -> Self {
                Self(self.0 / divisor)
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                Self(values.map(|value| value.0).sum())
            }
        }
    };
}

macro_rules! count_unit {
    ($(#[$doc:meta])* $name:ident($inner:ty), $symbol:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            /// Wraps a count.
            #[must_use]
            pub const fn new(count: $inner) -> Self {
                Self(count)
            }

            /// The bare count.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl Unit for $name {
            const SYMBOL: &'static str = $symbol;

            #[expect(clippy::cast_precision_loss, reason = "a count above 2^53 keeps 16 significant digits, more than any figure shows")]
            fn value(self) -> f64 {
                self.0 as f64
            }
        }

        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                Self(values.map(|value| value.0).sum())
            }
        }
    };
}

real_unit!(
    /// Energy in joules. Signed: a difference between two energies may be negative.
    Joules, "J"
);
real_unit!(
    /// Power in watts.
    Watts, "W"
);
real_unit!(
    /// A span of time in seconds, as a result shows it. Durations of the program itself are [`std::time::Duration`].
    Seconds, "s"
);
real_unit!(
    /// Energy per output token.
    JoulesPerToken, "J/token"
);
real_unit!(
    /// Energy per request.
    JoulesPerRequest, "J/request"
);
real_unit!(
    /// Tokens per second of the common wall window.
    TokensPerSecond, "tok/s"
);
real_unit!(
    /// Output tokens per joule.
    TokensPerJoule, "tok/J"
);
real_unit!(
    /// Finished requests per second of the common wall window.
    RequestsPerSecond, "req/s"
);
real_unit!(
    /// A rate of arithmetic; the count itself is [`Flops`].
    FlopsPerSecond, "FLOP/s"
);
real_unit!(
    /// A rate of traffic between memory and what computes; the count itself is [`Bytes`].
    BytesPerSecond, "B/s"
);
real_unit!(
    /// Temperature in degrees Celsius.
    Celsius, "°C"
);
real_unit!(
    /// Frequency in hertz.
    Hertz, "Hz"
);
real_unit!(
    /// A share between 0 and 1; never a percentage.
    Ratio, ""
);
real_unit!(
    /// Carbon-dioxide equivalent in grams.
    GramsCo2e, "g CO2e"
);
real_unit!(
    /// An amount of money. Its currency is named beside it, in [`crate::impact::Multipliers::currency`]; ¤ stands for any.
    Cost, "¤"
);

count_unit!(
    /// A number of tokens. Prompt, output and padding tokens are counted apart, never as one total.
    Tokens(u64), "tok"
);
count_unit!(
    /// A number of requests.
    Requests(u64), "req"
);
count_unit!(
    /// A count of floating-point operations; one multiply-add is 2 (MEASUREMENT.md §5).
    Flops(u128), "FLOP"
);
count_unit!(
    /// A number of bytes.
    Bytes(u64), "B"
);

impl Joules {
    /// From the millijoules of NVML's total-energy counter.
    #[must_use]
    pub fn from_millijoules(raw: u64) -> Self {
        Self(exact(raw) / 1e3)
    }

    /// From the microjoules of a powercap `energy_uj` file.
    #[must_use]
    pub fn from_microjoules(raw: u64) -> Self {
        Self(exact(raw) / 1e6)
    }

    /// In whole microjoules, as a powercap `energy_uj` file shows it: what virtual hardware writes.
    #[must_use]
    pub fn whole_microjoules(self) -> u64 {
        whole(self.0 * 1e6)
    }

    /// From a counter that counts in steps of a known energy: perf events, AMD's energy accumulator.
    #[must_use]
    pub fn from_counts(count: u64, step: Self) -> Self {
        Self(exact(count) * step.0)
    }

    /// The value in kilowatt-hours, the unit in which grids and tariffs count.
    #[must_use]
    pub fn as_kilowatt_hours(self) -> f64 {
        self.0 / 3.6e6
    }

    /// Mean power over `span`; `None` when the span is empty.
    #[must_use]
    pub fn over(self, span: Seconds) -> Option<Watts> {
        (span.0 > 0.0).then(|| Watts(self.0 / span.0))
    }
}

impl GramsCo2e {
    /// What an energy emits at a grid intensity in grams of CO2 equivalent per kilowatt-hour.
    #[must_use]
    pub fn of(energy: Joules, grams_per_kilowatt_hour: f64) -> Self {
        Self(energy.as_kilowatt_hours() * grams_per_kilowatt_hour)
    }
}

impl Cost {
    /// What an energy costs at a price per kilowatt-hour.
    #[must_use]
    pub fn of(energy: Joules, price_per_kilowatt_hour: f64) -> Self {
        Self(energy.as_kilowatt_hours() * price_per_kilowatt_hour)
    }
}

impl Watts {
    /// From the milliwatts of NVML's power fields.
    #[must_use]
    pub fn from_milliwatts(raw: u32) -> Self {
        Self(f64::from(raw) / 1e3)
    }

    /// From the microwatts of hwmon's `power*_input` and of powercap's limits.
    #[must_use]
    pub fn from_microwatts(raw: u64) -> Self {
        Self(exact(raw) / 1e6)
    }

    /// In whole microwatts, as powercap shows a limit: what virtual hardware writes.
    #[must_use]
    pub fn whole_microwatts(self) -> u64 {
        whole(self.0 * 1e6)
    }

    /// From a current in milliamperes and a voltage in millivolts, the units of hwmon's `curr*_input` and `in*_input`.
    #[must_use]
    pub fn from_milliamperes_at_millivolts(current: u64, voltage: u64) -> Self {
        Self(exact(current) / 1e3 * (exact(voltage) / 1e3))
    }

    /// From a current in microamperes and a voltage in microvolts, the units of a battery below `power_supply`.
    #[must_use]
    pub fn from_microamperes_at_microvolts(current: u64, voltage: u64) -> Self {
        Self(exact(current) / 1e6 * (exact(voltage) / 1e6))
    }
}

impl Mul<Seconds> for Watts {
    type Output = Joules;
    fn mul(self, span: Seconds) -> Joules {
        Joules(self.0 * span.0)
    }
}

impl From<Duration> for Seconds {
    fn from(duration: Duration) -> Self {
        Self(duration.as_secs_f64())
    }
}

impl Seconds {
    /// From nanoseconds, signed so that the order of two instants may be either.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "2^53 ns is 104 days; beyond that the last nanosecond is lost")]
    pub fn from_nanos(nanos: i64) -> Self {
        Self(nanos as f64 / 1e9)
    }

    /// The value in milliseconds, for display of latencies.
    #[must_use]
    pub fn as_millis(self) -> f64 {
        self.0 * 1e3
    }
}

impl Bytes {
    /// From kibibytes, as `/proc` reports memory.
    #[must_use]
    pub fn from_kibibytes(raw: u64) -> Self {
        Self(raw.saturating_mul(1024))
    }

    /// The value in mebibytes, for display.
    #[must_use]
    pub fn as_mebibytes(self) -> f64 {
        self.value() / f64::from(1u32 << 20)
    }
}

impl Celsius {
    /// From the thousandths of a degree of hwmon's `temp*_input`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a temperature has few digits")]
    pub fn from_millidegrees(raw: i64) -> Self {
        Self(raw as f64 / 1e3)
    }
}

impl Hertz {
    /// From the hertz of hwmon's `freq*_input`.
    #[must_use]
    pub fn from_hertz(raw: u64) -> Self {
        Self(exact(raw))
    }

    /// From megahertz, widened first so that a fast memory clock cannot wrap.
    #[must_use]
    pub fn from_megahertz(raw: u32) -> Self {
        Self(f64::from(raw) * 1e6)
    }
}

impl Ratio {
    /// From a percentage, as drivers report utilisation.
    #[must_use]
    pub fn from_percent(raw: f64) -> Self {
        Self(raw / 1e2)
    }
}

impl JoulesPerToken {
    /// Energy ÷ output tokens; `None` without a token, since no energy per token exists then.
    #[must_use]
    pub fn of(energy: Joules, tokens: Tokens) -> Option<Self> {
        (tokens.0 > 0).then(|| Self(energy.0 / tokens.value()))
    }
}

impl JoulesPerRequest {
    /// Energy ÷ requests; `None` without a request.
    #[must_use]
    pub fn of(energy: Joules, requests: Requests) -> Option<Self> {
        (requests.0 > 0).then(|| Self(energy.0 / requests.value()))
    }
}

impl TokensPerJoule {
    /// Output tokens ÷ energy; `None` unless the energy is positive.
    #[must_use]
    pub fn of(tokens: Tokens, energy: Joules) -> Option<Self> {
        (energy.0 > 0.0).then(|| Self(tokens.value() / energy.0))
    }
}

impl TokensPerSecond {
    /// Tokens ÷ wall time; `None` for an empty window.
    #[must_use]
    pub fn of(tokens: Tokens, span: Seconds) -> Option<Self> {
        (span.0 > 0.0).then(|| Self(tokens.value() / span.0))
    }
}

impl BytesPerSecond {
    /// Bytes ÷ wall time; `None` for an empty window.
    #[must_use]
    pub fn of(bytes: Bytes, span: Seconds) -> Option<Self> {
        (span.0 > 0.0).then(|| Self(bytes.value() / span.0))
    }
}

impl RequestsPerSecond {
    /// Requests ÷ wall time; `None` for an empty window.
    #[must_use]
    pub fn of(requests: Requests, span: Seconds) -> Option<Self> {
        (span.0 > 0.0).then(|| Self(requests.value() / span.0))
    }
}

impl FlopsPerSecond {
    /// Operations ÷ wall time; `None` for an empty window.
    #[must_use]
    pub fn of(flops: Flops, span: Seconds) -> Option<Self> {
        (span.0 > 0.0).then(|| Self(flops.value() / span.0))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counters stay below 2^53 for the life of a machine: 285 years at 1 MW in microjoules")]
fn exact(raw: u64) -> f64 {
    raw as f64
}

/// Rounds what arithmetic made uneven; below zero there is nothing to show.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float beyond the range saturates")]
fn whole(raw: f64) -> u64 {
    raw.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn raw_readings_enter_with_their_own_unit() {
        assert_eq!(Joules::from_millijoules(1_250), Joules::new(1.25));
        assert_eq!(Joules::from_microjoules(61), Joules::new(61e-6));
        assert_eq!((Joules::new(61e-6).whole_microjoules(), Watts::new(1.5).whole_microwatts()), (61, 1_500_000));
        assert_eq!(Joules::from_counts(1 << 32, Joules::new(0.5_f64.powi(32))), Joules::new(1.0));
        assert_eq!(Watts::from_milliwatts(250_000), Watts::new(250.0));
        assert_eq!(Watts::from_microwatts(1_500_000), Watts::new(1.5));
        assert_eq!(Watts::from_milliamperes_at_millivolts(2_000, 5_000), Watts::new(10.0));
        assert_eq!(Watts::from_microamperes_at_microvolts(1_500_000, 12_000_000), Watts::new(18.0));
        assert_eq!(Celsius::from_millidegrees(-1_500), Celsius::new(-1.5));
        assert_eq!(Hertz::from_megahertz(9_751), Hertz::new(9.751e9));
        assert_eq!(Bytes::from_kibibytes(2), Bytes::new(2048));
        // 1 kW for two hours.
        assert_eq!((GramsCo2e::of(Joules::new(7.2e6), 400.0), Cost::of(Joules::new(7.2e6), 0.25)), (GramsCo2e::new(800.0), Cost::new(0.5)));
    }

    #[test]
    fn absent_denominators_give_no_rate() {
        assert_eq!(JoulesPerToken::of(Joules::new(5.0), Tokens::new(0)), None);
        assert_eq!(TokensPerSecond::of(Tokens::new(5), Seconds::new(0.0)), None);
        assert_eq!(TokensPerJoule::of(Tokens::new(5), Joules::new(-1.0)), None);
    }

    proptest! {
        #[test]
        fn power_times_time_divides_back(power in 0.0..2_000.0f64, seconds in 1e-3..1e5f64) {
            let energy = Watts::new(power) * Seconds::new(seconds);
            let back = energy.over(Seconds::new(seconds)).expect("span is positive");
            prop_assert!((back.get() - power).abs() <= 1e-9 * power.max(1.0));
        }

        #[test]
        fn per_token_and_per_joule_are_inverse(energy in 1e-3..1e6f64, tokens in 1u64..1_000_000_000) {
            let per_token = JoulesPerToken::of(Joules::new(energy), Tokens::new(tokens)).expect("tokens");
            let per_joule = TokensPerJoule::of(Tokens::new(tokens), Joules::new(energy)).expect("energy");
            prop_assert!((per_token.get() * per_joule.get() - 1.0).abs() < 1e-12);
        }

        #[test]
        fn a_sum_of_energies_does_not_depend_on_direction(parts in prop::collection::vec(-1e3..1e3f64, 0..50)) {
            let forward: Joules = parts.iter().map(|&part| Joules::new(part)).sum();
            let backward: Joules = parts.iter().rev().map(|&part| Joules::new(part)).sum();
            prop_assert!((forward - backward).get().abs() < 1e-9);
        }
    }
}

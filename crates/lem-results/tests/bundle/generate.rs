//! Values of any kind, for what is written and read back.

use lem_domain::DeviceId;
use lem_domain::idle::{IdleLevel, IdleState};
use lem_domain::units::Watts;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Text with everything JSON must escape.
pub(crate) fn text() -> impl Strategy<Value = String> {
    "[a-z \"\\\\\n\u{0}é×÷→]{0,12}"
}

pub(crate) fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-1e12..1e12f64, Just(0.0), Just(-0.0), Just(f64::MAX), Just(f64::MIN_POSITIVE), Just(5e-324)]
}

pub(crate) fn duration() -> impl Strategy<Value = Duration> {
    any::<u64>().prop_map(Duration::from_nanos)
}

/// A wall time from 1970 to 2096.
pub(crate) fn wall() -> impl Strategy<Value = SystemTime> {
    (0..4_000_000_000_000_000_000u64).prop_map(|nanos| UNIX_EPOCH + Duration::from_nanos(nanos))
}

pub(crate) fn any_level() -> impl Strategy<Value = IdleLevel> {
    (text(), text(), select(IdleState::ALL), number(), number(), wall()).prop_map(|(device, sensor, state, power, random_w, at)| {
        IdleLevel { device: DeviceId::new(device), sensor, state, power: Watts::new(power), random_w, at }
    })
}

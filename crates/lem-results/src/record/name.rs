//! Domain enums as their stable names, for `#[serde(with = …)]`. A name that this version does not know is an error.

use crate::verify::ReasonCode;
use lem_domain::backend::Backend;
use lem_domain::derive::{SteadyRule, SteadyVerdict};
use lem_domain::idle::IdleState;
use lem_domain::protocol::RunPhase;
use lem_domain::record::{RequestFailure, ServerOrigin};
use lem_domain::sensor::Gauge;
use lem_domain::spec::{Endpoint, LoadQuantization};
use lem_domain::statistics::Verdict;
use lem_domain::study::{CellStatus, CycleOrder};
use lem_domain::token::{CountSource, FinishReason};
use lem_domain::{Boundary, FindingCode, Grade, Severity};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An enum whose values have names that never change.
pub(crate) trait Named: Copy + 'static {
    /// Every value.
    const ALL: &'static [Self];

    /// The name in records.
    fn name(self) -> &'static str;
}

macro_rules! named {
    ($($kind:ty: $all:expr;)+) => {
        $(impl Named for $kind {
            const ALL: &'static [Self] = $all;

            fn name(self) -> &'static str {
                self.as_str()
            }
        })+
    };
}

named! {
    Backend: Self::ALL;
    Boundary: Self::ALL;
    CellStatus: Self::ALL;
    CycleOrder: Self::ALL;
    CountSource: Self::ALL;
    Endpoint: Self::ALL;
    FindingCode: Self::ALL;
    FinishReason: Self::ALL;
    Gauge: Self::ALL;
    Grade: &[Self::Measured, Self::Derived, Self::Estimated, Self::Unavailable];
    IdleState: Self::ALL;
    LoadQuantization: Self::ALL;
    RequestFailure: Self::ALL;
    ReasonCode: Self::ALL;
    RunPhase: Self::ALL;
    Verdict: Self::ALL;
    ServerOrigin: Self::ALL;
    SteadyRule: Self::ALL;
    SteadyVerdict: Self::ALL;
}

impl Named for Severity {
    const ALL: &'static [Self] = &[Self::Info, Self::Warning, Self::Error];

    fn name(self) -> &'static str {
        self.as_str()
    }
}

/// The value with this name.
pub(crate) fn find<T: Named>(name: &str) -> Option<T> {
    T::ALL.iter().copied().find(|value| value.name() == name)
}

/// The names of every value, for messages.
pub(crate) fn known<T: Named>() -> String {
    T::ALL.iter().map(|value| value.name()).collect::<Vec<_>>().join(", ")
}

pub(crate) fn serialize<T: Named, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.name())
}

pub(crate) fn deserialize<'de, T: Named, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    parse(&String::deserialize(deserializer)?)
}

fn parse<T: Named, E: Error>(name: &str) -> Result<T, E> {
    find(name).ok_or_else(|| E::custom(format!("unknown name `{name}`, expected one of: {}", known::<T>())))
}

/// The same for a value that may be absent.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Named, Serialize, Serializer};

    pub(crate) fn serialize<T: Named, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Named::name).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Named, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|name| super::parse(&name)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_again_and_a_stranger_is_not() {
        fn check<T: Named + PartialEq + std::fmt::Debug>() {
            for &value in T::ALL {
                assert_eq!(find(value.name()), Some(value));
            }
            assert_eq!(find::<T>("no-such-name"), None);
        }
        check::<Backend>();
        check::<Boundary>();
        check::<CellStatus>();
        check::<CycleOrder>();
        check::<FindingCode>();
        check::<FinishReason>();
        check::<Gauge>();
        check::<Grade>();
        check::<IdleState>();
        check::<CountSource>();
        check::<Endpoint>();
        check::<LoadQuantization>();
        check::<RequestFailure>();
        check::<ReasonCode>();
        check::<RunPhase>();
        check::<ServerOrigin>();
        check::<SteadyRule>();
        check::<SteadyVerdict>();
        check::<Severity>();
        check::<Verdict>();
    }
}

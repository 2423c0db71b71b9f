//! What can go wrong, on demand.

use std::str::FromStr;
use std::time::Duration;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is read so much later.
    Slow(Duration),
    /// The answer has this status.
    Status(u16),
    /// The connection is reset after so many tokens.
    Reset(u32),
    /// The answer ends well after so many tokens, without saying that the output has.
    Short(u32),
    /// After so many tokens comes what is no document.
    Malformed(u32),
    /// After so many tokens comes a line that never ends.
    Oversized(u32),
    /// After so many tokens comes an error.
    Error(u32),
    /// After so many tokens nothing comes any more.
    Stall(u32),
    /// The usage is wrong by so many tokens.
    Usage(i32),
    /// Nothing is said of usage.
    NoUsage,
    /// So many tokens come at once.
    Bundle(u32),
    /// The answer has no output.
    Empty,
    /// The answer ends without `[DONE]`.
    NoDone,
}

/// A fault, and which requests it hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// With every so-many-th request, from the first.
    pub every: u32,
}

/// A text that names no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no fault: write `name`, `name=value` or `name=value/every`, with one of {}", NAMES.join(", "))]
pub struct UnknownFault {
    text: String,
}

const NAMES: [&str; 13] =
    ["slow", "status", "reset", "short", "malformed", "oversized", "error", "stall", "usage", "no-usage", "bundle", "empty", "no-done"];

impl FaultRule {
    /// Whether it hits a request, counted from 0.
    pub(super) fn hits(self, request: u64) -> bool {
        request.is_multiple_of(u64::from(self.every.max(1)))
    }
}

impl FromStr for FaultRule {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let unknown = || UnknownFault { text: text.to_owned() };
        let (what, every) = match text.split_once('/') {
            Some((what, every)) => (what, every.parse().ok().filter(|&every| every > 0).ok_or_else(unknown)?),
            None => (text, 1),
        };
        let (name, value) = what.split_once('=').map_or((what, None), |(name, value)| (name, Some(value)));
        let number = |otherwise: u32| value.map_or(Ok(otherwise), |value| value.parse().map_err(|_| unknown()));
        let fault = match name {
            "slow" => Fault::Slow(Duration::from_millis(number(1_000)?.into())),
            "status" => Fault::Status(u16::try_from(number(503)?).map_err(|_| unknown())?),
            "reset" => Fault::Reset(number(1)?),
            "short" => Fault::Short(number(1)?),
            "malformed" => Fault::Malformed(number(1)?),
            "oversized" => Fault::Oversized(number(1)?),
            "error" => Fault::Error(number(1)?),
            "stall" => Fault::Stall(number(1)?),
            "usage" => Fault::Usage(value.map_or(Ok(1), |value| value.parse().map_err(|_| unknown()))?),
            "no-usage" if value.is_none() => Fault::NoUsage,
            "bundle" => Fault::Bundle(number(2)?.max(1)),
            "empty" if value.is_none() => Fault::Empty,
            "no-done" if value.is_none() => Fault::NoDone,
            _ => return Err(unknown()),
        };
        Ok(Self { fault, every })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_they_are_typed() {
        let check = |text: &str, fault, every| assert_eq!(text.parse(), Ok(FaultRule { fault, every }), "{text}");
        check("reset=3/10", Fault::Reset(3), 10);
        check("slow=250", Fault::Slow(Duration::from_millis(250)), 1);
        check("usage=-2/4", Fault::Usage(-2), 4);
        check("no-usage", Fault::NoUsage, 1);
        for wrong in ["", "resets", "reset=x", "reset/0", "no-usage=1", "status=70000"] {
            assert!(wrong.parse::<FaultRule>().is_err(), "{wrong}");
        }
        for name in NAMES {
            assert!(name.parse::<FaultRule>().is_ok(), "{name}");
        }
        let rule = FaultRule { fault: Fault::Empty, every: 3 };
        assert_eq!([0, 1, 2, 3].map(|request| rule.hits(request)), [true, false, false, true]);
    }
}

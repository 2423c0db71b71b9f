//! How often an experiment is run, when, and what its requests have to keep to.

use std::time::Duration;

/// What a request has to keep to, to count as good.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Objectives {
    /// Longest time to the first token.
    pub ttft: Option<Duration>,
    /// Longest mean time of an output token after the first.
    pub tpot: Option<Duration>,
    /// Longest time to the last token.
    pub end_to_end: Option<Duration>,
    /// Share of requests that has to, in (0, 1]; `None` while nothing is asked.
    pub share: Option<f64>,
}

/// How often an experiment is run.
#[derive(Clone, Debug, PartialEq)]
pub struct RepetitionSpec {
    /// Cycles at most; at least 1.
    pub cycles: u32,
    /// Confidence of intervals over cycles, in (0, 1).
    pub confidence: f64,
    /// Relative half-width of the interval of the energy per token that ends the cycles early.
    pub target_half_width: Option<f64>,
    /// When it is run again; `None` once, at once.
    pub schedule: Option<ScheduleSpec>,
}

impl RepetitionSpec {
    /// Confidence of intervals where nobody says.
    pub const USUAL_CONFIDENCE: f64 = 0.95;
}

impl Default for RepetitionSpec {
    fn default() -> Self {
        Self { cycles: 1, confidence: Self::USUAL_CONFIDENCE, target_half_width: None, schedule: None }
    }
}

/// When an experiment is run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSpec {
    /// Time between two starts.
    pub every: Option<Duration>,
    /// Time of the day of a start.
    pub at: Option<TimeOfDay>,
    /// Days of the week; empty is every day.
    pub days: Vec<Weekday>,
    /// After this long no run is started.
    pub total: Duration,
}

/// A time of the day, by the clock on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weekday {
    /// The first day of ISO 8601.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The last.
    Sunday,
}

//! The part of a run in which the load was the one that was asked for: neither growing nor draining.
//!
//! Of a closed loop it is the time between the first and the last instant at which all places were taken, as ML.ENERGY has it:
//! Chung et al. 2025, "The ML.ENERGY Benchmark", arXiv 2505.06371. Requests at instants take no places; of them it is the
//! time from the first end, when answers and new requests overlap, to the last intended start. Batches empty between each
//! other, and have none.

use super::flight::{changes, flights};
use crate::derive::timeline::RequestTimeline;
use crate::quantity::Quantity;
use crate::record::{LoadShape, ProcessRecord};
use crate::time::{TimeWindow, Timestamp};
use crate::units::{Joules, JoulesPerToken, Seconds, Tokens, TokensPerSecond, Watts};

/// What happened in the steady part of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct SteadyState {
    /// By what it was found.
    pub rule: SteadyRule,
    /// How far it can be trusted.
    pub verdict: SteadyVerdict,
    /// Its length, of all cycles together; `None` when there is none.
    pub span: Option<Seconds>,
    /// When, after the window opened, it begins; `None` for several cycles, which have no common beginning.
    pub from: Option<Seconds>,
    /// When, after the window opened, it ends; `None` for several cycles.
    pub to: Option<Seconds>,
    /// Output tokens in it.
    pub output: Tokens,
    /// Requests that ended in it.
    pub completed: u64,
    /// Output tokens ÷ its length.
    pub throughput: Quantity<TokensPerSecond>,
    /// Energy of it.
    pub energy: Quantity<Joules>,
    /// Energy ÷ its length.
    pub mean_power: Quantity<Watts>,
    /// Energy ÷ output tokens in it.
    pub per_output_token: Quantity<JoulesPerToken>,
}

/// By what a steady part is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SteadyRule {
    /// All places of a closed loop are taken.
    FullPlaces,
    /// From the first end to the last intended start.
    Arrivals,
    /// There is none between batches.
    Batches,
    /// The record does not say what load was asked for.
    Unknown,
}

/// How far a steady part can be trusted, with a reason that never changes; the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SteadyVerdict {
    /// It is long enough.
    Ok,
    /// It is shorter than twice the median request, so that its edges weigh too much.
    TooShort,
    /// All places were never taken at once, or the last request came before the first one ended.
    NeverReached,
    /// The load has no steady part by its nature.
    NotOfThisLoad,
}

impl SteadyRule {
    /// Every rule.
    pub const ALL: &'static [Self] = &[Self::FullPlaces, Self::Arrivals, Self::Batches, Self::Unknown];

    /// The rule as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FullPlaces => "full_places",
            Self::Arrivals => "arrivals",
            Self::Batches => "batches",
            Self::Unknown => "unknown",
        }
    }
}

impl SteadyVerdict {
    /// Every verdict.
    pub const ALL: &'static [Self] = &[Self::Ok, Self::TooShort, Self::NeverReached, Self::NotOfThisLoad];

    /// The verdict as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::TooShort => "too_short",
            Self::NeverReached => "never_reached",
            Self::NotOfThisLoad => "not_of_this_load",
        }
    }
}

/// Finds the steady part of a run.
pub(in crate::derive) fn window_of(
    processes: &[ProcessRecord],
    timelines: &[Vec<RequestTimeline>],
) -> (SteadyRule, SteadyVerdict, Option<TimeWindow>) {
    let rule = rule(processes);
    let requests = || timelines.iter().flatten();
    let window = match rule {
        SteadyRule::Batches | SteadyRule::Unknown => return (rule, SteadyVerdict::NotOfThisLoad, None),
        SteadyRule::FullPlaces => {
            let places: i64 = processes.iter().filter_map(|process| process.offered.as_ref()?.cap).map(i64::from).sum();
            full(&changes(&flights(requests())), places)
        }
        SteadyRule::Arrivals => {
            let first_end = requests().filter_map(|request| request.ended.or(request.last_token())).min();
            let last_start = requests().filter_map(|request| request.arrived).max();
            first_end.zip(last_start).and_then(|(start, end)| TimeWindow::new(start, end))
        }
    };
    let Some(window) = window.filter(|window| window.start < window.end) else { return (rule, SteadyVerdict::NeverReached, None) };
    let verdict = match median(flights(requests())) {
        Some(median) if window.span().get() >= 2.0 * median => SteadyVerdict::Ok,
        _ => SteadyVerdict::TooShort,
    };
    (rule, verdict, Some(window))
}

/// Processes of a run share their load.
fn rule(processes: &[ProcessRecord]) -> SteadyRule {
    match processes.first().and_then(|process| process.offered.as_ref()).map(|load| &load.shape) {
        None => SteadyRule::Unknown,
        Some(LoadShape::Batches) => SteadyRule::Batches,
        Some(LoadShape::Closed) => SteadyRule::FullPlaces,
        Some(LoadShape::Open(_) | LoadShape::Trace { .. }) => SteadyRule::Arrivals,
    }
}

/// From the first to the last instant at which so many are in flight.
fn full(changes: &[(Timestamp, i64)], places: i64) -> Option<TimeWindow> {
    let (mut count, mut first, mut last) = (0, None, None);
    for &(at, change) in changes {
        if count == places && change < 0 {
            last = Some(at);
        }
        count += change;
        if count == places {
            first = first.or(Some(at));
        }
    }
    first.zip(last).and_then(|(start, end)| TimeWindow::new(start, end))
}

fn median(flights: Vec<TimeWindow>) -> Option<f64> {
    crate::derive::distribution::Distribution::of(flights.into_iter().map(|flight| flight.span().get()).collect()).map(|all| all.p50)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::fixture::window;

    #[test]
    fn it_begins_when_all_places_are_taken_and_ends_when_one_stays_free() {
        let flights = [window(0, 10), window(2, 12), window(10, 20), window(12, 30), window(20, 40)];
        assert_eq!(full(&changes(&flights), 2), Some(window(2, 30)));
        assert_eq!(full(&changes(&flights), 3), None);
        // A place that stays free for a moment between two requests is one that was taken up.
        let gaps = [window(0, 10), window(1, 11), window(11, 20), window(12, 22)];
        assert_eq!(full(&changes(&gaps), 2), Some(window(1, 20)));
    }
}

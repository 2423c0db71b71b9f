//! When the machine was in prefill and when in decode.

use super::timeline::RequestTimeline;
use crate::time::{TimeWindow, subtract, union};
use crate::units::Seconds;

/// Disjoint intervals by phase. Time in which some requests prefill while others decode belongs to neither: it is
/// mixed and no integral can split it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Only prefill ran.
    pub prefill: Vec<TimeWindow>,
    /// Only decode ran.
    pub decode: Vec<TimeWindow>,
    /// Both ran at once.
    pub mixed: Vec<TimeWindow>,
}

impl Phases {
    /// Finds the phases: a request prefills from its actual start to its first token and decodes from there to its
    /// last one.
    #[must_use]
    pub fn of<'a>(timelines: impl Iterator<Item = &'a RequestTimeline> + Clone) -> Self {
        let prefill = timelines.clone().filter_map(|request| TimeWindow::new(request.scheduled?, request.first_token()?));
        let decode = timelines.filter_map(|request| TimeWindow::new(request.first_token()?, request.last_token()?));
        let (prefill, decode) = (union(prefill.collect()), union(decode.collect()));
        let only_prefill = subtract(&prefill, &decode);
        let only_decode = subtract(&decode, &prefill);
        let mixed = subtract(&prefill, &only_prefill);
        Self { prefill: only_prefill, decode: only_decode, mixed }
    }
}

/// Summed length of disjoint windows.
pub(super) fn total(windows: &[TimeWindow]) -> Seconds {
    windows.iter().map(|window| window.span()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn request(scheduled: u64, tokens: &[u64]) -> RequestTimeline {
        RequestTimeline {
            arrived: Some(at(scheduled)),
            scheduled: Some(at(scheduled)),
            tokens: tokens.iter().map(|&nanos| (at(nanos), 1)).collect(),
            finish: None,
            ended: None,
        }
    }

    fn window(start: u64, end: u64) -> TimeWindow {
        TimeWindow { start: at(start), end: at(end) }
    }

    #[test]
    fn requests_one_after_the_other_never_mix() {
        let phases = Phases::of([request(0, &[2, 3, 5]), request(5, &[7, 9])].iter());
        assert_eq!(phases.prefill, [window(0, 2), window(5, 7)]);
        assert_eq!(phases.decode, [window(2, 5), window(7, 9)]);
        assert_eq!(phases.mixed, []);
    }

    #[test]
    fn a_prefill_beside_a_decode_is_mixed() {
        let phases = Phases::of([request(0, &[2, 10]), request(4, &[6, 12])].iter());
        assert_eq!(phases.prefill, [window(0, 2)]);
        assert_eq!(phases.mixed, [window(4, 6)]);
        assert_eq!(phases.decode, [window(2, 4), window(6, 12)]);
    }

    #[test]
    fn a_request_without_tokens_has_no_phase() {
        assert_eq!(Phases::of([request(0, &[])].iter()), Phases::default());
    }
}

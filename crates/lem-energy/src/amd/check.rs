//! Whether a board's energy counter can be believed, found out by holding it against the board's power for a moment.

use crate::channel::ReadValue;
use lem_domain::{Clock, HostClock};
use std::time::Duration;

/// How long counters and power are compared.
const COMPARED_FOR: Duration = Duration::from_millis(300);

const READ_EVERY: Duration = Duration::from_millis(30);

/// A counter may differ from the integral of power by this factor either way. The bound is loose because firmware
/// smooths the power: a load that begins just then shows late. It rules out counters of a wrong unit and those that stand
/// still, the same that zeus rules out (`zeus/device/gpu/amd.py`, after ROCm/amdsmi issue 38); smaller differences show in
/// every record, where both paths are kept.
const LOOSE_FACTOR: f64 = 10.0;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Checked {
    /// Counter and power agree.
    Agrees,
    /// They do not: joules by the counter and by integrating power.
    Differs { counted: f64, integrated: f64 },
    /// One of them did not answer.
    Silent,
}

/// Compares each pair of counter and power over the same moment, in joules and watts.
pub(super) fn compare(pairs: &[(ReadValue, ReadValue)]) -> Vec<Checked> {
    let clock = HostClock;
    let start = clock.now();
    let first: Vec<_> = pairs.iter().map(|(counter, _)| counter()).collect();
    let mut watts: Vec<Vec<f64>> = vec![Vec::new(); pairs.len()];
    while clock.now() < start.after(COMPARED_FOR) {
        for ((_, power), watts) in pairs.iter().zip(&mut watts) {
            watts.extend(power());
        }
        clock.sleep_until(clock.now().after(READ_EVERY));
    }
    let seconds = clock.now().since(start).get();
    pairs.iter().zip(first).zip(watts).map(|(((counter, _), first), watts)| judge(first, counter(), &watts, seconds)).collect()
}

fn judge(first: Option<f64>, last: Option<f64>, watts: &[f64], seconds: f64) -> Checked {
    let (Some(first), Some(last), Ok(reads)) = (first, last, u32::try_from(watts.len())) else { return Checked::Silent };
    if reads == 0 {
        return Checked::Silent;
    }
    let counted = last - first;
    let integrated = watts.iter().sum::<f64>() / f64::from(reads) * seconds;
    let agrees = counted > 0.0 && counted < integrated * LOOSE_FACTOR && counted > integrated / LOOSE_FACTOR;
    if agrees { Checked::Agrees } else { Checked::Differs { counted, integrated } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_agrees_within_its_factor_and_never_without_power() {
        let check = |last: Option<f64>, watts: &[f64]| judge(Some(1_000.0), last, watts, 0.3);
        assert_eq!(check(Some(1_030.0), &[100.0; 10]), Checked::Agrees);
        assert_eq!(check(Some(1_290.0), &[100.0; 10]), Checked::Agrees);
        assert_eq!(check(Some(1_000.0), &[100.0; 10]), Checked::Differs { counted: 0.0, integrated: 30.0 });
        assert!(matches!(check(Some(1_301.0), &[100.0; 10]), Checked::Differs { .. }));
        assert!(matches!(check(Some(1_000.1), &[0.0; 10]), Checked::Differs { .. }));
        assert_eq!(check(None, &[100.0]), Checked::Silent);
        assert_eq!(check(Some(1_030.0), &[]), Checked::Silent);
    }
}

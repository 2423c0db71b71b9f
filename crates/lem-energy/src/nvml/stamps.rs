//! Time stamps of the driver, brought to the clock that everything else is stamped by.

use lem_domain::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// A stamp further from the read than this is none: a clock of another kind, or a board that stopped long ago.
const OLDEST_NANOS: i64 = 10_000_000_000;

/// The driver may take its stamp during the very call that reads it, so a stamp may be this much after `now`.
const LATEST_NANOS: i64 = 10_000_000;

/// The wall clock was stepped when its offset grew by more than this; less is the time between reading two clocks.
const STEP_NANOS: i64 = 1_000_000;

/// Maps stamps on the wall clock, which NVML documents for field values, to the monotonic clock.
///
/// Linux slews both clocks alike and only steps the wall clock, so their difference is constant but for steps. The wall
/// clock is looked at after `now` was taken, so each observed difference is too large by the time in between: the
/// smallest one is the best, and a larger one is believed only when a step must be behind it.
///
/// One stamp always gives one instant, so that samples with one stamp are seen to be one update.
#[derive(Clone, Debug)]
pub(super) struct StampMap {
    wall_minus_monotonic: Option<i64>,
    last: Box<[Option<(i64, Timestamp)>]>,
}

impl StampMap {
    /// For the stamps of so many sensors.
    pub(super) fn new(sensors: usize) -> Self {
        Self { wall_minus_monotonic: None, last: vec![None; sensors].into() }
    }

    /// Both clocks were read at about the same time.
    pub(super) fn observe(&mut self, now: Timestamp, wall_nanos: i64) {
        let seen = wall_nanos - nanos(now);
        let is_better = self.wall_minus_monotonic.is_none_or(|kept| seen < kept || seen - kept > STEP_NANOS);
        if is_better {
            self.wall_minus_monotonic = Some(seen);
        }
    }

    /// When a sensor's stamp was, or `None` for one that says nothing.
    ///
    /// A stamp that was good stays so however old it gets: that it does not change is how a stuck sensor shows.
    pub(super) fn at(&mut self, sensor: usize, stamp_micros: i64, now: Timestamp) -> Option<Timestamp> {
        let last = self.last.get_mut(sensor)?;
        if let Some((kept, at)) = *last
            && kept == stamp_micros
        {
            return Some(at);
        }
        let at = stamp_micros.checked_mul(1_000)?.checked_sub(self.wall_minus_monotonic?)?;
        let is_sane = (nanos(now) - OLDEST_NANOS..=nanos(now) + LATEST_NANOS).contains(&at);
        let at = Timestamp::from_nanos(u64::try_from(at).ok().filter(|_| is_sane)?);
        *last = Some((stamp_micros, at));
        Some(at)
    }
}

/// The wall clock, in nanoseconds since 1970. Read here and not through [`lem_domain::Clock`] because no duration comes of
/// it: it only meets the driver's stamps on the clock that they are on.
pub(super) fn wall_nanos() -> i64 {
    let time = clock_gettime(ClockId::Realtime);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

/// Whether stamps tell updates from reads. `rounds` are stamps of consecutive reads, a few milliseconds apart.
///
/// NVML calls it the time "of this value" and leaves open whether that is when the value was made or when it was asked
/// for. A stamp that moves with every read is the latter: it tells nothing that the read does not.
pub(super) fn tell_updates(rounds: &[i64], wall_nanos: i64) -> bool {
    let is_sane = |&stamp: &i64| stamp.saturating_mul(1_000).saturating_sub(wall_nanos).saturating_abs() <= OLDEST_NANOS;
    rounds.iter().all(is_sane) && rounds.windows(2).any(|pair| pair[0] == pair[1])
}

fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    /// Wall minus monotonic: a machine that has been up for a while.
    const OFFSET: i64 = 1_795_500_000 * SECOND;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(u64::try_from(nanos).expect("after boot"))
    }

    fn map(now: i64) -> StampMap {
        let mut map = StampMap::new(2);
        map.observe(at(now), OFFSET + now);
        map
    }

    fn micros(monotonic_nanos: i64) -> i64 {
        (OFFSET + monotonic_nanos) / 1_000
    }

    #[test]
    fn a_stamp_lands_where_it_was_on_the_monotonic_clock() {
        let mut map = map(100 * SECOND);
        assert_eq!(map.at(0, micros(100 * SECOND - 60_000_000), at(100 * SECOND)), Some(at(100 * SECOND - 60_000_000)));
        assert_eq!(map.at(1, micros(99 * SECOND), at(100 * SECOND)), Some(at(99 * SECOND)));
    }

    #[test]
    fn absent_absurd_and_old_stamps_say_nothing() {
        for stamp in [0, -5, i64::MIN, i64::MAX, 100 * SECOND / 1_000, micros(80 * SECOND), micros(101 * SECOND)] {
            assert_eq!(map(100 * SECOND).at(0, stamp, at(100 * SECOND)), None, "{stamp}");
        }
        assert_eq!(StampMap::new(1).at(0, micros(99 * SECOND), at(100 * SECOND)), None, "nothing observed yet");
    }

    #[test]
    fn one_stamp_is_one_instant_even_while_the_offset_is_learnt_and_long_after() {
        let mut map = StampMap::new(1);
        // The two clocks were read 300 µs apart, then 1 µs.
        map.observe(at(100 * SECOND), OFFSET + 100 * SECOND + 300_000);
        let stamp = micros(100 * SECOND - 1_000_000);
        let first = map.at(0, stamp, at(100 * SECOND));
        map.observe(at(101 * SECOND), OFFSET + 101 * SECOND + 1_000);
        assert_eq!(map.at(0, stamp, at(101 * SECOND)), first);
        assert_eq!(map.at(0, stamp, at(500 * SECOND)), first, "a stuck sensor keeps its last instant");
        assert_eq!(map.at(0, micros(101 * SECOND), at(101 * SECOND)), Some(at(101 * SECOND - 1_000)));
    }

    #[test]
    fn a_stepped_wall_clock_is_followed_both_ways() {
        for step in [-3_600 * SECOND, 3_600 * SECOND] {
            let mut map = map(100 * SECOND);
            map.observe(at(101 * SECOND), OFFSET + step + 101 * SECOND);
            assert_eq!(map.at(0, micros(step + 101 * SECOND), at(101 * SECOND)), Some(at(101 * SECOND)), "{step}");
        }
    }

    #[test]
    fn stamps_that_move_with_every_read_are_no_updates() {
        let now = OFFSET + 100 * SECOND;
        let check = |rounds: &[i64], expected| assert_eq!(tell_updates(rounds, now), expected, "{rounds:?}");
        let millis = |millis: i64| micros(100 * SECOND + millis * 1_000_000);
        check(&[millis(-40), millis(-40), millis(-40)], true);
        check(&[millis(-99), millis(-99), millis(1)], true);
        check(&[millis(0), millis(2), millis(4)], false);
        check(&[0, 0, 0], false);
        check(&[100, 100, 100], false);
    }
}

//! How long a read takes, at the rate at which later runs read.

use super::period::duration;
use super::statistics::median;
use lem_domain::profile::Found;
use lem_domain::sensor::{SensorIndex, SensorRecord};
use std::time::Duration;

/// Median over the reads. All sensors that one call reads have its duration.
pub(super) fn read_latency(record: &SensorRecord, sensor: usize) -> Found<Duration> {
    /// The clock counts whole nanoseconds.
    const CLOCK_RESOLUTION_S: f64 = 1e-9;
    let reads = record.samples.iter().filter(|sample| sample.sensor == SensorIndex::of(sensor));
    let seconds: Vec<f64> = reads.map(|sample| Duration::from_nanos(u64::from(sample.read_nanos)).as_secs_f64()).collect();
    let n = seconds.len();
    match median(seconds) {
        Some(found) => Found::Value { value: duration(found.value), half_width: duration(found.half_width.max(CLOCK_RESOLUTION_S)) },
        None => Found::Unknown(format!("only {n} reads gave a value")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::virtual_hardware::unit;
    use lem_domain::Timestamp;
    use lem_domain::sensor::SensorSample;

    #[test]
    fn the_interval_holds_the_median_of_the_distribution() {
        const RUNS: u64 = 400;
        let run = |seed: u64| {
            let read = |index: u64| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tens of thousands")]
                let read_nanos = (20_000.0 + 40_000.0 * unit(seed, index).powi(3)) as u32;
                SensorSample { sensor: SensorIndex(0), at: Timestamp::from_nanos(index), value: 0.0, read_nanos }
            };
            let record = SensorRecord { samples: (0..250).map(read).collect(), ..SensorRecord::default() };
            let Found::Value { value, half_width } = read_latency(&record, 0) else { panic!("{record:?}") };
            assert!(half_width < Duration::from_micros(6), "{half_width:?}");
            value.abs_diff(Duration::from_micros(25)) <= half_width
        };
        let held = (0..RUNS).filter(|&seed| run(seed)).count();
        assert!(held as u64 * 100 >= 95 * RUNS, "{held} of {RUNS}");
    }
}

//! How it is measured: what `lem` does itself, whatever runs the model.

use super::{APPLIED, no};
use crate::backend::{Field, FieldSupport};

const UNTIL_STABLE: FieldSupport = no("warm-up is a number of requests; warming up until figures are stable is not done by this version");
const INTERVALS: FieldSupport = no("intervals over cycles are not computed by this version");
const SCHEDULE: FieldSupport = no("one call runs one experiment once; schedules are not run by this version");

pub(super) const ROWS: &[Field] = &[
    Field::every("warmup.requests", APPLIED),
    Field::every("warmup.until_stable", UNTIL_STABLE),
    Field::every("warmup.max_requests", UNTIL_STABLE),
    Field::every("warmup.window", UNTIL_STABLE),
    Field::every("warmup.cv_threshold", UNTIL_STABLE),
    Field::every("warmup.min_duration", UNTIL_STABLE),
    Field::every("energy.backend", APPLIED),
    Field::every("energy.interval", APPLIED),
    Field::every("energy.require", APPLIED),
    Field::every("energy.precision", APPLIED),
    Field::every("energy.cpu.idle_power_per_thread", APPLIED),
    Field::every("energy.cpu.max_power_per_thread", APPLIED),
    Field::every("energy.baseline.duration", APPLIED),
    Field::every("energy.baseline.keep", APPLIED),
    Field::every("impact.pue", APPLIED),
    Field::every("impact.region", APPLIED),
    Field::every("impact.grid_intensity", APPLIED),
    Field::every("impact.price_per_kwh", APPLIED),
    Field::every("impact.currency", APPLIED),
    Field::every("slo.ttft", APPLIED),
    Field::every("slo.tpot", APPLIED),
    Field::every("slo.end_to_end", APPLIED),
    Field::every("slo.percentile", APPLIED),
    Field::every("statistics.confidence", INTERVALS),
    Field::every("statistics.target_half_width", INTERVALS),
    Field::every("schedule.enabled", SCHEDULE),
    Field::every("schedule.interval", SCHEDULE),
    Field::every("schedule.at", SCHEDULE),
    Field::every("schedule.days", SCHEDULE),
    Field::every("schedule.total_duration", SCHEDULE),
    Field::every("io.results_dir", APPLIED),
];

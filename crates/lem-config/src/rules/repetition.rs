//! Rules between settings of cycles, schedules and warm-up.

use crate::sections::Settings;
use crate::stack::Stack;
use crate::violation::{RuleCode, Violation};

/// The confidence sequence speaks from this cycle on (MEASUREMENT.md §8).
const FIRST_CYCLE_OF_SEQUENCE: u32 = 5;

pub(super) fn schedule_times(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let schedule = &settings.schedule;
    if !schedule.enabled {
        return None;
    }
    match (schedule.interval, schedule.at) {
        (None, None) => Some(stack.violation(
            RuleCode::ScheduleWithoutTime,
            "schedule.enabled",
            "it does not say when",
            "set `schedule.interval`, such as `\"6h\"`, or `schedule.at`, such as `\"06:30\"`",
        )),
        (Some(interval), Some(_)) => Some(stack.violation(
            RuleCode::ScheduleTimesTwice,
            "schedule.interval",
            format!("{interval} stands beside `schedule.at`, and a run starts by one of them"),
            "leave one of them out; `null` takes back a lower layer's",
        )),
        (Some(_), None) | (None, Some(_)) => None,
    }
}

pub(super) fn target(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let target = settings.statistics.target_half_width?;
    (settings.num_cycles < FIRST_CYCLE_OF_SEQUENCE).then(|| {
        stack.violation(
            RuleCode::TargetWithoutCycles,
            "statistics.target_half_width",
            format!("{target} is judged from cycle {FIRST_CYCLE_OF_SEQUENCE} on, and `num_cycles` is {}", settings.num_cycles),
            "raise `num_cycles`, the most that are run, to 20 or so",
        )
    })
}

pub(super) fn warmup(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let warmup = &settings.warmup;
    let least = warmup.requests.max(warmup.window);
    (warmup.until_stable && least > warmup.max_requests).then(|| {
        stack.violation(
            RuleCode::WarmupCrossed,
            "warmup.max_requests",
            format!("{} is below the {least} that `warmup.requests` and `warmup.window` ask for", warmup.max_requests),
            format!("raise it to {least} or more"),
        )
    })
}

//! When the experiment is run again.

use super::within;
use crate::section::section;
use crate::value::{Days, Quantity, Time};
use std::time::Duration;
use validator::ValidationError;

section! {
    /// When the experiment is run again.
    Schedule from RawSchedule {
        /// Whether it is.
        enabled: bool = false,
        /// Time between two starts, 1s to 52w.
        #[validate(custom(function = "gap"))]
        interval: Quantity<Duration>,
        /// Time of the day of a start, such as `"06:30"`.
        at: Time,
        /// Days of the week: `mon` to `sun`, `weekdays`, `weekends`. Left out: all.
        days: Days,
        /// After this long no run is started, 1s to 520w.
        #[validate(custom(function = "whole"))]
        total_duration: Quantity<Duration> = Quantity(DAY),
    }
}

const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(604_800);

fn gap(duration: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(duration.0, Duration::from_secs(1), WEEK * 52)
}

fn whole(duration: &Quantity<Duration>) -> Result<(), ValidationError> {
    within(duration.0, Duration::from_secs(1), WEEK * 520)
}

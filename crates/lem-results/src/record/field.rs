//! Checks of single fields, and the error that says which one failed.

use lem_domain::{TimeWindow, Timestamp};
use std::time::{Duration, SystemTime};

/// A field whose value has no meaning, in a document being read or to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// Path of the field in its document, such as `sensors[2].resolution`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) problem: String,
}

impl FieldError {
    /// An error of the field at this path.
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// The same error, seen from the document that holds `parent`.
    pub(crate) fn within(self, parent: &str) -> Self {
        Self { field: format!("{parent}.{}", self.field), ..self }
    }
}

/// Converts every entry of the list `field`; an error says at which position.
pub(crate) fn each<T, U>(
    field: &str,
    entries: impl IntoIterator<Item = T>,
    convert: impl Fn(T) -> Result<U, FieldError>,
) -> Result<Vec<U>, FieldError> {
    let entry = |(position, entry)| convert(entry).map_err(|error: FieldError| error.within(&format!("{field}[{position}]")));
    entries.into_iter().enumerate().map(entry).collect()
}

/// Refuses what JSON cannot hold and no figure may be computed from: NaN and the infinities.
pub(crate) fn finite(field: &str, value: f64) -> Result<f64, FieldError> {
    if value.is_finite() { Ok(value) } else { Err(FieldError::new(field, format!("{value} is not a finite number"))) }
}

/// A duration in whole nanoseconds; refuses more than 584 years.
pub(crate) fn nanos(field: &str, duration: Duration) -> Result<u64, FieldError> {
    u64::try_from(duration.as_nanos()).map_err(|_| FieldError::new(field, format!("{duration:?} is too long")))
}

/// A window from its two instants, in nanoseconds; refuses one that ends before it starts.
pub(crate) fn window(field: &str, start_ns: u64, end_ns: u64) -> Result<TimeWindow, FieldError> {
    TimeWindow::new(Timestamp::from_nanos(start_ns), Timestamp::from_nanos(end_ns))
        .ok_or_else(|| FieldError::new(field, format!("it ends at {end_ns} ns, before it starts at {start_ns} ns")))
}

/// Wall time as RFC 3339 in UTC; refuses years that a calendar of four digits cannot show.
pub(crate) fn wall_time(field: &str, wall: SystemTime) -> Result<String, FieldError> {
    jiff::Timestamp::try_from(wall).map(|wall| wall.to_string()).map_err(|error| FieldError::new(field, error.to_string()))
}

/// Wall time from RFC 3339.
pub(crate) fn system_time(field: &str, text: &str) -> Result<SystemTime, FieldError> {
    text.parse::<jiff::Timestamp>().and_then(SystemTime::try_from).map_err(|error| FieldError::new(field, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn wall_time_reads_back_to_the_nanosecond() {
        for nanos in [0, 1, 999_999_999, 1_795_492_604_123_456_789] {
            let wall = UNIX_EPOCH + Duration::from_nanos(nanos);
            assert_eq!(system_time("since", &wall_time("since", wall).unwrap()), Ok(wall));
        }
        assert_eq!(wall_time("since", UNIX_EPOCH + Duration::from_secs(1_795_492_604)).unwrap(), "2026-11-24T03:56:44Z");
        assert_eq!(system_time("since", "yesterday").unwrap_err().field, "since");
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(finite("x", value).is_err(), "{value}");
        }
        assert!(nanos("x", Duration::MAX).is_err());
        assert!(window("x", 2, 1).is_err());
    }
}

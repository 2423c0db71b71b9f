//! Sensor samples as rows.

use super::{StreamError, decode, encode, values};
use crate::record::FieldError;
use lem_domain::Timestamp;
use lem_domain::sensor::{SensorIndex, SensorSample};
use polars::prelude::Column;

const SENSOR: &str = "sensor";
const AT: &str = "at_ns";
const VALUE: &str = "value";
const READ: &str = "read_ns";

/// The samples as a Parquet file.
///
/// # Errors
/// When a value is not finite, or the codec fails.
pub(crate) fn encode_samples(samples: &[SensorSample]) -> Result<Vec<u8>, StreamError> {
    samples.iter().enumerate().try_for_each(|(row, sample)| finite(row, sample.value))?;
    let columns = vec![
        Column::new(SENSOR.into(), samples.iter().map(|sample| u32::from(sample.sensor.0)).collect::<Vec<u32>>()),
        Column::new(AT.into(), samples.iter().map(|sample| sample.at.as_nanos()).collect::<Vec<u64>>()),
        Column::new(VALUE.into(), samples.iter().map(|sample| sample.value).collect::<Vec<f64>>()),
        Column::new(READ.into(), samples.iter().map(|sample| sample.read_nanos).collect::<Vec<u32>>()),
    ];
    encode(samples.len(), columns)
}

/// The samples of a Parquet file, in their order.
///
/// # Errors
/// When the bytes are no whole Parquet file, or a column is missing, of another type, or holds what no sample has.
pub(crate) fn decode_samples(bytes: &[u8]) -> Result<Vec<SensorSample>, StreamError> {
    let frame = decode(bytes)?;
    let sensors = values(&frame, SENSOR, |column| column.u32())?;
    let instants = values(&frame, AT, |column| column.u64())?;
    let numbers = values(&frame, VALUE, |column| column.f64())?;
    let reads = values(&frame, READ, |column| column.u32())?;
    let mut samples = Vec::with_capacity(sensors.len());
    for (row, (((sensor, at), value), read_nanos)) in sensors.into_iter().zip(instants).zip(numbers).zip(reads).enumerate() {
        finite(row, value)?;
        let sensor = u16::try_from(sensor).map_err(|_| StreamError::column(SENSOR, format!("unexpected {sensor} in row {row}")))?;
        samples.push(SensorSample { sensor: SensorIndex(sensor), at: Timestamp::from_nanos(at), value, read_nanos });
    }
    Ok(samples)
}

fn finite(row: usize, value: f64) -> Result<(), FieldError> {
    crate::record::finite(VALUE, value).map(|_| ()).map_err(|error| FieldError::new(error.field, format!("{} (row {row})", error.problem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(value: f64) -> SensorSample {
        SensorSample { sensor: SensorIndex(0), at: Timestamp::from_nanos(0), value, read_nanos: 0 }
    }

    #[test]
    fn a_sample_that_is_no_number_is_refused_with_its_row() {
        for value in [f64::NAN, f64::INFINITY] {
            match encode_samples(&[sample(1.0), sample(value)]) {
                Err(StreamError::Column(error)) => assert!(error.problem.contains("row 1"), "{error:?}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_stream_from_elsewhere_is_checked_as_well() {
        let check = |sensor: u32, value: f64, field: &str| {
            let columns = vec![
                Column::new(SENSOR.into(), [sensor]),
                Column::new(AT.into(), [0u64]),
                Column::new(VALUE.into(), [value]),
                Column::new(READ.into(), [0u32]),
            ];
            match decode_samples(&encode(1, columns).unwrap()) {
                Err(StreamError::Column(error)) => assert_eq!(error.field, field),
                other => panic!("{other:?}"),
            }
        };
        check(65_536, 1.0, SENSOR);
        check(0, f64::NAN, VALUE);
    }

    #[test]
    fn no_samples_are_still_a_stream() {
        assert_eq!(decode_samples(&encode_samples(&[]).unwrap()).unwrap(), []);
    }
}

//! How long rounds of reads took: what the calls below the sampler cost, apart from it.

use lem_domain::sensor::SensorRecord;
use std::collections::BTreeMap;

/// One row per reader, boards alike in one.
pub(crate) fn table(records: &[SensorRecord]) -> String {
    let mut rounds: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (reader, nanos) in records.iter().flat_map(rounds_of) {
        rounds.entry(reader).or_default().push(nanos);
    }
    let mut table = "| device: sensors | rounds | median | 99th percentile |\n|---|---|---|---|\n".to_owned();
    for (name, mut nanos) in rounds {
        nanos.sort_unstable();
        let (median, slow) = (quantile(&nanos, 0.5), quantile(&nanos, 0.99));
        table += &format!("| {name} | {} | {median:.1} µs | {slow:.1} µs |\n", nanos.len());
    }
    table
}

/// Share of a session's time that passed within reads, in per cent. Where nothing preempts them it is processor time.
pub(crate) fn percent(record: &SensorRecord) -> f64 {
    let seconds = rounds_of(record).map(|(_, nanos)| f64::from(nanos) / 1e9).sum::<f64>();
    let ends = record.samples.first().zip(record.samples.last());
    ends.map_or(0.0, |(first, last)| 100.0 * seconds / last.at.since(first.at).get())
}

/// Each round of reads: what was read, and how long it took in nanoseconds. A reader's sensors are those of one device
/// with one interval, and the first of them that answers stands for the round.
fn rounds_of(record: &SensorRecord) -> impl Iterator<Item = (String, u32)> {
    let mut readers: BTreeMap<(&str, u128), Vec<usize>> = BTreeMap::new();
    for (position, sensor) in record.sensors.iter().enumerate() {
        readers.entry((sensor.device.as_str(), sensor.interval.as_nanos())).or_default().push(position);
    }
    let named: BTreeMap<usize, String> = readers.into_values().map(|sensors| (sensors[0], name(record, &sensors))).collect();
    record.samples.iter().filter_map(move |sample| Some((named.get(&usize::from(sample.sensor.0))?.clone(), sample.read_nanos)))
}

fn name(record: &SensorRecord, sensors: &[usize]) -> String {
    let names: Vec<&str> = sensors.iter().map(|&position| record.sensors[position].name.as_str()).collect();
    format!("{}: {}", record.sensors[sensors[0]].device_name, names.join(", "))
}

/// In microseconds, of sorted nanoseconds.
fn quantile(nanos: &[u32], share: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index below a few thousand"
    )]
    let rank = ((nanos.len() - 1) as f64 * share).round() as usize;
    f64::from(nanos[rank]) / 1e3
}

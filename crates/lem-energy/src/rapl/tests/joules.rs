//! From the files of a machine to joules: wraps, resets, and domains that hold each other.

use super::*;
use lem_domain::derive::{headline, read_energy};
use lem_domain::sensor::{SensorIndex, SensorRecord, SensorSample};
use lem_domain::{Boundary, TimeWindow};
use proptest::prelude::*;

/// Reads the files of a machine at the instants given, and writes them before each read.
fn record(zones: &Zones, rounds: &[(u64, Vec<u64>)]) -> SensorRecord {
    let probe = zones.probe();
    let mut readers = readers(&probe);
    let mut record = SensorRecord::default();
    for (millis, values) in rounds {
        for (counter, value) in zones.counters.iter().zip(values) {
            zones.tree.count(counter, *value);
        }
        let mut first = 0;
        for reader in &mut readers {
            for (offset, value) in read(&mut **reader).into_iter().enumerate() {
                let (sensor, at) = (SensorIndex::of(first + offset), Timestamp::from_nanos(millis * 1_000_000));
                record.samples.extend(value.map(|value| SensorSample { sensor, at, value, read_nanos: 0 }));
            }
            first += reader.descriptors().len();
        }
    }
    record.sensors = readers.iter().flat_map(|reader| reader.descriptors().to_vec()).collect();
    record
}

fn energy_of(record: &SensorRecord, boundary: Boundary, millis: u64) -> Vec<Option<f64>> {
    let window = TimeWindow { start: Timestamp::from_nanos(0), end: Timestamp::from_nanos(millis * 1_000_000) };
    let readings = read_energy(record, window, &[], &[]);
    readings.iter().filter(|reading| reading.boundary == boundary).map(|reading| reading.energy.value().map(Joules::get)).collect()
}

#[test]
fn a_wrap_is_undone_and_a_reset_leaves_nothing() {
    let zones = Zones::of("GenuineIntel", &DESKTOP[..1]);
    let rounds = |second: u64| vec![(0, vec![262_140_000_000]), (50, vec![second]), (100, vec![second + 5_000_000])];
    let wrapped = energy_of(&record(&zones, &rounds(1_671_150)), Boundary::CpuPackage, 100);
    // 262,143.328850 − 262,140 + 1.671150 + 5 J.
    assert!((wrapped[0].expect("a wrap") - 10.0).abs() < 0.2, "{wrapped:?}");
    // 100 kJ in 50 ms is no wrap.
    assert_eq!(energy_of(&record(&zones, &rounds(100_000_000_000)), Boundary::CpuPackage, 100), [None]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// psys ⊃ package ⊃ cores: whatever they show, the headline is the packages alone.
    #[test]
    fn nested_domains_are_never_added(
        packages in prop::collection::vec(1_000_000u64..40_000_000, 2),
        shares in prop::collection::vec(0u64..100, 3),
    ) {
        let zones = Zones::of("GenuineIntel", &[
            ("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:0:1", "dram"),
            ("intel-rapl:1", "package-1"), ("intel-rapl:2", "psys"),
        ]);
        let grown = [packages[0], packages[0] * shares[0] / 100, shares[1] * 10_000, packages[1], packages[0] + packages[1] + shares[2]];
        let start = 1_000_000;
        let rounds: Vec<(u64, Vec<u64>)> =
            (0..=20).map(|step| (step * 50, grown.iter().map(|value| start + value * step / 20).collect())).collect();
        let record = record(&zones, &rounds);
        let window = TimeWindow { start: Timestamp::from_nanos(0), end: Timestamp::from_nanos(1_000_000_000) };
        let energy = headline(&read_energy(&record, window, &[], &[]), |reading| &reading.energy);
        let truth = Joules::from_microjoules(packages[0] + packages[1]).get();
        let found = energy.value().expect("covered").get();
        prop_assert!((found - truth).abs() <= 0.02 * truth + 1e-3, "{found} of {truth} J: {energy:?}");
    }
}

//! The sensors of the virtual machine: readings of a world whose truth is known.

use crate::EnergyError;
use crate::source::{Preferences, Reader, Reading, Source};
use lem_domain::counter::CounterRange;
use lem_domain::sensor::{Gain, PowerMeaning, SensorDescriptor, SensorKind, Stamp};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::World;
use lem_domain::{Boundary, DeviceId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// The virtual board: an energy counter and an instantaneous power sensor, both exact up to their resolution.
pub(crate) struct VirtualBoard {
    world: Arc<World>,
    interval: Duration,
}

impl VirtualBoard {
    /// The board of a virtual machine.
    pub(crate) fn new(world: Arc<World>, preferences: &Preferences) -> Self {
        Self { world, interval: preferences.interval(None) }
    }
}

impl Source for VirtualBoard {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>, EnergyError> {
        let counter = SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER });
        let descriptors = [
            self.descriptor("total-energy", counter, Joules::from_millijoules(1).get()),
            self.descriptor("power", SensorKind::Power(PowerMeaning::Instant), Watts::from_milliwatts(1).get()),
        ];
        Ok(vec![Box::new(VirtualReader { descriptors, world: Arc::clone(&self.world) })])
    }
}

impl VirtualBoard {
    fn descriptor(&self, name: &str, kind: SensorKind, resolution: f64) -> SensorDescriptor {
        SensorDescriptor {
            name: name.to_owned(),
            device: DeviceId::new("virtual-gpu-0"),
            device_name: "virtual GPU 0".to_owned(),
            kind,
            boundary: Boundary::GpuBoard,
            update_period: Duration::ZERO,
            stamp: Stamp::Device,
            interval: self.interval,
            resolution,
            gain: Gain { half_width: 0.0, source: "exact by construction".to_owned() },
            source: format!("{name} of the virtual machine's law"),
        }
    }
}

struct VirtualReader {
    descriptors: [SensorDescriptor; 2],
    world: Arc<World>,
}

impl Reader for VirtualReader {
    fn descriptors(&self) -> &[SensorDescriptor] {
        &self.descriptors
    }

    fn read(&mut self, now: Timestamp, slots: &mut [Option<Reading>]) {
        let truths = [self.world.energy_to(now).get(), self.world.power_at(now).get()];
        for ((slot, descriptor), truth) in slots.iter_mut().zip(&self.descriptors).zip(truths) {
            let steps = (truth / descriptor.resolution).round();
            *slot = Some(Reading { value: steps * descriptor.resolution, at: Some(now) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::TimeWindow;
    use lem_domain::spec::EnergyLaw;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn both_sensors_show_the_world_rounded_to_their_resolution() {
        let law = EnergyLaw {
            static_power: Watts::new(50.123_46),
            prefill_token: Joules::new(0.0),
            output_token: Joules::new(0.0),
            context_token: Joules::new(0.0),
        };
        let world = Arc::new(World::new(law));
        world.spend(TimeWindow { start: at(1_000), end: at(2_000) }, Joules::new(100.000_04));
        let board = VirtualBoard::new(Arc::clone(&world), &Preferences::default());
        let mut readers = board.readers().expect("always there");
        let reader = &mut readers[0];
        for millis in [0, 500, 1_000, 1_333, 2_000, 7_777] {
            let truths = [world.energy_to(at(millis)).get(), world.power_at(at(millis)).get()];
            let mut slots = [None; 2];
            reader.read(at(millis), &mut slots);
            for (reading, truth) in slots.into_iter().zip(truths) {
                let reading = reading.expect("answers");
                assert!((truth - reading.value).abs() <= 0.5e-3 + 1e-9, "at {millis} ms: {} against {truth}", reading.value);
                assert_eq!(reading.at, Some(at(millis)));
            }
        }
        let names: Vec<_> = reader.descriptors().iter().map(|sensor| sensor.name.as_str()).collect();
        assert_eq!(names, ["total-energy", "power"]);
        assert!(reader.descriptors().iter().all(|sensor| sensor.device.as_str() == "virtual-gpu-0"));
    }
}

//! The sensors of the virtual machine: readings of a world whose truth is known.

use crate::EnergyError;
use crate::source::{Reading, Sensor, Source};
use lem_domain::counter::CounterRange;
use lem_domain::sensor::{Gain, PowerMeaning, SensorDescriptor, SensorKind};
use lem_domain::units::{Joules, Watts};
use lem_domain::world::World;
use lem_domain::{Boundary, DeviceId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// The virtual board: an energy counter and an instantaneous power sensor, both exact up to their resolution.
pub(crate) struct VirtualBoard {
    world: Arc<World>,
}

impl VirtualBoard {
    /// Name among the sources.
    pub(crate) const NAME: &'static str = "virtual";

    /// The board of a virtual machine.
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }
}

impl Source for VirtualBoard {
    fn sensors(&self) -> Result<Vec<Box<dyn Sensor>>, EnergyError> {
        let energy = VirtualSensor {
            descriptor: descriptor(
                "total-energy",
                SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER }),
                Joules::from_millijoules(1).get(),
            ),
            world: Arc::clone(&self.world),
            truth: |world, at| world.energy_to(at).get(),
        };
        let power = VirtualSensor {
            descriptor: descriptor("power", SensorKind::Power(PowerMeaning::Instant), Watts::from_milliwatts(1).get()),
            world: Arc::clone(&self.world),
            truth: |world, at| world.power_at(at).get(),
        };
        Ok(vec![Box::new(energy), Box::new(power)])
    }
}

struct VirtualSensor {
    descriptor: SensorDescriptor,
    world: Arc<World>,
    truth: fn(&World, Timestamp) -> f64,
}

impl Sensor for VirtualSensor {
    fn descriptor(&self) -> &SensorDescriptor {
        &self.descriptor
    }

    fn read(&mut self, now: Timestamp) -> Option<Reading> {
        let steps = ((self.truth)(&self.world, now) / self.descriptor.resolution).round();
        Some(Reading { value: steps * self.descriptor.resolution, at: Some(now) })
    }
}

fn descriptor(name: &str, kind: SensorKind, resolution: f64) -> SensorDescriptor {
    SensorDescriptor {
        name: name.to_owned(),
        device: DeviceId::new("virtual-gpu-0"),
        device_name: "virtual GPU 0".to_owned(),
        kind,
        boundary: Boundary::GpuBoard,
        update_period: Duration::ZERO,
        resolution,
        gain: Gain { half_width: 0.0, source: "exact by construction".to_owned() },
        source: format!("{name} of the virtual machine's law"),
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
        let mut sensors = VirtualBoard::new(Arc::clone(&world)).sensors().expect("always there");
        for millis in [0, 500, 1_000, 1_333, 2_000, 7_777] {
            let truths = [world.energy_to(at(millis)).get(), world.power_at(at(millis)).get()];
            for (sensor, truth) in sensors.iter_mut().zip(truths) {
                let reading = sensor.read(at(millis)).expect("answers");
                let name = sensor.descriptor().name.clone();
                assert!((truth - reading.value).abs() <= 0.5e-3 + 1e-9, "{name} at {millis} ms: {} against {truth}", reading.value);
                assert_eq!(reading.at, Some(at(millis)));
            }
        }
        let names: Vec<_> = sensors.iter().map(|sensor| sensor.descriptor().name.as_str()).collect();
        assert_eq!(names, ["total-energy", "power"]);
        assert!(sensors.iter().all(|sensor| sensor.descriptor().device.as_str() == "virtual-gpu-0"));
    }
}

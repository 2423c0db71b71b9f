//! Sensors of a constant power, which are read every 10 ms and at every edge.

use super::{MARGIN, Shared};
use lem_domain::counter::CounterRange;
use lem_domain::protocol::{EnergyBackend, EnergySession, Fault, SeamError};
use lem_domain::sensor::{Gain, SensorDescriptor, SensorIndex, SensorKind, SensorRecord, SensorSample, Stamp};
use lem_domain::{Boundary, Clock, DeviceId, Timestamp};
use std::sync::Arc;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub(crate) struct FakeMeter {
    pub(crate) watts: f64,
    /// Sensors of the one device, by name.
    pub(crate) sensors: Vec<(&'static str, SensorKind)>,
    /// Whether it cannot be stopped.
    pub(crate) dies: bool,
}

impl FakeMeter {
    pub(crate) fn new() -> Self {
        Self { watts: 100.0, sensors: vec![("total-energy", Self::counter())], dies: false }
    }

    pub(crate) fn counter() -> SensorKind {
        SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER })
    }

    pub(super) fn in_place(&self, shared: Arc<Shared>) -> MeterInPlace {
        MeterInPlace { meter: self.clone(), shared }
    }
}

pub(super) struct MeterInPlace {
    meter: FakeMeter,
    shared: Arc<Shared>,
}

impl EnergyBackend for MeterInPlace {
    fn start(&self) -> Result<Box<dyn EnergySession>, SeamError> {
        self.shared.note("start");
        let since = self.shared.clock.now();
        Ok(Box::new(FakeSession { meter: self.meter.clone(), shared: Arc::clone(&self.shared), next: since, edges: vec![] }))
    }
}

struct FakeSession {
    meter: FakeMeter,
    shared: Arc<Shared>,
    /// The read that is due next.
    next: Timestamp,
    /// Edges that were read since the last time someone looked.
    edges: Vec<Timestamp>,
}

impl FakeSession {
    /// What came since the last time someone looked.
    fn record(&mut self) -> SensorRecord {
        let now = self.shared.clock.now();
        let mut instants = std::mem::take(&mut self.edges);
        while self.next <= now {
            instants.push(self.next);
            self.next = self.next.after(INTERVAL);
        }
        instants.sort_unstable();
        let sensors: Vec<SensorDescriptor> = self.meter.sensors.iter().map(|(name, kind)| descriptor(name, *kind)).collect();
        let samples = instants.iter().flat_map(|&at| {
            let value = |kind| value(kind, self.meter.watts, at);
            let sample = |(position, (_, kind)): (usize, &(_, SensorKind))| SensorSample {
                sensor: SensorIndex::of(position),
                at,
                value: value(*kind),
                read_nanos: 0,
            };
            self.meter.sensors.iter().enumerate().map(sample).collect::<Vec<_>>()
        });
        SensorRecord { samples: samples.collect(), sensors, ..SensorRecord::default() }
    }
}

impl EnergySession for FakeSession {
    fn read_edge(&mut self) {
        self.shared.note("edge");
        self.edges.push(self.shared.clock.now());
    }

    fn margin(&self) -> Duration {
        MARGIN
    }

    fn drain(&mut self, record: &mut SensorRecord) {
        self.shared.note("drain");
        *record = self.record();
    }

    fn stop(mut self: Box<Self>) -> Result<SensorRecord, SeamError> {
        self.shared.note("stop");
        if self.meter.dies {
            return Err(SeamError::new(Fault::Run, "the meter died"));
        }
        Ok(self.record())
    }
}

/// What a sensor shows of a power that has always flowed. One thread of the processor is always busy.
fn value(kind: SensorKind, watts: f64, at: Timestamp) -> f64 {
    let seconds = at.since(Timestamp::default()).get();
    match kind {
        SensorKind::EnergyCounter(_) => watts * seconds,
        SensorKind::Power(_) => watts,
        SensorKind::BusyTime(_) => seconds,
        SensorKind::Gauge(_) => 30.0,
    }
}

fn descriptor(name: &str, kind: SensorKind) -> SensorDescriptor {
    SensorDescriptor {
        name: name.into(),
        device: DeviceId::new("GPU-1234"),
        device_name: "board 0".into(),
        kind,
        boundary: Boundary::GpuBoard,
        update_period: Duration::ZERO,
        stamp: Stamp::Device,
        interval: INTERVAL,
        resolution: 0.0,
        gain: Gain { half_width: 0.1, source: "test".into() },
        source: "test".into(),
    }
}

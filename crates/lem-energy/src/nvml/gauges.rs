//! What explains a board's energy without being one: temperature, clocks, limits, activity.

use super::ffi::{Activity, Board};
use super::identity::Identity;
use crate::channel::gain_of_gauge;
use crate::source::{GAUGE_INTERVAL, Reader, Reading};
use lem_domain::sensor::{Gauge, SensorDescriptor, SensorKind, Stamp};
use lem_domain::units::{Celsius, Hertz, Ratio, Watts};
use lem_domain::{Boundary, Timestamp};
use nvml_wrapper::Device;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use nvml_wrapper::enums::gpm::GpmMetricId;
use std::sync::Arc;
use std::time::Duration;

/// One value that is asked for.
#[derive(Clone, Copy, Debug)]
enum Call {
    Temperature,
    SmClock,
    MemoryClock,
    GpuUtilisation,
    MemoryUtilisation,
    ThrottleReasons,
    PowerLimit,
    /// By its position in [`METRICS`].
    Activity(usize),
}

impl Call {
    /// Asks for it; the activity is not a call of the device but of two looks at it.
    fn value(self, device: &Device<'_>, activity: Option<&Activity>) -> Option<f64> {
        match self {
            Self::Temperature => device.temperature(TemperatureSensor::Gpu).ok().map(|raw| Celsius::new(f64::from(raw)).get()),
            Self::SmClock => device.clock_info(Clock::SM).ok().map(|raw| Hertz::from_megahertz(raw).get()),
            Self::MemoryClock => device.clock_info(Clock::Memory).ok().map(|raw| Hertz::from_megahertz(raw).get()),
            Self::GpuUtilisation => device.utilization_rates().ok().map(|rates| Ratio::from_percent(f64::from(rates.gpu)).get()),
            Self::MemoryUtilisation => device.utilization_rates().ok().map(|rates| Ratio::from_percent(f64::from(rates.memory)).get()),
            Self::ThrottleReasons => {
                device.current_throttle_reasons().ok().and_then(|reasons| u32::try_from(reasons.bits()).ok()).map(f64::from)
            }
            Self::PowerLimit => device.enforced_power_limit().ok().map(|raw| Watts::from_milliwatts(raw).get()),
            Self::Activity(position) => activity?.percent(position).map(|percent| Ratio::from_percent(percent).get()),
        }
    }
}

/// A gauge as it is listed.
struct Listed {
    name: &'static str,
    gauge: Gauge,
    call: Call,
    /// Smallest step, in the gauge's unit.
    resolution: f64,
    source: &'static str,
}

const GAUGES: [Listed; 7] = [
    Listed { name: "temperature", gauge: Gauge::Temperature, call: Call::Temperature, resolution: 1.0, source: "nvmlDeviceGetTemperature" },
    Listed { name: "sm-clock", gauge: Gauge::Frequency, call: Call::SmClock, resolution: 1e6, source: "nvmlDeviceGetClockInfo SM" },
    Listed {
        name: "memory-clock",
        gauge: Gauge::Frequency,
        call: Call::MemoryClock,
        resolution: 1e6,
        source: "nvmlDeviceGetClockInfo MEM",
    },
    Listed {
        name: "gpu-utilisation",
        gauge: Gauge::Share,
        call: Call::GpuUtilisation,
        resolution: 0.01,
        source: "nvmlDeviceGetUtilizationRates: share of the past sample period in which any kernel ran",
    },
    Listed {
        name: "memory-utilisation",
        gauge: Gauge::Share,
        call: Call::MemoryUtilisation,
        resolution: 0.01,
        source: "nvmlDeviceGetUtilizationRates: share of the past sample period in which memory was read or written",
    },
    Listed {
        name: "throttle-reasons",
        gauge: Gauge::ThrottleReasons,
        call: Call::ThrottleReasons,
        resolution: 1.0,
        source: "nvmlDeviceGetCurrentClocksThrottleReasons",
    },
    Listed {
        name: "power-limit",
        gauge: Gauge::PowerLimit,
        call: Call::PowerLimit,
        resolution: 1e-3,
        source: "nvmlDeviceGetEnforcedPowerLimit",
    },
];

/// Activity of units between two reads, which utilisation does not tell: a kernel on one unit counts as all of it there.
const METRICS: [(GpmMetricId, Listed); 3] = [
    (GpmMetricId::SmUtil, activity("sm-activity", 0, "nvmlGpmMetricsGet SM_UTIL")),
    (GpmMetricId::AnyTensorUtil, activity("tensor-activity", 1, "nvmlGpmMetricsGet ANY_TENSOR_UTIL")),
    (GpmMetricId::DramBwUtil, activity("dram-activity", 2, "nvmlGpmMetricsGet DRAM_BW_UTIL")),
];

const fn activity(name: &'static str, position: usize, source: &'static str) -> Listed {
    Listed { name, gauge: Gauge::Share, call: Call::Activity(position), resolution: 1e-4, source }
}

/// The gauges that a board answers for.
pub(super) struct Gauges {
    descriptors: Vec<SensorDescriptor>,
    calls: Vec<Call>,
    has_activity: bool,
}

impl Gauges {
    /// Asks a board for everything once.
    pub(super) fn find(board: &Arc<Board>, identity: &Identity) -> Self {
        let device = board.device();
        let has_activity = device.gpm_support().is_ok_and(|is| is) && watch(board).is_some();
        let plain = GAUGES.iter().filter(|listed| listed.call.value(&device, None).is_some());
        let activities = METRICS.iter().map(|(_, listed)| listed).filter(|_| has_activity);
        let listed: Vec<_> = plain.chain(activities).collect();
        Self {
            descriptors: listed.iter().map(|listed| describe(listed, identity)).collect(),
            calls: listed.iter().map(|listed| listed.call).collect(),
            has_activity,
        }
    }

    /// What was found.
    pub(super) fn descriptors(&self) -> &[SensorDescriptor] {
        &self.descriptors
    }

    /// A reader of all of them for one session.
    pub(super) fn reader(&self, board: &Arc<Board>) -> Box<dyn Reader> {
        let activity = if self.has_activity { watch(board) } else { None };
        Box::new(GaugeReader { board: Arc::clone(board), descriptors: self.descriptors.clone(), calls: self.calls.clone(), activity })
    }
}

fn watch(board: &Arc<Board>) -> Option<Activity> {
    Activity::watch(board, &METRICS.map(|(metric, _)| metric)).ok()
}

fn describe(listed: &Listed, identity: &Identity) -> SensorDescriptor {
    SensorDescriptor {
        name: listed.name.to_owned(),
        device: identity.id.clone(),
        device_name: identity.name.clone(),
        kind: SensorKind::Gauge(listed.gauge),
        boundary: Boundary::GpuBoard,
        // Not documented, and nothing is integrated over it.
        update_period: Duration::ZERO,
        stamp: Stamp::Read,
        interval: GAUGE_INTERVAL,
        resolution: listed.resolution,
        gain: gain_of_gauge(),
        source: format!("{}, driver {}", listed.source, identity.driver),
    }
}

struct GaugeReader {
    board: Arc<Board>,
    descriptors: Vec<SensorDescriptor>,
    calls: Vec<Call>,
    /// `None` where the board has none, or something else took hold of it since: the gap shows.
    activity: Option<Activity>,
}

impl Reader for GaugeReader {
    fn descriptors(&self) -> &[SensorDescriptor] {
        &self.descriptors
    }

    fn read(&mut self, now: Timestamp, slots: &mut [Option<Reading>]) {
        if let Some(activity) = &mut self.activity {
            activity.look(now);
        }
        let device = self.board.device();
        for (slot, call) in slots.iter_mut().zip(&self.calls) {
            *slot = call.value(&device, self.activity.as_ref()).map(|value| Reading { value, at: None });
        }
    }
}

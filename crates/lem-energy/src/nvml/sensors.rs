//! Energy and power of a board: what it answers, what each answer means, and the reader of them all.

use super::ffi::{Board, Field, Fields};
use super::generation::Generation;
use super::identity::Identity;
use super::stamps::{StampMap, tell_updates, wall_nanos};
use crate::profile;
use crate::source::{Preferences, Reader, Reading};
use lem_domain::counter::CounterRange;
use lem_domain::sensor::{PowerMeaning, SensorDescriptor, SensorKind, Stamp};
use lem_domain::units::{Joules, Watts};
use lem_domain::{Boundary, Timestamp};
use nvml_wrapper::sys_exports::field_id::{NVML_FI_DEV_POWER_AVERAGE, NVML_FI_DEV_POWER_INSTANT};
use nvml_wrapper_sys::bindings::{NVML_POWER_SCOPE_GPU, NVML_POWER_SCOPE_MEMORY, NVML_POWER_SCOPE_MODULE};
use std::sync::Arc;
use std::time::Duration;

/// Reads that find out whether a field's stamp tells updates, and the time between them: far below any update period,
/// far above the resolution of a stamp.
const STAMP_ROUNDS: usize = 3;
const STAMP_PAUSE: Duration = Duration::from_millis(2);

/// One call that gives one value.
#[derive(Clone, Copy, Debug)]
enum Call {
    Counter,
    PowerUsage,
    /// By its position among the fields. A stamp that tells no updates is not looked at.
    Field {
        position: usize,
        is_stamped: bool,
    },
}

/// The energy and power that a board answers for.
pub(super) struct Sensors {
    descriptors: Vec<SensorDescriptor>,
    calls: Vec<Call>,
    fields: Vec<Field>,
}

impl Sensors {
    /// Asks a board for everything once.
    pub(super) fn find(board: &Board, identity: &Identity, preferences: &Preferences) -> Self {
        let describe = Describe { identity, is_partition: !identity.instances.is_empty() };
        let mut sensors = Self { descriptors: Vec::new(), calls: Vec::new(), fields: Vec::new() };
        if board.device().total_energy_consumption().is_ok() {
            sensors.add(Call::Counter, describe.counter());
        }
        sensors.add_fields(board, &describe);
        let covers_board = |descriptor: &SensorDescriptor| matches!(descriptor.name.as_str(), "power-instant" | "power-average");
        // It says again what one of the fields says, without a stamp: only for drivers that do not know them.
        if !sensors.descriptors.iter().any(covers_board) && board.device().power_usage().is_ok() {
            sensors.add(Call::PowerUsage, describe.power_usage());
        }
        profile::calibrate(&mut sensors.descriptors, &identity.key, preferences);
        sensors
    }

    fn add(&mut self, call: Call, descriptor: SensorDescriptor) {
        self.calls.push(call);
        self.descriptors.push(descriptor);
    }

    fn add_fields(&mut self, board: &Board, describe: &Describe<'_>) {
        let candidates = candidates(describe.identity);
        let asked: Vec<Field> = candidates.iter().map(|candidate| candidate.field).collect();
        let mut fields = Fields::new(&asked);
        let mut stamps = vec![Vec::with_capacity(STAMP_ROUNDS); asked.len()];
        for round in 0..STAMP_ROUNDS {
            if round > 0 {
                std::thread::sleep(STAMP_PAUSE);
            }
            fields.read(board);
            for (position, seen) in stamps.iter_mut().enumerate() {
                // A driver that does not know a scope may answer it with zero, which no powered part draws.
                seen.extend(fields.get(position).filter(|reading| reading.raw > 0).map(|reading| reading.stamp_micros));
            }
        }
        for (candidate, seen) in candidates.iter().zip(stamps) {
            let is_known = self.descriptors.iter().any(|descriptor| descriptor.name == candidate.name);
            if seen.len() == STAMP_ROUNDS && !is_known {
                let stamp = if tell_updates(&seen, wall_nanos()) { Stamp::Device } else { Stamp::Read };
                self.fields.push(candidate.field);
                let call = Call::Field { position: self.fields.len() - 1, is_stamped: stamp == Stamp::Device };
                self.add(call, describe.field(candidate, stamp));
            }
        }
    }

    /// What was found; empty when the board answers for nothing.
    pub(super) fn descriptors(&self) -> &[SensorDescriptor] {
        &self.descriptors
    }

    /// Whether the board counts its energy itself.
    pub(super) fn has_counter(&self) -> bool {
        self.calls.iter().any(|call| matches!(call, Call::Counter))
    }

    /// A reader of all of them for one session.
    pub(super) fn reader(&self, board: &Arc<Board>) -> Box<dyn Reader> {
        Box::new(BoardReader {
            board: Arc::clone(board),
            descriptors: self.descriptors.clone(),
            calls: self.calls.clone(),
            fields: Fields::new(&self.fields),
            stamps: StampMap::new(self.fields.len()),
        })
    }
}

/// A field that a board may answer. Of two with one name the first is taken that answers.
struct Candidate {
    name: &'static str,
    field: Field,
    call: &'static str,
    meaning: PowerMeaning,
    /// `None` for the boundary of the board.
    boundary: Option<Boundary>,
}

fn candidates(identity: &Identity) -> Vec<Candidate> {
    let instant = |name, scope, boundary| Candidate {
        name,
        field: Field { id: NVML_FI_DEV_POWER_INSTANT, scope },
        call: "POWER_INSTANT",
        meaning: identity.generation.power_instant(),
        boundary,
    };
    let average = |name, scope, boundary| Candidate {
        name,
        field: Field { id: NVML_FI_DEV_POWER_AVERAGE, scope },
        call: "POWER_AVERAGE",
        meaning: Generation::power_average(),
        boundary,
    };
    let mut candidates = vec![
        instant("power-instant", NVML_POWER_SCOPE_GPU, None),
        average("power-average", NVML_POWER_SCOPE_GPU, None),
        instant("memory-power", NVML_POWER_SCOPE_MEMORY, Some(Boundary::GpuMemory)),
        average("memory-power", NVML_POWER_SCOPE_MEMORY, Some(Boundary::GpuMemory)),
    ];
    if identity.counts_its_module() {
        // The only power that its counter can be held against.
        candidates.push(instant("module-power", NVML_POWER_SCOPE_MODULE, Some(Boundary::Module)));
        candidates.push(average("module-power", NVML_POWER_SCOPE_MODULE, Some(Boundary::Module)));
    }
    candidates
}

/// Puts what is known of a board into descriptors.
struct Describe<'a> {
    identity: &'a Identity,
    /// Whether programs see a part of the board only.
    is_partition: bool,
}

impl Describe<'_> {
    fn counter(&self) -> SensorDescriptor {
        let boundary = if self.identity.counts_its_module() { Boundary::Module } else { self.boundary() };
        // 64 bits of millijoules do not wrap in the life of a board; a decrease is a reload of the driver.
        let kind = SensorKind::EnergyCounter(CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER });
        let resolution = Joules::from_millijoules(1).get();
        self.sensor("total-energy", kind, boundary, Stamp::Read, resolution, "nvmlDeviceGetTotalEnergyConsumption")
    }

    fn power_usage(&self) -> SensorDescriptor {
        let kind = SensorKind::Power(self.identity.generation.power_usage());
        self.sensor("power", kind, self.boundary(), Stamp::Read, Watts::from_milliwatts(1).get(), "nvmlDeviceGetPowerUsage")
    }

    fn field(&self, candidate: &Candidate, stamp: Stamp) -> SensorDescriptor {
        let Field { id, scope } = candidate.field;
        let call = format!("nvmlDeviceGetFieldValues {} ({id}) of scope {scope}", candidate.call);
        let boundary = candidate.boundary.unwrap_or_else(|| self.boundary());
        self.sensor(candidate.name, SensorKind::Power(candidate.meaning), boundary, stamp, Watts::from_milliwatts(1).get(), &call)
    }

    /// NVML has no energy of a MIG instance: what is read is the parent's (MEASUREMENT.md §1).
    fn boundary(&self) -> Boundary {
        if self.is_partition { Boundary::GpuPartition } else { Boundary::GpuBoard }
    }

    fn sensor(&self, name: &str, kind: SensorKind, boundary: Boundary, stamp: Stamp, resolution: f64, call: &str) -> SensorDescriptor {
        let whole = if self.is_partition { ": the whole parent board, of which programs see a MIG partition" } else { "" };
        SensorDescriptor {
            name: name.to_owned(),
            device: self.identity.id.clone(),
            device_name: self.identity.name.clone(),
            kind,
            boundary,
            update_period: self.identity.generation.update_period(),
            stamp,
            // Set with the profile, for all sensors of the reader at once.
            interval: Duration::ZERO,
            resolution,
            gain: self.identity.generation.gain(),
            source: format!("{call}, driver {}{whole}", self.identity.driver),
        }
    }
}

struct BoardReader {
    board: Arc<Board>,
    descriptors: Vec<SensorDescriptor>,
    calls: Vec<Call>,
    fields: Fields,
    stamps: StampMap,
}

impl Reader for BoardReader {
    fn descriptors(&self) -> &[SensorDescriptor] {
        &self.descriptors
    }

    fn read(&mut self, now: Timestamp, slots: &mut [Option<Reading>]) {
        self.stamps.observe(now, wall_nanos());
        self.fields.read(&self.board);
        let device = self.board.device();
        for (slot, call) in slots.iter_mut().zip(&self.calls) {
            // An error, be it a lost board's, leaves the slot empty and concerns no other.
            *slot = match *call {
                Call::Counter => {
                    device.total_energy_consumption().ok().map(|raw| Reading { value: Joules::from_millijoules(raw).get(), at: None })
                }
                Call::PowerUsage => device.power_usage().ok().map(|raw| Reading { value: Watts::from_milliwatts(raw).get(), at: None }),
                Call::Field { position, is_stamped } => self.fields.get(position).map(|field| {
                    let at = if is_stamped { self.stamps.at(position, field.stamp_micros, now) } else { None };
                    Reading { value: Watts::from_milliwatts(field.raw).get(), at }
                }),
            };
        }
    }
}

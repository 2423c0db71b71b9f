//! Energy counters of Intel's graphics boards, by the drivers `i915` and `xe`.

use super::chip::{Chip, Input};
use super::{Assigned, device, sensor, unassigned};
use crate::channel::Channel;
use crate::sysfs::Attribute;
use lem_domain::Boundary;
use lem_domain::counter::CounterRange;
use lem_domain::sensor::SensorKind;
use lem_domain::units::Joules;
use std::time::Duration;

/// The register is one of the RAPL kind, which is updated each millisecond.
const UPDATE_PERIOD: Duration = Duration::from_millis(1);

/// The boards among these chips.
pub(super) fn devices(chips: &[Chip]) -> Vec<Assigned> {
    chips.iter().filter(|chip| matches!(chip.driver.as_str(), "i915" | "xe")).flat_map(board).collect()
}

fn board(chip: &Chip) -> Vec<Assigned> {
    chip.inputs().iter().map(|input| if counts_the_board(chip, input) { counter(chip, input) } else { unassigned(chip, input) }).collect()
}

/// `i915` shows one counter, of the board; `xe` labels those of the card and of the package that is a part of it.
fn counts_the_board(chip: &Chip, input: &Input) -> bool {
    let whole = match &input.label {
        Some(label) => label == "card",
        None => chip.driver == "i915" && input.name == "energy1",
    };
    whole && matches!(input.file, Attribute::Microjoules(_))
}

fn counter(chip: &Chip, input: &Input) -> Assigned {
    let address = chip.address();
    let id = address.as_ref().map_or_else(|| "intel-gpu".to_owned(), |address| format!("intel-gpu-{address}"));
    let mut assigned = Assigned::empty(device(id, "Intel GPU", &chip.driver));
    assigned.device.facts.extend(address.map(|address| ("PCI address".to_owned(), address)));
    // The driver extends the register to 64 bits.
    let range = CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER };
    let kind = SensorKind::EnergyCounter(range);
    let resolution = Joules::from_microjoules(1).get();
    let descriptor = sensor(&assigned.device, "total-energy", kind, Boundary::GpuBoard, UPDATE_PERIOD, resolution);
    assigned.channels.push(Channel::of_file(descriptor, input.file.clone()));
    assigned
}

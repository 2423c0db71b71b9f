//! RAPL through the powercap tree, whose counters only root may read since Linux 5.10.
//!
//! Zones of one machine may be shown by several drivers (`intel-rapl`, `intel-rapl-mmio`): they are the same hardware,
//! and each domain is taken from the first driver that shows it.

use super::counter::{Access, Counter};
use super::domain::{Domain, Part, energy_unit};
use crate::machine::Machine;
use crate::sysfs::{Attribute, entries, read_line, read_number};
use lem_domain::counter::CounterRange;
use lem_domain::sensor::SourceStatus;
use lem_domain::units::{Joules, Watts};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The kernel's class folder, whose entries are links into the second, which container runtimes mask.
const ROOTS: [&str; 2] = ["sys/class/powercap", "sys/devices/virtual/powercap"];

/// A wrap may show power up to this multiple of the limit (MEASUREMENT.md §4).
const PLAUSIBLE_OVER_LIMIT: f64 = 1.5;

/// The name of a zone, such as `intel-rapl:0:1`. The order puts the plain driver before its variants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ZoneId {
    driver_length: usize,
    driver: String,
    path: Vec<u32>,
}

impl ZoneId {
    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split(':');
        let driver = parts.next().filter(|driver| driver.starts_with("intel-rapl"))?.to_owned();
        let path = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
        Some(Self { driver_length: driver.len(), driver, path })
    }

    fn parent(&self) -> Self {
        Self { path: self.path[..self.path.len() - 1].to_vec(), ..self.clone() }
    }
}

/// Every counter of the tree, readable or not. `dies_differ` tells whether dies of a package count each for itself.
///
/// # Errors
/// Why there is none.
pub(super) fn find(machine: &Machine, dies_differ: bool) -> Result<Vec<Counter>, SourceStatus> {
    let zones = zones(machine);
    if zones.is_empty() {
        return Err(SourceStatus::Absent("powercap: `/sys/class/powercap` shows no RAPL zone".to_owned()));
    }
    let mut counters: BTreeMap<(Part, Domain), Counter> = BTreeMap::new();
    for (id, folder) in &zones {
        let Some((part, domain)) = identify(id, folder, &zones) else { continue };
        let part = if dies_differ { part } else { part.whole() };
        let limits = match domain {
            Domain::Platform => vec![folder],
            // Limits are set on the package; a domain inside draws no more than it.
            _ => vec![folder, zones.get(&id.parent()).unwrap_or(folder)],
        };
        counters.entry((part, domain)).or_insert_with(|| counter(part, domain, folder, &limits));
    }
    if counters.is_empty() {
        let reason = "powercap: its zones lead nowhere, as where a container runtime masks `/sys/devices/virtual/powercap`";
        return Err(SourceStatus::NotPermitted {
            reason: reason.to_owned(),
            fix: "start the container with `--cap-add PERFMON`, or unmask the folder: `--security-opt systempaths=unconfined` \
                  (Docker), `--security-opt unmask=/sys/devices/virtual/powercap` (Podman)"
                .to_owned(),
        });
    }
    Ok(counters.into_values().collect())
}

/// Zones by name. The class folder lists all of them flat, the device folder nests them.
fn zones(machine: &Machine) -> BTreeMap<ZoneId, PathBuf> {
    let mut zones = BTreeMap::new();
    for root in ROOTS {
        collect(&machine.path(root), &mut zones);
    }
    zones
}

fn collect(folder: &Path, zones: &mut BTreeMap<ZoneId, PathBuf>) {
    for name in entries(folder) {
        let Some(id) = ZoneId::parse(&name) else { continue };
        let path = folder.join(name);
        collect(&path, zones);
        if !id.path.is_empty() {
            zones.entry(id).or_insert(path);
        }
    }
}

fn identify(id: &ZoneId, folder: &Path, zones: &BTreeMap<ZoneId, PathBuf>) -> Option<(Part, Domain)> {
    let name = read_line(&folder.join("name"))?;
    match id.path.len() {
        1 => {
            let part = Part::of_zone(&name)?;
            Some((part, if matches!(part, Part::Platform(_)) { Domain::Platform } else { Domain::Package }))
        }
        2 => {
            let parent = read_line(&zones.get(&id.parent())?.join("name"))?;
            Some((Part::of_zone(&parent)?, Domain::of_zone(&name)?))
        }
        _ => None,
    }
}

fn counter(part: Part, domain: Domain, folder: &Path, limits: &[&PathBuf]) -> Counter {
    let limit = limits.iter().filter_map(|folder| power_limit(folder)).reduce(|larger, other| if other > larger { other } else { larger });
    let path = folder.join("energy_uj");
    Counter {
        part,
        domain,
        range: CounterRange {
            wraps_at: read_number(&folder.join("max_energy_range_uj")).filter(|&range| range > 0).map(Joules::from_microjoules),
            plausible_power: limit.map_or(CounterRange::UNKNOWN_LIMIT_POWER, |limit| limit * PLAUSIBLE_OVER_LIMIT),
        },
        limit,
        resolution: energy_unit(),
        source: format!("powercap, {}", path.display()),
        access: Access::File(Attribute::Microjoules(path)),
    }
}

/// The highest limit of a zone: what it may draw for a moment.
fn power_limit(zone: &Path) -> Option<Watts> {
    let files = entries(zone)
        .into_iter()
        .filter(|name| name.starts_with("constraint_") && (name.ends_with("_power_limit_uw") || name.ends_with("_max_power_uw")));
    let highest: u64 = files.filter_map(|name| read_number(&zone.join(name))).max()?;
    (highest > 0).then(|| Watts::from_microwatts(highest))
}

//! RAPL through perf events: the kernel extends the counter to 64 bits, so it never wraps. Needs no root, only leave to
//! observe a processor.

use super::counter::{Access, Counter};
use super::domain::{Domain, Part, energy_unit};
use super::perf_event::Event;
use crate::machine::Machine;
use crate::sysfs::{entries, read_line, read_number};
use lem_domain::counter::CounterRange;
use lem_domain::sensor::SourceStatus;
use lem_domain::units::Joules;
use std::path::Path;

/// What the kernel calls the RAPL unit of the processor.
const PMU: &str = "sys/bus/event_source/devices/power";

/// Every counter that the kernel describes. `dies_differ` tells whether dies of a package count each for itself.
///
/// # Errors
/// Why there is none.
pub(super) fn find(machine: &Machine, dies_differ: bool) -> Result<Vec<Counter>, SourceStatus> {
    let pmu = machine.path(PMU);
    let Some(kind) = read_number(&pmu.join("type")) else {
        return Err(SourceStatus::Absent(format!("perf: no `/{PMU}`")));
    };
    let readers = read_line(&pmu.join("cpumask")).map(|mask| parse_cpus(&mask)).unwrap_or_default();
    let parts = parts(machine, &readers, dies_differ);
    let events = pmu.join("events");
    let mut counters: Vec<Counter> = Vec::new();
    for name in entries(&events) {
        let Some(domain) = Domain::of_event(&name) else { continue };
        let Some((config, step)) = describe(&events, &name) else { continue };
        for &(processor, part) in &parts {
            let part = if domain == Domain::Platform { Part::Platform(0) } else { part };
            // Dies that show the whole package, and the one platform that each socket shows, count once.
            if counters.iter().any(|counter| (counter.part, counter.domain) == (part, domain)) {
                continue;
            }
            counters.push(Counter {
                part,
                domain,
                access: Access::Perf(Event { kind, config, processor, step }, events.join(&name)),
                range: CounterRange { wraps_at: None, plausible_power: CounterRange::UNKNOWN_LIMIT_POWER },
                limit: None,
                resolution: energy_unit(),
                source: format!("perf event power/{name}/ on processor {processor}"),
            });
        }
    }
    if counters.is_empty() {
        return Err(SourceStatus::Absent(format!("perf: `/{PMU}` describes no energy event")));
    }
    Ok(counters)
}

/// Number and step of an event, from `event=0x02`, its scale and its unit.
fn describe(events: &Path, name: &str) -> Option<(u64, Joules)> {
    let text = read_line(&events.join(name))?;
    let config = u64::from_str_radix(text.strip_prefix("event=0x")?, 16).ok()?;
    let unit = read_line(&events.join(format!("{name}.unit")))?;
    let scale: f64 = read_number(&events.join(format!("{name}.scale")))?;
    (unit == "Joules" && scale > 0.0).then(|| (config, Joules::new(scale)))
}

/// The socket or die of each processor that reads for one.
fn parts(machine: &Machine, readers: &[u32], dies_differ: bool) -> Vec<(u32, Part)> {
    let topology =
        |processor: u32, file: &str| read_number::<u32>(&machine.path(&format!("sys/devices/system/cpu/cpu{processor}/topology/{file}")));
    let package = |processor| topology(processor, "physical_package_id").unwrap_or(0);
    readers
        .iter()
        .map(|&processor| {
            let shared = readers.iter().filter(|&&other| package(other) == package(processor)).count() > 1;
            let die = if shared && dies_differ { topology(processor, "die_id") } else { None };
            (processor, Part::Package { package: package(processor), die })
        })
        .collect()
}

/// A list of processors as the kernel writes it: `0,24` or `0-3`.
fn parse_cpus(mask: &str) -> Vec<u32> {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    mask.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written_tree::Tree;

    fn two_sockets_of_two_dies(mask: &str) -> Tree {
        let tree = Tree::of(&[
            ("sys/bus/event_source/devices/power/type", "22"),
            ("sys/bus/event_source/devices/power/cpumask", mask),
            ("sys/bus/event_source/devices/power/events/energy-cores", "event=0x01"),
            ("sys/bus/event_source/devices/power/events/energy-cores.scale", "2.3283064365386962890625e-10"),
            ("sys/bus/event_source/devices/power/events/energy-cores.unit", "Furlongs"),
        ]);
        for (event, config) in [("pkg", "0x02"), ("ram", "0x03"), ("psys", "0x05")] {
            let file = format!("sys/bus/event_source/devices/power/events/energy-{event}");
            tree.write(&file, &format!("event={config}"));
            tree.write(&format!("{file}.scale"), "2.3283064365386962890625e-10");
            tree.write(&format!("{file}.unit"), "Joules");
        }
        for (processor, package, die) in [(0, 0, 0), (8, 0, 1), (16, 1, 0), (24, 1, 1)] {
            let topology = format!("sys/devices/system/cpu/cpu{processor}/topology");
            tree.write(&format!("{topology}/physical_package_id"), &format!("{package}"));
            tree.write(&format!("{topology}/die_id"), &format!("{die}"));
        }
        tree
    }

    fn names(tree: &Tree, dies_differ: bool) -> Vec<String> {
        let counters = find(&tree.machine(), dies_differ).expect("described");
        counters.iter().map(|counter| format!("{} {}", counter.part.id().as_str(), counter.domain.sensor())).collect()
    }

    #[test]
    fn one_counter_per_socket_and_domain_and_one_platform() {
        let expected = ["cpu-package-0 package", "cpu-package-1 package", "platform platform", "cpu-package-0 dram", "cpu-package-1 dram"];
        assert_eq!(names(&two_sockets_of_two_dies("0,16"), true), expected);
        // Where each die shows its whole package, the second die would count it twice.
        assert_eq!(names(&two_sockets_of_two_dies("0,8,16,24"), false), expected);
    }

    #[test]
    fn dies_that_count_for_themselves_are_devices_of_their_own() {
        let names = names(&two_sockets_of_two_dies("0,8,16,24"), true);
        assert!(names.contains(&"cpu-package-1-die-0 package".to_owned()) && names.len() == 9, "{names:?}");
    }

    #[test]
    fn an_event_is_read_with_the_scale_that_the_kernel_states() {
        let counters = find(&two_sockets_of_two_dies("0").machine(), true).expect("described");
        let Access::Perf(event, _) = &counters[0].access else { panic!("{:?}", counters[0]) };
        assert_eq!((event.kind, event.config, event.processor), (22, 2, 0));
        assert!((event.step.get() * 2.0_f64.powi(32) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn lists_of_processors() {
        assert_eq!(parse_cpus("0,24"), [0, 24]);
        assert_eq!(parse_cpus("0-2,7"), [0, 1, 2, 7]);
        assert!(parse_cpus("").is_empty());
    }
}

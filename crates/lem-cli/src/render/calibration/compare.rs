//! A profile beside the one before it.

use super::figures::{Figure, figures};
use lem_domain::profile::{BoardProfile, SensorProfile};

/// Figures that the earlier profile knows and the later one does not, in words.
pub(crate) fn lost(earlier: &BoardProfile, later: &BoardProfile) -> Vec<String> {
    let mut lost = Vec::new();
    for before in &earlier.sensors {
        let after = of_name(later, &before.sensor);
        for (position, figure) in figures(before).into_iter().enumerate().filter(|(_, figure)| figure.found.is_some()) {
            if after.is_none_or(|after| figures(after)[position].found.is_none()) {
                lost.push(format!("{} of {}", figure.name, before.sensor));
            }
        }
    }
    lost
}

/// Figures that are new or further apart than both intervals allow, in words; what is [`lost`] is said apart. How long a
/// read takes is a property of the day as well, and is left out.
pub(crate) fn changes(earlier: &BoardProfile, later: &BoardProfile) -> Vec<String> {
    let mut changes = Vec::new();
    for after in &later.sensors {
        let Some(before) = of_name(earlier, &after.sensor) else {
            changes.push(format!("{} is new", after.sensor));
            continue;
        };
        let pairs = figures(before).into_iter().zip(figures(after)).filter(|(figure, _)| figure.name != "read latency");
        changes.extend(
            pairs
                .filter_map(|(before, after)| Some(format!("{} {}", before.name, change(&before, &after)?)))
                .map(|change| format!("{} {change}", after.sensor)),
        );
    }
    let gone = earlier.sensors.iter().filter(|before| of_name(later, &before.sensor).is_none());
    changes.extend(gone.map(|before| format!("{} is gone", before.sensor)));
    changes
}

fn change(before: &Figure, after: &Figure) -> Option<String> {
    match (before.found, after.found) {
        (Some((was, was_half)), Some((is, is_half))) if (is - was).abs() <= was_half + is_half => None,
        (_, None) => None,
        _ => {
            let shown = |figure: &Figure| figure.shown.clone().unwrap_or_else(|_| "unknown".to_owned());
            Some(format!("{}, before {}", shown(after), shown(before)))
        }
    }
}

fn of_name<'a>(profile: &'a BoardProfile, name: &str) -> Option<&'a SensorProfile> {
    profile.sensors.iter().find(|sensor| sensor.sensor == name)
}

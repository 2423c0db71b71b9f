//! Profiles: what was found of each sensor, where it is kept, and how it differs from before.

mod compare;
mod figures;
mod json;

pub(crate) use compare::{changes, lost};
pub(crate) use json::report;

use super::number;
use figures::{Figure, figures};
use lem_domain::profile::{BoardProfile, ProfileKey};
use lem_energy::calibrate::{Bench, Load, Plan};
use std::path::PathBuf;
use std::time::SystemTime;

/// One kind of board that was calibrated.
pub(crate) struct Board {
    pub(crate) profile: BoardProfile,
    /// The file that it is kept in; `None` where the profile before knows more and stays.
    pub(crate) stored: Option<PathBuf>,
    /// Figures that the profile before knows, and this one does not.
    pub(crate) lost: Vec<String>,
    /// What is different from the profile before; `None` where there was none.
    pub(crate) changes: Option<Vec<String>>,
}

/// What is about to be done.
pub(crate) fn plan(bench: &Bench, plan: &Plan, load: Option<&dyn Load>) -> String {
    let mut text = String::new();
    for device in bench.devices() {
        let index = device.index.map_or_else(String::new, |index| format!(":{index}"));
        let sensors: Vec<&str> = device.sensors.iter().filter(|sensor| sensor.tells_energy()).map(|sensor| sensor.name.as_str()).collect();
        text += &format!("{}{index} {} [{}]: {}\n", device.source.as_str(), device.name, device.id, sensors.join(", "));
    }
    let settling = load.map_or(0.0, |load| load.settling().as_secs_f64());
    let load = load.map_or_else(|| "none, so that window, lag and counter ratio stay open".to_owned(), Load::label);
    text += &format!("load: {load}\n");
    let whole = plan.length().as_secs_f64() + settling;
    let steps = if plan.steps.is_empty() { String::new() } else { format!(", then {} steps of the load", plan.steps.len()) };
    text += &format!(
        "idle for {:.0} s, then read as fast as it goes for {:.0} s{steps}: about {whole:.0} s in all\n",
        plan.idle.as_secs_f64(),
        plan.dense.as_secs_f64()
    );
    text
}

/// What was found, a table per kind of board; reasons stand below it.
pub(crate) fn tables(boards: &[Board]) -> String {
    boards.iter().map(|board| table(&board.profile)).collect::<Vec<_>>().join("\n")
}

fn table(profile: &BoardProfile) -> String {
    const HEADER: [&str; 8] = ["sensor", "updated every", "mean over", "lag", "step (J, W)", "read takes", "counter ÷ this", "idle"];
    let mut rows = vec![HEADER.map(str::to_owned)];
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for sensor in &profile.sensors {
        let figures = figures(sensor);
        let cells = figures.iter().map(|figure| figure.shown.clone().unwrap_or_else(|_| "-".to_owned()));
        let mut row = std::iter::once(sensor.sensor.clone()).chain(cells);
        rows.push(std::array::from_fn(|_| row.next().unwrap_or_default()));
        for Figure { name, shown, .. } in figures {
            if let Err(reason) = shown {
                let what = format!("{} {name}", sensor.sensor);
                match reasons.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, whats)) => whats.push(what),
                    None => reasons.push((reason, vec![what])),
                }
            }
        }
    }
    let widths: [usize; 8] = std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut text = format!("{}, load: {}\n", key(&profile.key), profile.load.as_deref().unwrap_or("none"));
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        text += &format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    for (reason, whats) in reasons {
        text += &format!("  - {}: {reason}\n", whats.join(", "));
    }
    text
}

/// Where the profiles are, and what is different from before.
pub(crate) fn notes(boards: &[Board]) -> String {
    let mut text = String::new();
    for board in boards {
        let name = &board.profile.key.board;
        let lost = board.lost.join(", ");
        match &board.stored {
            Some(path) => {
                text += &format!("{name}: stored in {}\n", path.display());
                if !lost.is_empty() {
                    text += &format!("  no longer known: {lost}\n");
                }
            }
            None => {
                text += &format!("{name}: not stored: the profile before knows what this one does not: {lost}\n");
                text += "  hint: `--load COMMAND` finds them anew; `--replace` stores this profile all the same\n";
            }
        }
        match &board.changes {
            None => text += "  there was no profile before\n",
            Some(changes) if changes.is_empty() => text += "  nothing else differs from the profile before by more than is stated\n",
            Some(changes) => changes.iter().for_each(|change| text += &format!("  changed: {change}\n")),
        }
    }
    text
}

/// The profiles that are stored, one a line.
pub(crate) fn list(profiles: &[BoardProfile]) -> String {
    let lines = profiles.iter().map(|profile| {
        let load = profile.load.as_deref().unwrap_or("none");
        let n = profile.sensors.len();
        let sensors = if n == 1 { "1 sensor".to_owned() } else { format!("{n} sensors") };
        format!("{}, calibrated on {}, load: {load}, {sensors}\n", key(&profile.key), day(profile.at))
    });
    lines.collect()
}

/// Board, driver and firmware.
fn key(key: &ProfileKey) -> String {
    let parts = [&key.driver, &key.firmware].into_iter().filter(|part| !part.is_empty());
    let parts = parts.map(String::as_str).collect::<Vec<_>>().join(", ");
    if parts.is_empty() { key.board.clone() } else { format!("{} ({parts})", key.board) }
}

fn day(at: SystemTime) -> String {
    let instant = jiff::Timestamp::try_from(at).map(|instant| instant.strftime("%Y-%m-%d").to_string());
    instant.unwrap_or_else(|_| "an unknown day".to_owned())
}

#[cfg(test)]
mod tests;

//! The tree as text. Lines are as long as they need to be, so that they copy and search well.

use super::report::{DeviceReport, Report, SensorReport, refusal};
use crate::render::number;

/// Every source with its devices, each with its sensors and parts below it. `nothing` is said where there is no device.
pub(crate) fn tree(report: &Report, nothing: &str) -> String {
    let mut text = String::new();
    if report.devices.is_empty() {
        text += &format!("{nothing}\n");
    }
    for source in &report.sources {
        let verdict = match refusal(source) {
            None => "works".to_owned(),
            Some((reason, fix)) => fix.map_or_else(|| reason.to_owned(), |fix| format!("{reason}\n  fix: {fix}")),
        };
        text += &format!("{}: {verdict}\n", source.source);
        let devices: Vec<&DeviceReport> = report.devices.iter().filter(|device| device.source == source.source).collect();
        branches(&devices, "", &mut text);
    }
    text
}

fn branches(devices: &[&DeviceReport], indent: &str, text: &mut String) {
    for (position, device) in devices.iter().enumerate() {
        let is_last = position + 1 == devices.len();
        let (mark, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let index = device.index.map_or_else(String::new, |index| format!("{index} "));
        let hidden = if device.visible { "" } else { ", hidden from programs" };
        text.push_str(&format!("{indent}{mark}{index}{} [{}]{hidden}\n", device.name, device.id));
        let indent = format!("{indent}{below}");
        // What stands above the parts keeps the line down to them.
        let rail = if device.parts.is_empty() { format!("{indent}   ") } else { format!("{indent}│  ") };
        for line in lines(device) {
            text.push_str(&format!("{rail}{line}\n"));
        }
        branches(&device.parts.iter().collect::<Vec<_>>(), &indent, text);
    }
}

/// What is said of a device between its name and its parts.
fn lines(device: &DeviceReport) -> Vec<String> {
    let mut lines: Vec<String> = device.problem.iter().map(|problem| format!("not read: {problem}")).collect();
    lines.extend(device.facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)));
    lines.extend(table(&device.sensors));
    lines
}

/// The sensors as columns, below a header; nothing for none.
fn table(sensors: &[SensorReport]) -> Vec<String> {
    const HEADER: [&str; 6] = ["sensor", "shows", "boundary", "updated every", "mean over", "gain"];
    if sensors.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![HEADER.map(str::to_owned)];
    rows.extend(sensors.iter().map(row));
    let widths: [usize; 6] = std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn row(sensor: &SensorReport) -> [String; 6] {
    let duration = |seconds: Option<f64>, otherwise: &str| seconds.map_or_else(|| otherwise.to_owned(), number::seconds);
    let unit = if sensor.unit.is_empty() { String::new() } else { format!(" [{}]", sensor.unit) };
    [
        sensor.name.clone(),
        format!("{}{unit}", sensor.shows),
        sensor.boundary.to_owned(),
        duration(sensor.update_period_s, "continuous"),
        duration(sensor.averaging_window_s, "-"),
        sensor.gain_half_width_ratio.map_or_else(|| "-".to_owned(), percent),
    ]
}

/// To a tenth of a per cent: bounds are coarser than that.
fn percent(ratio: f64) -> String {
    format!("±{} %", (ratio * 1_000.0).round() / 10.0)
}

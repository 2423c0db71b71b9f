//! The three tables, and that they are those in docs/coverage.md.

use crate::accuracy;
use crate::cell::{Cell, Gain, Run, run};
use crate::sensors::{FAILING, Sensor, WORKING};
use crate::waves::{WAVES, Wave};
use std::fmt::Write;

const WINDOWS_S: [f64; 7] = [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

const RUNS: u64 = 1_000;

/// What the coverage of a 95 % interval may be.
const COVERAGE: std::ops::RangeInclusive<f64> = 0.93..=0.995;

/// How much wider than needed an interval may be.
const WIDEST: f64 = 2.0;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/coverage.md");

/// A kind of gain, and where on the page its table stands.
const TABLES: [(Gain, &str); 3] = [(Gain::Exact, "random"), (Gain::AsStated, "full"), (Gain::Beyond, "beyond")];

macro_rules! sensors {
    ($($name:ident: $position:literal,)+) => {
        $(
            #[test]
            #[cfg_attr(debug_assertions, ignore = "a thousand runs a cell want an optimised build")]
            fn $name() {
                check(&WORKING[$position]);
            }
        )+
    };
}

sensors! {
    the_intervals_of_a_counter_hold: 0,
    the_intervals_hold_under_a_jittered_scheduler: 1,
    the_intervals_hold_when_reads_take_long: 2,
    the_intervals_of_a_fast_counter_hold: 3,
    the_intervals_of_instant_power_hold: 4,
    the_intervals_of_a_part_time_sensor_hold: 5,
    the_intervals_of_a_trailing_mean_hold: 6,
    the_intervals_of_coarse_power_hold: 7,
}

fn runs(wave: &Wave, sensor: &Sensor, length: f64, gain: Gain) -> Vec<Run> {
    (0..RUNS).map(|seed| run(wave, sensor, length, seed, gain)).collect()
}

/// Holds every cell of a sensor to what is asked, and its rows to those of the page.
fn check(sensor: &Sensor) {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let mut wrong = String::new();
    for (gain, _) in TABLES {
        for wave in &WAVES {
            let cells = WINDOWS_S.map(|length| Cell::of(&runs(wave, sensor, length, gain), gain));
            for (cell, length) in cells.iter().zip(WINDOWS_S) {
                let Some(coverage) = cell.coverage else { continue };
                let right = match gain {
                    Gain::Exact => COVERAGE.contains(&coverage) && cell.half_width <= WIDEST * cell.needed,
                    Gain::AsStated => coverage >= *COVERAGE.start(),
                    Gain::Beyond => true,
                };
                if !right {
                    let _ = writeln!(wrong, "{} {gain:?} {length} s: {}", wave.name, shown(cell, gain));
                }
            }
            let row = row(sensor, wave, &cells, gain);
            if !page.contains(&row) {
                let _ = writeln!(wrong, "not on the page: {row}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{wrong}", sensor.name);
}

/// Whatever happens to a counter within the window, its energy is missing with the reason, never a smaller number.
#[test]
#[cfg_attr(debug_assertions, ignore = "a thousand runs a cell want an optimised build")]
fn a_counter_that_fails_is_never_silently_wrong() {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    for sensor in &FAILING {
        for wave in &WAVES {
            for length in WINDOWS_S {
                for run in runs(wave, sensor, length, Gain::Exact) {
                    let said = sensor.fault.map(|(_, code)| code);
                    assert_eq!((run.error, run.problem), (None, said), "{}, {}, {length} s", sensor.name, wave.name);
                }
            }
        }
        assert!(page.contains(&refused(sensor)), "not on the page: {}", refused(sensor));
    }
    let accuracy = accuracy::row();
    assert!(page.contains(&accuracy), "not on the page: {accuracy}");
}

/// One row: a waveform seen by a sensor over all windows.
fn row(sensor: &Sensor, wave: &Wave, cells: &[Cell; 7], gain: Gain) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| shown(cell, gain)).collect();
    format!("| {} | {} | {} |", sensor.name, wave.name, cells.join(" | "))
}

/// All rows of a sensor.
fn rows(sensor: &Sensor, gain: Gain) -> String {
    WAVES.iter().fold(String::new(), |mut rows, wave| {
        let cells = WINDOWS_S.map(|length| Cell::of(&runs(wave, sensor, length, gain), gain));
        let _ = writeln!(rows, "{}", row(sensor, wave, &cells, gain));
        rows
    })
}

fn refused(sensor: &Sensor) -> String {
    let code = sensor.fault.map_or("", |(_, code)| code.as_str());
    format!("| counter, 100 ms: {} | every waveform |{}", sensor.name, format!(" refused, `{code}` |").repeat(WINDOWS_S.len()))
}

fn shown(cell: &Cell, gain: Gain) -> String {
    let Some(coverage) = cell.coverage else { return "limited".to_owned() };
    let coverage = 100.0 * coverage;
    let half_width = percent(cell.half_width);
    let excused = if cell.excused > 0.0 { format!(", {:.0} % limited", 100.0 * cell.excused) } else { String::new() };
    match gain {
        Gain::Exact => format!("{coverage:.1}, ±{half_width} ({:.1}×){excused}", cell.half_width / cell.needed),
        Gain::AsStated => format!("{coverage:.1}, ±{half_width}{excused}"),
        Gain::Beyond => format!("{coverage:.1}{excused}"),
    }
}

/// Per cent with two digits that matter.
fn percent(share: f64) -> String {
    let value = 100.0 * share;
    match value {
        value if value >= 10.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value if value >= 0.1 => format!("{value:.2}"),
        value if value >= 0.01 => format!("{value:.3}"),
        value if value >= 0.001 => format!("{value:.4}"),
        value => format!("{value:.0e}"),
    }
}

/// Writes the tables into the page: `cargo test --release -p lem-energy --test coverage -- --ignored write_the_tables`.
#[test]
#[ignore = "writes docs/coverage.md"]
fn write_the_tables() {
    let mut page = std::fs::read_to_string(PAGE).expect("the page is there");
    for (gain, name) in TABLES {
        let mut table = String::from("| sensor | waveform |");
        for length in WINDOWS_S {
            let _ = write!(table, " {length} s |");
        }
        table.push_str("\n|---|---|");
        table.push_str(&"---|".repeat(WINDOWS_S.len()));
        table.push('\n');
        std::thread::scope(|scope| {
            let sensors = WORKING.iter().map(|sensor| scope.spawn(move || rows(sensor, gain)));
            for rows in sensors.collect::<Vec<_>>() {
                table.push_str(&rows.join().expect("the rows of a sensor"));
            }
        });
        if gain == Gain::Exact {
            for sensor in &FAILING {
                let _ = writeln!(table, "{}", refused(sensor));
            }
        }
        put(&mut page, name, &table);
    }
    put(&mut page, "accuracy", &format!("| | 2 s | 5 s | 10 s |\n|---|---|---|---|\n{}\n", accuracy::row()));
    std::fs::write(PAGE, page).expect("written");
}

/// Puts a table between its marks.
fn put(page: &mut String, name: &str, table: &str) {
    let (open, close) = (format!("<!-- table: {name} -->\n"), format!("<!-- end: {name} -->"));
    let from = page.find(&open).expect("marked") + open.len();
    let to = page.find(&close).expect("marked");
    page.replace_range(from..to, table);
}

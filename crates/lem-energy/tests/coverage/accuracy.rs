//! How near the truth a counter comes that ticks ten times a second, as that of an H100 does.

use crate::cell::{Gain, run};
use crate::sensors::WORKING;
use crate::waves::WAVES;

/// Windows in seconds, and the mean error that is allowed in them, relative to the energy.
const ALLOWED: [(f64, f64); 3] = [(2.0, 0.005), (5.0, 0.001), (10.0, 0.000_5)];

const RUNS: u64 = 400;

/// Mean absolute error over many windows of four waveforms.
fn errors() -> [f64; ALLOWED.len()] {
    ALLOWED.map(|(length, _)| {
        let waves = WAVES.iter().filter(|wave| ["square", "ramp", "prefill/decode", "bursts"].contains(&wave.name));
        let runs = waves.flat_map(|wave| (0..RUNS).map(move |seed| run(wave, &WORKING[0], length, seed, Gain::Exact)));
        let errors: Vec<f64> = runs.map(|run| run.error.expect("the counter brackets the window").abs()).collect();
        errors.iter().sum::<f64>() / f64::from(u32::try_from(errors.len()).expect("few"))
    })
}

/// The row of the page.
pub(crate) fn row() -> String {
    let cells = errors().map(|error| format!("{:.3} %", 100.0 * error));
    format!("| mean error of {} windows | {} |", 4 * RUNS, cells.join(" | "))
}

#[test]
fn a_counter_that_ticks_ten_times_a_second_knows_its_edges() {
    for ((length, allowed), error) in ALLOWED.into_iter().zip(errors()) {
        assert!(error <= allowed, "{error:.5} of the energy in {length} s");
    }
}

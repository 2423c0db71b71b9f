//! Curves and distributions on lines of a terminal.

use super::{number, out};
use console::{Term, measure_text_width, truncate_str};
use lem_domain::ExperimentId;
use lem_results::ResultsFolder;
use lem_results::report::{Meaning, Shape, shapes};

/// Heights of a cell, the lowest first. They are shapes, not colours, so nothing is lost without colour.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Cells of a line.
const CELLS: usize = 48;

/// Longest label.
const LABEL: usize = 24;

/// Power over time and latencies, on a terminal alone: elsewhere lines of blocks are of no use to anybody. A run whose streams
/// are gone has none.
pub(crate) fn show(folder: &ResultsFolder, id: &ExperimentId) -> std::io::Result<()> {
    let can_draw = Term::stdout().is_term() && std::env::var_os("TERM").is_none_or(|name| name != "dumb");
    if !can_draw {
        return Ok(());
    }
    match folder.load_record(id) {
        Ok(record) => lines(&shapes(&record, CELLS)).into_iter().enumerate().try_for_each(|(place, line)| {
            let gap = if place == 0 { "\n" } else { "" };
            out::line(format_args!("{gap}{line}"))
        }),
        Err(_) => Ok(()),
    }
}

fn lines(shapes: &[Shape]) -> Vec<String> {
    shapes.iter().map(line).collect()
}

fn line(shape: &Shape) -> String {
    let label = truncate_str(&shape.label, LABEL, "…");
    let padding = " ".repeat(LABEL.saturating_sub(measure_text_width(&label)));
    let (floor, words) = match shape.meaning {
        // From 0, so that the height of a cell is its power.
        Meaning::PowerOverTime { low, high } => (0.0, format!("{} to {}", number::with_unit(low, "W"), number::with_unit(high, "W"))),
        Meaning::Distribution { low, high, count } => {
            (0.0, format!("{} to {}, n = {}", number::seconds(low), number::seconds(high), number::count(count as u64)))
        }
    };
    format!(" {label}{padding}  {}  {words}", blocks(&shape.cells, floor))
}

/// One block per cell between `floor` and the highest; a gap where nothing was recorded, and no block for nothing at all.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "one of eight heights")]
fn blocks(cells: &[Option<f64>], floor: f64) -> String {
    let top = cells.iter().flatten().fold(f64::NEG_INFINITY, |top, &height| top.max(height));
    let block = |height: f64| {
        let share = if top > floor { (height - floor) / (top - floor) } else { 0.0 };
        if height <= floor { ' ' } else { HEIGHTS[((share * 8.0).ceil() as usize).clamp(1, 8) - 1] }
    };
    cells.iter().map(|cell| cell.map_or(' ', block)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_shares_of_the_highest_and_nothing_is_a_gap() {
        assert_eq!(blocks(&[Some(8.0), Some(4.0), Some(0.1), Some(0.0), None], 0.0), "█▄▁  ");
        assert_eq!(blocks(&[Some(0.0)], 0.0), " ");
        assert_eq!(blocks(&[], 0.0), "");
    }

    #[test]
    fn a_line_says_what_it_goes_over() {
        let shape = Shape {
            label: "TTFT".into(),
            cells: vec![Some(1.0), Some(2.0)],
            meaning: Meaning::Distribution { low: 0.05, high: 0.1, count: 3 },
        };
        assert_eq!(line(&shape), format!(" TTFT{}  ▄█  50.00 ms to 100.0 ms, n = 3", " ".repeat(20)));
    }
}

//! The comparison as Markdown.

use super::contestants::{Arithmetic, COMPARISONS, Comparison, Contestant, Engine, FIGURES, SHAPES};
use super::driver::{Facts, Times};
use super::ratio::Median;
use super::rounds::{Peaks, Results, Round, State};

/// Shown where a figure is not known.
const ABSENT: &str = "–";

/// Waiting above this share of a round is not the machine's own background.
const ALONE: f64 = 0.1;

/// Everything of a run.
pub(super) fn markdown(results: &Results) -> String {
    [conditions(results), speeds(results), ratios(results), shares(results), engines(results)].join("\n")
}

/// Where and how it ran.
fn conditions(results: &Results) -> String {
    let machine = &results.machine;
    let (lowest, highest) = range(results.rounds.iter().map(|round| round.load_average[0])).unwrap_or_default();
    let cores: Vec<_> = machine.cores.iter().map(usize::to_string).collect();
    let mut text = format!(
        "{} rounds on {}, {} threads on cores {}; load average of a minute {lowest:.2} to {highest:.2} as rounds began.\n",
        results.rounds.len(),
        machine.processor,
        machine.threads,
        cores.join(", ")
    );
    text += &contention(results);
    let [one, eight] = SHAPES;
    text += &format!(
        "Batch {}: {} tokens, then {} steps. Batch {}: {} tokens each, then {} steps of all.\n",
        one.batch, one.prompt, one.steps, eight.batch, eight.prompt, eight.steps
    );
    text
}

/// Whether others used the cores. Engines whose threads wait for each other by spinning collapse then, and by how much
/// differs between engines: a ratio means little.
fn contention(results: &Results) -> String {
    let Some((lowest, highest)) = range(results.rounds.iter().filter_map(|round| round.waited_share)) else {
        return "The kernel does not tell whether tasks had to wait for a processor.\n".to_owned();
    };
    let mut text = format!("Some task had to wait for a processor in {:.0} to {:.0} % of a round.\n", 100.0 * lowest, 100.0 * highest);
    if highest > ALONE {
        text += "**The contestants were not alone on their cores: repeat this on an idle machine.**\n";
    }
    text
}

/// Median speeds in tokens per second.
fn speeds(results: &Results) -> String {
    let rows = results.entrants.iter().map(|entrant| {
        let cells = (0..FIGURES.len()).map(|figure| {
            let median = Median::of(speeds_of(results, entrant.contestant, figure));
            median.map_or_else(|| ABSENT.to_owned(), |median| format!("{:.1} ({:.1}–{:.1})", median.value, median.low, median.high))
        });
        row(std::iter::once(entrant.contestant.name()).chain(cells))
    });
    format!("Tokens per second, median and its 95 % interval:\n\n{}{}", head(&[""]), rows.collect::<String>())
}

/// Median of the ratios of each round, and what they were meant to be.
fn ratios(results: &Results) -> String {
    let rows = COMPARISONS.iter().filter_map(|comparison| ratio_row(results, comparison));
    format!(
        "Times as fast, median of the rounds' ratios and its 95 % interval; a target is met when the interval reaches it:\n\n{}{}",
        head(&["lem", "beside"]),
        rows.collect::<String>()
    )
}

/// `None` where neither side took part.
fn ratio_row(results: &Results, comparison: &Comparison) -> Option<String> {
    let [lem, rival] = [Engine::Lem, comparison.rival].map(|engine| Contestant { engine, format: comparison.format });
    results.entrants.iter().find(|entrant| entrant.contestant == rival)?;
    let cells = (0..FIGURES.len()).map(|figure| {
        let sides = speeds_of(results, lem, figure).into_iter().zip(speeds_of(results, rival, figure));
        let ratio = Median::of(sides.map(|(lem, rival)| lem / rival).collect());
        ratio_cell(ratio, comparison.targets.map(|targets| targets[figure]), comparison.is_required)
    });
    Some(row([comparison.format.name().to_owned(), comparison.rival.name().to_owned()].into_iter().chain(cells)))
}

fn ratio_cell(ratio: Option<Median>, target: Option<f64>, is_required: bool) -> String {
    let shown = ratio.map_or_else(|| ABSENT.to_owned(), |ratio| format!("{:.2} ({:.2}–{:.2})", ratio.value, ratio.low, ratio.high));
    let Some(target) = target else { return shown };
    let verdict = match ratio {
        Some(ratio) if ratio.reaches(target) => "met",
        Some(_) => "missed",
        None => "not measured",
    };
    let kind = if is_required { "target" } else { "goal" };
    format!("{shown}, {kind} {target}: {verdict}")
}

/// What share of the peaks the speeds take.
fn shares(results: &Results) -> String {
    let peak = |of: fn(&Peaks) -> Option<f64>| {
        let values: Option<Vec<f64>> = results.rounds.iter().map(|round| of(&round.peaks)).collect();
        values.and_then(Median::of).map(|median| median.value)
    };
    let read = peak(|peaks| Some(peaks.read_bytes_per_s));
    let f32 = peak(|peaks| peaks.f32_multiply_adds_per_s);
    let bf16 = peak(|peaks| peaks.bf16_multiply_adds_per_s);
    let int8 = peak(|peaks| peaks.int8_multiply_adds_per_s);
    let billions = |value: Option<f64>| value.map_or_else(|| ABSENT.to_owned(), |value| format!("{:.1}", value / 1e9));
    let named = |name: &Option<String>| name.clone().unwrap_or_else(|| "no instructions known".to_owned());
    let mut text = format!(
        "Peaks, median: reading {} GB/s; multiply-adds of f32 {} G/s ({}), of bf16 {} G/s ({}), of int8 {} G/s ({}).\n",
        billions(read),
        billions(f32),
        named(&results.instructions.f32),
        billions(bf16),
        named(&results.instructions.bf16),
        billions(int8),
        named(&results.instructions.int8)
    );
    text += "Share of them: decode reads all weights once a step; prefill multiplies with all weights of the layers once a token, and its peak is that of int8 where weights are quantised, of bf16 where they are that and there are instructions for it.\n\n";
    text += &head(&["", "weights"]);
    for entrant in &results.entrants {
        let State::Ready(Facts { weight_bytes, .. }) = entrant.state else { continue };
        let arithmetic = match entrant.contestant.format.arithmetic() {
            Arithmetic::Int8 => int8,
            Arithmetic::Bf16 => bf16.or(f32),
            Arithmetic::F32 => f32,
        };
        let cells = (0..FIGURES.len()).map(|figure| {
            let (shape, is_prefill) = (SHAPES[figure / 2], figure % 2 == 0);
            let (work, peak) = if is_prefill {
                (Some(entrant.contestant.format.prefill_multiply_adds(shape)), arithmetic)
            } else {
                (weight_bytes.map(|bytes| bytes * f64::from(shape.steps)), read)
            };
            let seconds = Median::of(seconds_of(results, entrant.contestant, figure)).map(|median| median.value);
            let share = work.zip(peak).zip(seconds).map(|((work, peak), seconds)| 100.0 * work / seconds / peak);
            share.map_or_else(|| ABSENT.to_owned(), |share| format!("{share:.0} %"))
        });
        let size = weight_bytes.map_or_else(|| ABSENT.to_owned(), |bytes| format!("{:.0} MB", bytes / 1e6));
        text += &row([entrant.contestant.name(), size].into_iter().chain(cells));
    }
    text
}

/// What everyone said of itself.
fn engines(results: &Results) -> String {
    let rows = results.entrants.iter().map(|entrant| match &entrant.state {
        State::Ready(facts) => {
            // A bar would end the cell.
            row([entrant.contestant.name(), facts.version.clone(), facts.weights.clone(), facts.kernel.replace(" | ", ", ")])
        }
        State::CannotRun(reason) => row([entrant.contestant.name(), format!("does not run: {reason}"), ABSENT.into(), ABSENT.into()]),
    });
    format!("| | version | weights | arithmetic |\n|---|---|---|---|\n{}", rows.collect::<String>())
}

/// Tokens per second of one figure in every round; empty for one that does not run.
fn speeds_of(results: &Results, contestant: Contestant, figure: usize) -> Vec<f64> {
    let tokens = f64::from(SHAPES[figure / 2].tokens()[figure % 2]);
    seconds_of(results, contestant, figure).into_iter().map(|seconds| tokens / seconds).collect()
}

fn seconds_of(results: &Results, contestant: Contestant, figure: usize) -> Vec<f64> {
    let name = contestant.name();
    let of_round = |round: &Round| {
        let Times { prefill_s, decode_s } = round.times.get(&name)?[figure / 2];
        Some(if figure.is_multiple_of(2) { prefill_s } else { decode_s })
    };
    results.rounds.iter().filter_map(of_round).collect()
}

/// Smallest and largest; `None` of nothing.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| range.map_or(Some((value, value)), |(low, high): (f64, f64)| Some((low.min(value), high.max(value)))))
}

/// The first two lines of a table, with these columns before the figures.
fn head(before: &[&str]) -> String {
    let titles: Vec<_> = before.iter().copied().chain(FIGURES).collect();
    format!("| {} |\n{}|\n", titles.join(" | "), "|---".repeat(titles.len()))
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

#[cfg(test)]
mod tests {
    use super::super::contestants::{self, Format};
    use super::super::machine::Machine;
    use super::super::rounds::{Entrant, Instructions};
    use super::*;

    const WEIGHT_BYTES: f64 = 100e6;

    /// Nine rounds in which lem takes half the time of the others, but as much for decode at batch 8.
    fn results(formats: &[Format], state: impl Fn(Contestant) -> State) -> Results {
        let contestants = contestants::of(formats, false);
        let times = |contestant: &Contestant, round: u32| {
            let disturbance = 1.0 + f64::from(round) / 10.0;
            let factor = if contestant.engine == Engine::Lem { 0.5 } else { 1.0 };
            let [one, eight] = [factor, 1.0].map(|decode| Times { prefill_s: factor * disturbance, decode_s: decode * disturbance });
            (contestant.name(), [one, eight])
        };
        let entrants: Vec<_> = contestants.iter().map(|&contestant| Entrant { contestant, state: state(contestant) }).collect();
        let ready = |contestant: &&Contestant| matches!(state(**contestant), State::Ready(_));
        let rounds = (0..9).map(|round| Round {
            load_average: [f64::from(round), 0.0, 0.0],
            waited_share: Some(f64::from(round) / 100.0),
            peaks: Peaks {
                read_bytes_per_s: 20e9,
                f32_multiply_adds_per_s: Some(100e9),
                bf16_multiply_adds_per_s: None,
                int8_multiply_adds_per_s: None,
            },
            times: contestants.iter().filter(ready).map(|contestant| times(contestant, round)).collect(),
        });
        Results {
            machine: Machine { processor: "EPYC".to_owned(), cores: vec![0, 1], threads: 2 },
            instructions: Instructions { f32: Some("vfmadd".to_owned()), bf16: None, int8: None },
            rounds: rounds.collect(),
            entrants,
        }
    }

    fn ready(_: Contestant) -> State {
        let [version, kernel, weights] = ["1.0", "AVX2 = 1 | FMA = 1", "F32 ×1"].map(str::to_owned);
        State::Ready(Facts { version, kernel, weights, weight_bytes: Some(WEIGHT_BYTES) })
    }

    #[test]
    fn ratios_are_of_rounds_so_a_disturbance_of_both_sides_cancels() {
        let text = markdown(&results(&[Format::Q8_0, Format::Q4_0], ready));
        let expected = "| Q8_0 | llama.cpp | 2.00 (2.00–2.00), target 1.25: met | 2.00 (2.00–2.00), target 1.25: met \
                        | 2.00 (2.00–2.00), target 1.5: met | 1.00 (1.00–1.00), target 2: missed |";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("1.00 (1.00–1.00), goal 1.1: missed |"), "{text}");
        assert!(text.contains("load average of a minute 0.00 to 8.00"), "{text}");
    }

    #[test]
    fn one_that_does_not_run_leaves_its_ratio_open_and_says_why() {
        let text = markdown(&results(&[Format::Bf16], |contestant| match contestant.engine {
            Engine::Lem => State::CannotRun("it reads no safetensors".to_owned()),
            _ => ready(contestant),
        }));
        assert!(text.contains("| BF16 | llama.cpp | –, target 1: not measured |"), "{text}");
        assert!(text.contains("| lem BF16 | does not run: it reads no safetensors |"), "{text}");
    }

    #[test]
    fn one_contended_round_brings_the_warning() {
        let mut results = results(&[Format::Q4_1], ready);
        assert!(!markdown(&results).contains("not alone"));
        results.rounds[3].waited_share = Some(0.5);
        let text = markdown(&results);
        assert!(text.contains("in 0 to 50 % of a round") && text.contains("not alone"), "{text}");
    }

    /// At the median disturbance of 1.4: 64 × 0.1 GB in 0.7 s are 46 % of 20 GB/s; 512 × 106,168,320 + 28,311,552
    /// multiply-adds in 0.7 s are 78 % of 100 G/s.
    #[test]
    fn shares_stand_beside_the_peak_that_bounds_them_and_an_unknown_peak_gives_none() {
        let text = markdown(&results(&[Format::F32, Format::Q8_0], ready));
        assert!(text.contains("| lem F32 | 100 MB | 78 % | 46 % |"), "{text}");
        assert!(text.contains("| lem Q8_0 | 100 MB | – | 46 % |"), "{text}");
        assert!(text.contains("| AVX2 = 1, FMA = 1 |"), "{text}");
    }
}

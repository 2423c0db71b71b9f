//! A model in a program of one's own. Argument: a model, such as `models/SmolLM2-135M-Instruct.Q4_1.gguf`.
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use lem_core::generate::{Model, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reference = std::env::args().nth(1).ok_or("name a model")?;
    let mut model = Model::load(&reference, None)?;
    let batch = model.generate(&["The capital of France is", "Water boils at"], &Options { max_output: 16, ..Options::default() })?;
    for (text, timeline) in batch.texts.iter().zip(batch.timelines()) {
        println!("{text:?} after {:.3} s", timeline.ttft().map_or(f64::NAN, lem_domain::units::Seconds::get));
    }
    let summary = batch.summary();
    let rate = summary.throughput.output.value().map_or(f64::NAN, |rate| rate.get());
    println!("{} token events; {rate:.1} output tokens a second", batch.events().len());
    Ok(())
}

//! Rules between settings.

mod advice;
mod placement;
mod prompts;
mod repetition;
mod servers;
mod traffic;

pub(crate) use advice::advise;

use crate::sections::{CpuPower, Impact, Settings};
use crate::stack::Stack;
use crate::value::SpeculationKind;
use crate::violation::{RuleCode, Violation};
use lem_domain::backend::Backend;
use lem_domain::spec::{BatchingStrategy, EnergyChoice, EnergySource, RequiredGrade, VirtualClockChoice};

/// Everything that is wrong with settings that are each well-formed.
pub(crate) fn check(stack: &Stack, settings: &Settings) -> Vec<Violation> {
    let rules = [
        output_limits,
        prompts::place_missing,
        prompts::place_unused,
        prompts::lengths,
        prompts::end,
        prompts::template,
        bit_widths,
        energy_source,
        required_grade,
        cpu_power,
        grid,
        price,
        draft_model,
        beams,
        traffic::rate,
        traffic::burstiness,
        traffic::batches,
        traffic::trace,
        placement::degree,
        placement::copies,
        placement::one_device,
        repetition::schedule_times,
        repetition::target,
        repetition::warmup,
        servers::address,
        servers::launcher,
    ];
    rules.iter().filter_map(|rule| rule(stack, settings)).collect()
}

/// The same for the settings of a meter alone.
pub(crate) fn of_meter(stack: &Stack, settings: &Settings) -> Vec<Violation> {
    let rules = [required_grade, cpu_power, grid, price];
    rules.iter().filter_map(|rule| rule(stack, settings)).collect()
}

fn output_limits(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let (min, max) = (settings.min_output_tokens, settings.max_output_tokens);
    (min > max).then(|| {
        let message = format!("{min} is above `max_output_tokens`, {max}");
        stack.violation(
            RuleCode::OutputLimitsCrossed,
            "min_output_tokens",
            message,
            format!("lower it to {max}, or raise `max_output_tokens`"),
        )
    })
}

fn bit_widths(stack: &Stack, settings: &Settings) -> Option<Violation> {
    (settings.quantization.load_in_8bit && settings.quantization.load_in_4bit).then(|| {
        stack.violation(
            RuleCode::TwoBitWidths,
            "quantization.load_in_4bit",
            "weights are quantised once, and `quantization.load_in_8bit` is true too",
            "set one of them; `false` takes back a lower layer's",
        )
    })
}

fn energy_source(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let EnergyChoice::Only(sources) = settings.energy.backend.choice() else { return None };
    let is_virtual = settings.backend.0 == Backend::Virtual;
    if !is_virtual && sources.contains(&EnergySource::Virtual) {
        return Some(stack.violation(
            RuleCode::VirtualSensorsElsewhere,
            "energy.backend",
            "`virtual` reads the sensors of the simulated machine, which only `backend: virtual` has",
            "use `auto`, or set `backend: virtual`",
        ));
    }
    let simulated = is_virtual && settings.virtual_machine.clock.0 == VirtualClockChoice::Virtual;
    let real = sources.iter().find(|&&source| simulated && source != EnergySource::Virtual)?;
    Some(stack.violation(
        RuleCode::SensorOnSimulatedClock,
        "energy.backend",
        format!("`{real}` reads this machine in real time, which simulated time does not follow"),
        "use `auto` or `virtual`, or set `virtual.clock: real`",
    ))
}

fn required_grade(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let energy = &settings.energy;
    let reachable = match energy.backend.choice() {
        EnergyChoice::Auto => true,
        EnergyChoice::Only(sources) => {
            energy.require.0 != RequiredGrade::Measured || sources.iter().any(|&source| source != EnergySource::Estimate)
        }
        EnergyChoice::None => energy.require.0 == RequiredGrade::Any,
    };
    (!reachable).then(|| {
        let message = format!("`{}` can never be reached with `energy.backend: {}`", energy.require.name(), energy.backend);
        stack.violation(RuleCode::GradeUnreachable, "energy.require", message, "set `energy.backend: auto`, or ask for a lower grade")
    })
}

fn cpu_power(stack: &Stack, settings: &Settings) -> Option<Violation> {
    const IDLE: &str = "energy.cpu.idle_power_per_thread";
    const MAX: &str = "energy.cpu.max_power_per_thread";
    let CpuPower { idle_power_per_thread: idle, max_power_per_thread: max } = settings.energy.cpu;
    let used = match settings.energy.backend.choice() {
        EnergyChoice::Auto => true,
        EnergyChoice::Only(sources) => sources.contains(&EnergySource::Estimate),
        EnergyChoice::None => false,
    };
    match (idle, max) {
        (None, None) => None,
        (Some(_), _) | (_, Some(_)) if !used => {
            let message = format!("only the estimate uses it, and `energy.backend` is `{}`", settings.energy.backend);
            let path = if idle.is_some() { IDLE } else { MAX };
            Some(stack.violation(RuleCode::CpuPowerUnused, path, message, "leave it out, or add `estimate` to `energy.backend`"))
        }
        (Some(_), None) => Some(incomplete(stack, IDLE, MAX)),
        (None, Some(_)) => Some(incomplete(stack, MAX, IDLE)),
        (Some(idle), Some(max)) => (idle.0 > max.0).then(|| {
            let message = format!("{idle} is above `{MAX}`, {max}");
            stack.violation(RuleCode::CpuPowerCrossed, IDLE, message, "an idle thread draws at most what a busy one does")
        }),
    }
}

fn grid(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let Impact { region: Some(region), grid_intensity: Some(own), .. } = settings.impact else { return None };
    let message = format!("{own} stands beside `impact.region`, `{}`, which has a figure of its own", region.0);
    Some(stack.violation(
        RuleCode::GridGivenTwice,
        "impact.grid_intensity",
        message,
        "leave one of them out; `null` takes back a lower layer's",
    ))
}

fn price(stack: &Stack, settings: &Settings) -> Option<Violation> {
    const PRICE: &str = "impact.price_per_kwh";
    const CURRENCY: &str = "impact.currency";
    let (given, missing) = match (settings.impact.price_per_kwh, &settings.impact.currency) {
        (Some(_), None) => (PRICE, CURRENCY),
        (None, Some(_)) => (CURRENCY, PRICE),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    Some(stack.violation(RuleCode::PriceIncomplete, given, format!("it goes with `{missing}`, which is not set"), "set both or none"))
}

fn draft_model(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let speculative = &settings.candle.speculative;
    match (speculative.method.0, &speculative.model) {
        (SpeculationKind::DraftModel, None) => Some(stack.violation(
            RuleCode::DraftModelMissing,
            "candle.speculative.method",
            "`draft_model` needs `candle.speculative.model`",
            "name the smaller model there, or use `prompt_lookup`",
        )),
        (SpeculationKind::None | SpeculationKind::PromptLookup, Some(model)) => Some(stack.violation(
            RuleCode::DraftModelUnused,
            "candle.speculative.model",
            format!("`{model}` is not used: `candle.speculative.method` is `{}`", speculative.method.name()),
            "set `candle.speculative.method: draft_model`, or leave the model out",
        )),
        _ => None,
    }
}

fn beams(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let width = settings.decoder.beam_search.num_beams;
    if width == 1 {
        return None;
    }
    let greedy = !settings.decoder.do_sample || settings.decoder.temperature <= 0.0;
    let beside = [
        (!greedy, "a draw at random (`decoder.do_sample`)", "set `decoder.do_sample: false`"),
        (settings.batching.strategy.0 == BatchingStrategy::Continuous, "`batching.strategy: continuous`", "use another strategy"),
        (settings.candle.speculative.method.0 != SpeculationKind::None, "`candle.speculative`", "set its method to `none`"),
        (settings.decoder.logprobs, "`decoder.logprobs`", "leave `logprobs` out"),
    ];
    let (_, other, way_out) = beside.into_iter().find(|(is_set, ..)| *is_set)?;
    let message = format!("a search with {width} beams does not go together with {other}");
    Some(stack.violation(RuleCode::BesideBeams, "decoder.beam_search.num_beams", message, format!("{way_out}, or set it to 1")))
}

fn incomplete(stack: &Stack, given: &str, missing: &str) -> Violation {
    stack.violation(RuleCode::CpuPowerIncomplete, given, format!("it goes with `{missing}`, which is not set"), "set both or none")
}

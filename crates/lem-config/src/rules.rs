//! Rules between settings.

use crate::settings::{CpuPower, Settings};
use crate::stack::Stack;
use crate::value::PromptKind;
use crate::violation::{RuleCode, Violation};
use lem_domain::backend::Backend;
use lem_domain::spec::{EnergyChoice, RequiredGrade, VirtualClockChoice};

/// Everything that is wrong with settings that are each well-formed.
pub(crate) fn check(stack: &Stack, settings: &Settings) -> Vec<Violation> {
    let rules = [output_limits, prompt_path, energy_source, required_grade, cpu_power];
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

fn prompt_path(stack: &Stack, settings: &Settings) -> Option<Violation> {
    match (settings.prompts.source.0, &settings.prompts.path) {
        (PromptKind::File, None) => Some(stack.violation(
            RuleCode::PromptPathMissing,
            "prompts.source",
            "`file` needs `prompts.path`",
            "name the file in `prompts.path`, or give `--prompts FILE`",
        )),
        (PromptKind::Embedded, Some(path)) => Some(stack.violation(
            RuleCode::PromptPathUnused,
            "prompts.path",
            format!("`{path}` is not used: `prompts.source` is `embedded`"),
            "set `prompts.source: file`, or leave the path out",
        )),
        (PromptKind::File, Some(_)) | (PromptKind::Embedded, None) => None,
    }
}

fn energy_source(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let simulated = settings.backend.0 == Backend::Virtual && settings.virtual_machine.clock.0 == VirtualClockChoice::Virtual;
    match settings.energy.backend.0 {
        EnergyChoice::Virtual if settings.backend.0 != Backend::Virtual => Some(stack.violation(
            RuleCode::VirtualSensorsElsewhere,
            "energy.backend",
            "`virtual` reads the sensors of the simulated machine, which only `backend: virtual` has",
            "use `auto`, or set `backend: virtual`",
        )),
        EnergyChoice::Estimate if simulated => Some(stack.violation(
            RuleCode::SensorOnSimulatedClock,
            "energy.backend",
            "`estimate` reads this machine in real time, which simulated time does not follow",
            "use `auto` or `virtual`, or set `virtual.clock: real`",
        )),
        EnergyChoice::Auto | EnergyChoice::Estimate | EnergyChoice::Virtual | EnergyChoice::None => None,
    }
}

fn required_grade(stack: &Stack, settings: &Settings) -> Option<Violation> {
    let energy = &settings.energy;
    let reachable = match energy.backend.0 {
        EnergyChoice::Auto | EnergyChoice::Virtual => true,
        EnergyChoice::Estimate => energy.require.0 != RequiredGrade::Measured,
        EnergyChoice::None => energy.require.0 == RequiredGrade::Any,
    };
    (!reachable).then(|| {
        let message = format!("`{}` can never be reached with `energy.backend: {}`", energy.require.name(), energy.backend.name());
        stack.violation(RuleCode::GradeUnreachable, "energy.require", message, "set `energy.backend: auto`, or ask for a lower grade")
    })
}

fn cpu_power(stack: &Stack, settings: &Settings) -> Option<Violation> {
    const IDLE: &str = "energy.cpu.idle_power_per_thread";
    const MAX: &str = "energy.cpu.max_power_per_thread";
    let CpuPower { idle_power_per_thread: idle, max_power_per_thread: max } = settings.energy.cpu;
    let used = matches!(settings.energy.backend.0, EnergyChoice::Auto | EnergyChoice::Estimate);
    match (idle, max) {
        (None, None) => None,
        (Some(_), _) | (_, Some(_)) if !used => {
            let message = format!("only the estimate uses it, and `energy.backend` is `{}`", settings.energy.backend.name());
            let path = if idle.is_some() { IDLE } else { MAX };
            Some(stack.violation(RuleCode::CpuPowerUnused, path, message, "leave it out, or set `energy.backend: estimate`"))
        }
        (Some(_), None) => Some(incomplete(stack, IDLE, MAX)),
        (None, Some(_)) => Some(incomplete(stack, MAX, IDLE)),
        (Some(idle), Some(max)) => (idle.0 > max.0).then(|| {
            let message = format!("{idle} is above `{MAX}`, {max}");
            stack.violation(RuleCode::CpuPowerCrossed, IDLE, message, "an idle thread draws at most what a busy one does")
        }),
    }
}

fn incomplete(stack: &Stack, given: &str, missing: &str) -> Violation {
    stack.violation(RuleCode::CpuPowerIncomplete, given, format!("it goes with `{missing}`, which is not set"), "set both or none")
}

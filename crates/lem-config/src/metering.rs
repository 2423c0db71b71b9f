//! Settings of a meter alone, for commands that run no model.

use crate::error::ConfigError;
use crate::lower;
use crate::origin::Origin;
use crate::request::Request;
use crate::rules;
use crate::sections::Settings;
use crate::stack::Stack;
use crate::value::Quantity;
use crate::violation::{RuleCode, Violation};
use lem_domain::impact::Multipliers;
use lem_domain::spec::{EnergyChoice, EnergySource, EnergySpec};
use lem_domain::units::Watts;
use std::time::Duration;

/// What a meter is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Metering {
    /// How energy is read.
    pub energy: EnergySpec,
    /// What the energy is multiplied by.
    pub multipliers: Multipliers,
    /// Constant power of the simulated machine, when its sensors are among the sources.
    pub virtual_power: Option<Watts>,
}

/// Resolves the settings under `energy` and `impact`; any other has no effect without a model and is refused.
///
/// # Errors
/// When the file or the preset cannot be read, or settings are wrong; all that is wrong at a stage is told at once.
pub fn resolve_metering(request: &Request) -> Result<Metering, ConfigError> {
    let stack = Stack::read(request)?;
    let settings = stack.settings();
    let is_virtual = has_virtual_machine(&settings);
    let mut violations: Vec<Violation> = stack.written().filter_map(|field| without_effect(&stack, field.path, is_virtual)).collect();
    violations.extend(rules::of_meter(&stack, &settings));
    if !violations.is_empty() {
        return Err(ConfigError::Invalid { violations });
    }
    Ok(Metering {
        energy: lower::energy(&settings),
        multipliers: lower::multipliers(&settings.impact),
        virtual_power: is_virtual.then_some(settings.virtual_machine.static_power.0),
    })
}

fn has_virtual_machine(settings: &Settings) -> bool {
    matches!(settings.energy.backend.choice(), EnergyChoice::Only(sources) if sources.contains(&EnergySource::Virtual))
}

/// What is wrong with a setting that someone made and that nothing here uses. What is said of the machine as a whole is said
/// for other commands as well.
fn without_effect(stack: &Stack, path: &str, is_virtual: bool) -> Option<Violation> {
    if matches!(stack.origin(path), Origin::UserFile(_) | Origin::Environment(_)) {
        return None;
    }
    let (reason, hint) = match path {
        "energy.baseline.duration" | "energy.baseline.keep" => ("no idle state is watched here", "leave it out"),
        "virtual.static_power" if is_virtual => return None,
        "virtual.static_power" => ("it describes the simulated machine", "leave it out, or add `virtual` to the sources"),
        _ if path.starts_with("energy.") || path.starts_with("impact.") => return None,
        _ => ("no model runs here", "leave it out; settings under `energy` and `impact` have an effect"),
    };
    Some(stack.violation(RuleCode::Unsupported, path, format!("it has no effect: {reason}"), hint))
}

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidDuration(String);

/// Reads a duration with its unit, such as `500ms`, as settings are read.
///
/// # Errors
/// When the text is none.
///
/// ```
/// assert_eq!(lem_config::parse_duration("1.5s"), Ok(std::time::Duration::from_millis(1_500)));
/// assert!(lem_config::parse_duration("5").is_err_and(|error| error.to_string().contains("has no unit")));
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    Quantity::<Duration>::parse(text).map(|quantity| quantity.0).map_err(|error| InvalidDuration(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Override;
    use lem_domain::spec::RequiredGrade;
    use serde_json::{Value, json};

    fn resolve(settings: &[(&str, Value)]) -> Result<Metering, String> {
        let one = |(path, value): &(&str, Value)| Override { path: (*path).to_owned(), value: value.clone(), flag: "--set".to_owned() };
        let request = Request { overrides: settings.iter().map(one).collect(), ..Request::default() };
        resolve_metering(&request).map_err(|error| error.to_string())
    }

    #[test]
    fn a_meter_needs_no_model_and_takes_its_own_settings() {
        let metering = resolve(&[
            ("energy.backend", json!("nvml,rapl")),
            ("energy.interval", json!("20ms")),
            ("energy.require", json!("measured")),
            ("impact.region", json!("FRA")),
            ("impact.pue", json!(1.2)),
        ])
        .expect("all of them have an effect");
        assert_eq!(metering.energy.sources, EnergyChoice::Only(vec![EnergySource::Nvml, EnergySource::Rapl]));
        assert_eq!((metering.energy.interval, metering.energy.required), (Some(Duration::from_millis(20)), RequiredGrade::Measured));
        assert!(metering.multipliers.grid.is_some() && metering.multipliers.pue.is_some());
        assert_eq!(metering.virtual_power, None);
        assert_eq!(resolve(&[]).map(|metering| metering.energy.sources), Ok(EnergyChoice::Auto));
    }

    #[test]
    fn the_simulated_machine_is_there_when_it_is_a_source() {
        let watts = ("virtual.static_power", json!("250W"));
        let metering = resolve(&[("energy.backend", json!("virtual")), watts.clone()]).expect("a machine of 250 W");
        assert_eq!(metering.virtual_power, Some(Watts::new(250.0)));
        assert!(resolve(&[watts]).is_err_and(|error| error.contains("virtual.static_power") && error.contains("[C010]")));
    }

    #[test]
    fn what_has_no_effect_is_refused_and_rules_hold() {
        let refused = |settings: &[(&str, Value)], code: &str| {
            let error = resolve(settings).expect_err("refused");
            assert!(error.contains(code), "{error}");
        };
        refused(&[("model_name", json!("x.gguf"))], "model_name: it has no effect: no model runs here (--set) [C010]");
        refused(&[("energy.baseline.duration", json!("1s"))], "[C010]");
        refused(&[("energy.backend", json!("none")), ("energy.require", json!("estimated"))], "[C019]");
        refused(&[("impact.region", json!("FRA")), ("impact.grid_intensity", json!(50.0))], "[C022]");
        refused(&[("energy.interval", json!("0s"))], "[C005]");
    }
}

//! The way from a request to what will run.

use crate::effect::{self, Unsupported};
use crate::error::ConfigError;
use crate::lower;
use crate::request::Request;
use crate::resolved::Resolved;
use crate::rules;
use crate::stack::Stack;

/// Resolves a request: reads the layers, puts them on top of each other, checks the rules and lowers the result.
///
/// The layers from the lowest up: built-in values, environment, preset, file, command line.
///
/// # Errors
/// When the file cannot be read, no layer names a model, or settings are wrong; the last tells all that is wrong at
/// its stage, first of single settings, then between them.
pub fn resolve(request: &Request) -> Result<Resolved, ConfigError> {
    let mut stack = Stack::read(request)?;
    let policy = if request.force { Unsupported::Record } else { Unsupported::Refuse };
    let Some(model) = stack.settings().model_name else {
        return Err(ConfigError::NoModel { file: request.file.clone() });
    };
    let (mut findings, mut violations) = effect::of_backend(&mut stack, policy);
    let mut settings = stack.settings();
    violations.extend(rules::check(&stack, &settings));
    if !violations.is_empty() {
        return Err(ConfigError::Invalid { violations });
    }
    findings.extend(effect::of_settings(&stack, &settings));
    let name = settings.config_name.get_or_insert_with(|| lower::base_name(&model).to_owned()).clone();
    let spec = lower::lower(&settings, &model, &name);
    Ok(Resolved::new(spec, settings, findings, |path| stack.origin(path)))
}

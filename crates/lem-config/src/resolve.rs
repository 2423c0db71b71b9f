//! The way from a request to what will run.

use crate::effect::{self, Unsupported};
use crate::error::ConfigError;
use crate::lower;
use crate::request::{Override, Request};
use crate::resolved::Resolved;
use crate::rules;
use crate::stack::Stack;
use std::path::PathBuf;

/// Resolves a request: reads the layers, puts them on top of each other, checks the rules and lowers the result.
///
/// The layers from the lowest up: built-in values, user file, environment, preset, file (above those it builds on), command
/// line.
///
/// # Errors
/// When the file cannot be read, no layer names a model, or settings are wrong; the last tells all that is wrong at
/// its stage, first of single settings, then between them.
pub fn resolve(request: &Request) -> Result<Resolved, ConfigError> {
    Resolver::new(request)?.resolve(&[])
}

/// The layers of a request, read once and resolved as often as flags are to be put above them.
///
/// ```
/// use lem_config::{Override, Request, Resolver};
///
/// let resolver = Resolver::new(&Request::default())?;
/// let set = |path: &str, value| Override { path: path.to_owned(), value, flag: "--vary".to_owned() };
/// for size in [1, 2, 4] {
///     let resolved = resolver.resolve(&[set("model_name", "m.gguf".into()), set("batching.batch_size", size.into())])?;
///     assert_eq!(resolved.spec.batching.size, size);
/// }
/// # Ok::<(), lem_config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Resolver {
    stack: Stack,
    policy: Unsupported,
    file: Option<PathBuf>,
}

impl Resolver {
    /// Reads the layers.
    ///
    /// # Errors
    /// When the file or the preset cannot be read, or single settings are wrong.
    pub fn new(request: &Request) -> Result<Self, ConfigError> {
        let policy = if request.force { Unsupported::Record } else { Unsupported::Refuse };
        Ok(Self { stack: Stack::read(request)?, policy, file: request.file.clone() })
    }

    /// What somebody wrote in any of the layers, by section.
    #[must_use]
    pub fn written(&self) -> serde_json::Value {
        serde_json::to_value(self.stack.values()).expect("settings are JSON")
    }

    /// The same as a configuration file that stands by itself.
    ///
    /// # Errors
    /// When the YAML writer fails.
    pub fn written_yaml(&self) -> Result<String, serde_saphyr::SerializeError> {
        serde_saphyr::to_string(self.stack.values())
    }

    /// Resolves the layers with these flags above them.
    ///
    /// # Errors
    /// As [`resolve`].
    pub fn resolve(&self, overrides: &[Override]) -> Result<Resolved, ConfigError> {
        let mut stack = self.stack.with(overrides)?;
        let Some(model) = stack.settings().model_name else {
            return Err(ConfigError::NoModel { file: self.file.clone() });
        };
        let mut findings = stack.findings().to_vec();
        let (without_effect, mut violations) = effect::of_backend(&mut stack, self.policy);
        findings.extend(without_effect);
        let mut settings = stack.settings();
        violations.extend(rules::check(&stack, &settings));
        if !violations.is_empty() {
            return Err(ConfigError::Invalid { violations });
        }
        findings.extend(effect::of_settings(&stack, &settings));
        findings.extend(rules::advise(&stack, &settings));
        let name = settings.config_name.get_or_insert_with(|| lower::base_name(&model).to_owned()).clone();
        let spec = lower::lower(&settings, &model, &name);
        Ok(Resolved::new(spec, settings, findings, stack))
    }
}

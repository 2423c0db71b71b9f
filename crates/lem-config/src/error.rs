//! Why there is no resolved configuration.

use crate::document::Position;
use crate::violation::Violation;
use lem_domain::protocol::{BoxError, Fault, SeamError};
use std::path::PathBuf;

/// Why there is no resolved configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{}`", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is longer than any configuration.
    #[error("`{}` is larger than {limit_bytes} bytes, which no configuration is", .file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The limit.
        limit_bytes: u64,
    },
    /// The file is not UTF-8.
    #[error("`{}` is not UTF-8 text", .file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// Where it stops being text.
        #[source]
        source: std::str::Utf8Error,
    },
    /// The ending of the file's name tells no format.
    #[error("the ending of `{}` tells no format", .file.display())]
    UnknownExtension {
        /// The file.
        file: PathBuf,
    },
    /// The file is no document of its format.
    #[error("`{}` is not valid {format}{}", .file.display(), .position.map_or_else(String::new, |position| format!(" at {position}")))]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The format, from the ending of the name.
        format: &'static str,
        /// Where reading stopped.
        position: Option<Position>,
        /// What the format's reader says.
        #[source]
        source: BoxError,
    },
    /// The document is a list or a single value.
    #[error("`{}` holds no settings: its top level is not made of `name: value` pairs", .file.display())]
    NotSettings {
        /// The file.
        file: PathBuf,
    },
    /// A file that builds on another one which cannot be used.
    #[error("`{}` builds on `{}`, which cannot be used", .file.display(), .below.display())]
    Extends {
        /// The file.
        file: PathBuf,
        /// The file below it.
        below: PathBuf,
        /// Why.
        #[source]
        source: Box<ConfigError>,
    },
    /// `_extends` holds something else than a file's name.
    #[error("`_extends` of `{}`{} names no file", .file.display(), .position.map_or_else(String::new, |position| format!(", {position},")))]
    ExtendsNoFile {
        /// The file.
        file: PathBuf,
        /// Where the key stands.
        position: Option<Position>,
    },
    /// A file that builds on itself.
    #[error("files build on each other in a circle: {}", chain_text(.chain))]
    ExtendsItself {
        /// The files, each building on the next; the last one stands there twice.
        chain: Vec<PathBuf>,
    },
    /// Too many files that build on each other.
    #[error("more than {most} files build on each other: {}", chain_text(.chain))]
    ExtendsTooFar {
        /// The files, each building on the next.
        chain: Vec<PathBuf>,
        /// The limit.
        most: usize,
    },
    /// There is no preset of this name.
    #[error("unknown preset `{name}`")]
    UnknownPreset {
        /// The name as asked for.
        name: String,
        /// The preset whose name is nearest.
        nearest: Option<&'static str>,
    },
    /// No layer names a model.
    #[error("no model is named")]
    NoModel {
        /// The file, where the model could be named.
        file: Option<PathBuf>,
    },
    /// Settings are wrong. All of them are told at once.
    #[error("{}", list(.violations))]
    Invalid {
        /// What is wrong; never empty.
        violations: Vec<Violation>,
    },
}

impl ConfigError {
    /// What to try next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } | Self::TooLarge { .. } | Self::NotText { .. } | Self::Syntax { .. } => None,
            Self::Extends { source, .. } => source.hint(),
            Self::ExtendsNoFile { .. } => Some("write one name, relative to the folder of the file: `_extends: base.yaml`".to_owned()),
            Self::ExtendsItself { .. } => Some("take `_extends` out of one of them".to_owned()),
            Self::ExtendsTooFar { .. } => None,
            Self::UnknownExtension { .. } => Some("name it `.yaml`, `.json` or `.toml`".to_owned()),
            Self::NotSettings { .. } => Some("start it with `model_name: …`".to_owned()),
            Self::UnknownPreset { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::UnknownPreset { nearest: None, .. } => Some(format!("presets: {}", crate::preset::names().join(", "))),
            Self::NoModel { file } => Some(model_hint(file.as_deref())),
            Self::Invalid { violations } => hints(violations),
        }
    }
}

fn chain_text(chain: &[PathBuf]) -> String {
    chain.iter().map(|file| format!("`{}`", file.display())).collect::<Vec<_>>().join(" → ")
}

fn model_hint(file: Option<&std::path::Path>) -> String {
    let in_file = file.map_or_else(String::new, |file| format!("add `model_name: …` to `{}`, or ", file.display()));
    format!("{in_file}give `--model REF`: a `.gguf` file, a folder, or org/name on a hub; there is no default model")
}

/// One violation on the line itself, several below a heading.
fn list(violations: &[Violation]) -> String {
    match violations {
        [violation] => violation.to_string(),
        _ => violations.iter().fold(format!("{} settings are wrong", violations.len()), |text, violation| format!("{text}\n  {violation}")),
    }
}

/// Every hint once; with several violations each says which setting it is about.
fn hints(violations: &[Violation]) -> Option<String> {
    if let [violation] = violations {
        return violation.hint.clone();
    }
    let mut lines: Vec<String> = Vec::new();
    for violation in violations {
        let Some(hint) = &violation.hint else { continue };
        let line = format!("{}: {hint}", violation.path);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n  "))
}

impl From<ConfigError> for SeamError {
    /// A configuration is always the user's to correct.
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        let seam = Self::new(Fault::Usage, "the configuration cannot be used").because(error);
        Self { hint, ..seam }
    }
}

//! References to the hub: `org/name[@revision][/file.gguf]`.

use crate::hub::{Kind, Repository, is_segment};
use std::fmt;

/// A model on the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HubReference {
    /// `org/name`.
    pub(super) repository: String,
    /// Branch, tag or commit hash; `None` is the main branch.
    pub(super) revision: Option<String>,
    /// Path of the weights inside the repository; `None` takes the only one.
    pub(super) file: Option<String>,
}

impl HubReference {
    /// Reads a reference; `None` when it can only be a path on this machine.
    ///
    /// Every part becomes part of a path in the cache, so each is held to the characters that the hub allows, and none
    /// can climb out of it. A revision that contains `/` cannot be written; its commit hash can.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let (organisation, name, file) = (parts.next()?, parts.next()?, parts.next());
        let (name, revision) = name.split_once('@').map_or((name, None), |(name, revision)| (name, Some(revision)));
        let is_sound = [Some(organisation), Some(name), revision].into_iter().flatten().all(is_segment) && file.is_none_or(is_weights_path);
        // `models/tiny.gguf` is a file in a folder.
        (is_sound && !is_weights_name(name)).then(|| Self {
            repository: format!("{organisation}/{name}"),
            revision: revision.map(str::to_owned),
            file: file.map(str::to_owned),
        })
    }

    /// Whether it says which file.
    pub(super) fn names_file(&self) -> bool {
        self.file.is_some()
    }

    /// Where it leads.
    pub(super) fn at(&self) -> Repository {
        Repository { kind: Kind::Model, name: self.repository.clone(), revision: self.revision.clone() }
    }
}

impl fmt::Display for HubReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.repository)?;
        if let Some(revision) = &self.revision {
            write!(formatter, "@{revision}")?;
        }
        match &self.file {
            Some(file) => write!(formatter, "/{file}"),
            None => Ok(()),
        }
    }
}

/// Whether a name ends like a weights file.
pub(super) fn is_weights_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("gguf"))
}

/// Whether a path inside a repository leads to a weights file and nowhere else.
pub(super) fn is_weights_path(path: &str) -> bool {
    is_weights_name(path) && path.split('/').all(is_segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_say_repository_revision_and_file() {
        let check = |text: &str, repository: &str, revision: Option<&str>, file: Option<&str>| {
            let reference = HubReference::parse(text).unwrap();
            assert_eq!(
                (reference.repository.as_str(), reference.revision.as_deref(), reference.file.as_deref()),
                (repository, revision, file)
            );
            assert_eq!(reference.to_string(), text);
        };
        check("org/name", "org/name", None, None);
        check("Qwen/Qwen2.5-0.5B_x", "Qwen/Qwen2.5-0.5B_x", None, None);
        check("org/name@v1.0", "org/name", Some("v1.0"), None);
        check("org/name/a.Q4_1.gguf", "org/name", None, Some("a.Q4_1.gguf"));
        check("org/name@main/sub/a.GGUF", "org/name", Some("main"), Some("sub/a.GGUF"));
    }

    #[test]
    fn what_can_only_be_a_path_is_no_reference_to_the_hub() {
        for text in [
            "tiny.gguf",
            "name",
            "models/tiny.gguf",
            "/models/tiny",
            "./models/tiny",
            "../models",
            "~/models",
            "org/",
            "/name",
            "org/name@",
            "org/name/",
            "org/name/readme.md",
            "org/name@refs/pr/1",
            "org/name@../x",
            "org/name/../../x.gguf",
            "org/name/.hidden.gguf",
            "org/na me",
            "a/b/c",
        ] {
            assert_eq!(HubReference::parse(text), None, "{text}");
        }
    }
}

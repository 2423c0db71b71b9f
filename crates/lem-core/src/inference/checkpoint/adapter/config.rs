//! An `adapter_config.json`, as far as it says what to compute.

use crate::inference::checkpoint::{CheckpointError, Config};
use std::path::Path;

/// Ranks and scales.
#[derive(Debug)]
pub(super) struct AdapterConfig {
    rank: usize,
    alpha: f64,
    ranks: Vec<(String, usize)>,
    alphas: Vec<(String, f64)>,
    /// Scales divide by the root of the rank; Kalajdzievski 2023, "A Rank Stabilization Scaling Factor for Fine-Tuning
    /// with LoRA".
    by_root: bool,
}

/// Switches of other methods that PEFT keeps under the same name.
const OTHER_METHODS: [&str; 4] = ["use_dora", "use_qalora", "use_bdlora", "lora_bias"];

/// Sections and lists that mean more than products with matrices.
const MORE_THAN_MATRICES: [&str; 5] =
    ["modules_to_save", "target_parameters", "trainable_token_indices", "layer_replication", "alora_invocation_tokens"];

/// Ways to start the training that leave the model's own matrices as they are. Others (PiSSA, OLoRA, CorDA, LoftQ) take
/// their part out of them, so the adapter does not fit the model as it was published.
const PLAIN_STARTS: [&str; 3] = ["gaussian", "eva", "orthogonal"];

impl AdapterConfig {
    /// # Errors
    /// When the file is missing or damaged, or says something that is more than LoRA of matrices.
    pub(super) fn open(path: &Path) -> Result<Self, CheckpointError> {
        Self::read(&Config::open(path)?).map_err(|error| match error {
            CheckpointError::Metadata { key, problem } => CheckpointError::adapter(format!("setting `{key}`"), problem),
            other => other,
        })
    }

    fn read(config: &Config) -> Result<Self, CheckpointError> {
        let refused = |key: &str, problem: String| Err(CheckpointError::metadata(key, problem));
        match config.text("peft_type")? {
            Some("LORA") => {}
            Some(other) => return refused("peft_type", format!("is {other}, and only LORA is merged")),
            None => return refused("peft_type", "is missing".to_owned()),
        }
        if let Some(key) = OTHER_METHODS.into_iter().find(|key| config.is_set(key)) {
            return refused(key, "is set, which is another method than plain LoRA".to_owned());
        }
        if let Some(key) = MORE_THAN_MATRICES.into_iter().find(|key| config.is_set(key)) {
            return refused(key, "is set: the adapter changes more than matrices by products".to_owned());
        }
        if let Some(bias) = config.text("bias")?.filter(|bias| *bias != "none") {
            return refused("bias", format!("is {bias}, and biases are not changed"));
        }
        if let Ok(Some(start)) = config.text("init_lora_weights")
            && !PLAIN_STARTS.contains(&start)
        {
            return refused("init_lora_weights", format!("is {start}, which changes the model's own matrices too"));
        }
        let wrong = |key: &'static str| move |pattern: String| CheckpointError::metadata(key, format!("holds {pattern}"));
        let size = |value: &serde_json::Value| value.as_u64().and_then(|rank| usize::try_from(rank).ok()).filter(|&rank| rank > 0);
        let number = |value: &serde_json::Value| value.as_f64().filter(|alpha| alpha.is_finite());
        Ok(Self {
            rank: config.size("r")?,
            alpha: config.optional_real("lora_alpha")?.ok_or_else(|| CheckpointError::metadata("lora_alpha", "is missing"))?,
            ranks: patterns(config, "rank_pattern", size).map_err(wrong("rank_pattern"))?,
            alphas: patterns(config, "alpha_pattern", number).map_err(wrong("alpha_pattern"))?,
            by_root: config.switch_or("use_rslora", false)?,
        })
    }

    /// Rank of the product of a part.
    pub(super) fn rank(&self, part: &str) -> Result<usize, CheckpointError> {
        of(&self.ranks, "rank_pattern", part).map(|rank| rank.unwrap_or(self.rank))
    }

    /// What the product of a part is multiplied by.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a rank is far below 2^52, a scale is about one")]
    pub(super) fn scale(&self, part: &str, rank: usize) -> Result<f32, CheckpointError> {
        let alpha = of(&self.alphas, "alpha_pattern", part)?.unwrap_or(self.alpha);
        let rank = rank as f64;
        Ok((alpha / if self.by_root { rank.sqrt() } else { rank }) as f32)
    }
}

/// Values by the ends of names. PEFT takes them for regular expressions; names of parts, which is what its own tools
/// write, mean the same without.
fn patterns<T>(config: &Config, key: &str, read: impl Fn(&serde_json::Value) -> Option<T>) -> Result<Vec<(String, T)>, String> {
    let is_plain = |pattern: &str| pattern.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let section = config.section(key).map_err(|_| "no patterns".to_owned())?;
    let entries = section.iter().flat_map(Config::entries);
    entries
        .map(|(pattern, value)| match read(value) {
            Some(_) if !is_plain(pattern.strip_prefix('^').unwrap_or(pattern)) => Err(format!("`{pattern}`, which is no name of a part")),
            Some(value) => Ok((pattern.clone(), value)),
            None => Err(format!("{value} for `{pattern}`")),
        })
        .collect()
}

/// The value for a part. Where several patterns fit, PEFT takes the first that the file happens to list.
fn of<T: Copy + PartialEq>(patterns: &[(String, T)], key: &str, part: &str) -> Result<Option<T>, CheckpointError> {
    let mut fitting = patterns.iter().filter(|(pattern, _)| fits(pattern, part));
    let Some((pattern, value)) = fitting.next() else { return Ok(None) };
    match fitting.find(|(_, other)| other != value) {
        Some((other, _)) => {
            let problem = format!("says two things about `{part}`, by `{pattern}` and by `{other}`");
            Err(CheckpointError::adapter(format!("setting `{key}`"), problem))
        }
        None => Ok(Some(*value)),
    }
}

/// Whether a pattern is a part's name or the end of it; with `^` it is the whole.
fn fits(pattern: &str, part: &str) -> bool {
    match pattern.strip_prefix('^') {
        Some(whole) => part == whole,
        None => part.strip_suffix(pattern).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_end_of_a_name_at_a_dot() {
        for (pattern, expected) in [
            ("q_proj", true),
            ("self_attn.q_proj", true),
            ("model.layers.1.self_attn.q_proj", true),
            ("^model.layers.1.self_attn.q_proj", true),
            ("^q_proj", false),
            ("proj", false),
            ("layers.1.self_attn.k_proj", false),
        ] {
            assert_eq!(fits(pattern, "model.layers.1.self_attn.q_proj"), expected, "{pattern}");
        }
    }
}

//! What the user's own file may say: how this machine is, never what an experiment does.

/// Settings and sections that describe a machine.
const OF_MACHINE: &[&str] = &["candle.device", "candle.pin_threads", "candle.threads", "candle.waiting", "energy", "gpus", "impact", "io"];

/// Sections whose `server` says how an engine is started here.
const ENGINES: &[&str] = &["llamacpp", "pytorch", "sglang", "tensorrt", "vllm"];

/// Whether a setting describes a machine.
pub(super) fn is_of_machine(path: &str) -> bool {
    let is_within = |whole: &str| path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let starts_engine = || path.split_once('.').is_some_and(|(section, rest)| ENGINES.contains(&section) && rest.starts_with("server."));
    OF_MACHINE.iter().any(|whole| is_within(whole)) || path.starts_with("openai.api_key_env") || starts_engine()
}

/// What the file is for, as a hint.
pub(super) const HINT: &str = "put it in the experiment's own file; the user file is for this machine: io, impact, energy, gpus, candle's threads and device, engines' server";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree;

    #[test]
    fn every_name_is_one_of_today() {
        for name in OF_MACHINE.iter().copied().chain(ENGINES.iter().copied()) {
            assert!(tree::position(name).is_some() || tree::is_section(name), "{name}");
        }
        for engine in ENGINES {
            assert!(tree::is_section(&format!("{engine}.server")), "{engine}");
        }
    }

    #[test]
    fn work_is_no_matter_of_a_machine() {
        for path in ["energy.baseline.keep", "io.results_dir", "gpus", "vllm.server.command", "impact.region", "candle.threads"] {
            assert!(is_of_machine(path), "{path}");
        }
        for path in ["model_name", "energypoint", "vllm.max_num_seqs", "candle.speculative.method", "decoder.temperature", "prompts.path"] {
            assert!(!is_of_machine(path), "{path}");
        }
    }
}

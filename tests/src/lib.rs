//! Tests that need several crates at once, and what they share.
//!
//! - `accuracy/`: the in-process engine on a real model, against llama.cpp.
//! - `virtual_machine/`: whole runs on the simulated machine, against its known physics.

use std::path::{Path, PathBuf};

/// A file below `tests/fixtures`.
#[must_use]
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// The small real model: named by `LEM_TEST_MODEL`, else where `cargo xtask model` puts it.
#[must_use]
pub fn real_model() -> PathBuf {
    let fetched = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/SmolLM2-135M-Instruct.Q4_1.gguf");
    std::env::var_os("LEM_TEST_MODEL").map_or_else(fetched, PathBuf::from)
}

/// Gemma 3 270M, whose vocabulary is of another kind than that of [`real_model`]: named by `LEM_TEST_GEMMA`, else looked
/// for in `models/`. Nothing fetches it, so there may be none, and what needs it fails.
#[must_use]
pub fn gemma_model() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/gemma-3-270m.Q4_K_M.gguf");
    std::env::var_os("LEM_TEST_GEMMA").map_or_else(beside, PathBuf::from)
}

//! Safetensors and configurations that are damaged: an error or another model, never a panic and never much memory.

use crate::inference::architecture::read;
use crate::inference::checkpoint::{Changes, CheckpointError, Config, Safetensors, assemble};
use crate::inference::cpu::Tiled;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn family(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families").join(name)
}

fn families() -> Vec<PathBuf> {
    let folder = family("");
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

/// Everything up to the weights of a decoder.
fn load(config: &[u8], weights: &[u8]) -> Result<(), CheckpointError> {
    let folder = tempfile::tempdir().unwrap();
    let (config_path, weights_path) = (folder.path().join("config.json"), folder.path().join("model.safetensors"));
    std::fs::write(&config_path, config).unwrap();
    std::fs::write(&weights_path, weights).unwrap();
    let (architecture, names) = read::config(&Config::open(&config_path)?)?;
    assemble(&Tiled, &architecture, &names, &Safetensors::open(&[weights_path])?, Changes::default()).map(drop)
}

fn files(folder: &Path) -> [Vec<u8>; 2] {
    ["config.json", "model.safetensors"].map(|name| std::fs::read(folder.join(name)).unwrap())
}

#[test]
fn a_head_that_is_said_to_be_its_own_must_be_there() {
    let [config, weights] = files(&family("llama_tied"));
    let mut keys: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&config).unwrap();
    keys.insert("tie_word_embeddings".to_owned(), false.into());
    let error = load(serde_json::to_string(&keys).unwrap().as_bytes(), &weights).unwrap_err();
    assert_eq!(error.to_string(), "tensor `lm_head.weight` of the model is missing");
}

/// What a key may be set to by mistake or by chance.
fn value() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (0u64..70).prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e30f64..1e30).prop_map(Into::into),
        "[a-z_]{0,12}".prop_map(Into::into),
        Just(serde_json::json!([])),
        Just(serde_json::json!([1.0, 2.0, "x"])),
        Just(serde_json::json!({ "rope_type": "yarn", "factor": 0.5 })),
        Just(serde_json::json!({ "rope_type": "longrope", "short_factor": [1.0], "long_factor": [] })),
    ]
}

#[test]
fn the_checkpoints_are_sound_to_begin_with() {
    for folder in families() {
        let [config, weights] = files(&folder);
        load(&config, &weights).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_key_of_another_value_is_an_error_or_another_model(which in any::<prop::sample::Index>(), key in any::<prop::sample::Index>(), value in value()) {
        let families = families();
        let [config, weights] = files(&families[which.index(families.len())]);
        let mut keys: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&config).unwrap();
        let names: Vec<_> = keys.keys().cloned().collect();
        keys.insert(key.get(&names).clone(), value);
        let _ = load(serde_json::to_string(&keys).unwrap().as_bytes(), &weights);
    }

    #[test]
    fn a_flipped_byte_of_a_header_is_an_error_or_another_model(at in any::<prop::sample::Index>(), value in any::<u8>(), in_config in any::<bool>()) {
        let [mut config, mut weights] = files(&family("llama"));
        if in_config {
            let length = config.len();
            config[at.index(length)] = value;
        } else {
            let header = 8 + usize::try_from(u64::from_le_bytes(weights[..8].try_into().unwrap())).unwrap();
            weights[at.index(header)] = value;
        }
        let _ = load(&config, &weights);
    }

    #[test]
    fn a_checkpoint_cut_off_is_refused(part in 0.0f64..1.0) {
        let [config, weights] = files(&family("qwen3_moe"));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a part of a small file")]
        let length = (weights.len() as f64 * part) as usize;
        prop_assert!(load(&config, &weights[..length]).is_err());
    }
}

//! Adapters that do not fit: every refusal names what is wrong.

use super::*;
use crate::inference::checkpoint::{Format, Stored};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};
use std::path::Path;

/// An adapter of one matrix of 3 outputs and 2 inputs, with some settings and tensors changed.
struct Files {
    config: Value,
    tensors: Vec<(&'static str, Vec<usize>, Vec<f32>)>,
}

const FIRST: &str = "base_model.model.block.0.up.lora_A.weight";
const SECOND: &str = "base_model.model.block.0.up.lora_B.weight";

impl Files {
    fn new() -> Self {
        Self {
            config: json!({ "peft_type": "LORA", "r": 1, "lora_alpha": 2, "target_modules": ["up"], "bias": "none" }),
            tensors: vec![(FIRST, vec![1, 2], vec![1.0, -1.0]), (SECOND, vec![3, 1], vec![1.0, 2.0, 3.0])],
        }
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.config[key] = value;
        self
    }

    fn open(&self) -> Result<Adapter, CheckpointError> {
        let folder = tempfile::tempdir().unwrap();
        let [config, weights] = ["adapter_config.json", "adapter_model.safetensors"].map(|name| folder.path().join(name));
        std::fs::write(&config, self.config.to_string()).unwrap();
        write(&weights, &self.tensors);
        Adapter::open(&AdapterFiles { config, weights, revision: None })
    }

    /// The error on the way to the sum with a matrix of so many rows and columns.
    fn refusal(&self, rows: usize, columns: usize) -> String {
        let result = self.open().and_then(|adapter| adapter.update(["block.0.up", "other"], rows, columns).map(|_| adapter));
        result.and_then(|adapter| adapter.finish()).unwrap_err().to_string()
    }
}

fn write(path: &Path, tensors: &[(&str, Vec<usize>, Vec<f32>)]) {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let tensors: Vec<_> = tensors.iter().map(|(name, shape, values)| (*name, shape.clone(), bytes(values))).collect();
    let views = tensors.iter().map(|(name, shape, bytes)| (*name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// The matrix that the product was added to, number by number.
fn sum(files: &Files, format: Format) -> Vec<f32> {
    let zeros = Stored::new(format, 3, 2, vec![0; 3 * format.row_bytes(2).unwrap()]);
    let update = files.open().unwrap().update(["other", "block.0.up"], 3, 2).unwrap().unwrap();
    update.added_to(&zeros, format, 2).unwrap().floats()
}

#[test]
fn scales_are_alpha_by_rank_or_by_its_root() {
    let product = [1.0, -1.0, 2.0, -2.0, 3.0, -3.0];
    let times = |scale: f32| product.map(|value: f32| value * scale);
    assert_eq!(sum(&Files::new(), Format::F32), times(2.0));
    assert_eq!(sum(&Files::new(), Format::F16), times(2.0));
    assert_eq!(sum(&Files::new().with("lora_alpha", json!(0.5)), Format::Bf16), times(0.5));
    assert_eq!(sum(&Files::new().with("alpha_pattern", json!({ "0.up": 3, "1.up": 7 })), Format::F32), times(3.0));
    let of_rank_4 = |by_root: bool| Files {
        tensors: vec![
            (FIRST, vec![4, 2], [1.0, -1.0].repeat(4)),
            (SECOND, vec![3, 4], [1.0, 2.0, 3.0].iter().flat_map(|&value| [value / 4.0; 4]).collect()),
        ],
        ..Files::new().with("rank_pattern", json!({ "^block.0.up": 4 })).with("use_rslora", json!(by_root))
    };
    assert_eq!(sum(&of_rank_4(false), Format::F32), times(0.5));
    assert_eq!(sum(&of_rank_4(true), Format::F32), times(1.0));
}

#[test]
fn shapes_that_do_not_fit_name_the_tensor_and_what_was_expected() {
    let error = Files::new().refusal(3, 5);
    let expected = "tensor `base_model.model.block.0.up.lora_A.weight` of the adapter has shape [1, 2] instead of [1, 5]: the \
                    model's matrix is of 3 by 5, the configuration says rank 1";
    assert_eq!(error, expected);
    assert!(Files::new().refusal(4, 2).contains("lora_B.weight` of the adapter has shape [3, 1] instead of [4, 1]"));
    assert!(Files::new().with("r", json!(2)).refusal(3, 2).contains("has shape [1, 2] instead of [2, 2]"));
}

#[test]
fn a_product_without_a_matrix_or_a_factor_is_refused() {
    let mut files = Files::new();
    files.tensors.remove(1);
    assert_eq!(files.refusal(3, 2), "`block.0.up` of the adapter has no lora_B");
    files.tensors = vec![("base_model.model.block.9.up.lora_A.weight", vec![1, 2], vec![0.0; 2])];
    assert_eq!(files.refusal(3, 2), "target `block.9.up` of the adapter is no matrix of the model");
    for name in ["base_model.model.head.weight", "base_model.model.embed.lora_embedding_A", "block.0.up.lora_A.weight"] {
        files.tensors = vec![(name, vec![1, 2], vec![0.0; 2])];
        assert_eq!(files.refusal(3, 2), format!("tensor `{name}` of the adapter is neither factor of a low-rank product of a matrix"));
    }
}

#[test]
fn other_methods_are_refused_by_name() {
    for (key, value, expected) in [
        ("peft_type", json!("IA3"), "is IA3, and only LORA is merged"),
        ("peft_type", Value::Null, "is missing"),
        ("use_dora", json!(true), "is set, which is another method than plain LoRA"),
        ("bias", json!("all"), "is all, and biases are not changed"),
        ("modules_to_save", json!(["embed"]), "is set: the adapter changes more than matrices by products"),
        ("init_lora_weights", json!("pissa"), "is pissa, which changes the model's own matrices too"),
        ("r", json!(0), "is 0, no whole number in 1..=1048576"),
        ("lora_alpha", json!("8"), "is no number"),
        ("rank_pattern", json!({ "up": 0 }), "holds 0 for `up`"),
        ("alpha_pattern", json!({ "block.*up": 1 }), "holds `block.*up`, which is no name of a part"),
        ("alpha_pattern", json!({ "up": 1, "0.up": 2 }), "says two things about `block.0.up`, by "),
    ] {
        let error = Files::new().with(key, value.clone()).refusal(3, 2);
        assert!(error.starts_with(&format!("setting `{key}` of the adapter {expected}")), "{key}: {value}: {error}");
    }
    for (key, value) in [("use_dora", json!(false)), ("modules_to_save", json!([])), ("init_lora_weights", json!("gaussian"))] {
        assert!(Files::new().with(key, value).open().is_ok(), "{key}");
    }
}

#[test]
fn a_sum_that_is_no_number_in_its_format_is_refused() {
    let files = Files::new().with("lora_alpha", json!(1e5));
    let zeros = Stored::new(Format::F16, 3, 2, vec![0; 12]);
    let update = files.open().unwrap().update(["block.0.up", "other"], 3, 2).unwrap().unwrap();
    assert!(update.added_to(&zeros, Format::F16, 1).is_none());
    assert!(update.added_to(&zeros, Format::F32, 1).is_some());
}

//! A llama in plain loops and f64, written from the papers and sharing no code with the engine.
//!
//! Touvron et al. 2023, "LLaMA", arXiv 2302.13971 (pre-norm with RMSNorm, SwiGLU, rotary embedding); Ainslie et al.
//! 2023, "GQA", arXiv 2305.13245 (grouped heads).

use super::tiny_model::{HEAD_DIM, HEADS, HIDDEN, INTERMEDIATE, KV_HEADS, LAYERS, NORM_EPSILON, ROPE_BASE, TinyModel};

type Vector = Vec<f64>;

/// Logits at every position of a text.
pub(super) fn logits(model: &TinyModel, tokens: &[u32]) -> Vec<Vector> {
    let weights = |name: &str| -> Vector { model.values(name).unwrap_or_else(|| panic!("{name}")).into_iter().map(f64::from).collect() };
    let embedding = weights("token_embd.weight");
    let head = model.values("output.weight").map_or_else(|| embedding.clone(), |head| head.into_iter().map(f64::from).collect());
    let factors = model.values("rope_freqs.weight").unwrap_or_else(|| vec![1.0; HEAD_DIM / 2]);

    let row = |token: u32| embedding[usize::try_from(token).unwrap() * HIDDEN..][..HIDDEN].to_vec();
    let mut states: Vec<Vector> = tokens.iter().map(|&token| row(token)).collect();
    for layer in 0..LAYERS {
        let block = |part: &str| weights(&format!("blk.{layer}.{part}.weight"));
        let normed: Vec<_> = states.iter().map(|state| norm(state, &block("attn_norm"))).collect();
        let project = |part: &str| -> Vec<Vector> { normed.iter().map(|state| times(&block(part), state)).collect() };
        let (mut queries, mut keys, values) = (project("attn_q"), project("attn_k"), project("attn_v"));
        for (position, (query, key)) in queries.iter_mut().zip(&mut keys).enumerate() {
            rotate(query, position, &factors);
            rotate(key, position, &factors);
        }
        for (position, state) in states.iter_mut().enumerate() {
            let mixed: Vector = (0..HEADS).flat_map(|head| attend(head, &queries[position], &keys[..=position], &values)).collect();
            add(state, &times(&block("attn_output"), &mixed));
            let normed = norm(state, &block("ffn_norm"));
            let (gate, up) = (times(&block("ffn_gate"), &normed), times(&block("ffn_up"), &normed));
            let inner: Vector = gate.iter().zip(&up).map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up).collect();
            assert_eq!(inner.len(), INTERMEDIATE);
            add(state, &times(&block("ffn_down"), &inner));
        }
    }
    let output_norm = weights("output_norm.weight");
    states.iter().map(|state| times(&head, &norm(state, &output_norm))).collect()
}

/// Logarithm of the softmax of `logits` at `target`.
pub(super) fn log_probability(logits: &[f64], target: u32) -> f64 {
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    logits[usize::try_from(target).unwrap()] - sum.ln()
}

fn attend(head: usize, query: &[f64], keys: &[Vector], values: &[Vector]) -> Vector {
    let shared = head / (HEADS / KV_HEADS) * HEAD_DIM;
    let query = &query[head * HEAD_DIM..][..HEAD_DIM];
    let score = |key: &Vector| dot(query, &key[shared..][..HEAD_DIM]) / real(HEAD_DIM).sqrt();
    let weights: Vector = keys.iter().map(|key| score(key).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let mixed = |dimension| weights.iter().zip(values).map(|(weight, value)| weight / sum * value[shared + dimension]).sum();
    (0..HEAD_DIM).map(mixed).collect()
}

/// Neighbouring dimensions are the two coordinates of a point that turns with the position.
fn rotate(heads: &mut [f64], position: usize, factors: &[f32]) {
    for head in heads.chunks_exact_mut(HEAD_DIM) {
        for (pair, point) in head.chunks_exact_mut(2).enumerate() {
            let frequency = f64::from(ROPE_BASE).powf(-real(2 * pair) / real(HEAD_DIM)) / f64::from(factors[pair]);
            let (sine, cosine) = (real(position) * frequency).sin_cos();
            (point[0], point[1]) = (point[0] * cosine - point[1] * sine, point[0] * sine + point[1] * cosine);
        }
    }
}

fn norm(state: &[f64], scale: &[f64]) -> Vector {
    let mean_square = dot(state, state) / real(HIDDEN);
    let root = (mean_square + f64::from(NORM_EPSILON)).sqrt();
    state.iter().zip(scale).map(|(value, scale)| value / root * scale).collect()
}

fn times(matrix: &[f64], vector: &[f64]) -> Vector {
    matrix.chunks_exact(vector.len()).map(|row| dot(row, vector)).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn add(state: &mut [f64], other: &[f64]) {
    state.iter_mut().zip(other).for_each(|(value, other)| *value += other);
}

fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

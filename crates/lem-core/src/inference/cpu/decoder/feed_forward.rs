//! Feed-forward blocks: dense ones, and routed experts.

use super::{Pass, Run};
use crate::inference::architecture::{Activation, Experts, FeedForward};
use crate::inference::cpu::activations::Activations;
use crate::inference::cpu::matrix::{Destination, Linear, Products, Update};
use crate::inference::cpu::pool::Pool;
use crate::inference::cpu::shared::Shared;
use crate::inference::cpu::simd::Level;
use crate::inference::executed::{Executed, Part};
use crate::inference::weights::{DenseWeights, ExpertWeights, FeedForwardWeights};

impl Pass<'_> {
    /// From the normed state to the residual stream.
    pub(super) fn feed_forward(&self, scale: f32, run: &mut Run<'_>) {
        let (level, hidden) = (self.decoder.level, self.decoder.architecture.hidden);
        let width = self.tokens * hidden;
        let post_norm = self.weights.feed_forward_post_norm.as_ref();
        let workspace = &mut *run.workspace;
        let (target, update) = match post_norm {
            Some(_) => (&mut workspace.update, Update::Replace),
            None => (&mut workspace.states, Update::Add(scale)),
        };
        match (&self.layer.feed_forward, &self.weights.feed_forward) {
            (FeedForward::Dense { activation, .. }, FeedForwardWeights::Dense(weights)) => {
                let mut block = Block {
                    level,
                    pool: run.pool,
                    activations: &mut workspace.activations,
                    inner: &mut workspace.inner,
                    executed: run.executed,
                    activation: *activation,
                };
                block.compute(weights, &workspace.normed[..width], &mut target[..width], update);
            }
            (FeedForward::Experts(experts), FeedForwardWeights::Experts(weights)) => {
                if post_norm.is_some() {
                    target[..width].fill(0.0);
                }
                let scale = if post_norm.is_some() { 1.0 } else { scale };
                self.experts(experts, weights, scale, post_norm.is_some(), run);
            }
            _ => unreachable!("weights are read by the description"),
        }
        self.add_normed(post_norm, scale, run);
    }

    /// Adds what each token's experts give to the residual stream, or to the update that is normed afterwards.
    fn experts(&self, experts: &Experts, weights: &ExpertWeights<Linear>, scale: f32, to_update: bool, run: &mut Run<'_>) {
        let (level, hidden, tokens) = (self.decoder.level, self.decoder.architecture.hidden, self.tokens);
        let workspace = &mut *run.workspace;
        let normed = &workspace.normed[..tokens * hidden];
        let target = if to_update { &mut workspace.update } else { &mut workspace.states };

        let routes = &mut workspace.routes[..tokens * experts.count];
        let input = workspace.activations.load(run.pool, level, normed, hidden, weights.router.matrix.takes().exactly());
        let destination = Destination { output: Shared::new(routes), stride: experts.count, column: 0, update: Update::Replace };
        Products { level, input }.compute(run.pool, &[(&weights.router, destination)]);
        run.executed.add(Part::Linear, tokens, weights.router.multiplied());
        routes.chunks_exact_mut(experts.count).for_each(|scores| experts.route(scores));

        // One expert after the other, with all tokens that go through it: its weights are read once.
        let mut block = Block {
            level,
            pool: run.pool,
            activations: &mut workspace.activations,
            inner: &mut workspace.inner,
            executed: run.executed,
            activation: experts.activation,
        };
        for (expert, expert_weights) in weights.experts.iter().enumerate() {
            workspace.chosen.clear();
            workspace
                .chosen
                .extend((0..tokens).map(|token| (token, routes[token * experts.count + expert])).filter(|&(_, weight)| weight > 0.0));
            if workspace.chosen.is_empty() {
                continue;
            }
            let gathered = &mut workspace.gathered[..workspace.chosen.len() * hidden];
            for (row, &(token, _)) in gathered.chunks_exact_mut(hidden).zip(&workspace.chosen) {
                row.copy_from_slice(&normed[token * hidden..][..hidden]);
            }
            let output = &mut workspace.normed_again[..workspace.chosen.len() * hidden];
            block.compute(expert_weights, gathered, output, Update::Replace);
            for (row, &(token, weight)) in output.chunks_exact(hidden).zip(&workspace.chosen) {
                add_scaled(&mut target[token * hidden..][..hidden], row, weight * scale);
            }
        }
        if let Some(shared) = &weights.shared {
            let scores = &mut workspace.routes[..tokens];
            let input = block.activations.load(block.pool, level, normed, hidden, shared.score.matrix.takes().exactly());
            let destination = Destination { output: Shared::new(scores), stride: 1, column: 0, update: Update::Replace };
            Products { level, input }.compute(block.pool, &[(&shared.score, destination)]);
            block.executed.add(Part::Linear, tokens, shared.score.multiplied());
            let output = &mut workspace.normed_again[..tokens * hidden];
            block.compute(&shared.expert, normed, output, Update::Replace);
            for ((target, row), score) in target.chunks_exact_mut(hidden).zip(output.chunks_exact(hidden)).zip(scores) {
                add_scaled(target, row, scale / (1.0 + (-*score).exp()));
            }
        }
    }
}

fn add_scaled(sum: &mut [f32], update: &[f32], scale: f32) {
    sum.iter_mut().zip(update).for_each(|(sum, update)| *sum += update * scale);
}

/// What a dense block or one expert works with.
struct Block<'a> {
    level: Level,
    pool: &'a mut Pool,
    activations: &'a mut Activations,
    inner: &'a mut [f32],
    executed: &'a mut Executed,
    activation: Activation,
}

impl Block<'_> {
    /// `down(activation(gate(input)) × up(input))`, or without a gate, row by row.
    fn compute(&mut self, weights: &DenseWeights<Linear>, input: &[f32], output: &mut [f32], update: Update) {
        let hidden = weights.up.matrix.inputs();
        let (rows, width) = (input.len() / hidden, weights.down.matrix.inputs());
        let inner = &mut self.inner[..rows * width];
        let mut takes = weights.up.matrix.takes();
        if let Some(gate) = &weights.gate {
            takes = takes.and(gate.matrix.takes());
            self.executed.add(Part::Linear, rows, gate.multiplied());
        }
        self.executed.add(Part::Linear, rows, weights.up.multiplied());
        let products = Products { level: self.level, input: self.activations.load(self.pool, self.level, input, hidden, takes) };
        let destination = Destination { output: Shared::new(inner), stride: width, column: 0, update: Update::Replace };
        match &weights.gate {
            Some(gate) => products.gated(self.pool, gate, &weights.up, self.activation, destination),
            None => products.activated(self.pool, &weights.up, self.activation, destination),
        }
        let takes = weights.down.matrix.takes();
        let products = Products { level: self.level, input: self.activations.load(self.pool, self.level, inner, width, takes) };
        let destination = Destination { output: Shared::new(output), stride: hidden, column: 0, update };
        products.compute(self.pool, &[(&weights.down, destination)]);
        self.executed.add(Part::Linear, rows, weights.down.multiplied());
    }
}

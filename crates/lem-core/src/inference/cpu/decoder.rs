//! The decoder: tokens of running requests to logits.

mod feed_forward;
mod heads;

use super::activations::Takes;
use super::attention::{self, Span};
use super::cache::{KvCache, Size};
use super::layout::{LayerWeights, Weights};
use super::matrix::{Destination, Linear, Products, Update};
use super::memory::OutOfMemory;
use super::pool::Pool;
use super::rotary::Angles;
use super::shared::Shared;
use super::simd::Level;
use super::unit::bend;
use super::workspace::Workspace;
use crate::inference::architecture::{Architecture, Layer};
use crate::inference::executed::{Executed, Part};
use crate::inference::executor::Segment;
use crate::inference::weights::{Footprint, NormWeights};

/// A model, ready to run.
#[derive(Debug)]
pub(crate) struct Decoder {
    architecture: Architecture,
    weights: Weights,
    level: Level,
    /// One per rotary embedding of the architecture.
    angles: Vec<Angles>,
    /// Positions that `angles` were made for.
    positions: usize,
}

/// What a pass works with, beside the decoder.
pub(crate) struct Run<'a> {
    pub(crate) pool: &'a mut Pool,
    pub(crate) workspace: &'a mut Workspace,
    pub(crate) cache: &'a mut KvCache,
    pub(crate) executed: &'a mut Executed,
}

impl Decoder {
    /// Puts a description and the weights that belong to it together.
    pub(crate) fn new(architecture: Architecture, weights: Weights, level: Level) -> Self {
        Self { architecture, weights, level, angles: Vec::new(), positions: 0 }
    }

    /// What it is.
    pub(crate) fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Bytes of the weights in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// A cache for `rows` requests of at most `capacity` tokens, and angles for contexts of that length.
    ///
    /// # Errors
    /// When the system does not have the memory.
    pub(crate) fn reserve(&mut self, rows: usize, capacity: usize) -> Result<KvCache, OutOfMemory> {
        if self.positions != capacity {
            self.angles = self.architecture.rotary.iter().map(|rotary| Angles::new(rotary, capacity)).collect();
            self.positions = capacity;
        }
        let attention = &self.architecture.layers[0].attention;
        let (kv_heads, head_dim) = (attention.kv_heads, attention.head_dim);
        KvCache::new(Size { rows, layers: self.architecture.layers.len(), kv_heads, head_dim, capacity })
    }

    /// Runs new tokens of one or several requests, each behind what the cache holds of it, in one pass: linear layers
    /// see all tokens together, attention runs request by request. Leaves the residual stream in the workspace.
    ///
    /// # Panics
    /// When there are more tokens than the workspace or the cache has room for, or one that the vocabulary does not have.
    pub(crate) fn run(&self, segments: &[Segment<'_>], spans: &mut Vec<Span>, run: &mut Run<'_>) {
        spans.clear();
        let mut first = 0;
        for segment in segments {
            let (tokens, start) = (segment.tokens.len(), run.cache.length(segment.row));
            spans.push(Span { row: segment.row, context: run.cache.context(segment.row), start, first, tokens });
            assert!(run.cache.fits(segment.row + 1, start + tokens), "room in the cache");
            first += tokens;
        }
        assert!(first <= run.workspace.tokens, "room in the workspace");
        run.executed.begin_pass();
        self.embed(segments, spans, run.workspace);
        for (index, (layer, weights)) in self.architecture.layers.iter().zip(&self.weights.layers).enumerate() {
            Pass { decoder: self, index, layer, weights, spans, tokens: first }.run(run);
        }
        for span in &*spans {
            run.cache.advance(span.row, span.tokens);
        }
    }

    /// Logits of tokens of the last pass, by their positions among all of its tokens: `[positions, vocabulary]`.
    ///
    /// # Panics
    /// When the workspace has no room for so many.
    pub(crate) fn logits<'a>(
        &self,
        positions: &[usize],
        pool: &mut Pool,
        workspace: &'a mut Workspace,
        executed: &mut Executed,
    ) -> &'a mut [f32] {
        let (hidden, vocabulary, count) = (self.architecture.hidden, self.architecture.vocabulary, positions.len());
        for (index, &position) in positions.iter().enumerate() {
            workspace.update[index * hidden..][..hidden].copy_from_slice(&workspace.states[position * hidden..][..hidden]);
        }
        let normed = &mut workspace.normed[..count * hidden];
        self.weights.output_norm.apply(pool, self.level, &workspace.update[..count * hidden], normed);
        let head = self.weights.head();
        // Few positions meet the head, and what is rounded here reaches the logits as it is: never in bfloat16.
        let input = workspace.activations.load(pool, self.level, normed, hidden, head.matrix.takes().exactly());
        let logits = &mut workspace.logits[..count * vocabulary];
        let destination = Destination { output: Shared::new(logits), stride: vocabulary, column: 0, update: Update::Replace };
        Products { level: self.level, input }.compute(pool, &[(head, destination)]);
        executed.add(Part::Head, count, head.multiplied());
        let scale = self.architecture.logit_scale;
        #[expect(clippy::float_cmp, reason = "one is no scale")]
        if scale != 1.0 {
            logits.iter_mut().for_each(|logit| *logit *= scale);
        }
        if let Some(cap) = self.architecture.logit_softcap {
            bend(pool, self.level, logits, cap);
        }
        logits
    }

    fn embed(&self, segments: &[Segment<'_>], spans: &[Span], workspace: &mut Workspace) {
        let hidden = self.architecture.hidden;
        let scale = self.architecture.embedding_scale;
        let tokens = segments.iter().zip(spans).flat_map(|(segment, span)| segment.tokens.iter().zip(span.start..));
        for ((&token, position), state) in tokens.zip(workspace.states.chunks_exact_mut(hidden)) {
            self.weights.embedding.matrix.read_output(token as usize, state);
            #[expect(clippy::float_cmp, reason = "one is no scale")]
            if scale != 1.0 {
                state.iter_mut().for_each(|value| *value *= scale);
            }
            if let Some(positions) = &self.weights.positions {
                let learned = &mut workspace.update[..hidden];
                positions.matrix.read_output(position, learned);
                state.iter_mut().zip(learned).for_each(|(value, learned)| *value += *learned);
            }
        }
    }
}

/// One block applied to the tokens of a pass.
struct Pass<'a> {
    decoder: &'a Decoder,
    index: usize,
    layer: &'a Layer,
    weights: &'a LayerWeights,
    spans: &'a [Span],
    tokens: usize,
}

impl Pass<'_> {
    fn run(&self, run: &mut Run<'_>) {
        let residual = self.layer.residual;
        let (hidden, scale) = (self.decoder.architecture.hidden, self.layer.residual_scale);
        let width = self.tokens * hidden;
        // Both read the state as it was before either was added to it.
        if residual.is_parallel()
            && let Some(norm) = &self.weights.feed_forward_norm
        {
            norm.apply(run.pool, self.decoder.level, &run.workspace.states[..width], &mut run.workspace.normed_again[..width]);
        }
        self.norm(self.weights.attention_norm.as_ref(), run);
        if residual.is_parallel() && self.weights.feed_forward_norm.is_none() {
            run.workspace.normed_again[..width].copy_from_slice(&run.workspace.normed[..width]);
        }
        self.attend(run);
        self.add(&self.weights.attention_output, self.weights.attention_post_norm.as_ref(), scale, run);

        if residual.is_parallel() {
            std::mem::swap(&mut run.workspace.normed, &mut run.workspace.normed_again);
        } else {
            self.norm(self.weights.feed_forward_norm.as_ref(), run);
        }
        self.feed_forward(scale, run);
    }

    /// Puts the normed state where products read it, or the state itself.
    fn norm(&self, norm: Option<&NormWeights>, run: &mut Run<'_>) {
        let width = self.tokens * self.decoder.architecture.hidden;
        let (states, normed) = (&run.workspace.states[..width], &mut run.workspace.normed[..width]);
        match norm {
            Some(norm) => norm.apply(run.pool, self.decoder.level, states, normed),
            None => normed.copy_from_slice(states),
        }
    }

    /// Attention up to what its output matrix takes.
    fn attend(&self, run: &mut Run<'_>) {
        let Run { pool, workspace, cache, executed } = run;
        let (level, hidden) = (self.decoder.level, self.decoder.architecture.hidden);
        let attention = &self.layer.attention;
        let stride = (attention.heads + 2 * attention.kv_heads) * attention.head_dim;

        let projected = &mut workspace.projected[..self.tokens * stride];
        let projections = &self.weights.query_key_value;
        let takes = projections.iter().fold(Takes::default(), |takes, linear| takes.and(linear.matrix.takes()));
        let input = workspace.activations.load(pool, level, &workspace.normed[..self.tokens * hidden], hidden, takes);
        let output = Shared::new(projected);
        let mut products = [None; 3];
        let mut column = 0;
        for (product, linear) in products.iter_mut().zip(projections) {
            *product = Some((linear, Destination { output, stride, column, update: Update::Replace }));
            executed.add(Part::Linear, self.tokens, linear.multiplied());
            column += linear.matrix.outputs();
        }
        let products = products
            .map(|product| product.unwrap_or((&projections[0], Destination { output, stride, column: 0, update: Update::Replace })));
        Products { level, input }.compute(pool, &products[..projections.len()]);

        let angles = attention.rotary.map(|rotary| &self.decoder.angles[rotary]);
        heads::finish(pool, level, self.spans, self.layer, self.weights, angles, projected, cache.writer(self.index));

        let mixed = &mut workspace.mixed[..self.tokens * attention.heads * attention.head_dim];
        let pass = attention::Pass { level, attention, layer: self.index, cache, spans: self.spans, queries: projected, stride };
        executed.add_attention(pass.compute(pool, mixed, &mut workspace.attention).multiply_adds);
        let of_token = cache.size().token_bytes();
        let attended: usize = self.spans.iter().map(|span| attention.reach(span.start, span.tokens).len()).sum();
        executed.add_cache(attended * of_token, self.tokens * of_token);
    }

    /// Multiplies what attention mixed, and adds it to the residual stream.
    fn add(&self, linear: &Linear, post_norm: Option<&NormWeights>, scale: f32, run: &mut Run<'_>) {
        let Run { pool, workspace, executed, .. } = run;
        let (level, hidden) = (self.decoder.level, self.decoder.architecture.hidden);
        let inputs = linear.matrix.inputs();
        let input = workspace.activations.load(pool, level, &workspace.mixed[..self.tokens * inputs], inputs, linear.matrix.takes());
        let (target, update) = match post_norm {
            Some(_) => (&mut workspace.update, Update::Replace),
            None => (&mut workspace.states, Update::Add(scale)),
        };
        let output = Shared::new(&mut target[..self.tokens * hidden]);
        Products { level, input }.compute(pool, &[(linear, Destination { output, stride: hidden, column: 0, update })]);
        executed.add(Part::Linear, self.tokens, linear.multiplied());
        self.add_normed(post_norm, scale, run);
    }

    /// Adds the normed update to the residual stream, where there is a norm behind a block.
    fn add_normed(&self, post_norm: Option<&NormWeights>, scale: f32, run: &mut Run<'_>) {
        let Some(norm) = post_norm else { return };
        let width = self.tokens * self.decoder.architecture.hidden;
        let workspace = &mut *run.workspace;
        norm.apply(run.pool, self.decoder.level, &workspace.update[..width], &mut workspace.normed[..width]);
        for (state, update) in workspace.states[..width].iter_mut().zip(&workspace.normed) {
            *state += update * scale;
        }
    }
}

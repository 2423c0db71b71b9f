//! The decoder: tokens of running requests to logits.

use super::attention::{self, bend};
use super::batch::{Unit, number};
use super::cache::KvCache;
use super::feed_forward;
use super::layout::{LayerWeights, Norm, Placement, Weights};
use super::rotary::{Angles, Turn};
use crate::inference::architecture::{Architecture, Layer};
use crate::inference::executed::{Executed, Part};
use crate::inference::executor::Segment;
use crate::inference::weights::Footprint;
use candle_core::{DType, Result, Tensor};

/// A model, ready to run.
#[derive(Debug)]
pub(crate) struct Decoder {
    architecture: Architecture,
    weights: Weights,
    place: Placement,
    /// Windows of the layers, without duplicates.
    windows: Vec<Option<usize>>,
    /// One per rotary embedding of the architecture.
    angles: Vec<Angles>,
    /// Positions that `angles` were made for.
    positions: usize,
}

impl Decoder {
    /// Puts a description and the weights that belong to it together.
    pub(crate) fn new(architecture: Architecture, weights: Weights, place: Placement) -> Self {
        let mut windows: Vec<_> = architecture.layers.iter().map(|layer| layer.attention.window).collect();
        windows.sort_unstable();
        windows.dedup();
        Self { architecture, weights, place, windows, angles: Vec::new(), positions: 0 }
    }

    /// What it is.
    pub(crate) fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Where its weights are.
    pub(crate) fn place(&self) -> &Placement {
        &self.place
    }

    /// Bytes of the weights in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.weights.bytes()
    }

    /// A cache for `rows` requests of at most `capacity` tokens, and angles for contexts of that length.
    ///
    /// # Errors
    /// When the device has no memory for it.
    pub(crate) fn reserve(&mut self, rows: usize, capacity: usize) -> Result<KvCache> {
        if self.positions != capacity {
            let angles = self.architecture.rotary.iter().map(|rotary| Angles::new(rotary, capacity, &self.place));
            self.angles = angles.collect::<Result<_>>()?;
            self.positions = capacity;
        }
        KvCache::new(&self.architecture, &self.place, rows, capacity)
    }

    /// Runs new tokens of one or several requests, each behind what the cache holds of it, in one pass, and gives the
    /// residual stream, `[tokens, hidden]`.
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When there are more tokens than the cache has room for.
    pub(crate) fn run(&self, segments: &[Segment<'_>], cache: &mut KvCache, executed: &mut Executed) -> Result<Tensor> {
        for segment in segments {
            assert!(cache.fits(segment.row + 1, cache.length(segment.row) + segment.tokens.len()), "room in the cache");
        }
        executed.begin_pass();
        let units = Unit::split(segments, |row| cache.length(row), &self.windows, &self.place)?;
        let of_tokens = || segments.iter().flat_map(|segment| (cache.length(segment.row)..).zip(segment.tokens));
        let (positions, tokens): (Vec<_>, Vec<_>) = of_tokens().map(|(position, &token)| (number(position), token)).unzip();
        let contexts = segments.iter().flat_map(|segment| segment.tokens.iter().map(|_| cache.context(segment.row)));
        let places = of_tokens().map(|(position, _)| position).zip(contexts);
        let count = tokens.len();
        let positions = Tensor::from_vec(positions, count, &self.place.device)?;
        let mut states = self.embed(&Tensor::from_vec(tokens, count, &self.place.device)?, &positions)?;
        let turns = self.angles.iter().map(|angles| angles.at(&positions, places.clone())).collect::<Result<Vec<_>>>()?;
        for (index, (layer, weights)) in self.architecture.layers.iter().zip(&self.weights.layers).enumerate() {
            let pass = Pass { index, layer, weights, units: &units, turns: &turns, cache };
            states = pass.run(states, executed)?;
        }
        units.iter().for_each(|unit| cache.advance(unit));
        Ok(states)
    }

    /// Logits of rows of a residual stream, by their positions in it: `[positions, vocabulary]`, on the host.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn logits(&self, states: &Tensor, positions: impl Iterator<Item = usize>, executed: &mut Executed) -> Result<Vec<f32>> {
        let positions: Vec<_> = positions.map(number).collect();
        let count = positions.len();
        let states = states.index_select(&Tensor::from_vec(positions, count, &self.place.device)?, 0)?;
        let normed = self.weights.output_norm.apply(&states)?;
        let mut logits = self.weights.head().forward(&normed, Part::Head, executed)?.to_dtype(DType::F32)?;
        let scale = self.architecture.logit_scale;
        #[expect(clippy::float_cmp, reason = "one is no scale")]
        if scale != 1.0 {
            logits = (logits * f64::from(scale))?;
        }
        if let Some(cap) = self.architecture.logit_softcap {
            logits = bend(&logits, cap)?;
        }
        logits.flatten_all()?.to_vec1()
    }

    fn embed(&self, tokens: &Tensor, positions: &Tensor) -> Result<Tensor> {
        let precision = self.place.precision;
        let mut states = self.weights.embedding.rows(tokens, precision)?;
        let scale = self.architecture.embedding_scale;
        #[expect(clippy::float_cmp, reason = "one is no scale")]
        if scale != 1.0 {
            states = (states * f64::from(scale))?;
        }
        match &self.weights.positions {
            Some(learned) => states + learned.rows(positions, precision)?,
            None => Ok(states),
        }
    }
}

/// One block applied to the tokens of a pass.
struct Pass<'a> {
    index: usize,
    layer: &'a Layer,
    weights: &'a LayerWeights,
    units: &'a [Unit],
    turns: &'a [Turn],
    cache: &'a KvCache,
}

impl Pass<'_> {
    fn run(&self, states: Tensor, executed: &mut Executed) -> Result<Tensor> {
        let weights = self.weights;
        let normed = normed(weights.attention_norm.as_ref(), &states)?;
        let attended = self.attend(&normed, executed)?;
        // Side by side, both read the state as it was before either was added to it.
        let parallel = self.layer.residual.is_parallel();
        let own_norm = weights.feed_forward_norm.as_ref();
        let input = match own_norm {
            Some(norm) if parallel => norm.apply(&states)?,
            _ => normed,
        };
        let states = self.add(&states, attended, weights.attention_post_norm.as_ref())?;
        let input = if parallel { input } else { self::normed(own_norm, &states)? };
        let update = feed_forward::compute(&self.layer.feed_forward, &weights.feed_forward, &input, executed)?;
        self.add(&states, update, weights.feed_forward_post_norm.as_ref())
    }

    fn attend(&self, normed: &Tensor, executed: &mut Executed) -> Result<Tensor> {
        let attention = &self.layer.attention;
        let turn = attention.rotary.map(|rotary| &self.turns[rotary]);
        let pass = attention::Pass { attention, weights: self.weights, layer: self.index, units: self.units, turn, cache: self.cache };
        let mixed = pass.compute(normed, executed)?;
        self.weights.attention_output.forward(&mixed, Part::Linear, executed)
    }

    /// Adds what a part of the block gives to the residual stream, behind the norm that stands there.
    fn add(&self, states: &Tensor, update: Tensor, post_norm: Option<&Norm>) -> Result<Tensor> {
        let update = normed(post_norm, &update)?;
        let scale = self.layer.residual_scale;
        #[expect(clippy::float_cmp, reason = "one is no scale")]
        let update = if scale == 1.0 { update } else { (update * f64::from(scale))? };
        states + update
    }
}

/// Behind a norm, or as it is where none stands.
fn normed(norm: Option<&Norm>, values: &Tensor) -> Result<Tensor> {
    norm.map_or(Ok(values.clone()), |norm| norm.apply(values))
}

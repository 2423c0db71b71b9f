//! Tokens of a pass, in units that attention takes together.

use super::layout::Placement;
use crate::inference::executor::Segment;
use candle_core::{Result, Tensor};
use std::ops::Range;

/// Requests that are neighbours in the cache and add as many tokens as each other.
pub(super) struct Unit {
    /// Their rows in the cache.
    pub(super) rows: Range<usize>,
    /// New tokens of each.
    pub(super) tokens: usize,
    /// Position of the first of these tokens among all tokens of the pass.
    pub(super) first: usize,
    /// Position of the first new token in each request.
    pub(super) starts: Vec<usize>,
    /// Positions of the new tokens in their requests, `[rows, 1, tokens, 1]`; `None` where all requests begin alike.
    pub(super) positions: Option<Tensor>,
    /// What the tokens attend to, per window of the model's layers.
    views: Vec<(Option<usize>, View)>,
}

/// What tokens attend to.
pub(super) struct View {
    /// Positions in the cache that any of them attends to.
    pub(super) keys: Range<usize>,
    /// Added to scores: 0 where a token attends and −∞ where it does not, `[rows, 1, tokens, keys]`; `None` where every
    /// token attends to all keys.
    pub(super) mask: Option<Tensor>,
}

impl Unit {
    /// Splits a pass. `windows` are those of the model's layers, without duplicates.
    pub(super) fn split(
        segments: &[Segment<'_>],
        length: impl Fn(usize) -> usize,
        windows: &[Option<usize>],
        place: &Placement,
    ) -> Result<Vec<Self>> {
        let mut first = 0;
        let joins = |left: &Segment<'_>, right: &Segment<'_>| left.row + 1 == right.row && left.tokens.len() == right.tokens.len();
        let units = segments.chunk_by(joins).map(|segments| {
            let (rows, tokens) = (segments[0].row..segments[0].row + segments.len(), segments[0].tokens.len());
            let starts: Vec<_> = rows.clone().map(&length).collect();
            let alike = starts.iter().all(|start| *start == starts[0]);
            let positions = if alike { None } else { Some(positions(&starts, tokens, place)?) };
            let views = windows.iter().map(|&window| Ok((window, View::new(&starts, tokens, window, place)?))).collect::<Result<_>>()?;
            let unit = Self { rows, tokens, first, starts, positions, views };
            first += segments.len() * tokens;
            Ok(unit)
        });
        units.collect()
    }

    /// What the tokens attend to in layers of this window.
    ///
    /// # Panics
    /// When the unit was split for other windows.
    pub(super) fn view(&self, window: Option<usize>) -> &View {
        let (_, view) = self.views.iter().find(|(of, _)| *of == window).expect("a window of one of the layers");
        view
    }
}

impl View {
    fn new(starts: &[usize], tokens: usize, window: Option<usize>, place: &Placement) -> Result<Self> {
        // A token attends to this range of positions.
        let seen = |position: usize| window.map_or(0, |window| (position + 1).saturating_sub(window))..position + 1;
        let all = || starts.iter().flat_map(|&start| (start..start + tokens).map(seen));
        let keys = all().map(|seen| seen.start).min().unwrap_or(0)..all().map(|seen| seen.end).max().unwrap_or(0);
        if all().all(|seen| seen == keys) {
            return Ok(Self { keys, mask: None });
        }
        let mask: Vec<f32> =
            all().flat_map(|seen| keys.clone().map(move |key| if seen.contains(&key) { 0.0 } else { f32::NEG_INFINITY })).collect();
        let mask = Tensor::from_vec(mask, (starts.len(), 1, tokens, keys.len()), &place.device)?.to_dtype(place.precision)?;
        Ok(Self { keys, mask: Some(mask) })
    }
}

fn positions(starts: &[usize], tokens: usize, place: &Placement) -> Result<Tensor> {
    let positions: Vec<u32> = starts.iter().flat_map(|&start| (start..start + tokens).map(number)).collect();
    Tensor::from_vec(positions, (starts.len(), 1, tokens, 1), &place.device)
}

/// A position as candle's indices have it.
pub(super) fn number(position: usize) -> u32 {
    u32::try_from(position).expect("contexts are shorter than 2^32")
}

//! Lengths of synthetic prompts. What stands in them, the engine makes: [`crate::synthetic`].

use super::file::{self, Format, Record, Sink, Wanted};
use super::{DatasetError, Draw};
use crate::digest::hexadecimal;
use lem_domain::protocol::{Prompt, PromptContent};
use lem_domain::record::DatasetFacts;
use lem_domain::spec::LengthSpec;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::num::NonZeroU32;
use std::path::Path;

/// Name of prompts that were made, in records.
pub const SYNTHETIC_NAME: &str = "synthetic";

/// Random stream of the lengths. The streams of contents lie below it, those of the requests of a run count from 0.
const LENGTH_STREAM: u64 = u64::MAX - 1;

/// How often a normal length is drawn again before the nearest bound is taken.
const MAX_DRAWS: usize = 1000;

/// Names of columns that hold lengths of prompts: in the traces of Azure (<https://github.com/Azure/AzurePublicDataset>),
/// Mooncake (<https://github.com/kvcache-ai/Mooncake>) and BurstGPT (<https://github.com/HPMLL/BurstGPT>), and in others.
const USUAL_LENGTHS: &[&str] =
    &["ContextTokens", "input_length", "Request tokens", "prompt_tokens", "input_tokens", "prompt_len", "tokens"];

/// Offers prompts of these lengths: `count` of them, or all of a trace.
pub(super) fn read(spec: &LengthSpec, count: Option<usize>, seed: u64, draw: &mut Draw) -> Result<DatasetFacts, DatasetError> {
    let mut number = 0;
    let mut hasher = Sha256::new();
    let mut offer = |tokens: NonZeroU32| {
        number += 1;
        hasher.update(format!("{tokens}\n"));
        draw.offer(Prompt {
            id: format!("synthetic-{number}"),
            content: PromptContent::Synthetic { tokens, stream: LENGTH_STREAM - number },
        });
    };
    if let LengthSpec::Trace { path, column } = spec {
        let asked: Vec<_> = column.iter().cloned().collect();
        let wanted = Wanted { asked: &asked, usual: USUAL_LENGTHS };
        let mut lengths = Lengths { path, offer: &mut offer };
        let read = file::read(path, Format::of(path), &wanted, &mut lengths)?;
        let name = path.display().to_string();
        if number == 0 {
            return Err(DatasetError::NoPrompt { place: name });
        }
        return Ok(DatasetFacts { name, sha256: read.sha256, available: Some(number), columns: read.columns, ..DatasetFacts::default() });
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(LENGTH_STREAM);
    let mut deviates = Deviates { random, spare: None };
    (0..count.ok_or(DatasetError::Endless)?).for_each(|_| offer(length(spec, &mut deviates)));
    Ok(DatasetFacts { name: SYNTHETIC_NAME.to_owned(), sha256: hexadecimal(hasher), ..DatasetFacts::default() })
}

/// A length of a distribution.
fn length(spec: &LengthSpec, deviates: &mut Deviates) -> NonZeroU32 {
    match *spec {
        LengthSpec::Fixed(length) => length,
        LengthSpec::Uniform { min, max } => deviates.between(min, max),
        LengthSpec::Normal { mean, deviation, min, max } => {
            let drawn = (0..MAX_DRAWS).map(|_| (mean + deviation * deviates.normal()).round());
            let (low, high) = (f64::from(min.get()), f64::from(max.get()));
            let within = drawn.into_iter().find(|length| (low..=high).contains(length));
            // Bounds in a far tail are hardly ever met.
            to_length(within.unwrap_or_else(|| mean.clamp(low, high)))
        }
        LengthSpec::Trace { .. } => unreachable!("its lengths are not drawn"),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between two lengths")]
fn to_length(length: f64) -> NonZeroU32 {
    NonZeroU32::new(length as u32).expect("a shortest length is at least 1")
}

/// Random numbers that are the same on every machine.
struct Deviates {
    random: ChaCha8Rng,
    /// The polar method makes two at a time.
    spare: Option<f64>,
}

impl Deviates {
    /// A whole number between two, both included. The product with 64 random bits is biased by less than 2⁻³² (Lemire
    /// 2019, "Fast Random Integer Generation in an Interval").
    fn between(&mut self, min: NonZeroU32, max: NonZeroU32) -> NonZeroU32 {
        let span = u128::from(max.get().saturating_sub(min.get())) + 1;
        let offset = u32::try_from((u128::from(self.random.next_u64()) * span) >> 64).expect("it is below a difference of two");
        min.saturating_add(offset)
    }

    /// A standard normal number: Marsaglia & Bray 1964, the polar method. `libm` computes the same logarithm everywhere,
    /// which the libraries of different systems do not; the square root is exact by IEEE 754.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (self.symmetric(), self.symmetric());
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * libm::log(square) / square).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// Uniform in [-1, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept exactly")]
    fn symmetric(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 * 2.0_f64.powi(-52) - 1.0
    }
}

/// Takes the lengths of a trace.
struct Lengths<'a> {
    path: &'a Path,
    offer: &'a mut dyn FnMut(NonZeroU32),
}

impl Sink for Lengths<'_> {
    fn take(&mut self, record: Record<'_>) -> Result<(), DatasetError> {
        let value = &record.values[0];
        let length = match value {
            Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let length = length.and_then(|length| u32::try_from(length).ok()).and_then(NonZeroU32::new);
        let length = length.ok_or_else(|| DatasetError::NotALength {
            path: self.path.to_owned(),
            place: record.place.to_string(),
            found: value.to_string(),
        })?;
        (self.offer)(length);
        Ok(())
    }
}

/// A column of whole numbers with gaps is often stored with a fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a whole number of 32 bits")]
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number)).then_some(number as u64)
}

#[cfg(test)]
mod tests;

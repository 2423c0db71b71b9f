//! Presets of the decoder: named values of `decoder` that lie below everything that is written.

use crate::value::DecoderPreset;
use figment::value::Value;

/// The values of a preset, by path.
pub(crate) fn decoder_values(preset: DecoderPreset) -> Vec<(&'static str, Value)> {
    let drawn = |temperature: f64| vec![("decoder.do_sample", Value::from(true)), ("decoder.temperature", Value::from(temperature))];
    let with = |mut values: Vec<_>, more: [(&'static str, Value); 2]| {
        values.extend(more);
        values
    };
    match preset {
        DecoderPreset::Deterministic => vec![("decoder.do_sample", Value::from(false)), ("decoder.temperature", Value::from(0.0))],
        DecoderPreset::Standard => with(drawn(1.0), [("decoder.top_p", Value::from(0.95)), ("decoder.top_k", Value::from(50_u32))]),
        DecoderPreset::Creative => {
            with(drawn(0.8), [("decoder.top_p", Value::from(0.9)), ("decoder.repetition_penalty", Value::from(1.1))])
        }
        DecoderPreset::Factual => {
            let mut values = drawn(0.3);
            values.push(("decoder.top_k", Value::from(10_u32)));
            values
        }
    }
}

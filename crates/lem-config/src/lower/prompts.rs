//! From settings of prompts to what they are.

use crate::sections::{MODEL_TEMPLATE, NO_TEMPLATE, Settings};
use crate::value::{LengthKind, PromptKind, SampleSize};
use lem_domain::spec::{HubSource, LengthSpec, PromptSource, PromptSpec, TemplateChoice};
use std::num::NonZeroU32;
use std::path::PathBuf;

pub(super) fn prompts(settings: &Settings) -> PromptSpec {
    let prompts = &settings.prompts;
    let count = match prompts.sample_size {
        SampleSize::All => None,
        SampleSize::Count(count) => Some(count.get()),
    };
    let template = match prompts.chat_template.as_str() {
        NO_TEMPLATE => TemplateChoice::None,
        MODEL_TEMPLATE => TemplateChoice::Model,
        path => TemplateChoice::File(PathBuf::from(path)),
    };
    PromptSpec { source: source(settings), count, shuffle: prompts.shuffle, template, system: prompts.system.clone() }
}

/// The rules refuse a source without its place.
fn source(settings: &Settings) -> PromptSource {
    let prompts = &settings.prompts;
    let columns = prompts.column.0.clone();
    match (prompts.source.0, &prompts.path, &prompts.dataset) {
        (PromptKind::File, Some(path), _) => PromptSource::File { path: PathBuf::from(path), columns },
        (PromptKind::Hub, _, Some(dataset)) => PromptSource::Hub(HubSource {
            dataset: dataset.clone(),
            subset: prompts.subset.clone(),
            split: prompts.split.clone(),
            columns,
            file: prompts.data_file.clone(),
        }),
        (PromptKind::Synthetic, ..) => PromptSource::Synthetic(lengths(settings)),
        (PromptKind::Embedded | PromptKind::File | PromptKind::Hub, ..) => PromptSource::Embedded,
    }
}

fn lengths(settings: &Settings) -> LengthSpec {
    let synthetic = &settings.prompts.synthetic;
    let length = |tokens| NonZeroU32::new(tokens).unwrap_or(NonZeroU32::MIN);
    let (tokens, min) = (length(synthetic.tokens), length(synthetic.min_tokens));
    let max = length(synthetic.max_tokens.unwrap_or(settings.max_input_tokens));
    match (synthetic.lengths.0, &synthetic.path) {
        (LengthKind::Uniform, _) => LengthSpec::Uniform { min, max },
        (LengthKind::Normal, _) => LengthSpec::Normal { mean: tokens.get().into(), deviation: synthetic.deviation, min, max },
        (LengthKind::Trace, Some(path)) => LengthSpec::Trace { path: PathBuf::from(path), column: synthetic.column.clone() },
        (LengthKind::Fixed | LengthKind::Trace, _) => LengthSpec::Fixed(tokens),
    }
}

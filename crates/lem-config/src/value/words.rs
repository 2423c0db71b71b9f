//! The word lists of the configuration.

use super::{SourceWord, Word};
use lem_domain::backend::Backend;
use lem_domain::spec::{
    BatchingStrategy, EarlyStopping, Endpoint, EnergySource, Precision, RequiredGrade, ThreadWaiting, VirtualClockChoice,
};

/// Where prompts come from, without the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromptKind {
    /// The set that ships inside the program.
    Embedded,
    /// A file, named by `prompts.path`.
    File,
    /// A set on the hub, named by `prompts.dataset`.
    Hub,
    /// Made for the model, of the lengths of `prompts.synthetic`.
    Synthetic,
}

/// How lengths of synthetic prompts come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthKind {
    /// All alike.
    Fixed,
    /// Between two.
    Uniform,
    /// Around a mean.
    Normal,
    /// From a file.
    Trace,
}

/// A named set of sampling values; settings that are written out win over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecoderPreset {
    /// Always the most probable token.
    Deterministic,
    /// Temperature 1, nucleus 0.95, the 50 best tokens.
    Standard,
    /// Temperature 0.8, nucleus 0.9, a repetition penalty of 1.1.
    Creative,
    /// Temperature 0.3, the 10 best tokens.
    Factual,
}

macro_rules! words {
    ($type:ty, $what:literal, { $($name:expr => $meaning:expr),+ $(,)? }) => {
        impl Word for $type {
            const WHAT: &'static str = $what;
            const NAMES: &'static [&'static str] = &[$($name),+];
            const MEANINGS: &'static [Self] = &[$($meaning),+];
        }
    };
}

/// What guesses tokens ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpeculationKind {
    /// Nothing.
    None,
    /// The text itself.
    PromptLookup,
    /// A smaller model.
    DraftModel,
}

/// When requests come, without the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrivalKind {
    /// As soon as there is a place.
    None,
    /// In equal gaps.
    Constant,
    /// In exponential gaps.
    Poisson,
    /// In gaps by a gamma distribution.
    Gamma,
}

/// How a model is spread over devices, without the number of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParallelKind {
    /// Not at all.
    None,
    /// Every matrix.
    Tensor,
    /// The layers.
    Pipeline,
    /// The requests.
    Data,
}

/// How a server comes to run, without what it needs for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LauncherKind {
    /// As a process.
    Process,
    /// In a container.
    Docker,
    /// It runs already.
    Attach,
}

words!(Backend, "backend", {
    Backend::Candle.as_str() => Self::Candle,
    Backend::Pytorch.as_str() => Self::Pytorch,
    Backend::Vllm.as_str() => Self::Vllm,
    Backend::Tensorrt.as_str() => Self::Tensorrt,
    Backend::Llamacpp.as_str() => Self::Llamacpp,
    Backend::Sglang.as_str() => Self::Sglang,
    Backend::Openai.as_str() => Self::Openai,
    Backend::Virtual.as_str() => Self::Virtual,
});
words!(Precision, "floating-point type", {
    Precision::Auto.as_str() => Self::Auto,
    Precision::F32.as_str() => Self::F32,
    Precision::F16.as_str() => Self::F16,
    Precision::Bf16.as_str() => Self::Bf16,
});
words!(ArrivalKind, "kind of arrival", {
    "none" => Self::None,
    "constant" => Self::Constant,
    "poisson" => Self::Poisson,
    "gamma" => Self::Gamma,
});
words!(ParallelKind, "parallel strategy", {
    "none" => Self::None,
    "tensor_parallel" => Self::Tensor,
    "pipeline_parallel" => Self::Pipeline,
    "data_parallel" => Self::Data,
});
words!(LauncherKind, "launcher", {
    "process" => Self::Process,
    "docker" => Self::Docker,
    "attach" => Self::Attach,
});
words!(Endpoint, "endpoint", {
    "completions" => Self::Completions,
    "chat" => Self::Chat,
});
words!(PromptKind, "prompt source", {
    "embedded" => Self::Embedded,
    "file" => Self::File,
    "hub" => Self::Hub,
    "synthetic" => Self::Synthetic,
});
words!(LengthKind, "kind of lengths", {
    "fixed" => Self::Fixed,
    "uniform" => Self::Uniform,
    "normal" => Self::Normal,
    "trace" => Self::Trace,
});
words!(BatchingStrategy, "batching strategy", {
    "static" => Self::Static,
    "dynamic" => Self::Dynamic,
    "sorted_static" => Self::SortedStatic,
    "sorted_dynamic" => Self::SortedDynamic,
    "continuous" => Self::Continuous,
});
words!(EarlyStopping, "end of a beam search", {
    "at_width" => Self::AtWidth,
    "heuristic" => Self::Heuristic,
    "never" => Self::Never,
});
words!(SpeculationKind, "speculative method", {
    "none" => Self::None,
    "prompt_lookup" => Self::PromptLookup,
    "draft_model" => Self::DraftModel,
});
words!(DecoderPreset, "decoder preset", {
    "deterministic" => Self::Deterministic,
    "standard" => Self::Standard,
    "creative" => Self::Creative,
    "factual" => Self::Factual,
});
words!(SourceWord, "energy source", {
    "auto" => Self::Auto,
    EnergySource::Nvml.as_str() => Self::Source(EnergySource::Nvml),
    EnergySource::Rapl.as_str() => Self::Source(EnergySource::Rapl),
    EnergySource::Amd.as_str() => Self::Source(EnergySource::Amd),
    EnergySource::Hwmon.as_str() => Self::Source(EnergySource::Hwmon),
    EnergySource::Estimate.as_str() => Self::Source(EnergySource::Estimate),
    EnergySource::Virtual.as_str() => Self::Source(EnergySource::Virtual),
    "none" => Self::None,
});
words!(RequiredGrade, "grade", {
    "any" => Self::Any,
    "estimated" => Self::Estimated,
    "measured" => Self::Measured,
});
words!(ThreadWaiting, "way of waiting", {
    "spin" => Self::Spin,
    "yield" => Self::Yield,
    "sleep" => Self::Sleep,
});
words!(VirtualClockChoice, "clock", {
    "virtual" => Self::Virtual,
    "real" => Self::Real,
});

#[cfg(test)]
mod tests {
    use super::super::Choice;
    use super::*;

    fn check<W: Word + std::fmt::Debug>() {
        assert_eq!(W::NAMES.len(), W::MEANINGS.len());
        for (&name, &meaning) in W::NAMES.iter().zip(W::MEANINGS) {
            assert_eq!(Choice(meaning).name(), name);
            assert_eq!(Choice::<W>::parse(name), Some(Choice(meaning)));
        }
        assert_eq!(Choice::<W>::parse("no such word"), None);
    }

    #[test]
    fn every_word_reads_back() {
        check::<Backend>();
        check::<Precision>();
        check::<ArrivalKind>();
        check::<ParallelKind>();
        check::<LauncherKind>();
        check::<Endpoint>();
        check::<PromptKind>();
        check::<BatchingStrategy>();
        check::<EarlyStopping>();
        check::<SpeculationKind>();
        check::<DecoderPreset>();
        check::<SourceWord>();
        check::<RequiredGrade>();
        check::<ThreadWaiting>();
        check::<VirtualClockChoice>();
    }

    #[test]
    fn every_backend_and_source_of_the_domain_can_be_written() {
        assert_eq!(Backend::MEANINGS, Backend::ALL);
        assert_eq!(Precision::MEANINGS, Precision::ALL);
        let sources =
            SourceWord::MEANINGS.iter().filter_map(|word| if let SourceWord::Source(source) = word { Some(*source) } else { None });
        assert_eq!(sources.collect::<Vec<_>>(), EnergySource::ALL);
    }
}

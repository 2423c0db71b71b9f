//! What can be wrong with a bundle, by stable codes.

use crate::error::ResultsError;

macro_rules! reason_codes {
    ($($(#[$doc:meta])* $name:ident => $code:literal, $meaning:literal;)+) => {
        /// What is wrong. A code once released keeps its meaning; docs/verify.md explains each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ReasonCode {
            $(#[doc = $meaning] $name,)+
        }

        impl ReasonCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as written in records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)+
                }
            }
        }
    };
}

reason_codes! {
    ManifestMissing => "manifest-missing", "The bundle has no manifest, so nothing says what its files were.";
    NotSealed => "not-sealed", "The manifest lists no digests: the run did not end, or somebody removed them.";
    FileMissing => "file-missing", "A file that the manifest lists is not there.";
    FileChanged => "file-changed", "A file is not the one that the bundle was sealed with.";
    FileUnlisted => "file-unlisted", "A raw file is not in the manifest.";
    FileUnreadable => "file-unreadable", "A file cannot be read.";
    DocumentDamaged => "document-damaged", "A document is no JSON, or a field has no meaning.";
    VersionUnknown => "version-unknown", "A document has a schema version that this program does not know.";
    StreamDamaged => "stream-damaged", "A stream of events or samples is no readable table.";
    StreamReplaced => "stream-replaced", "A stream is not the one that its own document describes.";
    BundleForeign => "bundle-foreign", "A document belongs to another bundle.";
    ProcessMissing => "process-missing", "The run started more processes than left a record.";
    StagesOutOfOrder => "stages-out-of-order", "Loading, warm-up and the measured window do not follow each other.";
    WindowsApart => "windows-apart", "Processes of one cycle were not measured at the same time.";
    BackendsMixed => "backends-mixed", "Processes or cycles of one result ran different engines.";
    ModelsMixed => "models-mixed", "Processes or cycles of one result ran different models.";
    EventUnknownRequest => "event-of-unknown-request", "An event belongs to a request that is not in the record.";
    EventsOutOfOrder => "events-out-of-order", "The events of a request do not follow each other in time.";
    EventRepeated => "event-repeated", "A request arrived, was scheduled or ended twice.";
    EventOutsideWindow => "event-outside-window", "A token was made while the window was closed.";
    OutputMissing => "output-missing", "A request is said to have succeeded and made no token, or never ended.";
    FinishDiffers => "finish-differs", "The record of a request and its events disagree on how it ended.";
    ArithmeticShort => "arithmetic-short", "Less arithmetic was executed than these tokens need.";
    TrafficShort => "traffic-short", "The passes that moved bytes made fewer tokens than are recorded.";
    SampleUnknownSensor => "sample-of-unknown-sensor", "A sample belongs to a sensor that is not in the record.";
    SamplesOutOfOrder => "samples-out-of-order", "The samples of a sensor go back in time.";
    SamplesRemoved => "samples-removed", "A sensor was silent for longer than the ticks that the sampler missed.";
    SampleImplausible => "sample-implausible", "A sample is beyond what the quantity can be.";
    BusyImpossible => "busy-time-impossible", "The processor was busy for longer than its threads had time.";
    PathsContradict => "paths-contradict", "Two sensors of one device and boundary tell energies that cannot both be.";
    IdleInWindow => "idle-in-window", "The machine is said to have idled while it was measured.";
    FiguresMissing => "figures-missing", "The figures have not been derived.";
    IdentityDiffers => "identity-differs", "Model, engine or prompts of the figures are not those that were recorded.";
    TokensDiffer => "tokens-differ", "Counts of tokens or requests are not those that the events give.";
    EnergyDiffers => "energy-differs", "An energy, or a figure made of one, is not the one that the samples give.";
    GradeDiffers => "grade-differs", "A figure is graded, bounded or judged otherwise than the records allow.";
    RateDiffers => "rate-differs", "A rate or the window is not the one that the events give.";
    LatencyDiffers => "latency-differs", "A latency is not the one that the events give.";
    ArithmeticDiffers => "arithmetic-differs", "Arithmetic or memory traffic is not what the records give.";
    ImpactDiffers => "impact-differs", "Carbon or cost is not what energy and multipliers give.";
    FindingsDiffer => "findings-differ", "What a reader must know was left out or added.";
    CertaintyDiffers => "certainty-differs", "An interval over cycles is not the one that the cycles give.";
    FigureDiffers => "figure-differs", "Another figure is not the one that the records give.";
}

impl ReasonCode {
    /// Whether it is said of one file as a whole.
    pub(super) fn is_of_a_file(self) -> bool {
        matches!(
            self,
            Self::FileMissing
                | Self::FileChanged
                | Self::FileUnlisted
                | Self::FileUnreadable
                | Self::DocumentDamaged
                | Self::VersionUnknown
                | Self::StreamDamaged
                | Self::StreamReplaced
                | Self::BundleForeign
        )
    }
}

/// The code of a failure to read.
pub(super) fn of_error(error: &ResultsError) -> ReasonCode {
    match error {
        ResultsError::MissingRaw { .. } | ResultsError::MissingDocument { .. } => ReasonCode::FileMissing,
        ResultsError::DigestMismatch { .. } => ReasonCode::StreamReplaced,
        ResultsError::Unlisted { .. } => ReasonCode::FileUnlisted,
        ResultsError::UnknownVersion { .. } => ReasonCode::VersionUnknown,
        ResultsError::Stream { .. } => ReasonCode::StreamDamaged,
        ResultsError::Invalid { field, .. } if field == "experiment_id" => ReasonCode::BundleForeign,
        ResultsError::Malformed { .. } | ResultsError::Invalid { .. } | ResultsError::Unrepresentable { .. } => ReasonCode::DocumentDamaged,
        _ => ReasonCode::FileUnreadable,
    }
}

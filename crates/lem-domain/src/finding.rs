//! Findings: what a reader of a result must know, as data with a stable code rather than a log line.

use std::fmt;

/// How much a finding matters to the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; the figures stand as they are.
    Info,
    /// A figure is weaker than asked for, or a setting did not take effect.
    Warning,
    /// A figure is missing or must not be used.
    Error,
}

impl Severity {
    /// The severity as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! finding_codes {
    ($($(#[$doc:meta])* $name:ident => $code:literal),+ $(,)?) => {
        /// Stable codes. A code once released keeps its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingCode {
            $($(#[$doc])* $name,)+
        }

        impl FindingCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as written in records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

finding_codes! {
    /// No sensor could be read and no estimate was possible.
    EnergyUnavailable => "energy-unavailable",
    /// The energy comes from a model of the processor, not from a sensor.
    EnergyEstimated => "energy-estimated",
    /// The processor is in no table; the generic row was used.
    GenericPowerRow => "generic-power-row",
    /// The machine is a virtual one: the figure is its share by busy time.
    VmShare => "vm-share",
    /// The window is too short for the sensor.
    WindowTooShort => "window-too-short",
    /// The random part of the energy is wider than `energy.precision` asks for.
    PrecisionNotReached => "precision-not-reached",
    /// An energy counter went back: the driver or the machine was reset.
    CounterReset => "counter-reset",
    /// A sensor stopped answering before the window closed.
    SensorLost => "sensor-lost",
    /// A counter answered and no longer counted.
    SensorStuck => "sensor-stuck",
    /// Power changed faster than a sensor shows that sees only a part of the time.
    SensorAliased => "sensor-aliased",
    /// A device of this machine cannot be read and is missing from every figure.
    DeviceUnreadable => "device-unreadable",
    /// The two energy paths of one device disagree past tolerance.
    EnergyPathsDisagree => "energy-paths-disagree",
    /// The driver held a device's clocks down in the window.
    Throttled => "throttled",
    /// The sampler missed ticks.
    SamplesMissed => "samples-missed",
    /// Prompts were cut to the input limit.
    PromptsTruncated => "prompts-truncated",
    /// Fewer prompts were available than asked for; the run used what there is.
    PromptsFewerThanAsked => "prompts-fewer-than-asked",
    /// Records of the prompt source held no prompt and were left out.
    PromptsEmpty => "prompts-empty",
    /// The hub holds only a part of the set in the form that is read.
    PromptsPartial => "prompts-partial",
    /// The chat template writes the day of the run into every prompt.
    PromptsDated => "prompts-dated",
    /// Requests ended without a result.
    RequestsFailed => "requests-failed",
    /// Counts of the same tokens, by different sources, differ by more than they may.
    TokenCountsDisagree => "token-counts-disagree",
    /// Nobody counted the tokens of some requests; figures per token leave them out.
    TokensUncounted => "tokens-uncounted",
    /// Tokens came several at once, so that the time between two of them is not known.
    TokensBundled => "tokens-bundled",
    /// A server took prompt tokens from a cache instead of running them.
    PromptsCached => "prompts-cached",
    /// Prompts could not be cut to the input limit, because nobody here can tokenise them.
    PromptsNotCut => "prompts-not-cut",
    /// Synthetic prompts have about the length that was asked for, because nobody here can tokenise them.
    PromptsApproximate => "prompts-approximate",
    /// Requests started later than they were meant to.
    ScheduleMissed => "schedule-missed",
    /// The limit of requests in flight held requests back that were meant to have started.
    LoadCapped => "load-capped",
    /// Fewer requests than asked kept to the objectives.
    ObjectivesMissed => "objectives-missed",
    /// The server runs on another machine than the one whose energy was read.
    EnergyElsewhere => "energy-elsewhere",
    /// The server ended before its last answer.
    ServerEnded => "server-ended",
    /// Answers were read inside the window, because they outgrew the memory that was set aside for them.
    AnswersReadEarly => "answers-read-early",
    /// The run was interrupted; figures cover what had finished.
    Interrupted => "interrupted",
    /// Executed arithmetic exceeds what the model needs.
    ArithmeticWaste => "arithmetic-waste",
    /// Less arithmetic was counted than the model needs, so the count is wrong.
    ArithmeticShort => "arithmetic-short",
    /// A setting had no effect on this backend and was let through by `--force`.
    SettingWithoutEffect => "setting-without-effect",
    /// A setting was written under a former name and taken over.
    FormerSetting => "former-setting",
    /// Settings that are allowed and may not be what was meant; the message ends with the code of the rule.
    QuestionableSetting => "questionable-setting",
    /// The event buffer was too small for the plan and grew inside the window.
    EventBufferGrew => "event-buffer-grew",
    /// An idle level kept from an earlier run no longer holds; the state was watched anew.
    IdleDrifted => "idle-drifted",
    /// A board was calibrated with another driver or firmware; that profile is not used.
    ProfileOutdated => "profile-outdated",
    /// What is known of this machine's sensors could not be read or kept.
    ProfileStoreFailed => "profile-store-failed",
    /// Another run may have been measured on the same devices: the measurement locks were left out.
    MeasuredWithoutLock => "measured-without-lock",
    /// Other work kept the processor busy before the run began.
    HostBusy => "host-busy",
    /// The raw record holds fewer processes than the run started.
    ProcessesMissing => "processes-missing",
}

impl fmt::Display for FindingCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::str::FromStr for FindingCode {
    type Err = UnknownFindingCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| UnknownFindingCode { text: text.to_owned() })
    }
}

/// A record names a finding code that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown finding code `{text}`")]
pub struct UnknownFindingCode {
    /// The code as found.
    pub text: String,
}

/// One thing a reader must know, with what to try next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable code.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen, with the figures.
    pub message: String,
    /// What to try next, given what was already tried.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding without a hint.
    #[must_use]
    pub fn new(code: FindingCode, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), hint: None }
    }

    /// The same finding with what to try next.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        let mut seen = std::collections::BTreeSet::new();
        for &code in FindingCode::ALL {
            assert!(seen.insert(code.as_str()), "{code} twice");
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        assert!("no-such-code".parse::<FindingCode>().is_err());
    }
}

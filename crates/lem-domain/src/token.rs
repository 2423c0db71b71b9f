//! The second recorded stream: what happened to each request, token by token.

mod counts;

pub use counts::{CountSource, TokenCounts};

use crate::time::Timestamp;

/// Position of a request in its process's list of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestIndex(pub u32);

/// One thing that happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenEvent {
    /// Which request.
    pub request: RequestIndex,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: TokenEventKind,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenEventKind {
    /// The instant at which the request was meant to start (MEASUREMENT.md §3).
    Arrived,
    /// The instant at which work on it began: its prefill starts here.
    Scheduled,
    /// Output tokens became known, `count` of them at once. The first such event ends the prefill.
    Tokens {
        /// How many; an engine that streams gives 1. 0 where output came and its tokens are counted with another piece of
        /// it, or by nobody: then it says when, and not how many.
        count: u32,
    },
    /// The request ended.
    Finished(FinishReason),
}

/// Why a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FinishReason {
    /// The model produced its end-of-sequence token, which counts as an output token.
    EndOfSequence,
    /// The output held a stop string. The tokens that completed it count as output tokens.
    StopString,
    /// The output limit was reached.
    Length,
    /// The run was interrupted.
    Interrupted,
    /// The engine failed on it.
    Failed,
}

impl FinishReason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[Self::EndOfSequence, Self::StopString, Self::Length, Self::Interrupted, Self::Failed];

    /// The reason as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EndOfSequence => "stop",
            Self::StopString => "stop_string",
            Self::Length => "length",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    /// Whether the request gave what was asked of it.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::EndOfSequence | Self::StopString | Self::Length)
    }
}

/// How tokens fared that were guessed ahead of the model, so that one pass could confirm several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpeculationCounts {
    /// Tokens guessed and run.
    pub drafted: u64,
    /// Guesses that proved right.
    pub accepted: u64,
    /// Passes with guesses, counted for each request.
    pub verified: u64,
}

impl SpeculationCounts {
    /// Share of the guesses that proved right; `None` when nothing was guessed.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens stay far below 2^53")]
    pub fn acceptance(self) -> Option<f64> {
        (self.drafted > 0).then(|| self.accepted as f64 / self.drafted as f64)
    }

    /// Tokens that a request got from a pass with guesses: those that proved right, and the one that is always chosen.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens stay far below 2^53")]
    pub fn tokens_per_pass(self) -> Option<f64> {
        (self.verified > 0).then(|| 1.0 + self.accepted as f64 / self.verified as f64)
    }
}

/// How probable the model found an output token, before penalties, temperature and the like.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenLogProbability {
    /// The token.
    pub token: u32,
    /// Natural logarithm of its probability.
    pub log_probability: f64,
    /// The most probable tokens with theirs, the most probable first, as many as were asked for.
    pub alternatives: Vec<(u32, f64)>,
}

/// A buffer sized before the window opens, so that recording inside it neither allocates nor formats.
#[derive(Debug)]
pub struct EventBuffer {
    events: Vec<TokenEvent>,
    grown: bool,
}

impl EventBuffer {
    /// Room for `requests` requests of at most `max_output_tokens` each.
    #[must_use]
    pub fn for_plan(requests: usize, max_output_tokens: usize) -> Self {
        const EVENTS_BESIDE_TOKENS: usize = 3; // arrived, scheduled, finished
        let capacity = requests.saturating_mul(max_output_tokens.saturating_add(EVENTS_BESIDE_TOKENS));
        Self { events: Vec::with_capacity(capacity), grown: false }
    }

    /// Puts the events in the order of their instants; those of one instant keep theirs.
    pub fn sort(&mut self) {
        self.events.sort_by_key(|event| event.at);
    }

    /// Appends one event.
    pub fn push(&mut self, request: RequestIndex, at: Timestamp, kind: TokenEventKind) {
        self.grown |= self.events.len() == self.events.capacity();
        self.events.push(TokenEvent { request, at, kind });
    }

    /// Whether the plan was too small and the buffer had to grow inside the window.
    #[must_use]
    pub fn has_grown(&self) -> bool {
        self.grown
    }

    /// The recorded events, in order.
    #[must_use]
    pub fn into_events(self) -> Vec<TokenEvent> {
        self.events
    }
}

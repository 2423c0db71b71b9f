//! What is written down while requests run: events with their instants, and the tokens.

use lem_domain::Timestamp;
use lem_domain::protocol::{PreparedWorkload, RunControl, RunOutput};
use lem_domain::token::{EventBuffer, FinishReason, RequestIndex, TokenEventKind};

/// See the module.
pub(in crate::inference::candle) struct Journal<'a> {
    events: &'a mut EventBuffer,
    control: RunControl<'a>,
    output: RunOutput,
}

impl<'a> Journal<'a> {
    /// Of a workload whose requests have at most `max_output` tokens.
    pub(in crate::inference::candle) fn new(
        workload: &PreparedWorkload,
        max_output: usize,
        events: &'a mut EventBuffer,
        control: RunControl<'a>,
    ) -> Self {
        let requests = workload.requests.len();
        let output = RunOutput {
            finish: vec![None; requests],
            tokens: workload.requests.iter().map(|_| Vec::with_capacity(max_output)).collect(),
            padding: vec![0; requests],
            ..RunOutput::default()
        };
        Self { events, control, output }
    }

    /// The position of a request in a workload, as events have it.
    pub(super) fn index(request: usize) -> RequestIndex {
        RequestIndex(u32::try_from(request).expect("a workload has fewer than 2^32 requests"))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.control.clock.now()
    }

    /// Waits; `None` when an interrupt came first.
    pub(super) fn wait_until(&self, at: Timestamp) -> Option<()> {
        self.control.interrupt.wait_until(self.control.clock, at, || ())
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.control.interrupt.is_raised()
    }

    /// Work on a request began, which was meant to begin when it arrived.
    pub(super) fn started(&mut self, request: usize, arrived: Timestamp, scheduled: Timestamp) {
        self.events.push(Self::index(request), arrived, TokenEventKind::Arrived);
        self.events.push(Self::index(request), scheduled, TokenEventKind::Scheduled);
    }

    /// Tokens became known now, all at once, and the request may have ended with them.
    pub(super) fn chosen(&mut self, request: usize, tokens: &[u32], finish: Option<FinishReason>) {
        let now = self.now();
        self.emit(request, tokens.len(), now);
        self.output.tokens[request].extend_from_slice(tokens);
        if let Some(reason) = finish {
            self.finished(request, reason, now);
        }
    }

    /// So many tokens became known at an instant.
    pub(super) fn emit(&mut self, request: usize, count: usize, at: Timestamp) {
        let count = u32::try_from(count).expect("fewer tokens than a limit of 32 bits");
        self.events.push(Self::index(request), at, TokenEventKind::Tokens { count });
    }

    /// The whole output of a request, whose tokens were told one by one, and its end.
    pub(super) fn completed(&mut self, request: usize, tokens: &[u32], reason: FinishReason) {
        self.output.tokens[request].extend_from_slice(tokens);
        let now = self.now();
        self.finished(request, reason, now);
    }

    /// An interrupt ended the request.
    pub(super) fn interrupted(&mut self, request: usize) {
        let now = self.now();
        self.finished(request, FinishReason::Interrupted, now);
    }

    fn finished(&mut self, request: usize, reason: FinishReason, at: Timestamp) {
        self.events.push(Self::index(request), at, TokenEventKind::Finished(reason));
        self.output.finish[request] = Some(reason);
        self.control.progress.advance(1);
    }

    pub(super) fn into_output(self) -> RunOutput {
        self.output
    }
}

//! Telling a person what is going on, without touching the measured window.

/// A stage of a run that a person waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The machine is left idle and watched; a step is a stretch of time, the same for all of them.
    Idle,
    /// The model is loaded.
    Load,
    /// Requests are run and thrown away.
    Warmup,
    /// The measured window.
    Measure,
    /// Sensors are read while a load goes on and off; a step is a stretch of time, the same for all of them.
    Calibrate,
    /// Records are written.
    Save,
}

/// Receives progress. Inside the window only [`Progress::advance`] is called, and an implementation must do no more
/// there than count.
pub trait Progress: Send + Sync {
    /// A stage begins, with this many steps when they are known.
    fn begin(&self, stage: Stage, steps: Option<u64>);

    /// Steps of the current stage are done.
    fn advance(&self, steps: u64);

    /// The current stage is over.
    fn end(&self);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: Stage, _steps: Option<u64>) {}

    fn advance(&self, _steps: u64) {}

    fn end(&self) {}
}

//! Progress on stderr; silent when that is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lem_domain::protocol::{Progress, Stage};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often the bar is drawn. Drawing costs processor time, so inside the window it happens once a second.
const REDRAWS_PER_SECOND: u8 = 1;

/// One bar per stage.
///
/// [`Progress::advance`] only adds to a counter; the bar's own thread reads it when it is time to draw.
pub(crate) struct Bars {
    done: std::sync::Arc<AtomicU64>,
    current: Mutex<Option<Drawing>>,
    visible: bool,
}

struct Drawing {
    bar: ProgressBar,
    stop: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Bars {
    /// Bars that are drawn only when `visible` and stderr is a terminal.
    pub(crate) fn new(visible: bool) -> Self {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Self { done: std::sync::Arc::default(), current: Mutex::new(None), visible: visible && terminal }
    }

    fn draw(&self, stage: Stage, steps: Option<u64>) -> Drawing {
        let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND);
        let bar = match steps {
            Some(steps) if matches!(stage, Stage::Idle | Stage::Calibrate) => {
                ProgressBar::with_draw_target(Some(steps), target).with_style(timed())
            }
            Some(steps) => ProgressBar::with_draw_target(Some(steps), target).with_style(counted()),
            None => ProgressBar::with_draw_target(None, target).with_style(spinning()),
        };
        bar.set_message(label(stage));
        let (stop, stopped) = std::sync::mpsc::channel();
        let (drawn, done) = (bar.clone(), self.done.clone());
        let thread = std::thread::spawn(move || {
            let pause = Duration::from_secs(1) / u32::from(REDRAWS_PER_SECOND);
            while stopped.recv_timeout(pause) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                drawn.set_position(done.load(Ordering::Relaxed));
                drawn.tick();
            }
        });
        Drawing { bar, stop, thread }
    }

    fn clear(&self) {
        let current = self.current.lock().ok().and_then(|mut current| current.take());
        if let Some(drawing) = current {
            drop(drawing.stop);
            let _ = drawing.thread.join();
            drawing.bar.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn begin(&self, stage: Stage, steps: Option<u64>) {
        self.clear();
        self.done.store(0, Ordering::Relaxed);
        if self.visible
            && let Ok(mut current) = self.current.lock()
        {
            *current = Some(self.draw(stage, steps));
        }
    }

    fn advance(&self, steps: u64) {
        self.done.fetch_add(steps, Ordering::Relaxed);
    }

    fn end(&self) {
        self.clear();
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.clear();
    }
}

fn label(stage: Stage) -> &'static str {
    match stage {
        Stage::Idle => "watching idle",
        Stage::Load => "loading the model",
        Stage::Warmup => "warming up",
        Stage::Measure => "measuring",
        Stage::Calibrate => "calibrating",
        Stage::Save => "saving",
    }
}

fn counted() -> ProgressStyle {
    ProgressStyle::with_template("{msg:<18} {bar:30} {pos}/{len} requests, {eta} left").expect("the template is a constant")
}

fn timed() -> ProgressStyle {
    ProgressStyle::with_template("{msg:<18} {bar:30} {eta} left").expect("the template is a constant")
}

fn spinning() -> ProgressStyle {
    ProgressStyle::with_template("{msg:<18} {spinner} {elapsed}").expect("the template is a constant")
}

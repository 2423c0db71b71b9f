//! When requests start: in whole batches, as places fall free, or at instants that were drawn beforehand.

use super::alarm::Alarm;
use futures_util::stream::{FuturesUnordered, Stream};
use lem_domain::Timestamp;
use lem_domain::protocol::{Interrupt, RunControl};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::{Future, poll_fn};
use std::io;
use std::ops::Range;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

/// When requests of a run may start.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Whole batches, each when the one before has ended.
    Batches(Vec<Range<usize>>),
    /// As places fall free: so many, which come into being evenly over the ramp.
    Closed { places: usize, ramp: Duration },
    /// At instants after the window opened, and no more than so many at once.
    Open { instants: Vec<Duration>, places: Option<usize> },
}

/// Whether the next request may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    /// It may; it was meant to start then.
    Now(Timestamp),
    /// Not before this instant.
    At(Timestamp),
    /// Not before another one ends.
    Later,
}

/// Keeps count of places.
struct Gate<'a> {
    shape: &'a Shape,
    opened: Timestamp,
    /// Instants from which places are free, the earliest first; of no use where there is no limit.
    places: BinaryHeap<Reverse<Timestamp>>,
    /// When the last request ended.
    last_end: Timestamp,
    /// End of the batch that runs.
    batch_end: usize,
}

impl<'a> Gate<'a> {
    fn new(shape: &'a Shape, opened: Timestamp) -> Self {
        let place = |index: usize, places: usize, ramp: Duration| {
            let share = u32::try_from(index).unwrap_or(u32::MAX);
            let of = u32::try_from(places).unwrap_or(u32::MAX).max(1);
            Reverse(opened.after(ramp.mul_f64(f64::from(share) / f64::from(of))))
        };
        let places = match shape {
            Shape::Batches(_) | Shape::Open { places: None, .. } => BinaryHeap::new(),
            Shape::Closed { places, ramp } => (0..*places).map(|index| place(index, *places, *ramp)).collect(),
            Shape::Open { places: Some(places), .. } => (0..*places).map(|index| place(index, *places, Duration::ZERO)).collect(),
        };
        Self { shape, opened, places, last_end: opened, batch_end: 0 }
    }

    /// Whether a request may start beside `running` others; it takes its place where it may.
    fn admit(&mut self, request: usize, running: usize, now: Timestamp) -> Admission {
        match self.shape {
            Shape::Batches(batches) => {
                if request >= self.batch_end {
                    if running > 0 {
                        return Admission::Later;
                    }
                    self.batch_end = batches.iter().find(|batch| batch.contains(&request)).map_or(request + 1, |batch| batch.end);
                }
                Admission::Now(self.last_end)
            }
            Shape::Closed { .. } => match self.places.peek() {
                None => Admission::Later,
                Some(&Reverse(free)) if free > now => Admission::At(free),
                Some(&Reverse(free)) => {
                    self.places.pop();
                    Admission::Now(free)
                }
            },
            Shape::Open { instants, places } => {
                let meant = self.opened.after(instants.get(request).copied().unwrap_or_default());
                if meant > now {
                    return Admission::At(meant);
                }
                if places.is_some() && self.places.pop().is_none() {
                    return Admission::Later;
                }
                Admission::Now(meant)
            }
        }
    }

    /// A request ended.
    fn ended(&mut self, at: Timestamp) {
        self.last_end = self.last_end.max(at);
        self.places.push(Reverse(at));
    }
}

/// What woke the dispatcher.
enum Woken {
    /// A request ended, at this instant.
    Ended(Timestamp),
    /// The alarm rang, or it is time to look at the interrupt.
    Time,
}

/// Starts `requests` requests as a shape says and waits for their ends. `start` makes the work of a request that was meant to
/// start at an instant; the work gives the instant of its end. An interrupt drops what runs.
pub(super) async fn dispatch<F: Future<Output = Timestamp>>(
    shape: &Shape,
    requests: usize,
    control: RunControl<'_>,
    start: impl Fn(usize, Timestamp) -> F,
) -> io::Result<()> {
    let alarm = Alarm::new()?;
    let mut gate = Gate::new(shape, control.clock.now());
    let mut running = FuturesUnordered::new();
    let mut next = 0;
    loop {
        let mut wake = None;
        while next < requests && !control.interrupt.is_raised() {
            match gate.admit(next, running.len(), control.clock.now()) {
                Admission::Now(meant) => {
                    running.push(start(next, meant));
                    next += 1;
                }
                Admission::At(instant) => {
                    wake = Some(instant);
                    break;
                }
                Admission::Later => break,
            }
        }
        if control.interrupt.is_raised() || (next == requests && running.is_empty()) {
            return Ok(());
        }
        if let Woken::Ended(at) = wait(&mut running, wake, &alarm, control).await? {
            gate.ended(at);
            control.progress.advance(1);
        }
    }
}

async fn wait<F: Future<Output = Timestamp>>(
    running: &mut FuturesUnordered<F>,
    wake: Option<Timestamp>,
    alarm: &Alarm,
    control: RunControl<'_>,
) -> io::Result<Woken> {
    // An interrupt comes from another thread, which wakes nobody here.
    let look = control.clock.now().after(Interrupt::STEP);
    let mut ringing = pin!(alarm.wait_until(wake.map_or(look, |wake| wake.min(look))));
    poll_fn(move |context| {
        if !running.is_empty()
            && let Poll::Ready(Some(at)) = Pin::new(&mut *running).poll_next(context)
        {
            return Poll::Ready(Ok(Woken::Ended(at)));
        }
        ringing.as_mut().poll(context).map_ok(|()| Woken::Time)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use Admission::{At, Later, Now};

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_batch_waits_for_the_one_before() {
        let shape = Shape::Batches(vec![0..2, 2..3]);
        let mut gate = Gate::new(&shape, at(5));
        assert_eq!((gate.admit(0, 0, at(6)), gate.admit(1, 1, at(6))), (Now(at(5)), Now(at(5))));
        assert_eq!(gate.admit(2, 2, at(6)), Later);
        gate.ended(at(9));
        assert_eq!(gate.admit(2, 1, at(9)), Later);
        gate.ended(at(8));
        assert_eq!(gate.admit(2, 0, at(10)), Now(at(9)));
    }

    #[test]
    fn a_closed_loop_starts_when_a_place_fell_free() {
        let shape = Shape::Closed { places: 2, ramp: Duration::from_millis(10) };
        let mut gate = Gate::new(&shape, at(0));
        assert_eq!(gate.admit(0, 0, at(1)), Now(at(0)));
        assert_eq!(gate.admit(1, 1, at(1)), At(at(5)));
        gate.ended(at(3));
        assert_eq!(gate.admit(1, 0, at(4)), Now(at(3)));
        assert_eq!(gate.admit(2, 1, at(6)), Now(at(5)));
        assert_eq!(gate.admit(3, 2, at(7)), Later);
    }

    #[test]
    fn an_open_loop_keeps_to_its_instants_whatever_runs() {
        let instants = [0, 10, 10].map(Duration::from_millis).to_vec();
        let free = Shape::Open { instants: instants.clone(), places: None };
        let mut gate = Gate::new(&free, at(100));
        assert_eq!((gate.admit(0, 0, at(101)), gate.admit(1, 1, at(101))), (Now(at(100)), At(at(110))));
        assert_eq!((gate.admit(1, 1, at(120)), gate.admit(2, 2, at(120))), (Now(at(110)), Now(at(110))));

        let capped = Shape::Open { instants, places: Some(1) };
        let mut gate = Gate::new(&capped, at(100));
        assert_eq!(gate.admit(0, 0, at(100)), Now(at(100)));
        assert_eq!(gate.admit(1, 1, at(110)), Later);
        gate.ended(at(130));
        assert_eq!(gate.admit(1, 0, at(130)), Now(at(110)), "it was meant to start long before there was a place");
    }
}

//! Whether an energy is as precise as was asked for.

use super::EnergyReading;
use crate::quantity::{Quantity, Validity};
use crate::units::{Joules, Seconds};

/// Marks an energy whose random part is wider than was asked for. Where all that is read are counters, only the edges are
/// unknown, which do not grow with the window: then it says how long a window would do.
pub(in crate::derive) fn precise_enough(
    total: Quantity<Joules>,
    read: &[&EnergyReading],
    asked: Option<f64>,
    span: Seconds,
) -> Quantity<Joules> {
    let (Some(energy), Some(uncertainty), Some(asked)) = (total.value(), total.uncertainty(), asked) else {
        return total;
    };
    let half_width = uncertainty.random_half_width_95();
    let allowed = asked * energy.get().abs();
    if half_width <= allowed {
        return total;
    }
    let percent = |joules: f64| 100.0 * joules / energy.get().abs();
    let reached = if energy.get() == 0.0 { format!("±{half_width:.3} J") } else { format!("±{:.2} %", percent(half_width)) };
    let remedy = if energy.get() != 0.0 && read.iter().all(|reading| reading.is_counted()) {
        format!("; a window of about {:.1} s would reach it", span.get() * half_width / allowed)
    } else {
        String::new()
    };
    let reason = format!("the random part is {reached}, more than the ±{:.2} % asked for{remedy}", 100.0 * asked);
    total.judged(Validity::Limited(reason))
}

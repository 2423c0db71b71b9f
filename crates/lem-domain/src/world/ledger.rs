//! The ground truth of a virtual machine: static power plus what its engine did, as a function of time.

use crate::spec::EnergyLaw;
use crate::time::{TimeWindow, Timestamp};
use crate::units::{Joules, Watts};
use crate::world::Waveform;
use std::sync::Mutex;

/// A virtual machine's power over time. The engine writes what it will do before time passes; sensors read.
#[derive(Debug)]
pub struct World {
    law: EnergyLaw,
    /// Power that flows whatever the engine does.
    base: Waveform,
    activities: Mutex<Vec<Activity>>,
}

/// A stretch of work at constant power, in order of time and disjoint.
#[derive(Clone, Copy, Debug)]
struct Activity {
    window: TimeWindow,
    dynamic: Watts,
    /// Dynamic energy of everything before this activity.
    energy_before: Joules,
}

impl World {
    /// An idle machine under a law: its base power is the law's static power.
    #[must_use]
    pub fn new(law: EnergyLaw) -> Self {
        Self::on(Waveform::Flat(law.static_power), law)
    }

    /// An idle machine whose base power varies, as that of a real one does.
    #[must_use]
    pub fn on(base: Waveform, law: EnergyLaw) -> Self {
        Self { law, base, activities: Mutex::new(Vec::new()) }
    }

    /// The law.
    #[must_use]
    pub fn law(&self) -> EnergyLaw {
        self.law
    }

    /// Spends dynamic energy evenly over a window that starts no earlier than the last one ended.
    ///
    /// # Panics
    /// When it does, or when the window is empty: the engine, which is the only caller, moves forward in time.
    pub fn spend(&self, window: TimeWindow, energy: Joules) {
        let dynamic = energy.over(window.span()).expect("work takes time");
        let mut activities = self.activities.lock().expect("no holder of the ledger panics");
        let energy_before = activities.last().map_or(Joules::new(0.0), |last| {
            assert!(last.window.end <= window.start, "work of a virtual engine does not overlap");
            last.energy_before + last.dynamic * last.window.span()
        });
        activities.push(Activity { window, dynamic, energy_before });
    }

    /// True power at an instant.
    #[must_use]
    pub fn power_at(&self, at: Timestamp) -> Watts {
        let activities = self.activities.lock().expect("no holder of the ledger panics");
        let started = activities.partition_point(|activity| activity.window.start <= at);
        let running = started.checked_sub(1).map(|last| activities[last]).filter(|activity| at < activity.window.end);
        self.base.power_at(at) + running.map_or(Watts::new(0.0), |activity| activity.dynamic)
    }

    /// True energy from the clock's origin to an instant.
    #[must_use]
    pub fn energy_to(&self, at: Timestamp) -> Joules {
        let activities = self.activities.lock().expect("no holder of the ledger panics");
        let started = activities.partition_point(|activity| activity.window.start <= at);
        let dynamic = started.checked_sub(1).map_or(Joules::new(0.0), |last| {
            let activity = activities[last];
            activity.energy_before + activity.dynamic * at.min(activity.window.end).since(activity.window.start)
        });
        self.base.energy_over(TimeWindow { start: Timestamp::default(), end: at }) + dynamic
    }

    /// True energy over a window.
    #[must_use]
    pub fn energy_over(&self, window: TimeWindow) -> Joules {
        self.energy_to(window.end) - self.energy_to(window.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn window(start: u64, end: u64) -> TimeWindow {
        TimeWindow { start: at(start), end: at(end) }
    }

    #[test]
    fn power_and_energy_are_the_law_plus_what_was_spent() {
        let law = EnergyLaw {
            static_power: Watts::new(50.0),
            prefill_token: Joules::new(0.1),
            output_token: Joules::new(1.0),
            context_token: Joules::new(0.0),
        };
        let world = World::new(law);
        world.spend(window(1_000, 1_500), Joules::new(100.0));
        world.spend(window(2_000, 3_000), Joules::new(30.0));
        for (millis, watts) in [(0, 50.0), (1_000, 250.0), (1_499, 250.0), (1_500, 50.0), (2_500, 80.0), (9_000, 50.0)] {
            assert_eq!(world.power_at(at(millis)), Watts::new(watts), "at {millis} ms");
        }
        assert_eq!(world.energy_over(window(0, 4_000)), Joules::new(330.0));
        assert_eq!(world.energy_over(window(1_250, 2_500)), Joules::new(62.5 + 50.0 + 15.0));

        let ramp = Waveform::Ramp { start: Watts::new(10.0), watts_per_second: 2.0 };
        let warming = World::on(ramp, law);
        warming.spend(window(1_000, 2_000), Joules::new(100.0));
        assert_eq!(warming.power_at(at(1_500)), Watts::new(113.0));
        assert_eq!(warming.energy_over(window(0, 4_000)), Joules::new(156.0));
    }
}

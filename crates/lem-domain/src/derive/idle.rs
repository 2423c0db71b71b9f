//! What the machine drew while idle, and what running cost beyond that (MEASUREMENT.md §4).

use super::energy::{EnergyReading, headline, read_energy};
use crate::identity::DeviceId;
use crate::idle::{IdleLevel, IdleState};
use crate::quantity::{Boundary, Quantity};
use crate::record::HostRecord;
use crate::sensor::SensorDescriptor;
use crate::uncertainty::Uncertainty;
use crate::units::{Joules, JoulesPerToken, Seconds, Tokens, Unit, Watts};
use std::collections::BTreeSet;

/// The power of one sensor in one idle state.
#[derive(Clone, Debug, PartialEq)]
pub struct IdleReading {
    /// The state.
    pub state: IdleState,
    /// The device.
    pub device: DeviceId,
    /// What the device is called.
    pub device_name: String,
    /// The sensor's name below its device.
    pub sensor: String,
    /// What the power covers.
    pub boundary: Boundary,
    /// Mean over the time in which the state was watched.
    pub power: Quantity<Watts>,
    /// Whether it was found earlier and kept.
    pub kept: bool,
}

/// Energy beyond that of an idle state: secondary to the gross energy, never floored, negative where the window drew less.
#[derive(Clone, Debug, PartialEq)]
pub struct MarginalEnergy {
    /// The state whose power is subtracted.
    pub state: IdleState,
    /// Gross energy − Σ idle power of the very same sensors × window.
    pub energy: Quantity<Joules>,
    /// The same ÷ output tokens.
    pub per_output_token: Quantity<JoulesPerToken>,
}

/// The gross energy of a window and what it is made of.
pub(super) struct Gross<'a> {
    pub(super) total: &'a Quantity<Joules>,
    pub(super) readings: &'a [EnergyReading],
    pub(super) span: Seconds,
    pub(super) output: Tokens,
}

/// The idle power that all cycles know of. What one cycle watched the others only refer to, so it stands once.
pub(super) fn idle_of_cycles<'a>(hosts: impl Iterator<Item = &'a HostRecord>) -> Vec<IdleReading> {
    let (watched, kept): (Vec<_>, Vec<_>) = hosts.flat_map(idle_readings).partition(|reading| !reading.kept);
    let mut known: Vec<IdleReading> = Vec::new();
    // An experiment that was taken up again has watched its states more than once.
    for reading in watched.into_iter().chain(kept) {
        let is_same = |other: &IdleReading| {
            other.state == reading.state
                && other.device == reading.device
                && other.sensor == reading.sensor
                && other.boundary == reading.boundary
        };
        if !known.iter().any(is_same) {
            known.push(reading);
        }
    }
    known
}

/// The power of every energy sensor in every state that was watched, then the levels that were kept. A level of a sensor
/// that this session did not read is left out: nothing can be subtracted from it.
pub(super) fn idle_readings(host: &HostRecord) -> Vec<IdleReading> {
    let watched = host.idle.iter().flat_map(|idle| {
        let span = idle.window.span();
        read_energy(&host.meter, idle.window, &[], &[]).into_iter().map(move |reading| IdleReading {
            state: idle.state,
            power: reading.energy.per(span.get(), |energy| energy.over(span), "energy ÷ idle window", "the idle window is empty"),
            device: reading.device,
            device_name: reading.device_name,
            sensor: reading.sensor,
            boundary: reading.boundary,
            kept: false,
        })
    });
    let kept = host.kept_idle.iter().filter_map(|level| {
        let sensor = host.meter.sensors.iter().find(|sensor| sensor.device == level.device && sensor.name == level.sensor)?;
        Some(kept_reading(level, sensor))
    });
    watched.chain(kept).collect()
}

/// The device is the same, so its sensor's gain is that of today.
fn kept_reading(level: &IdleLevel, sensor: &SensorDescriptor) -> IdleReading {
    let systematic = Uncertainty::rectangular(sensor.gain.half_width * level.power.get());
    let power = Quantity::present(level.power, sensor.grade().combine(sensor.grade()), "idle power kept from an earlier run")
        .with_uncertainty(Uncertainty::new(systematic, level.random_w))
        .within(sensor.boundary);
    IdleReading {
        state: level.state,
        device: sensor.device.clone(),
        device_name: sensor.device_name.clone(),
        sensor: sensor.name.clone(),
        boundary: sensor.boundary,
        power,
        kept: true,
    }
}

/// The marginal energy for each state of which anything is known.
pub(super) fn marginal(gross: &Gross<'_>, idle: &[IdleReading]) -> Vec<MarginalEnergy> {
    let states = IdleState::ALL.iter().copied().filter(|&state| idle.iter().any(|reading| reading.state == state));
    let beyond = |state| {
        let energy = difference(gross, idle, state);
        let per_output_token = energy.per(
            gross.output.value(),
            |joules| JoulesPerToken::of(joules, gross.output),
            "marginal energy ÷ output tokens",
            "no output token in the window",
        );
        MarginalEnergy { state, energy, per_output_token }
    };
    states.map(beyond).collect()
}

fn difference(gross: &Gross<'_>, idle: &[IdleReading], state: IdleState) -> Quantity<Joules> {
    let Some(boundary) = gross.total.boundary().filter(|_| gross.total.value().is_some()) else {
        return gross.total.per(1.0, Some, "", "");
    };
    let unavailable = |reason: String| Quantity::unavailable(reason).within(boundary);
    let Some(parts) = parts(gross) else {
        return unavailable("which sensors the gross energy comes from cannot be told".to_owned());
    };
    let mut net = Joules::default();
    let (mut grade, mut validity) = (gross.total.grade(), gross.total.validity().clone());
    let mut uncertainties = Some(Vec::with_capacity(parts.len()));
    for part in parts {
        let Some(power) = idle_power(part, idle, state) else {
            return unavailable(format!("{}: `{}` was not watched in the state {state}", part.device_name, part.sensor));
        };
        let (Some(energy), Some(watts)) = (part.energy.value(), power.value()) else {
            let reason = power.absence().unwrap_or("no energy");
            return unavailable(format!("{}: no idle power of `{}`: {reason}", part.device_name, part.sensor));
        };
        let beyond = energy - watts * gross.span;
        net = net + beyond;
        grade = grade.combine(power.grade());
        validity = validity.combine(power.validity().clone());
        uncertainties = uncertainties.zip(uncertainty_of_difference(part, power, beyond, gross.span)).map(|(mut all, one)| {
            all.push(one);
            all
        });
    }
    let energy = Quantity::present(net, grade, format!("energy − idle power ({state}) × window")).within(boundary).judged(validity);
    match uncertainties {
        Some(parts) => energy.with_uncertainty(Uncertainty::sum_of_correlated(parts)),
        None => energy,
    }
}

/// Both terms come from one sensor, so its gain cancels as far as they are equal and weighs on the difference alone; what
/// is random in them adds up. `None` where one of them has no uncertainty.
fn uncertainty_of_difference(part: &EnergyReading, power: &Quantity<Watts>, beyond: Joules, span: Seconds) -> Option<Uncertainty> {
    let (energy, of_energy) = (part.energy.value()?.get(), part.energy.uncertainty()?);
    let of_idle = power.uncertainty()?.scaled(span.get());
    // Of an energy of zero the share of the gain is not known; what is known of it is kept whole.
    let systematic = if energy == 0.0 { of_energy.systematic } else { of_energy.systematic / energy.abs() * beyond.get().abs() };
    Some(Uncertainty::new(systematic, of_energy.random.hypot(of_idle.random)))
}

/// The readings whose sum the gross energy is. The headline of one device alone is the reading that it takes of that
/// device, so the headline itself says which they are; `None` where they do not add up to it.
fn parts<'a>(gross: &Gross<'a>) -> Option<Vec<&'a EnergyReading>> {
    let inside = || gross.readings.iter().filter(|reading| Some(reading.boundary) == gross.total.boundary());
    let devices: BTreeSet<&DeviceId> = inside().map(|reading| &reading.device).collect();
    let taken = |device: &&DeviceId| {
        let of_device: Vec<EnergyReading> = inside().filter(|reading| reading.device == **device).cloned().collect();
        let best = headline(&of_device, |reading| &reading.energy);
        inside().find(|reading| reading.device == **device && reading.energy == best)
    };
    let parts: Vec<&EnergyReading> = devices.iter().map(taken).collect::<Option<_>>()?;
    let sum: Joules = parts.iter().filter_map(|reading| reading.energy.value()).sum();
    let total = gross.total.value()?;
    // The order of the sum may differ, and with it the last digits.
    ((sum - total).get().abs() <= 1e-9 * total.get().abs()).then_some(parts)
}

/// What the sensor of a reading drew in a state: of several figures the last one that was found in this very run, else
/// the last one kept, else the one that says why there is none.
fn idle_power<'a>(part: &EnergyReading, idle: &'a [IdleReading], state: IdleState) -> Option<&'a Quantity<Watts>> {
    let own = idle.iter().filter(|reading| reading.state == state && reading.device == part.device && reading.sensor == part.sensor);
    own.max_by_key(|reading| (reading.power.value().is_some(), !reading.kept)).map(|reading| &reading.power)
}

#[cfg(test)]
mod tests;

//! What earlier calibration found, put in place of what would be assumed.

use crate::source::{Preferences, Probe};
use crate::survey::Device;
use lem_domain::profile::{BoardProfile, Found, ProfileKey, SensorProfile};
use lem_domain::sensor::{PowerMeaning, SensorDescriptor, SensorKind};
use lem_domain::spec::EnergySource;
use lem_domain::{Finding, FindingCode, Severity};
use std::time::{Duration, SystemTime};

/// Puts a profile's figures into the descriptor of the sensor that they were found for. What the profile does not know
/// stays as it was assumed.
pub(crate) fn apply(descriptor: &mut SensorDescriptor, profile: &BoardProfile) {
    let Some(found) = sensor(profile, &descriptor.name) else { return };
    if let Some(period) = found.update_period.value() {
        descriptor.update_period = period;
    }
    if let Some(resolution) = found.resolution.value() {
        descriptor.resolution = resolution;
    }
    if let SensorKind::Power(meaning) = &mut descriptor.kind {
        *meaning = better_meaning(*meaning, &found.averaging_window);
    }
    descriptor.source += &format!("; calibrated on {}", date(profile.at));
}

/// The window that was found, unless what is documented lies within what was found: that is then the exacter one.
fn better_meaning(documented: PowerMeaning, found: &Found<Duration>) -> PowerMeaning {
    let Found::Value { value, half_width } = *found else { return documented };
    let window = match documented {
        PowerMeaning::Instant => Duration::ZERO,
        PowerMeaning::Averaged(window) => window,
    };
    if window.abs_diff(value) <= half_width { documented } else { PowerMeaning::Averaged(value) }
}

/// Says of every device whether it is calibrated, and of one that was calibrated with another driver that this is not used.
pub(crate) fn tell(probe: &mut Probe, preferences: &Preferences) {
    let Probe { devices, findings, .. } = probe;
    let of_sensors = |device: &&mut Device| {
        let is_measured = !matches!(device.source, EnergySource::Estimate | EnergySource::Virtual);
        is_measured && device.sensors.iter().any(SensorDescriptor::tells_energy)
    };
    for device in devices.iter_mut().filter(of_sensors) {
        let of_board = preferences.profiles.iter().filter(|profile| profile.key.board == device.key.board);
        if let Some(profile) = preferences.profile(&device.key) {
            let load = profile.load.as_deref().unwrap_or("none");
            device.facts.push(("calibrated".to_owned(), format!("on {}, load: {load}", date(profile.at))));
        } else if let Some(other) = of_board.max_by_key(|profile| profile.at) {
            let (was, is) = differing(&other.key, &device.key);
            let reason = format!("the profile of {} was made with {was}, and this is {is}", date(other.at));
            device.facts.push(("not calibrated".to_owned(), reason.clone()));
            let message = format!("{}: {reason}, so it is not used", device.name);
            let finding = Finding::new(FindingCode::ProfileOutdated, Severity::Info, message);
            findings.push(finding.with_hint("`lem calibrate` makes a profile for this driver"));
        }
    }
}

/// What two keys of one board differ by.
fn differing<'a>(was: &'a ProfileKey, is: &'a ProfileKey) -> (&'a str, &'a str) {
    fn named(firmware: &str) -> &str {
        if firmware.is_empty() { "firmware of unknown version" } else { firmware }
    }
    if was.driver == is.driver { (named(&was.firmware), named(&is.firmware)) } else { (&was.driver, &is.driver) }
}

/// The day of an instant, in UTC.
fn date(at: SystemTime) -> String {
    let instant = jiff::Timestamp::try_from(at).map(|instant| instant.strftime("%Y-%m-%d").to_string());
    instant.unwrap_or_else(|_| "an unknown day".to_owned())
}

/// [`apply`] to the sensors of one reader, which share an interval: the one that suits the fastest of those whose period
/// was measured.
pub(crate) fn calibrate(descriptors: &mut [SensorDescriptor], key: &ProfileKey, preferences: &Preferences) {
    let profile = preferences.profile(key);
    let periods =
        profile.into_iter().flat_map(|profile| descriptors.iter().filter_map(|one| sensor(profile, &one.name)?.update_period.value()));
    let interval = preferences.interval(periods.filter(|period| !period.is_zero()).min());
    for descriptor in descriptors {
        descriptor.interval = interval;
        if let Some(profile) = profile {
            apply(descriptor, profile);
        }
    }
}

fn sensor<'a>(profile: &'a BoardProfile, name: &str) -> Option<&'a SensorProfile> {
    profile.sensors.iter().find(|sensor| sensor.sensor == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::sensor::{Gain, SourceStatus, Stamp};
    use lem_domain::{Boundary, DeviceId};

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn power(name: &str) -> SensorDescriptor {
        SensorDescriptor {
            name: name.to_owned(),
            device: DeviceId::new("GPU-1"),
            device_name: "Board".to_owned(),
            kind: SensorKind::Power(PowerMeaning::Averaged(millis(1_000))),
            boundary: Boundary::GpuBoard,
            update_period: millis(100),
            stamp: Stamp::Read,
            interval: Duration::ZERO,
            resolution: 0.001,
            gain: Gain { half_width: 0.1, source: "assumed".to_owned() },
            source: "a test".to_owned(),
        }
    }

    fn key() -> ProfileKey {
        ProfileKey { board: "Board".to_owned(), driver: "nvidia 580.1".to_owned(), firmware: "96".to_owned() }
    }

    fn preferences(interval: Option<Duration>) -> Preferences {
        let unknown = || "not looked for".to_owned();
        let sensor = SensorProfile {
            sensor: "power".to_owned(),
            update_period: Found::Value { value: millis(20), half_width: millis(1) },
            averaging_window: Found::Value { value: millis(250), half_width: millis(10) },
            lag: Found::Unknown(unknown()),
            resolution: Found::Value { value: 0.5, half_width: 0.0 },
            read_latency: Found::Unknown(unknown()),
            counter_ratio: Found::Unknown(unknown()),
            idle: Vec::new(),
        };
        let at = SystemTime::UNIX_EPOCH;
        let profile = BoardProfile { key: key(), at, tool_version: "0".to_owned(), load: None, sensors: vec![sensor] };
        Preferences { interval, cpu_power: None, profiles: vec![profile] }
    }

    #[test]
    fn a_profile_replaces_what_was_assumed_of_its_own_sensor_alone() {
        let mut sensors = [power("power"), power("other")];
        calibrate(&mut sensors, &key(), &preferences(None));
        let [known, other] = sensors;
        assert_eq!((known.update_period, known.kind), (millis(20), SensorKind::Power(PowerMeaning::Averaged(millis(250)))));
        assert!((known.resolution - 0.5).abs() < 1e-12);
        assert_eq!((known.source.as_str(), other.source.as_str()), ("a test; calibrated on 1970-01-01", "a test"));
        assert_eq!((other.update_period, other.kind), (millis(100), SensorKind::Power(PowerMeaning::Averaged(millis(1_000)))));
        // One reader, one interval: half the measured period.
        assert_eq!((known.interval, other.interval), (millis(10), millis(10)));
    }

    #[test]
    fn an_asked_interval_wins_and_another_board_has_no_profile() {
        let mut sensors = [power("power")];
        calibrate(&mut sensors, &key(), &preferences(Some(millis(7))));
        assert_eq!((sensors[0].interval, sensors[0].update_period), (millis(7), millis(20)));
        let mut sensors = [power("power")];
        calibrate(&mut sensors, &ProfileKey { driver: "nvidia 580.2".to_owned(), ..key() }, &preferences(None));
        assert_eq!((sensors[0].interval, sensors[0].update_period), (crate::source::UNMEASURED_INTERVAL, millis(100)));
    }

    #[test]
    fn a_documented_window_that_calibration_agrees_with_stays() {
        let check = |documented, value, half_width, expected| {
            let found = Found::Value { value: millis(value), half_width: millis(half_width) };
            assert_eq!(better_meaning(documented, &found), expected, "{documented:?}, found {value} ± {half_width} ms");
        };
        let (second, instant) = (PowerMeaning::Averaged(millis(1_000)), PowerMeaning::Instant);
        check(second, 990, 15, second);
        check(second, 900, 15, PowerMeaning::Averaged(millis(900)));
        check(instant, 2, 3, instant);
        check(instant, 25, 3, PowerMeaning::Averaged(millis(25)));
        assert_eq!(better_meaning(second, &Found::Unknown("no load".to_owned())), second);
    }

    fn device(key: ProfileKey, source: EnergySource) -> Device {
        Device {
            id: DeviceId::new("GPU-1"),
            name: key.board.clone(),
            source,
            index: Some(0),
            visible: true,
            key,
            facts: Vec::new(),
            sensors: vec![power("power")],
            problem: None,
            parts: Vec::new(),
        }
    }

    #[test]
    fn a_device_says_whether_it_is_calibrated_and_why_a_profile_is_not_used() {
        let check = |key: ProfileKey, source, fact: Option<(&str, &str)>, is_outdated: bool| {
            let mut probe = Probe { devices: vec![device(key, source)], ..Probe::without(SourceStatus::Works) };
            tell(&mut probe, &preferences(None));
            let told = probe.devices[0].facts.first().map(|(name, value)| (name.as_str(), value.as_str()));
            assert_eq!(told, fact);
            let codes: Vec<_> = probe.findings.iter().map(|finding| finding.code).collect();
            assert_eq!(codes, if is_outdated { vec![FindingCode::ProfileOutdated] } else { vec![] });
        };
        let nvml = EnergySource::Nvml;
        check(key(), nvml, Some(("calibrated", "on 1970-01-01, load: none")), false);
        let newer = ProfileKey { driver: "nvidia 580.2".to_owned(), ..key() };
        let reason = "the profile of 1970-01-01 was made with nvidia 580.1, and this is nvidia 580.2";
        check(newer, nvml, Some(("not calibrated", reason)), true);
        let other_firmware = ProfileKey { firmware: String::new(), ..key() };
        let reason = "the profile of 1970-01-01 was made with 96, and this is firmware of unknown version";
        check(other_firmware, nvml, Some(("not calibrated", reason)), true);
        check(ProfileKey { board: "Other".to_owned(), ..key() }, nvml, None, false);
        check(key(), EnergySource::Estimate, None, false);
    }
}

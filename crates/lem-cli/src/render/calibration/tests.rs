//! Profiles as they are shown, listed and held against each other.

use super::*;
use lem_domain::idle::IdleState;
use lem_domain::profile::{Found, SensorProfile};
use lem_domain::units::Watts;
use lem_results::ProfileFolder;
use std::time::Duration;

fn found<T>(value: T, half_width: T) -> Found<T> {
    Found::Value { value, half_width }
}

fn unknown<T>(reason: &str) -> Found<T> {
    Found::Unknown(reason.to_owned())
}

fn counter() -> SensorProfile {
    let micros = Duration::from_micros;
    SensorProfile {
        sensor: "total-energy".to_owned(),
        update_period: found(micros(100_020), micros(40)),
        averaging_window: unknown("a counter is no mean: it counts"),
        lag: found(micros(1_200), micros(2_300)),
        resolution: found(0.001, 0.0),
        read_latency: found(micros(38), micros(2)),
        counter_ratio: unknown("it is a counter itself"),
        idle: vec![(IdleState::DriverOnly, found(Watts::new(68.42), Watts::new(0.31)))],
    }
}

fn power() -> SensorProfile {
    SensorProfile {
        sensor: "power-instant".to_owned(),
        averaging_window: unknown("no load went on and off"),
        lag: unknown("no load went on and off"),
        counter_ratio: found(1.012_3, 0.004_1),
        resolution: unknown("the value shows no steps"),
        ..counter()
    }
}

fn profile(sensors: Vec<SensorProfile>) -> BoardProfile {
    BoardProfile {
        key: ProfileKey { board: "Board".to_owned(), driver: "nvidia 580.1".to_owned(), firmware: "96.00".to_owned() },
        at: SystemTime::UNIX_EPOCH,
        tool_version: "0.1.0".to_owned(),
        load: Some("./burn".to_owned()),
        sensors,
    }
}

fn board(stored: Option<&str>, lost: &[&str], changes: Option<Vec<String>>) -> Board {
    let lost = lost.iter().map(|lost| (*lost).to_owned()).collect();
    Board { profile: profile(vec![counter(), power()]), stored: stored.map(PathBuf::from), lost, changes }
}

#[test]
fn figures_stand_in_columns_and_reasons_below_once_each() {
    let expected = "\
Board (nvidia 580.1, 96.00), load: ./burn
  sensor         updated every       mean over  lag           step (J, W)  read takes     counter ÷ this   idle
  total-energy   100.020 ± 0.040 ms  -          1.2 ± 2.3 ms  0.001000     38.0 ± 2.0 µs  -                68.42 ± 0.31 W
  power-instant  100.020 ± 0.040 ms  -          -             -            38.0 ± 2.0 µs  1.0123 ± 0.0041  68.42 ± 0.31 W
  - total-energy averaging window: a counter is no mean: it counts
  - total-energy counter ratio: it is a counter itself
  - power-instant averaging window, power-instant lag: no load went on and off
  - power-instant step: the value shows no steps
";
    assert_eq!(tables(&[board(Some("x"), &[], None)]), expected);
}

#[test]
fn what_became_of_a_profile_is_said() {
    let stored = notes(&[board(Some("/data/x.json"), &[], None)]);
    assert_eq!(stored, "Board: stored in /data/x.json\n  there was no profile before\n");
    let same = notes(&[board(Some("/data/x.json"), &[], Some(Vec::new()))]);
    assert!(same.ends_with("nothing else differs from the profile before by more than is stated\n"), "{same}");
    let less = notes(&[board(None, &["lag of power-instant"], Some(vec!["x is new".to_owned()]))]);
    assert!(less.contains("not stored: the profile before knows what this one does not: lag of power-instant\n"), "{less}");
    let replaced = notes(&[board(Some("/data/x.json"), &["lag of x"], Some(Vec::new()))]);
    assert!(replaced.contains("stored in /data/x.json\n  no longer known: lag of x\n"), "{replaced}");
    assert!(less.contains("`--replace`") && less.ends_with("  changed: x is new\n"), "{less}");
}

#[test]
fn two_profiles_differ_by_what_their_intervals_do_not_allow() {
    let (before, millis) = (profile(vec![counter(), power()]), Duration::from_millis);
    assert_eq!((lost(&before, &before), changes(&before, &before)), (vec![], vec![]));
    let slower = SensorProfile { update_period: found(millis(102), millis(1)), read_latency: found(millis(9), millis(1)), ..counter() };
    let seen = SensorProfile { lag: found(millis(12), millis(1)), counter_ratio: unknown("no load went on and off"), ..power() };
    let after = profile(vec![slower, seen]);
    assert_eq!(lost(&before, &after), ["counter ratio of power-instant"]);
    let expected =
        ["total-energy update period 102.0 ± 1.0 ms, before 100.020 ± 0.040 ms", "power-instant lag 12.0 ± 1.0 ms, before unknown"];
    assert_eq!(changes(&before, &after), expected);
    let other = profile(vec![counter(), SensorProfile { sensor: "module-power".to_owned(), ..power() }]);
    assert_eq!(changes(&before, &other), ["module-power is new", "power-instant is gone"]);
    assert!(lost(&before, &other).contains(&"counter ratio of power-instant".to_owned()));
}

#[test]
fn json_names_are_stable_and_absent_is_null() {
    let folder = ProfileFolder::new("/nowhere".into());
    let boards = [board(Some("/data/x.json"), &[], None), board(None, &["lag of x"], Some(Vec::new()))];
    let json = serde_json::to_value(report(&boards, &folder).expect("finite")).expect("plain data");
    let [first, second] = [&json["boards"][0], &json["boards"][1]];
    assert_eq!(
        (&first["stored"], &first["lost"], &first["changes"]),
        (&"/data/x.json".into(), &serde_json::json!([]), &serde_json::Value::Null)
    );
    assert!(second["stored"].is_null() && second["changes"] == serde_json::json!([]), "{second}");
    let lag = &first["profile"]["sensors"][0]["lag_ns"];
    assert_eq!(lag, &serde_json::json!({ "value": 1_200_000, "half_width": 2_300_000, "reason": null }));
}

#[test]
fn stored_profiles_are_a_line_each() {
    let bare = BoardProfile { load: None, key: ProfileKey { firmware: String::new(), ..profile(vec![]).key }, ..profile(vec![counter()]) };
    let expected = "\
Board (nvidia 580.1, 96.00), calibrated on 1970-01-01, load: ./burn, 2 sensors
Board (nvidia 580.1), calibrated on 1970-01-01, load: none, 1 sensor
";
    assert_eq!(list(&[profile(vec![counter(), power()]), bare]), expected);
}

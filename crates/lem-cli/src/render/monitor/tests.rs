use super::*;
use crate::render::scene;
use lem_domain::sensor::SamplerCost;
use lem_results::record::document::MonitorRecord;

fn glance() -> Glance {
    let ended_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_492_604);
    Glance { number: 20, ended_at, interval: scene::seen(29, 30), so_far: scene::seen(10, 30) }
}

#[test]
fn a_device_is_a_row_with_what_is_known_of_it() {
    insta::assert_snapshot!("table", table(&glance(), 200).join("\n"));
}

#[test]
fn on_a_narrow_terminal_names_are_cut_in_their_middle_and_stay_apart() {
    let lines = table(&glance(), 100);
    let boards: Vec<&String> = lines.iter().filter(|line| line.contains("gpu_board")).collect();
    assert!(boards[0].starts_with("Board …U-1a]") && boards[1].starts_with("Board …U-2b]"), "{lines:#?}");
    assert_eq!((shortened("short", 12), shortened("0123456789abc", 7)), ("short".to_owned(), "012…abc".to_owned()));
}

#[test]
fn an_interval_is_a_line_by_what_is_covered() {
    insta::assert_snapshot!("line", line(&glance()));
}

#[test]
fn the_whole_says_for_how_long() {
    let seen = scene::seen(10, 40);
    let record = MonitorRecord::total(("0.1.0", SystemTime::UNIX_EPOCH), 30, &seen, (&[], SamplerCost::default()), &[]);
    let Ok(MonitorRecord::Total(whole)) = record else { panic!("{record:?}") };
    let text = total(&whole);
    assert!(text.starts_with("watched for 30.00 s in 30 intervals\n\n covers ") && text.contains("15.00 ± 0.87 kJ"), "{text}");
}

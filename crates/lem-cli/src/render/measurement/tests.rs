use super::*;
use crate::render::scene;
use lem_domain::sensor::SamplerCost;
use lem_results::record::document::ProgramRecord;
use std::time::SystemTime;

fn report_of(end: ProgramEndRecord, start: u64, stop: u64) -> String {
    let program = ProgramRecord { command: vec!["make".into(), "-j8".into()], end, user_cpu_s: Some(31.25), system_cpu_s: Some(0.5) };
    let seen = scene::seen(start, stop);
    let record = MeasurementRecord::of(("0.1.0", SystemTime::UNIX_EPOCH), program, &seen, (&[], SamplerCost::default()), &[]);
    report(&record.expect("finite"))
}

#[test]
fn a_program_is_reported_with_every_boundary_and_every_device() {
    insta::assert_snapshot!("report", report_of(ProgramEndRecord::Exited { code: 0 }, 10, 40));
}

#[test]
fn a_signal_is_named_and_what_is_missing_says_why() {
    let report = report_of(ProgramEndRecord::Killed { signal: 15 }, 10, 10);
    assert!(report.contains("ended     ended by SIGTERM (15) after 0 ms"), "{report}");
    assert!(report.contains("host") && report.contains("unavailable   the window of 0.000 s is shorter than the 1 s"), "{report}");
}

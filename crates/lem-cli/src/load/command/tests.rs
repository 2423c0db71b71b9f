//! Real processes: paused, continued, gone.

use super::*;
use lem_domain::{Clock, HostClock};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

/// One load at a time, as in the program.
static ONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn state(pid: &str) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Waits until it is so, for as long as a slow machine may need.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        HostClock.sleep_until(HostClock.now().after(Duration::from_millis(10)));
    }
    panic!("not within five seconds: {what}");
}

/// A load of two processes that write down their numbers, switched on.
fn running(folder: &Path) -> (CommandLoad, [String; 2]) {
    let file = |name: &str| folder.join(name).display().to_string();
    let child = format!("echo $$ > {}; while :; do sleep 1; done", file("child"));
    let command = format!("sh -c '{child}' & echo $$ > {}; wait", file("shell"));
    let mut load = CommandLoad::new(&command).expect("a command");
    load.on().expect("starts");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default().trim().to_owned();
    eventually("both write", || !read("child").is_empty() && !read("shell").is_empty());
    (load, [read("shell"), read("child")])
}

#[test]
fn everything_that_a_command_started_is_paused_continued_and_killed() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (mut load, processes) = running(folder.path());
    for _ in 0..3 {
        load.off().expect("alive");
        // A shell that was about to start a program waits (D) for its copy of itself, which is stopped (vfork).
        eventually("paused", || processes.iter().all(|pid| matches!(state(pid), Some('T' | 'D'))));
        load.on().expect("alive");
        eventually("continued", || processes.iter().all(|pid| state(pid).is_some_and(|state| state != 'T')));
    }
    load.off().expect("alive");
    drop(load);
    eventually("gone", || processes.iter().all(|pid| matches!(state(pid), None | Some('Z'))));
}

#[test]
fn a_panic_and_an_end_that_drops_nothing_leave_nothing_behind() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let (load, processes) = running(folder.path());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _load = load;
        panic!("as a bug would");
    }));
    assert!(panicked.is_err());
    eventually("gone after a panic", || processes.iter().all(|pid| matches!(state(pid), None | Some('Z'))));

    let folder = tempfile::tempdir().expect("a folder");
    let (load, processes) = running(folder.path());
    end_all();
    eventually("gone at once", || processes.iter().all(|pid| matches!(state(pid), None | Some('Z'))));
    drop(load);
}

#[test]
fn the_kernel_ends_the_command_when_its_starter_is_gone() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_owned();
    // The load is forgotten, as by a process that is killed; the thread that started it ends.
    let shell = std::thread::spawn(move || {
        let (load, [shell, _]) = running(&place);
        std::mem::forget(load);
        shell
    });
    let shell = shell.join().expect("ends");
    eventually("killed by the kernel", || matches!(state(&shell), None | Some('Z')));
    end_all();
}

#[test]
fn a_command_that_cannot_be_a_load_is_refused() {
    let _alone = alone();
    let check = |command: &str, expected: &str| {
        let error = CommandLoad::new(command).err().expect(command);
        assert!(error.fault == Fault::Usage && error.what.contains(expected), "{error:?}");
    };
    check("no-such-program --fast", "`no-such-program` is not found");
    check("KEY=abc no-such-program", "the load `KEY=… no-such-program` cannot be started");
    check("while true; do", "cannot be started");
    check("  ", "it is empty");

    let mut short = CommandLoad::new("exit 3").expect("understood");
    short.on().expect("starts");
    eventually("it ended", || matches!(state(&short.child.as_ref().expect("started").id().to_string()), Some('Z')));
    let error = short.off().expect_err("it ended");
    assert!(error.fault == Fault::Run && error.what.contains("`exit 3` ended by itself: exit status: 3"), "{error:?}");
    assert!(error.hint.is_some_and(|hint| hint.contains("while true")));

    let mut missing = CommandLoad::new("(no-such-program 2>/dev/null)").expect("understood");
    missing.on().expect("starts");
    eventually("it ended", || matches!(state(&missing.child.as_ref().expect("started").id().to_string()), Some('Z')));
    let error = missing.on().expect_err("it ended");
    assert!(error.fault == Fault::Usage && error.what.contains("exit status: 127"), "{error:?}");
}

#[test]
fn values_of_variables_are_not_shown() {
    assert_eq!(without_secrets("HF_TOKEN=hf_abc MODE=fast ./run --level=3"), "HF_TOKEN=… MODE=… ./run --level=3");
}

//! Who descends from whom, as `/proc` tells it.

use rustix::process::Pid;
use std::fs;

/// Every process below `ancestor`, children before grandchildren.
pub(super) fn descendants(ancestor: Pid) -> Vec<Pid> {
    let all = parents();
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// Every process that can be seen.
pub(super) fn all() -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)).collect()
}

/// Every process with its parent.
fn parents() -> Vec<(Pid, Pid)> {
    let parent = |pid: Pid| parent_in(&fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?);
    all().into_iter().filter_map(|pid| Some((pid, parent(pid)?))).collect()
}

/// The fourth field of `/proc/<pid>/stat`; the second is a name in parentheses that may hold anything, proc_pid_stat(5).
fn parent_in(stat: &str) -> Option<Pid> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(1)?.parse().ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpid;
    use std::process::{Command, Stdio};

    #[test]
    fn a_name_may_hold_parentheses_and_spaces() {
        assert_eq!(parent_in("12 (a) S 3 (b) R) S 7 12 12 0"), Pid::from_raw(7));
        assert_eq!(parent_in("12 (init) S 0 1"), None, "the first process has no parent");
        assert_eq!(parent_in(""), None);
    }

    #[test]
    fn grandchildren_are_found() {
        // The shell does not exec: it has something to do after the inner one.
        let mut command = Command::new("sh");
        command.args(["-c", "sh -c 'read line; true'; true"]).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let is_there = || descendants(getpid()).len() >= 2 && descendants(Pid::from_child(&child)).len() == 1;
        let seen = (0..2000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            is_there()
        });
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(seen);
    }
}

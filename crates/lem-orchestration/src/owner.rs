//! Which process runs an experiment, and whether it still does.

use lem_domain::protocol::RunOwner;
use std::fs;

/// What has become of the owner of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It runs.
    Running,
    /// It has ended, in whatever way.
    Ended,
    /// It is a process of another host, of which nothing can be seen here.
    Elsewhere,
}

/// This process.
#[must_use]
pub fn this_process() -> RunOwner {
    let pid = std::process::id();
    RunOwner { host: host(), boot_id: boot_id(), pid, started_ticks: started_ticks(pid).unwrap_or(0) }
}

/// What has become of an owner.
#[must_use]
pub fn liveness(owner: &RunOwner) -> Liveness {
    if owner.host != host() {
        return Liveness::Elsewhere;
    }
    // Another boot of this host has ended every process of the one before.
    let is_running = owner.boot_id == boot_id() && started_ticks(owner.pid) == Some(owner.started_ticks);
    if is_running { Liveness::Running } else { Liveness::Ended }
}

fn host() -> String {
    line("/proc/sys/kernel/hostname")
}

fn boot_id() -> String {
    line("/proc/sys/kernel/random/boot_id")
}

fn line(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Field 22 of proc_pid_stat(5). The second one is the program's name in parentheses, which may hold anything.
fn started_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    // A zombie has ended, and only waits for its parent to look.
    let is_zombie = matches!(fields.next()?, "Z" | "X");
    fields.nth(18)?.parse().ok().filter(|_| !is_zombie)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_process_is_the_owner() {
        let owner = this_process();
        assert!(owner.started_ticks > 0 && !owner.boot_id.is_empty());
        let check = |owner: RunOwner, expected: Liveness| assert_eq!(liveness(&owner), expected, "{owner:?}");
        check(owner.clone(), Liveness::Running);
        check(RunOwner { started_ticks: owner.started_ticks + 1, ..owner.clone() }, Liveness::Ended);
        check(RunOwner { boot_id: "another".into(), ..owner.clone() }, Liveness::Ended);
        check(RunOwner { host: "another".into(), ..owner.clone() }, Liveness::Elsewhere);
        check(RunOwner { pid: u32::MAX, ..owner }, Liveness::Ended);
    }
}

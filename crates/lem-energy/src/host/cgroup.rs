//! Containers and their limits, from the control groups of this process. Both versions of their hierarchy are read.

use super::read_line;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Kind of container: told by the marker file of the runtime, else by a name in the path of the control group.
///
/// Inside a namespace of its own that path is `/`, so the absence of every sign proves nothing.
pub(super) fn container(root: &Path) -> Option<String> {
    let markers = [(".dockerenv", "docker"), ("run/.containerenv", "podman")];
    if let Some((_, kind)) = markers.iter().find(|(file, _)| root.join(file).exists()) {
        return Some((*kind).to_owned());
    }
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let names = [("kubepods", "kubernetes"), ("docker", "docker"), ("libpod", "podman"), ("lxc", "lxc"), ("containerd", "containerd")];
    // A unit of the host that merely carries such a name (`docker.service`) does not match: containers are scopes or slices.
    let groups: Vec<&str> = groups.split(['/', '\n']).filter(|part| !part.ends_with(".service")).collect();
    names.iter().find(|(name, _)| groups.iter().any(|part| part.contains(name))).map(|(_, kind)| (*kind).to_owned())
}

/// Tightest limit on processor time among this process's control group and those above it, in hardware threads.
pub(super) fn cpu_quota(root: &Path) -> Option<f64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let limits = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        if controllers.is_empty() {
            tightest(&root.join("sys/fs/cgroup"), path, quota_v2)
        } else {
            let ours = controllers.split(',').any(|controller| controller == "cpu");
            ours.then(|| tightest(&root.join("sys/fs/cgroup/cpu"), path, quota_v1)).flatten()
        }
    });
    limits.reduce(f64::min)
}

fn tightest(mount: &Path, group: &str, quota: impl Fn(&Path) -> Option<f64>) -> Option<f64> {
    // A path that leads out of the namespace (`/../..`) names nothing below the mount; the mount itself is then ours.
    let inside: PathBuf = Path::new(group).components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let climbs = Path::new(group).components().any(|part| part == Component::ParentDir);
    let group = if climbs { PathBuf::new() } else { inside };
    group.ancestors().filter_map(|folder| quota(&mount.join(folder))).reduce(f64::min)
}

/// `cpu.max` holds the quota, or `max`, and the period, both in microseconds.
fn quota_v2(folder: &Path) -> Option<f64> {
    let line = read_line(&folder.join("cpu.max"))?;
    let (quota, period) = line.split_once(' ')?;
    ratio(quota, period)
}

/// The quota of version 1 is −1 where there is no limit.
fn quota_v1(folder: &Path) -> Option<f64> {
    ratio(&read_line(&folder.join("cpu.cfs_quota_us"))?, &read_line(&folder.join("cpu.cfs_period_us"))?)
}

fn ratio(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u32, u32) = (quota.parse().ok()?, period.parse().ok()?);
    (period > 0).then(|| f64::from(quota) / f64::from(period))
}

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
    limits(root, "cpu", quota_v2, quota_v1).into_iter().reduce(f64::min)
}

/// Tightest limit on memory among this process's control group and those above it, in bytes.
pub(super) fn memory_limit(root: &Path) -> Option<u64> {
    limits(root, "memory", memory_v2, memory_v1).into_iter().min()
}

/// Every limit that a controller sets on this process, by the reader of either version.
fn limits<T>(root: &Path, controller: &str, v2: fn(&Path) -> Option<T>, v1: fn(&Path) -> Option<T>) -> Vec<T> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else { continue };
        let mount = root.join("sys/fs/cgroup");
        if controllers.is_empty() {
            limits.extend(upwards(group).iter().filter_map(|folder| v2(&mount.join(folder))));
        } else if controllers.split(',').any(|named| named == controller) {
            limits.extend(upwards(group).iter().filter_map(|folder| v1(&mount.join(controller).join(folder))));
        }
    }
    limits
}

/// A control group and those above it, as folders below the mount.
fn upwards(group: &str) -> Vec<PathBuf> {
    // A path that leads out of the namespace (`/../..`) names nothing below the mount; the mount itself is then ours.
    let inside: PathBuf = Path::new(group).components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let climbs = Path::new(group).components().any(|part| part == Component::ParentDir);
    let group = if climbs { PathBuf::new() } else { inside };
    group.ancestors().map(Path::to_owned).collect()
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

/// `memory.max` holds bytes, or `max`.
fn memory_v2(folder: &Path) -> Option<u64> {
    read_line(&folder.join("memory.max"))?.parse().ok()
}

/// Version 1 writes the largest number of bytes in whole pages where there is no limit.
fn memory_v1(folder: &Path) -> Option<u64> {
    const NO_LIMIT: u64 = 1 << 62;
    read_line(&folder.join("memory.limit_in_bytes"))?.parse().ok().filter(|limit| *limit < NO_LIMIT)
}

//! The machine, as far as a speed depends on it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

/// What stands above the tables.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    /// Cores that everyone is held to.
    pub(super) cores: Vec<usize>,
    pub(super) threads: u32,
}

/// Describes the machine, and holds this process and all that it starts from now on to as many cores as there are
/// threads: the first of those that it may use.
pub(super) fn describe(threads: u32) -> Result<Machine> {
    let allowed = sched_getaffinity(None).context("cannot read which cores this process may use")?;
    let mut cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core)).collect();
    let wanted = usize::try_from(threads)?;
    ensure!(cores.len() >= wanted, "{threads} threads need as many cores, and this process may use {}", cores.len());
    cores.truncate(wanted);
    let mut set = CpuSet::new();
    cores.iter().for_each(|&core| set.set(core));
    sched_setaffinity(None, &set).context("cannot hold this process to its cores")?;
    let processors = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    Ok(Machine { processor: model(&processors), cores, threads })
}

/// Load averages of the last 1, 5 and 15 minutes.
pub(super) fn load_average() -> Result<[f64; 3]> {
    parse_load(&fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?)
}

fn parse_load(text: &str) -> Result<[f64; 3]> {
    let mut numbers = text.split(' ').map(str::parse);
    let mut next = || numbers.next().and_then(Result::ok).with_context(|| format!("/proc/loadavg holds {text:?}"));
    Ok([next()?, next()?, next()?])
}

/// For how long so far at least one task was ready and had no processor, by the kernel's pressure stall information; `None`
/// where the kernel does not tell. Nobody waits while one contestant runs alone.
pub(super) fn waited() -> Option<Duration> {
    parse_pressure(&fs::read_to_string("/proc/pressure/cpu").ok()?)
}

fn parse_pressure(text: &str) -> Option<Duration> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    let (_, micros) = some.split_once("total=")?;
    micros.trim().parse().ok().map(Duration::from_micros)
}

fn model(processors: &str) -> String {
    let named = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    named.map_or_else(|| "unknown processor".to_owned(), |(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_is_read_from_the_kernels_line() {
        assert_eq!(parse_load("0.81 1.16 0.79 2/213 5311\n").unwrap().map(|load| load.to_string()), ["0.81", "1.16", "0.79"]);
        assert!(parse_load("busy\n").is_err());
    }

    #[test]
    fn waiting_is_read_from_the_line_of_some_task() {
        let text = "some avg10=99.09 avg60=99.14 avg300=91.05 total=10080542886\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        assert_eq!(parse_pressure(text), Some(Duration::from_micros(10_080_542_886)));
        assert_eq!(parse_pressure(""), None);
    }

    #[test]
    fn a_processor_has_its_model_name_where_the_kernel_tells_one() {
        assert_eq!(model("processor\t: 0\nmodel name\t: AMD EPYC 7763\nflags\t: fpu\n"), "AMD EPYC 7763");
        assert_eq!(model("processor\t: 0\nBogoMIPS\t: 50.00\n"), "unknown processor");
    }
}

//! Energy of windows on whatever `libnvidia-ml.so.1` the loader finds, beside what the fake one knows to be true: the part
//! of lem in `cargo xtask bench peers`. Prints one JSON object per window.
//!
//! Arguments: lengths in seconds with commas between, number of rounds, seed.
#![expect(clippy::print_stdout, reason = "an example prints its figures")]
#![expect(unsafe_code, reason = "the truth is a function of the fake library, which only its name tells the type of")]

use lem_domain::backend::Backend;
use lem_domain::derive::{headline, read_energy};
use lem_domain::protocol::EnergyBackend;
use lem_domain::spec::{EnergyChoice, EnergySource, EnergySpec, RequiredGrade};
use lem_domain::{Clock, HostClock, TimeWindow};
use lem_energy::virtual_hardware::unit;
use lem_energy::{Machine, SamplerKind, Surroundings};
use serde_json::{Value, json};
use std::error::Error;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

/// Joules of the first board between two instants of the monotonic clock.
type Truth = unsafe extern "C" fn(u64, u64) -> f64;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [lengths, rounds, seed] = arguments.as_slice() else { return Err("arguments: LENGTHS ROUNDS SEED".into()) };
    let lengths: Vec<f64> = lengths.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let (rounds, seed): (u64, u64) = (rounds.parse()?, seed.parse()?);
    // SAFETY: loading runs the library's initialisers, and the fake library has none.
    let library = unsafe { libloading::Library::new("libnvidia-ml.so.1")? };
    // SAFETY: the fake library defines the function with this type; a real one does not have its name.
    let truth = unsafe { library.get::<Truth>(b"fakeNvmlJoules")? };

    let backend = open()?;
    let n_lengths = u64::try_from(lengths.len())?;
    for round in 0..rounds {
        for (index, &length) in (0..).zip(&lengths) {
            sleep(Duration::from_secs_f64(0.3 + unit(seed, round * n_lengths + index)));
            let (window, mut line) = measure(&*backend, Duration::from_secs_f64(length))?;
            line["length_s"] = json!(length);
            // SAFETY: the function reads its arguments alone, and the library outlives the call.
            line["truth_j"] = json!(unsafe { truth(window.start.as_nanos(), window.end.as_nanos()) });
            println!("{line}");
        }
    }
    Ok(())
}

/// One window with all that belongs to it: a session begins before it and ends after it.
fn measure(backend: &dyn EnergyBackend, length: Duration) -> Result<(TimeWindow, Value), Box<dyn Error>> {
    let (began, spent) = (HostClock.now(), processor_seconds());
    let mut session = backend.start()?;
    let margin = session.margin();
    sleep(margin);
    session.read_edge();
    let start = HostClock.now();
    sleep(length);
    let window = TimeWindow { start, end: HostClock.now() };
    session.read_edge();
    sleep(margin);
    let record = session.stop()?;
    let energy = headline(&read_energy(&record, window, &[], &[]), |reading| &reading.energy);
    let uncertainty = energy.uncertainty().ok_or("no uncertainty")?;
    let line = json!({
        "energy_j": energy.value().ok_or("no energy")?.get(),
        // The fake board's gain is exact, so what is random must hold the truth; the whole has the gain of a real board.
        "half_width_j": uncertainty.random_half_width_95(),
        "processor_s": processor_seconds() - spent,
        "took_s": HostClock.now().since(began).get(),
    });
    Ok((window, line))
}

fn open() -> Result<Box<dyn EnergyBackend>, Box<dyn Error>> {
    let spec = EnergySpec { required: RequiredGrade::Measured, ..EnergySpec::of(EnergyChoice::Only(vec![EnergySource::Nvml])) };
    let surroundings = Surroundings {
        backend: Backend::Candle,
        clock: Arc::new(HostClock),
        sampler: SamplerKind::Threaded,
        world: None,
        machine: Machine::this(),
        profiles: Vec::new(),
        engine_threads: None,
    };
    Ok(lem_energy::open(&spec, surroundings)?.backend)
}

fn sleep(duration: Duration) {
    HostClock.sleep_until(HostClock.now().after(duration));
}

/// Processor time of the whole process, as `resource.getrusage` gives it to the peers.
fn processor_seconds() -> f64 {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a whole structure of the type that the call fills, and zeroes are a value of it.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| {
        let whole = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
        (whole + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))).as_secs_f64()
    };
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

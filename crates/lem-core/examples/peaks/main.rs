//! What this processor can do at most: reads from memory, and multiply-adds of f32, bfloat16 and int8 in registers. The ceiling
//! beside the contestants of `cargo xtask bench engine`, measured in the same rounds.
//!
//! Argument: threads. Every line of standard input is answered by a measurement of about a second, one JSON object on a
//! line; a peak that this program has no instructions for is `null`.
#![expect(clippy::print_stdout, reason = "the protocol runs over standard output")]

mod bandwidth;
mod multiply_add;

use lem_domain::{Clock, HostClock};
use serde_json::json;
use std::error::Error;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

/// Long enough that starting threads does not count, short enough for every round.
const LENGTH: Duration = Duration::from_millis(300);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [threads] = arguments.as_slice() else { return Err("argument: THREADS".into()) };
    let threads: usize = threads.parse()?;
    let buffers = bandwidth::buffers(threads);
    let (f32, bf16, int8) = (multiply_add::f32_kernel(), multiply_add::bf16_kernel(), multiply_add::int8_kernel());
    let name = |kernel: Option<multiply_add::Kernel>| kernel.map(|kernel| kernel.name);
    println!("{}", json!({ "f32": name(f32), "bf16": name(bf16), "int8": name(int8) }));
    for line in std::io::stdin().lines() {
        line?;
        let multiply_adds = |kernel: Option<multiply_add::Kernel>| kernel.map(|kernel| rate(threads, |_| kernel.run()));
        let measured = json!({
            "read_bytes_per_s": rate(threads, |thread| bandwidth::read(&buffers[thread])),
            "f32_multiply_adds_per_s": multiply_adds(f32),
            "bf16_multiply_adds_per_s": multiply_adds(bf16),
            "int8_multiply_adds_per_s": multiply_adds(int8),
        });
        println!("{measured}");
    }
    Ok(())
}

/// Units per second of all threads together, where `work` does some in the thread of that number and says how many.
fn rate(threads: usize, work: impl Fn(usize) -> u64 + Sync) -> f64 {
    let (start, work) = (&Barrier::new(threads), &work);
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    start.wait();
                    let (began, mut done) = (HostClock.now(), 0);
                    let deadline = began.after(LENGTH);
                    while HostClock.now() < deadline {
                        done += work(thread);
                    }
                    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
                    let done = done as f64;
                    done / HostClock.now().since(began).get()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("the work does not panic")).sum()
    })
}

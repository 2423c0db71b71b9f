//! `lem measure`: the energy of any program.

use super::{Voice, grade};
use crate::args::MeasureArgs;
use crate::exit::Exit;
use crate::overlay;
use crate::program::{Ended, Output, Program};
use crate::relay::Relay;
use crate::render::{self, out};
use crate::{secrets, wire};
use anyhow::Context;
use lem_domain::Finding;
use lem_domain::derive::Terms;
use lem_domain::protocol::{Fault, Interrupt, SeamError};
use lem_orchestration::{Meter, Watch, Watched};
use lem_results::OutputFile;
use lem_results::record::document::{MeasurementRecord, ProgramRecord};
use std::io;
use std::path::Path;

/// Runs a program and tells what it took. The exit is the program's.
pub(crate) fn measure(args: &MeasureArgs, voice: Voice) -> anyhow::Result<Exit> {
    let metering = lem_config::resolve_metering(&overlay::meter_request(&args.meter, args.interval.as_deref())?)?;
    let parts = wire::meter(&metering)?;
    // What cannot be written is found before the program runs.
    let file = args.output.as_deref().map(prepare).transpose()?;
    let interrupt = Interrupt::new();
    let relay = Relay::listen(&interrupt)?;
    let meter = Meter {
        clock: &*parts.clock,
        backend: &*parts.meter,
        required: metering.energy.required,
        terms: Terms { multipliers: &metering.multipliers, precision: Some(metering.energy.precision) },
        interrupt: &interrupt,
    };
    let output = if args.json { Output::Stderr } else { Output::Inherited };
    match meter.watch(|| Program::start(&args.command, output, &relay))? {
        Watch::Cancelled => {
            anstream::eprintln!("\nstopped before the program was started");
            Ok(relay.exit())
        }
        Watch::NotBegun(error) => Ok(not_started(args, error)),
        Watch::Watched(watched) => {
            let graded = grade::require(metering.energy.required, &watched.observation.totals);
            let (ended, record) = record(args, *watched, &parts.findings)?;
            show(&record, args, file, voice)?;
            let exit = ended.exit();
            if exit == Exit::Program(0) {
                graded?;
            }
            Ok(exit)
        }
    }
}

fn prepare(path: &Path) -> Result<OutputFile, SeamError> {
    let refused = |error| SeamError::new(Fault::Usage, format!("cannot write `{}`", path.display())).because(error);
    OutputFile::prepare(path).map_err(refused)
}

fn not_started(args: &MeasureArgs, error: io::Error) -> Exit {
    let name = args.command.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_missing = error.kind() == io::ErrorKind::NotFound;
    let failure = SeamError::new(Fault::Usage, format!("cannot start `{name}`")).because(error);
    let failure = if is_missing && name.contains(' ') {
        failure.with_hint("write the program and each argument apart, or let a shell take it apart: `sh -c '…'`")
    } else {
        failure
    };
    render::error::show(&failure.into());
    if is_missing { Exit::NotFound } else { Exit::NotExecutable }
}

fn record(args: &MeasureArgs, watched: Watched<io::Result<Ended>>, known: &[Finding]) -> anyhow::Result<(Ended, MeasurementRecord)> {
    let ended = watched.outcome.context("the program ended, and how cannot be told")?;
    let words: Vec<_> = args.command.iter().map(|word| word.to_string_lossy()).collect();
    let program = ProgramRecord {
        command: secrets::hidden(words.iter().map(|word| &**word)),
        end: ended.end(),
        user_cpu_s: Some(ended.user.as_secs_f64()),
        system_cpu_s: Some(ended.system.as_secs_f64()),
    };
    let tool = (env!("CARGO_PKG_VERSION"), watched.began_at);
    let session = (&watched.sources[..], watched.cost);
    let record = MeasurementRecord::of(tool, program, &watched.observation, session, known).map_err(SeamError::from)?;
    Ok((ended, record))
}

fn show(record: &MeasurementRecord, args: &MeasureArgs, file: Option<OutputFile>, voice: Voice) -> anyhow::Result<()> {
    // The file comes first: a stdout that nobody reads must not lose it.
    let written = match (file, &args.output) {
        (Some(file), Some(path)) => {
            let text = serde_json::to_string_pretty(record)? + "\n";
            file.write(text.as_bytes()).with_context(|| format!("cannot write `{}`", path.display())).map(|()| Some(path))
        }
        _ => Ok(None),
    };
    if args.json {
        out::json(record)?;
    } else {
        anstream::eprint!("{}", render::measurement::report(record));
    }
    if !voice.quiet {
        render::findings::show_stored(&record.seen.findings);
    }
    if let Some(path) = written?.filter(|_| !voice.quiet) {
        anstream::eprintln!("written to {}", path.display());
    }
    Ok(())
}

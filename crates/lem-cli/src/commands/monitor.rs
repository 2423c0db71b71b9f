//! `lem monitor`: live power.

use super::{Voice, grade};
use crate::args::MonitorArgs;
use crate::exit::Exit;
use crate::overlay;
use crate::render::{self, out};
use crate::screen::Screen;
use crate::{signals, wire};
use lem_domain::derive::Terms;
use lem_domain::protocol::{Fault, Interrupt, SeamError};
use lem_domain::{Finding, FindingCode};
use lem_orchestration::{Glance, Meter, Monitor, Monitored};
use lem_results::record::document::MonitorRecord;
use std::io;
use std::ops::ControlFlow;

/// Shows power until the time is over or a signal comes, either of which is a normal end.
pub(crate) fn monitor(args: &MonitorArgs, voice: Voice) -> anyhow::Result<Exit> {
    let metering = lem_config::resolve_metering(&overlay::meter_request(&args.meter, None)?)?;
    let parts = wire::meter(&metering)?;
    let interrupt = Interrupt::new();
    signals::listen(&interrupt, None)?;
    let meter = Meter {
        clock: &*parts.clock,
        backend: &*parts.meter,
        required: metering.energy.required,
        terms: Terms { multipliers: &metering.multipliers, precision: Some(metering.energy.precision) },
        interrupt: &interrupt,
    };
    let mut view = View::of(args);
    let mut failure = None;
    let monitor = Monitor { meter, interval: args.interval, duration: args.duration };
    let monitored = monitor.run(|glance| match view.show(glance) {
        Ok(true) => ControlFlow::Continue(()),
        Ok(false) => ControlFlow::Break(()),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(error) = failure {
        return Err(error);
    }
    let Some(monitored) = monitored else {
        anstream::eprintln!("\nstopped before the first interval");
        return Ok(Exit::Ok);
    };
    something_was_seen(&monitored)?;
    close(&mut view, &monitored, &parts.findings, voice)?;
    grade::require(metering.energy.required, &monitored.total.totals)?;
    Ok(Exit::Ok)
}

/// How intervals are shown.
enum View {
    /// A table that is drawn anew in its place.
    Table(Screen),
    /// A line each.
    Lines,
    /// A JSON object each.
    Json,
}

impl View {
    fn of(args: &MonitorArgs) -> Self {
        match Screen::of_stdout() {
            _ if args.json => Self::Json,
            Some(screen) => Self::Table(screen),
            None => Self::Lines,
        }
    }

    /// Shows an interval; whether anyone still looks.
    fn show(&mut self, glance: &Glance) -> anyhow::Result<bool> {
        Ok(match self {
            Self::Table(screen) => {
                let lines = render::monitor::table(glance, screen.width());
                screen.draw(&lines)?
            }
            Self::Lines => out::try_text(render::monitor::line(glance))?,
            Self::Json => {
                let record = MonitorRecord::interval(glance.number, glance.ended_at, &glance.interval, &glance.so_far);
                json_line(&record.map_err(SeamError::from)?)?
            }
        })
    }
}

fn close(view: &mut View, monitored: &Monitored, known: &[Finding], voice: Voice) -> anyhow::Result<()> {
    let tool = (env!("CARGO_PKG_VERSION"), monitored.ended_at);
    let session = (&monitored.sources[..], monitored.cost);
    let record = MonitorRecord::total(tool, monitored.n_intervals, &monitored.total, session, known).map_err(SeamError::from)?;
    if let View::Table(screen) = view {
        screen.clear()?;
    }
    let MonitorRecord::Total(whole) = &record else { return Ok(()) };
    if matches!(view, View::Json) {
        json_line(&record)?;
    } else {
        out::text(render::monitor::total(whole))?;
    }
    if !voice.quiet {
        render::findings::show_stored(&whole.seen.findings);
    }
    Ok(())
}

fn json_line(record: &MonitorRecord) -> io::Result<bool> {
    out::try_text(format_args!("{}\n", serde_json::to_string(record)?))
}

/// Live power without a sensor is nothing at all.
fn something_was_seen(monitored: &Monitored) -> Result<(), SeamError> {
    let finding = monitored.total.findings.iter().find(|finding| finding.code == FindingCode::EnergyUnavailable);
    match finding {
        Some(finding) if monitored.total.totals.is_empty() => {
            let refusal = SeamError::new(Fault::Preflight, "there is no sensor to watch").because(finding.message.clone());
            Err(finding.hint.iter().cloned().fold(refusal, SeamError::with_hint))
        }
        _ => Ok(()),
    }
}

//! `lem calibrate`: what the sensors of this machine are, found out and kept.

use super::Voice;
use crate::args::CalibrateArgs;
use crate::exit::Exit;
use crate::load::{CommandLoad, SpinLoad};
use crate::progress::Bars;
use crate::render::calibration::{self, Board};
use crate::render::out;
use crate::{signals, wire};
use lem_domain::profile::BoardProfile;
use lem_domain::protocol::{Fault, Interrupt, ProfileStore, SeamError};
use lem_domain::{Clock, HostClock};
use lem_energy::Machine;
use lem_energy::calibrate::{Bench, Label, Load, Meters, Plan, Rate, Recorded, Tools, analyse, record};
use lem_results::ProfileFolder;
use std::sync::Arc;

/// Watches the sensors, shows what they are and stores it; or shows what is stored.
pub(crate) fn calibrate(args: &CalibrateArgs, voice: Voice) -> anyhow::Result<Exit> {
    let folder = wire::profile_folder().ok_or_else(no_home)?;
    if args.list {
        return list(&folder, args.json);
    }
    // What cannot be kept in the end had better not begin.
    let before = folder.load_profiles()?;
    let bench = Bench::find(&Machine::this(), &args.device).map_err(SeamError::from)?;
    let mut load = choose_load(args, &bench)?;
    let settling = load.as_ref().map(|load| load.settling());
    let plan = Plan::within(args.duration, settling, seed());
    if args.dry_run {
        out::text(calibration::plan(&bench, &plan, load.as_deref()))?;
        return Ok(Exit::Ok);
    }
    if !voice.quiet {
        anstream::eprint!("{}", calibration::plan(&bench, &plan, load.as_deref()));
    }
    let interrupt = Interrupt::new();
    let received = signals::listen(&interrupt, Some("stopping: nothing is stored, profiles stay as they are"))?;
    let label =
        Label { at: HostClock.wall(), tool_version: env!("CARGO_PKG_VERSION").to_owned(), load: load.as_ref().map(|load| load.label()) };
    let recorded = drive(&bench, load.as_deref_mut(), &plan, &interrupt, voice)?;
    // Whatever the load still holds is given back before the figures are computed.
    drop(load);
    let Some(recorded) = recorded else { return Ok(received.exit()) };
    let profiles = analyse(&recorded, bench.devices(), &label);
    if interrupt.is_raised() {
        return Ok(received.exit());
    }
    keep_and_show(profiles, &before, &folder, args, voice)
}

fn no_home() -> SeamError {
    SeamError::new(Fault::Preflight, "there is no place to keep profiles: this user has no home folder")
        .with_hint("name a folder with the environment variable LEM_DATA_DIR")
}

/// A load as asked for. Where only processors are calibrated it is the processor itself: that reaches every sensor, so
/// that no figure stays open for want of a command. Beside an accelerator it would reach half of them and look complete.
fn choose_load(args: &CalibrateArgs, bench: &Bench) -> Result<Option<Box<dyn Load>>, SeamError> {
    Ok(match &args.load {
        Some(command) => Some(Box::new(CommandLoad::new(command)?)),
        None if args.spin || bench.is_of_processors() => Some(Box::new(SpinLoad::new()?)),
        None => None,
    })
}

/// Steps that differ from one calibration to the next: two that agree then agree for no shared chance.
fn seed() -> u64 {
    HostClock.now().as_nanos()
}

fn drive(
    bench: &Bench,
    load: Option<&mut (dyn Load + 'static)>,
    plan: &Plan,
    interrupt: &Interrupt,
    voice: Voice,
) -> Result<Option<Recorded>, SeamError> {
    let clock: Arc<dyn Clock> = Arc::new(HostClock);
    let [usual, dense, steps] = [Rate::Usual, Rate::Dense, Rate::Steps].map(|rate| bench.meter(rate, &clock));
    let meters = Meters { usual: &*usual, dense: &*dense, steps: &*steps };
    let progress = Bars::new(!voice.quiet);
    let load = load.map(|load| load as &mut dyn Load);
    record(&meters, load, plan, Tools { clock: &HostClock, progress: &progress, interrupt })
}

fn keep_and_show(
    profiles: Vec<BoardProfile>,
    before: &[BoardProfile],
    folder: &ProfileFolder,
    args: &CalibrateArgs,
    voice: Voice,
) -> anyhow::Result<Exit> {
    let mut boards = Vec::with_capacity(profiles.len());
    for profile in profiles {
        let earlier = before.iter().find(|earlier| earlier.key == profile.key);
        let lost = earlier.map_or_else(Vec::new, |earlier| calibration::lost(earlier, &profile));
        let keeps = lost.is_empty() || args.replace;
        if keeps {
            folder.save_profile(&profile)?;
        }
        let stored = keeps.then(|| folder.profile_path(&profile.key));
        boards.push(Board { changes: earlier.map(|earlier| calibration::changes(earlier, &profile)), profile, stored, lost });
    }
    if args.json {
        out::json(&calibration::report(&boards, folder).map_err(SeamError::from)?)?;
    } else {
        out::text(calibration::tables(&boards))?;
    }
    if !voice.quiet {
        anstream::eprint!("{}", calibration::notes(&boards));
    }
    Ok(Exit::Ok)
}

fn list(folder: &ProfileFolder, json: bool) -> anyhow::Result<Exit> {
    let profiles = folder.load_profiles()?;
    if json {
        let documents = profiles.iter().map(|profile| folder.document(profile)).collect::<Result<Vec<_>, _>>();
        out::json(&documents.map_err(SeamError::from)?)?;
    } else if profiles.is_empty() {
        anstream::eprintln!("no profile is stored in `{}`", folder.root().display());
    } else {
        out::text(calibration::list(&profiles))?;
    }
    Ok(Exit::Ok)
}

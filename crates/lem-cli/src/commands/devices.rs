//! `lem devices` and `lem gpus`: what could be read on this machine.

use super::Voice;
use crate::args::DevicesArgs;
use crate::exit::Exit;
use crate::render::{self, out};
use crate::wire;
use lem_energy::{Machine, Survey};

/// Which devices are of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Every one.
    Every,
    /// Those that compute beside the processor.
    Accelerators,
}

impl Shown {
    /// What is said when there is none.
    fn nothing(self) -> &'static str {
        match self {
            Self::Every => "no device whose energy could be read was found",
            Self::Accelerators => "no accelerator was found",
        }
    }
}

/// Shows the devices of this machine. That there is none is an answer and no error.
pub(crate) fn devices(args: &DevicesArgs, shown: Shown, voice: Voice) -> anyhow::Result<Exit> {
    let (profiles, unreadable) = wire::known_profiles();
    let survey = chosen(lem_energy::survey(&Machine::this(), profiles), shown);
    let report = render::devices::Report::of(&survey);
    if args.json {
        out::json(&report)?;
    } else {
        out::text(render::devices::tree(&report, shown.nothing()))?;
    }
    if !voice.quiet {
        render::findings::show(unreadable.into_iter());
    }
    Ok(Exit::Ok)
}

/// Without the other devices, and without the sources that only they come of.
fn chosen(survey: Survey, shown: Shown) -> Survey {
    if shown == Shown::Every {
        return survey;
    }
    let Survey { mut verdicts, mut devices, findings } = survey;
    devices.retain(lem_energy::Device::is_accelerator);
    verdicts.retain(|verdict| {
        let of_boards = matches!(verdict.source.as_str(), "nvml" | "amd");
        of_boards || devices.iter().any(|device| device.source.as_str() == verdict.source)
    });
    Survey { verdicts, devices, findings }
}

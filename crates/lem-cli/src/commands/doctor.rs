//! `lem doctor`: what stands between this machine and good figures.

use super::Voice;
use crate::args::{DoctorArgs, RequireArg};
use crate::exit::Exit;
use crate::render::{self, out};
use crate::wire;
use lem_domain::protocol::{Fault, SeamError};
use lem_domain::{Grade, HostClock};
use lem_energy::doctor::{Check, CheckStatus, examine};
use lem_energy::{Machine, host};
use lem_results::ResultsFolder;

/// Checks this machine. What the checks say changes nothing about the exit: only whether energy can be read does.
pub(crate) fn doctor(args: &DoctorArgs, voice: Voice) -> anyhow::Result<Exit> {
    let (profiles, unreadable) = wire::known_profiles();
    let machine = Machine::this();
    let survey = lem_energy::survey(&machine, profiles);
    let mut checks = examine(&survey, &host::snapshot(&machine.root, &HostClock));
    checks.push(results_folder(&ResultsFolder::new(args.folder.results_dir.clone())));
    let report = render::doctor::Report { best_grade: survey.best_grade().as_str(), checks };
    if args.json {
        out::json(&report)?;
    } else {
        out::text(render::doctor::lines(&report.checks))?;
    }
    if !voice.quiet {
        render::findings::show(unreadable.into_iter());
    }
    require(args.require, survey.best_grade())?;
    Ok(Exit::Ok)
}

fn results_folder(folder: &ResultsFolder) -> Check {
    const NAME: &str = "results_folder";
    let path = folder.root().display();
    match folder.try_writing() {
        Ok(()) => Check::new(NAME, CheckStatus::Ok, format!("`{path}` can be written")),
        Err(error) => {
            let error = SeamError::from(error);
            let hint = error.hint.clone();
            let check = Check::new(NAME, CheckStatus::Fail, format!("{:#}", anyhow::Error::from(error)));
            hint.into_iter().fold(check, Check::with_fix)
        }
    }
}

fn require(required: RequireArg, best: Grade) -> Result<(), SeamError> {
    let (worst, what) = match required {
        RequireArg::Any => return Ok(()),
        RequireArg::Estimated => (Grade::Estimated, "no energy can be read or estimated here"),
        RequireArg::Measured => (Grade::Derived, "no sensor measures energy here"),
    };
    let hint = "follow the fixes above; `lem devices` shows what each source found";
    if best <= worst { Ok(()) } else { Err(SeamError::new(Fault::Preflight, what).with_hint(hint)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_enough_unless_a_measurement_is_asked_for() {
        let met = |required, best| require(required, best).is_ok();
        assert!(met(RequireArg::Estimated, Grade::Measured) && met(RequireArg::Estimated, Grade::Estimated));
        assert!(met(RequireArg::Measured, Grade::Measured) && met(RequireArg::Any, Grade::Unavailable));
        assert!(!met(RequireArg::Measured, Grade::Estimated) && !met(RequireArg::Estimated, Grade::Unavailable));
        assert_eq!(require(RequireArg::Measured, Grade::Estimated).map_err(|error| error.fault), Err(Fault::Preflight));
    }
}

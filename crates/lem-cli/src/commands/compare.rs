//! `lem compare`: a verdict on stored results, for people and for gates.

use super::aggregate::stored;
use crate::args::{CompareArgs, JudgingArgs, VerdictArg};
use crate::exit::Exit;
use crate::render::{self, out};
use lem_domain::protocol::SeamError;
use lem_domain::statistics::Verdict;
use lem_results::ResultsFolder;
use lem_results::comparison::{ComparisonSettings, Repetitions, compare_arms};

/// Compares B with A.
pub(crate) fn compare(args: &CompareArgs) -> anyhow::Result<Exit> {
    let folder = ResultsFolder::new(args.folder.results_dir.clone());
    let side = |texts: &str| -> Result<Repetitions, SeamError> {
        let one = |text: &str| stored(&folder, &folder.resolve(text.trim())?);
        Ok(Repetitions::of(&texts.split(',').map(one).collect::<Result<Vec<_>, _>>()?))
    };
    let found = compare_arms(&side(&args.a)?, &side(&args.b)?, settings(args.judging));
    if args.json {
        out::json(&found)?
    } else {
        render::comparison::verdict(&found)?
    }
    let failed = args.fail_on.iter().any(|&verdict| meant(verdict) == found.verdict);
    Ok(if failed { Exit::Verdict } else { Exit::Ok })
}

/// What counts as a difference, at the usual confidence.
pub(super) fn settings(judging: JudgingArgs) -> ComparisonSettings {
    ComparisonSettings { margin: judging.margin, ..ComparisonSettings::default() }
}

fn meant(verdict: VerdictArg) -> Verdict {
    match verdict {
        VerdictArg::Better => Verdict::Better,
        VerdictArg::Same => Verdict::Same,
        VerdictArg::Ambiguous => Verdict::Ambiguous,
        VerdictArg::Worse => Verdict::Worse,
    }
}

//! A study as it is written, and the plan that it means.

use crate::config_file;
use crate::overlay;
use crate::render;
use anyhow::Context;
use lem_config::{Axis, Expansion, Grid, GridError, Outcome, Override, Request, Resolver, parse_duration};
use lem_domain::protocol::{Fault, SeamError};
use lem_domain::study::{CycleOrder, LeftOut, StudyCell, StudyPlan};
use serde::Deserialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What can be written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StudyFile {
    /// Beside this file.
    base: PathBuf,
    name: Option<String>,
    #[serde(default)]
    vary: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    cycles: Option<u32>,
    order: Option<String>,
    seed: Option<u64>,
    stop_after_failures: Option<u32>,
    time_limit: Option<String>,
}

/// A plan and what its cells run.
pub(super) struct DrawnUp {
    pub(super) plan: StudyPlan,
    yaml: Vec<(usize, String)>,
    pub(super) load: Load,
}

/// How much a study runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    /// Requests of all cycles of all cells; `None` when one of them runs a whole data set.
    pub(crate) requests: Option<u64>,
    /// Their output tokens, at most.
    pub(crate) output_tokens: Option<u64>,
}

impl DrawnUp {
    /// Names of cells with their configurations.
    pub(super) fn configurations(&self) -> Vec<(&str, String)> {
        self.yaml.iter().map(|(cell, yaml)| (self.plan.cells[*cell].name.as_str(), yaml.clone())).collect()
    }
}

/// Reads a study file and resolves every cell.
pub(super) fn draw_up(path: &Path) -> anyhow::Result<DrawnUp> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SeamError::new(Fault::Usage, format!("cannot read the study `{}`", path.display())).because(error))?;
    let file: StudyFile = serde_saphyr::from_str(&text)
        .map_err(|error| SeamError::new(Fault::Usage, format!("`{}` is no study: {error}", path.display())))?;
    let name = file.name.clone().or_else(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    let name = name.filter(|name| !name.is_empty()).context("a study has a name")?;
    let order = file.order.as_deref().map(order).transpose()?.unwrap_or_default();
    let cycles = file.cycles.unwrap_or(1);
    let base = path.parent().unwrap_or(Path::new("")).join(&file.base);
    let overrides = vec![Override { path: "num_cycles".to_owned(), value: json!(cycles), flag: "`cycles` of the study".to_owned() }];
    let request = Request {
        file: Some(base.clone()),
        user_file: config_file::user_file(),
        environment: overlay::environment()?,
        overrides,
        ..Request::default()
    };
    let resolver = Resolver::new(&request)?;
    let axes = file.vary.iter().map(|text| text.parse::<Axis>()).collect::<Result<_, _>>().map_err(usage)?;
    let grid = Grid::new(axes, &file.exclude).map_err(usage)?;
    let stem = base.file_stem().map_or_else(|| "base".to_owned(), |stem| stem.to_string_lossy().into_owned());

    let (mut cells, mut yaml) = (Vec::new(), Vec::new());
    let mut load = Load { requests: Some(0), output_tokens: Some(0) };
    let mut expansion = Expansion::new(&resolver);
    for cell in grid.cells(&stem).map_err(usage)? {
        let left_out = match expansion.outcome(&cell) {
            Outcome::Valid(resolved) => {
                let count = resolved.spec.prompts.count.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
                let requests = count.map(|count| count.saturating_mul(u64::from(cycles)));
                let tokens = requests.map(|requests| requests.saturating_mul(u64::from(resolved.spec.limits.max_output)));
                load.requests = load.requests.zip(requests).map(|(a, b)| a.saturating_add(b));
                load.output_tokens = load.output_tokens.zip(tokens).map(|(a, b)| a.saturating_add(b));
                yaml.push((cells.len(), resolved.to_yaml().context("cannot write a cell as YAML")?));
                None
            }
            Outcome::Duplicate { of } => Some(LeftOut::SameAs(of)),
            Outcome::Invalid(error) => Some(LeftOut::Invalid(render::error::in_one_line(&error))),
        };
        cells.push(StudyCell { name: cell.name, left_out });
    }
    let plan = StudyPlan {
        name,
        cells,
        cycles,
        order,
        seed: file.seed.unwrap_or(0),
        stop_after_failures: file.stop_after_failures,
        time_limit: file.time_limit.as_deref().map(limit).transpose()?,
    };
    Ok(DrawnUp { plan, yaml, load })
}

fn order(name: &str) -> Result<CycleOrder, SeamError> {
    let known = || CycleOrder::ALL.iter().map(|order| order.as_str()).collect::<Vec<_>>().join(", ");
    CycleOrder::ALL
        .iter()
        .copied()
        .find(|order| order.as_str() == name)
        .ok_or_else(|| SeamError::new(Fault::Usage, format!("`{name}` is no order of cycles")).with_hint(format!("there are: {}", known())))
}

fn limit(text: &str) -> Result<Duration, SeamError> {
    parse_duration(text).map_err(|error| SeamError::new(Fault::Usage, format!("`time_limit`: {error}")))
}

fn usage(error: GridError) -> SeamError {
    let refused = SeamError::new(Fault::Usage, error.to_string());
    error.hint().into_iter().fold(refused, SeamError::with_hint)
}

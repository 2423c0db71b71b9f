//! `lem config generate-grid`: many configurations from one.

use crate::args::GridArgs;
use crate::commands::Voice;
use crate::exit::Exit;
use crate::render;
use anyhow::Context;
use lem_config::{Axis, Cell, Expansion, Grid, GridError, Outcome, Request, Resolved, Resolver};
use lem_domain::protocol::{Fault, SeamError};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// Folder, within that of the grid, of what all cells build on: a pattern for the cells does not match it.
const BASE_FOLDER: &str = "base";

/// What a grid came to.
#[derive(Default)]
pub(crate) struct Report {
    /// All combinations.
    pub(crate) combinations: usize,
    /// Left out by an expression.
    pub(crate) excluded: usize,
    /// Cells that are experiments.
    pub(crate) valid: Vec<String>,
    /// Cells that mean the same as another one, with its name.
    pub(crate) duplicates: Vec<(String, String)>,
    /// Cells that are no experiments, and why.
    pub(crate) invalid: Vec<(String, String)>,
    /// Requests of all experiments; `None` when one of them runs a whole data set.
    pub(crate) requests: Option<u64>,
    /// Output tokens of all experiments, at most; `None` likewise.
    pub(crate) output_tokens: Option<u64>,
    /// Where they are.
    pub(crate) folder: Option<PathBuf>,
}

/// Expands a grid and writes its cells.
pub(crate) fn generate(args: &GridArgs, voice: Voice) -> anyhow::Result<Exit> {
    let axes = args.vary.iter().map(|text| text.parse::<Axis>()).collect::<Result<_, _>>().map_err(usage)?;
    let grid = Grid::new(axes, &args.exclude).map_err(usage)?;
    // The environment and the user's own settings are those of whoever runs the cells.
    let base = Resolver::new(&Request { file: Some(args.base.clone()), ..Request::default() })?;
    let name = args.base.file_stem().map_or_else(|| "base".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let cells = grid.cells(&name).map_err(usage)?;
    let mut report = Report {
        combinations: grid.len(),
        excluded: grid.len() - cells.len(),
        requests: Some(0),
        output_tokens: Some(0),
        ..Report::default()
    };
    let mut files = Vec::with_capacity(cells.len());
    let mut expansion = Expansion::new(&base);
    for cell in cells {
        match expansion.outcome(&cell) {
            Outcome::Valid(resolved) => {
                report.count(&resolved);
                files.push((format!("{}.yaml", cell.name), document(&cell, &name)?));
                report.valid.push(cell.name);
            }
            Outcome::Duplicate { of } => report.duplicates.push((cell.name, of)),
            Outcome::Invalid(error) => report.invalid.push((cell.name, render::error::in_one_line(&error))),
        }
    }
    let refuses = args.strict && !report.invalid.is_empty();
    if !args.dry_run && !refuses && !files.is_empty() {
        if !voice.quiet {
            render::grid::announce(&report);
        }
        write(args, &name, &base.written_yaml()?, &files)?;
        report.folder = Some(args.output_dir.clone());
    }
    render::grid::show(&report, args.json)?;
    Ok(if refuses || report.valid.is_empty() { Exit::Usage } else { Exit::Ok })
}

impl Report {
    fn count(&mut self, resolved: &Resolved) {
        let count = resolved.spec.prompts.count.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
        let add = |sum: Option<u64>, more: Option<u64>| Some(sum?.saturating_add(more?));
        self.requests = add(self.requests, count);
        let each = u64::from(resolved.spec.limits.max_output);
        self.output_tokens = add(self.output_tokens, count.map(|count| count.saturating_mul(each)));
    }

    pub(crate) fn json(&self) -> Value {
        let pairs = |pairs: &[(String, String)], key: &str| -> Vec<Value> {
            pairs.iter().map(|(name, other)| json!({ "name": name, key: other })).collect()
        };
        json!({
            "combinations": self.combinations,
            "excluded": self.excluded,
            "valid": self.valid,
            "duplicates": pairs(&self.duplicates, "of"),
            "invalid": pairs(&self.invalid, "reason"),
            "requests": self.requests,
            "max_output_tokens": self.output_tokens,
            "folder": self.folder,
        })
    }
}

fn usage(error: GridError) -> SeamError {
    let refused = SeamError::new(Fault::Usage, error.to_string());
    match error.hint() {
        Some(hint) => refused.with_hint(hint),
        None => refused,
    }
}

/// The file of a cell: its own settings, over the base beside it.
fn document(cell: &Cell, base: &str) -> anyhow::Result<String> {
    let mut settings = Map::new();
    settings.insert("_extends".to_owned(), format!("{BASE_FOLDER}/{base}.yaml").into());
    settings.insert("config_name".to_owned(), cell.name.as_str().into());
    for (path, value) in &cell.settings {
        insert(&mut settings, path, value.clone());
    }
    serde_saphyr::to_string(&settings).context("cannot write a cell as YAML")
}

fn insert(settings: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            settings.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let inner = settings.entry(section).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn write(args: &GridArgs, base: &str, base_yaml: &str, files: &[(String, String)]) -> anyhow::Result<()> {
    let folder = &args.output_dir;
    if !args.overwrite && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let refused = SeamError::new(Fault::Usage, format!("the folder `{}` is not empty", folder.display()));
        return Err(refused.with_hint("name another one with `-o`, or write into it with `--overwrite`").into());
    }
    let put = |path: &Path, text: &str| fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()));
    let below = folder.join(BASE_FOLDER);
    fs::create_dir_all(&below).with_context(|| format!("cannot make the folder `{}`", below.display()))?;
    put(&below.join(format!("{base}.yaml")), base_yaml)?;
    // No file is flushed to the disk by itself: all of them can be made again from the base.
    files.iter().try_for_each(|(name, text)| put(&folder.join(name), text))
}

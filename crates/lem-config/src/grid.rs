//! Many experiments from one: a grid varies settings of a base.
//!
//! `axis` reads which settings take which values, `exclusion` which combinations are left out, `name` gives each cell a
//! name that follows from its values alone.

mod axis;
mod error;
mod exclusion;
mod name;
mod values;

pub use axis::Axis;
pub use error::GridError;

use crate::error::ConfigError;
use crate::request::Override;
use crate::resolve::Resolver;
use crate::resolved::Resolved;
use exclusion::Exclusion;
use lem_domain::spec::ExperimentSpec;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};

/// Most cells of a grid: more files than anybody runs.
const MOST_CELLS: usize = 1_000_000;

/// Settings that vary over a base.
#[derive(Debug)]
pub struct Grid {
    axes: Vec<Axis>,
    exclusions: Vec<Exclusion>,
}

/// One combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its name, which follows from the values.
    pub name: String,
    /// Settings with their values, in the order of the axes.
    pub settings: Vec<(&'static str, Value)>,
}

/// What became of a combination.
#[derive(Debug)]
pub enum Outcome {
    /// It is an experiment.
    Valid(Box<Resolved>),
    /// It means the same experiment as an earlier cell of this name.
    Duplicate {
        /// The earlier one.
        of: String,
    },
    /// It is no experiment.
    Invalid(ConfigError),
}

impl Grid {
    /// A grid of these axes, less the cells for which one of the expressions holds.
    ///
    /// Expressions are Jinja's, over the settings that vary: `batching.batch_size > 4 and fp_precision == "float32"`. A
    /// setting also goes by the last part of its path, where no other axis has the same.
    ///
    /// # Errors
    /// When a setting stands on two axes, an expression cannot be read, or there are more cells than can be wanted.
    pub fn new(axes: Vec<Axis>, exclusions: &[String]) -> Result<Self, GridError> {
        let mut seen: Vec<&str> = Vec::new();
        for path in axes.iter().flat_map(|axis| axis.paths()) {
            if seen.contains(path) {
                return Err(GridError::Repeated { path });
            }
            seen.push(path);
        }
        let cells = axes.iter().try_fold(1, |cells: usize, axis| cells.checked_mul(axis.len()));
        if cells.is_none_or(|cells| cells > MOST_CELLS) {
            return Err(GridError::TooLarge { most: MOST_CELLS });
        }
        let exclusions = exclusions.iter().map(|text| Exclusion::parse(text)).collect::<Result<_, _>>()?;
        Ok(Self { axes, exclusions })
    }

    /// Combinations, those that are left out included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.axes.iter().map(Axis::len).product()
    }

    /// Whether nothing varies: a grid of one cell is its base.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.axes.is_empty()
    }

    /// The cells that no expression leaves out, the last axis varying fastest, named after a base.
    ///
    /// # Errors
    /// When an expression cannot be evaluated for the values.
    pub fn cells(&self, base: &str) -> Result<Vec<Cell>, GridError> {
        let mut cells = Vec::new();
        for number in 0..self.len() {
            let settings = self.settings(number);
            let mut is_excluded = false;
            for exclusion in &self.exclusions {
                is_excluded = is_excluded || exclusion.holds(&settings)?;
            }
            if !is_excluded {
                cells.push(Cell { name: name::of(base, &settings), settings });
            }
        }
        Ok(cells)
    }

    fn settings(&self, number: usize) -> Vec<(&'static str, Value)> {
        let mut rest = number;
        let mut points: Vec<_> = self.axes.iter().rev().map(|axis| (axis, rest % axis.len(), rest /= axis.len())).collect();
        points.reverse();
        points.into_iter().flat_map(|(axis, point, ())| axis.settings(point)).collect()
    }
}

/// Resolves cells over a base, and tells which of them mean the same.
#[derive(Debug)]
pub struct Expansion<'a> {
    base: &'a Resolver,
    /// Names of cells, by the digest of what they mean.
    seen: HashMap<u64, Vec<(String, ExperimentSpec)>>,
}

impl<'a> Expansion<'a> {
    /// Over this base.
    #[must_use]
    pub fn new(base: &'a Resolver) -> Self {
        Self { base, seen: HashMap::new() }
    }

    /// What becomes of a cell. Two cells mean the same when what would run is the same, whatever they are called: a
    /// temperature changes nothing where no token is drawn.
    pub fn outcome(&mut self, cell: &Cell) -> Outcome {
        let flag = |path: &&'static str| format!("--vary {path}");
        let vary = |(path, value): &(&'static str, Value)| Override { path: (*path).to_owned(), value: value.clone(), flag: flag(path) };
        let mut overrides: Vec<Override> = cell.settings.iter().map(vary).collect();
        if !cell.settings.iter().any(|(path, _)| *path == "config_name") {
            overrides.push(Override {
                path: "config_name".to_owned(),
                value: cell.name.as_str().into(),
                flag: "the cell's name".to_owned(),
            });
        }
        let resolved = match self.base.resolve(&overrides) {
            Ok(resolved) => resolved,
            Err(error) => return Outcome::Invalid(error),
        };
        let meant = ExperimentSpec { name: String::new(), ..resolved.spec.clone() };
        let alike = self.seen.entry(digest(&meant)).or_default();
        if let Some((of, _)) = alike.iter().find(|(_, other)| *other == meant) {
            return Outcome::Duplicate { of: of.clone() };
        }
        alike.push((cell.name.clone(), meant));
        Outcome::Valid(Box::new(resolved))
    }
}

/// A digest of what a spec holds, by its debug form, which names every field.
fn digest(spec: &ExperimentSpec) -> u64 {
    struct Hash(DefaultHasher);
    impl fmt::Write for Hash {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut hash = Hash(DefaultHasher::new());
    write!(hash, "{spec:?}").expect("a hasher takes everything");
    hash.0.finish()
}

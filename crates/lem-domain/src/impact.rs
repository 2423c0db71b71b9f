//! Carbon and cost: multipliers that stand beside an energy and are never mixed into it (MEASUREMENT.md §4).

mod grid;

pub use grid::{GridRow, grid_intensity, regions};

/// What an energy is multiplied by. Each is optional and known by its source; none has a default, because a default
/// would be a guess that looks like a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Multipliers {
    /// Power usage effectiveness: energy of the building ÷ energy of its machines, at least 1.
    pub pue: Option<Multiplier>,
    /// Carbon intensity of the grid, in grams of CO2 equivalent per kilowatt-hour.
    pub grid: Option<Multiplier>,
    /// Price of a kilowatt-hour in `currency`.
    pub price: Option<Multiplier>,
    /// Three letters of ISO 4217; only with a price.
    pub currency: Option<String>,
}

/// One factor and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiplier {
    /// The factor.
    pub value: f64,
    /// Who published it, for where and which year; or that it was configured.
    pub source: String,
}

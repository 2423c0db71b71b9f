//! What energy is multiplied by for a figure of carbon or cost.

use crate::section::section;
use crate::value::{Currency, Region};

section! {
    /// What energy is multiplied by for a figure of carbon or cost. Nothing is built in: a default would be a guess that
    /// looks like a figure.
    Impact from RawImpact {
        /// Power usage effectiveness: energy of the building ÷ energy of its machines.
        #[validate(range(min = 1.0, max = 3.0))]
        pue: f64,
        /// Where the electricity comes from: a country in three letters of ISO 3166, such as `FRA`, or `world`.
        region: Region,
        /// Your own figure for the grid, in grams of CO2 equivalent per kilowatt-hour; instead of `region`.
        // No way to make electricity emits less than 1 g over its life cycle (IPCC AR5 WG3, table A.III.2), so that a
        // figure in kilograms is told by its size.
        #[validate(range(min = 1.0, max = 2000.0))]
        grid_intensity: f64,
        /// Price of a kilowatt-hour; goes with `currency`.
        #[validate(range(min = 0.0, max = 1_000_000.0))]
        price_per_kwh: f64,
        /// Currency of the price, in three letters of ISO 4217.
        currency: Currency,
    }
}

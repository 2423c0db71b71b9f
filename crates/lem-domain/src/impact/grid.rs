//! Carbon intensity of the grid by country, from `grid.csv`. Where the figures come from stands in the README beside it.

use super::Multiplier;
use std::sync::LazyLock;

/// The grid of one region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridRow {
    /// A country in three letters of ISO 3166, or `world`.
    pub code: &'static str,
    /// Its name in English.
    pub name: &'static str,
    /// Carbon intensity in grams of CO2 equivalent per kilowatt-hour generated.
    pub grams_per_kwh: f64,
    /// The year that it is the mean of.
    pub year: u16,
    /// Who published it.
    pub source: &'static str,
}

static ROWS: LazyLock<Vec<GridRow>> =
    LazyLock::new(|| lines().map(|line| parse(line).expect("the table is part of the program, and a test reads every row")).collect());

/// Every region of the table, by its code.
pub fn regions() -> impl Iterator<Item = &'static GridRow> {
    ROWS.iter()
}

/// Carbon intensity of the grid of a region, by its code in either case; `None` for a region that the table lacks.
///
/// ```
/// let grid = lem_domain::impact::grid_intensity("fra").expect("France is in the table");
/// assert_eq!(grid.value, 56.039);
/// assert_eq!(grid.source, "grid of France, 2023: Our World in Data (Ember; Energy Institute)");
/// ```
#[must_use]
pub fn grid_intensity(region: &str) -> Option<Multiplier> {
    regions().find(|row| row.code.eq_ignore_ascii_case(region)).map(|row| Multiplier {
        value: row.grams_per_kwh,
        source: format!("grid of {}, {}: {}", if row.code == "world" { "the world" } else { row.name }, row.year, row.source),
    })
}

/// The rows as text, without comments and heading.
fn lines() -> impl Iterator<Item = &'static str> {
    include_str!("grid.csv").lines().filter(|line| !line.starts_with('#')).skip(1)
}

fn parse(line: &'static str) -> Option<GridRow> {
    let mut cells = line.split(',');
    let mut next = || cells.next();
    let (code, name, grams_per_kwh) = (next()?, next()?, next()?.parse().ok()?);
    let (year, source) = (next()?.parse().ok()?, next()?);
    next().is_none().then_some(GridRow { code, name, grams_per_kwh, year, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_well_formed() {
        for line in lines() {
            assert!(parse(line).is_some(), "{line}");
        }
        for row in regions() {
            let is_country = row.code.len() == 3 && row.code.bytes().all(|letter| letter.is_ascii_uppercase());
            assert!(is_country || row.code == "world", "{row:?}");
            assert!((1.0..=2000.0).contains(&row.grams_per_kwh), "{row:?}");
            assert!((2000..2100).contains(&row.year), "{row:?}");
            assert!(!row.name.is_empty() && !row.source.is_empty(), "{row:?}");
        }
        assert!(regions().map(|row| row.code).is_sorted_by(|before, after| before < after), "sorted, each code once");
        assert!(regions().count() > 200);
    }

    #[test]
    fn names_are_unique_and_lead_to_one_region() {
        let mut names: Vec<_> = regions().map(|row| row.name.to_lowercase()).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|before, after| before < after));
    }

    #[test]
    fn known_grids_stand_in_their_order() {
        let grams = |region: &str| grid_intensity(region).map_or(f64::NAN, |grid| grid.value);
        assert!(grams("NOR") < grams("FRA") && grams("FRA") < grams("world") && grams("world") < grams("IND"));
        assert!((grams("WORLD") - grams("world")).abs() < 1e-12);
        assert_eq!(grid_intensity("atlantis"), None);
        assert_eq!(grid_intensity(""), None);
    }
}

//! From a processor's identity to watts per hardware thread, with the bound that goes with the choice.

use super::rows::{GENERIC, ROWS, Row};
use crate::cpuinfo::CpuIdentity;
use lem_domain::Boundary;
use lem_domain::spec::CpuPowerOverride;
use lem_domain::units::Watts;

/// Relative half-width of the rectangular bound on a row of the table (MEASUREMENT.md §4).
///
/// It also bounds the user's own watts: these replace the table, not the assumption that power grows in proportion
/// to busy time.
const TABLE_HALF_WIDTH: f64 = 0.5;

/// The same for the generic row (MEASUREMENT.md §4).
const GENERIC_HALF_WIDTH: f64 = 1.0;

/// Watts per thread and where they came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Basis {
    pub(crate) idle: Watts,
    pub(crate) max: Watts,
    /// Relative half-width of the bound.
    pub(crate) half_width: f64,
    /// The row and its citation, in words.
    pub(crate) source: String,
    /// What the watts cover: the rows are of whole servers, the user's own watts are of the processor.
    pub(crate) boundary: Boundary,
    /// Whether nothing better than the generic row was found.
    pub(crate) generic: bool,
}

/// Chooses the user's watts before the processor's row before the generic row.
pub(crate) fn basis(identity: Option<&CpuIdentity>, cpu_power: Option<CpuPowerOverride>) -> Basis {
    if let Some(CpuPowerOverride { idle, max }) = cpu_power {
        let source = "watts per thread from the configuration".to_owned();
        return Basis { idle, max, half_width: TABLE_HALF_WIDTH, source, boundary: Boundary::CpuPackage, generic: false };
    }
    match identity.and_then(row_of) {
        Some(row) => from_row(row, TABLE_HALF_WIDTH, false),
        None => from_row(&GENERIC, GENERIC_HALF_WIDTH, true),
    }
}

fn row_of(identity: &CpuIdentity) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.processors.iter().any(|processor| processor.matches(identity)))
}

fn from_row(row: &Row, half_width: f64, generic: bool) -> Basis {
    Basis {
        idle: row.idle,
        max: row.max,
        half_width,
        source: format!("power table, row `{}`: {}", row.name, row.citation),
        boundary: Boundary::Host,
        generic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intel(model: u32, stepping: u32) -> CpuIdentity {
        CpuIdentity::X86 { vendor: "GenuineIntel".into(), family: 6, model, stepping }
    }

    fn amd(family: u32, model: u32) -> CpuIdentity {
        CpuIdentity::X86 { vendor: "AuthenticAMD".into(), family, model, stepping: 0 }
    }

    #[test]
    fn processors_find_their_row() {
        let check = |identity: CpuIdentity, name: &str| {
            assert_eq!(row_of(&identity).map(|row| row.name), Some(name), "{identity:?}");
        };
        check(intel(0x55, 4), "Skylake (Server)");
        check(intel(0x55, 7), "Cascade Lake");
        check(intel(0x4f, 1), "Broadwell");
        check(intel(0x6a, 6), "Ice Lake");
        check(intel(0x8f, 8), "Sapphire Rapids");
        check(amd(0x17, 0x31), "EPYC 2nd Gen");
        check(amd(0x19, 0x01), "EPYC 3rd Gen");
        check(amd(0x19, 0x11), "EPYC 4th Gen");
        check(CpuIdentity::Arm { implementer: 0x41, part: 0xd0c }, "Neoverse N1");
    }

    #[test]
    fn what_no_table_holds_is_left_to_the_generic_row() {
        // Family 17h model 01h is both EPYC 7001 and Ryzen 1000, whose watts per thread differ by more than the bound;
        // desktop parts are in no table.
        for identity in
            [amd(0x17, 0x01), amd(0x19, 0x21), intel(0x55, 11), amd(0x1a, 0x02), CpuIdentity::Arm { implementer: 0x41, part: 0xd40 }]
        {
            assert!(basis(Some(&identity), None).generic, "{identity:?}");
        }
    }

    #[test]
    fn no_processor_has_two_rows_and_no_row_is_absurd() {
        for (position, row) in ROWS.iter().chain(std::iter::once(&GENERIC)).enumerate() {
            assert!(row.idle.get() > 0.0 && row.idle < row.max && row.max.get() < 12.0, "{}", row.name);
            assert!(!row.citation.is_empty(), "{}", row.name);
            for other in ROWS.iter().skip(position + 1) {
                let shared = row.processors.iter().find(|processor| other.processors.contains(processor));
                assert_eq!(shared, None, "in `{}` and `{}`", row.name, other.name);
            }
        }
    }
}

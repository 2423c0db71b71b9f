//! Numbers as people read them: four significant digits, and a prefix where the unit takes one.

/// A value with its unit, such as `5.167 GFLOP` or `12.3 ms`.
#[must_use]
pub fn with_unit(value: f64, unit: &str) -> String {
    let (scaled, prefix) = scale(value, unit);
    let number = significant(scaled);
    let separator = if unit.is_empty() && prefix.is_empty() { "" } else { " " };
    format!("{number}{separator}{prefix}{unit}")
}

/// A value and its expanded uncertainty on the same scale, such as `341 ± 20 J`: two significant digits of the
/// uncertainty, and the value no finer than those.
#[must_use]
pub fn with_uncertainty(value: f64, expanded: f64, unit: &str) -> String {
    const DIGITS: i32 = 2;
    const MOST_DECIMALS: usize = 6;
    let (scaled, prefix) = scale(value, unit);
    let factor = if value == 0.0 { 1.0 } else { scaled / value };
    let expanded = expanded * factor.abs();
    if expanded <= 0.0 || !expanded.is_finite() {
        return format!("{} ± {expanded} {prefix}{unit}", significant(scaled));
    }
    let decimals = usize::try_from(DIGITS - 1 - exponent(expanded)).unwrap_or(0).min(MOST_DECIMALS);
    format!("{scaled:.decimals$} ± {expanded:.decimals$} {prefix}{unit}")
}

/// The same without unit and prefix, for tables that say the unit once: the value and, unless it is not known, its
/// expanded uncertainty.
#[must_use]
pub fn bare(value: f64, expanded: Option<f64>) -> (String, Option<String>) {
    const DIGITS: i32 = 2;
    match expanded.filter(|expanded| *expanded > 0.0 && expanded.is_finite()) {
        Some(expanded) => {
            let decimals = usize::try_from(DIGITS - 1 - exponent(expanded)).unwrap_or(0).min(9);
            (format!("{value:.decimals$}"), Some(format!("{expanded:.decimals$}")))
        }
        None => (significant(value), None),
    }
}

/// Seconds as milliseconds or seconds, whichever reads better.
#[must_use]
pub fn seconds(value: f64) -> String {
    if value.abs() < 10.0 { format!("{} ms", significant(value * 1e3)) } else { format!("{} s", significant(value)) }
}

/// Bytes in mebibytes.
#[must_use]
pub fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", significant(lem_domain::units::Bytes::new(bytes).as_mebibytes()))
}

/// A count with thousands separated.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Which units take a prefix: those whose figures span many decades.
fn scale(value: f64, unit: &str) -> (f64, &'static str) {
    const LARGE: [(f64, &str); 5] = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    const SMALL: [(f64, &str); 3] = [(1.0, ""), (1e-3, "m"), (1e-6, "µ")];
    let magnitude = value.abs();
    if matches!(unit, "FLOP" | "FLOP/s" | "B/s" | "J" | "W") && magnitude >= 1e4 {
        let (factor, prefix) = LARGE.into_iter().find(|(factor, _)| magnitude >= *factor).unwrap_or((1.0, ""));
        return (value / factor, prefix);
    }
    if unit.starts_with('J') && magnitude > 0.0 && magnitude < 0.1 {
        let (factor, prefix) = SMALL.into_iter().find(|(factor, _)| magnitude >= *factor).unwrap_or((1e-6, "µ"));
        return (value / factor, prefix);
    }
    (value, "")
}

/// Four significant digits without an exponent; integers above that stay whole.
fn significant(value: f64) -> String {
    const DIGITS: i32 = 4;
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let decimals = usize::try_from(DIGITS - 1 - exponent(value)).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// Decimal exponent of a number, after rounding it to four digits: 9.9999 reads 10.00.
fn exponent(value: f64) -> i32 {
    let scientific = format!("{value:.3e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok());
    exponent.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let check = |value: f64, unit: &str, expected: &str| assert_eq!(with_unit(value, unit), expected);
        check(5_167_217_664.0, "FLOP", "5.167 GFLOP");
        check(25_700_000_000.0, "B/s", "25.70 GB/s");
        check(27.345_67, "tok/s", "27.35 tok/s");
        check(0.000_45, "J/token", "450.0 µJ/token");
        check(0.045, "J/token", "45.00 mJ/token");
        check(0.45, "J/token", "0.4500 J/token");
        check(12_345.6, "J", "12.35 kJ");
        check(9_876.7, "J", "9877 J");
        check(0.0, "J", "0 J");
        check(9.999_99, "tok/s", "10.00 tok/s");
        check(0.25, "", "0.2500");
        assert_eq!(with_uncertainty(341.23, 197.0, "J"), "341 ± 197 J");
        assert_eq!(with_uncertainty(0.248_3, 0.143_4, "J/token"), "0.25 ± 0.14 J/token");
        assert_eq!(with_uncertainty(0.045, 0.005, "J/token"), "45.0 ± 5.0 mJ/token");
        assert_eq!(seconds(0.020_4), "20.40 ms");
        assert_eq!(seconds(12.0), "12.00 s");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}

//! Powers and energies: the unit shifts the decimal exponent of the text, so that no multiplication rounds.

use super::quantity::{Decimal, Measure, OutOfReach};
use lem_domain::units::{Joules, Watts};

impl Measure for Watts {
    const WHAT: &'static str = "power";
    /// Decimal exponent of the unit.
    type Scale = i32;
    const UNITS: &'static [(&'static str, i32)] = &[("MW", 6), ("kW", 3), ("W", 0), ("mW", -3), ("uW", -6)];
    const USUAL: [&'static str; 2] = ["W", "mW"];

    fn read(number: Decimal<'_>, exponent: i32) -> Result<Self, OutOfReach> {
        read(number, exponent).map(Self::new)
    }

    fn write(self) -> String {
        write(self.get(), Self::UNITS)
    }
}

impl Measure for Joules {
    const WHAT: &'static str = "energy";
    /// Decimal exponent of the unit.
    type Scale = i32;
    const UNITS: &'static [(&'static str, i32)] = &[("MJ", 6), ("kJ", 3), ("J", 0), ("mJ", -3), ("uJ", -6), ("nJ", -9)];
    const USUAL: [&'static str; 2] = ["J", "mJ"];

    fn read(number: Decimal<'_>, exponent: i32) -> Result<Self, OutOfReach> {
        read(number, exponent).map(Self::new)
    }

    fn write(self) -> String {
        write(self.get(), Self::UNITS)
    }
}

/// The number nearest to the decimal in the base unit: correctly rounded, since the parser sees the shifted exponent.
fn read(number: Decimal<'_>, exponent: i32) -> Result<f64, OutOfReach> {
    let text = format!("{}.{}e{exponent}", number.whole, number.fraction);
    let value: f64 = text.parse().map_err(|_| OutOfReach::TooLarge)?;
    if value.is_finite() { Ok(value) } else { Err(OutOfReach::TooLarge) }
}

/// The shortest text of the shortest decimal that reads back as `value`, which is finite and not negative.
fn write(value: f64, units: &[(&str, i32)]) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` writes an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` writes a whole exponent");
    let digits = mantissa.replace('.', "");
    // Nothing is as short in every unit; it is written in the base unit.
    let fits = |(_, shift): &&(&str, i32)| digits != "0" || *shift == 0;
    let texts = units.iter().filter(fits).map(|(unit, shift)| place_point(&digits, exponent - shift) + unit);
    texts.min_by_key(String::len).expect("there is a base unit")
}

/// `d.ddd × 10^exponent` without an exponent.
fn place_point(digits: &str, exponent: i32) -> String {
    let zeros = |count: usize| "0".repeat(count);
    match usize::try_from(exponent) {
        Err(_) => format!("0.{}{digits}", zeros(exponent.unsigned_abs() as usize - 1)),
        Ok(exponent) if exponent + 1 >= digits.len() => format!("{digits}{}", zeros(exponent + 1 - digits.len())),
        Ok(exponent) => format!("{}.{}", &digits[..=exponent], &digits[exponent + 1..]),
    }
}

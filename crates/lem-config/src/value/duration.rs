//! Durations in whole nanoseconds: integer arithmetic, so that nothing is rounded.

use super::quantity::{Decimal, Measure, OutOfReach};
use std::time::Duration;

impl Measure for Duration {
    const WHAT: &'static str = "duration";
    /// Nanoseconds in the unit.
    type Scale = u128;
    const UNITS: &'static [(&'static str, u128)] = &[
        ("w", 604_800_000_000_000),
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    const USUAL: [&'static str; 2] = ["ms", "s"];

    fn read(number: Decimal<'_>, scale: u128) -> Result<Self, OutOfReach> {
        let digits: u128 = format!("{}{}", number.whole, number.fraction).parse().map_err(|_| OutOfReach::TooLarge)?;
        let places = u32::try_from(number.fraction.len()).map_err(|_| OutOfReach::TooFine)?;
        let divisor = 10u128.checked_pow(places).ok_or(OutOfReach::TooFine)?;
        let scaled = digits.checked_mul(scale).ok_or(OutOfReach::TooLarge)?;
        if !scaled.is_multiple_of(divisor) {
            return Err(OutOfReach::TooFine);
        }
        u64::try_from(scaled / divisor).map(Self::from_nanos).map_err(|_| OutOfReach::TooLarge)
    }

    fn write(self) -> String {
        if self.is_zero() {
            return "0s".to_owned();
        }
        let texts = Self::UNITS.iter().filter_map(|(unit, scale)| Some(exact_quotient(self.as_nanos(), *scale)? + unit));
        texts.min_by_key(String::len).expect("whole nanoseconds always have a text in nanoseconds")
    }
}

/// `numerator ÷ denominator` as a decimal; `None` when that does not end, as a third of an hour in hours.
fn exact_quotient(numerator: u128, denominator: u128) -> Option<String> {
    /// A week is 2^16 · 3^3 · 5^11 · 7 ns: a quotient that ends does so within 16 places.
    const MAX_PLACES: usize = 16;
    let mut text = (numerator / denominator).to_string();
    let mut rest = numerator % denominator;
    if rest > 0 {
        text.push('.');
    }
    for _ in 0..MAX_PLACES {
        if rest == 0 {
            break;
        }
        rest *= 10;
        text += &(rest / denominator).to_string();
        rest %= denominator;
    }
    (rest == 0).then_some(text)
}

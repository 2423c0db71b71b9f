//! Physical quantities, written as text with a unit so that no bare number can be misread.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A quantity that can be written with a unit.
pub(crate) trait Measure: Copy + PartialEq + 'static {
    /// What it is, without an article.
    const WHAT: &'static str;
    /// How many of the smallest step a unit holds, in the form that keeps arithmetic exact.
    type Scale: Copy + 'static;
    /// Symbols of its units with their scale, from the largest down.
    const UNITS: &'static [(&'static str, Self::Scale)];
    /// Two units that a forgotten unit most likely meant.
    const USUAL: [&'static str; 2];

    /// The quantity of a non-negative decimal number in a unit of this scale.
    fn read(number: Decimal<'_>, scale: Self::Scale) -> Result<Self, OutOfReach>;

    /// The shortest text that reads back as exactly this quantity; among equally short ones, that of the largest unit.
    fn write(self) -> String;
}

/// Digits before and after the point; both may hold zeros only, never signs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal<'a> {
    /// At least one digit.
    pub(crate) whole: &'a str,
    /// May be empty.
    pub(crate) fraction: &'a str,
}

/// Why a number cannot be held in the type of its quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutOfReach {
    /// Beyond the largest value.
    #[error("too large")]
    TooLarge,
    /// Between two neighbouring values.
    #[error("finer than a nanosecond")]
    TooFine,
}

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuantityError {
    /// The number has no unit behind it.
    #[error("`{number}` has no unit; write `\"{number}{}\"` or `\"{number}{}\"`", .usual[0], .usual[1])]
    NoUnit { number: String, usual: [&'static str; 2] },
    /// The unit is none of this quantity.
    #[error("`{unit}` is no unit of {what}; known: {known}")]
    UnknownUnit { unit: String, what: &'static str, known: String },
    /// A minus sign.
    #[error("`{text}` is negative")]
    Negative { text: String },
    /// No number in front of the unit.
    #[error("`{text}` does not start with a decimal number such as 20 or 0.5")]
    NoNumber { text: String },
    /// The type of the quantity cannot hold it.
    #[error("`{text}` is {reason}")]
    OutOfReach { text: String, reason: OutOfReach },
}

/// Longer numbers are mistakes, and their arithmetic would overflow.
const MAX_TEXT_BYTES: usize = 400;

/// A quantity in a configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantity<M>(pub(crate) M);

impl<M: Measure> Quantity<M> {
    /// Reads a text such as `20ms`; a space before the unit is allowed.
    pub(crate) fn parse(text: &str) -> Result<Self, QuantityError> {
        let text = text.trim();
        let owned = || text.to_owned();
        if text.len() > MAX_TEXT_BYTES {
            return Err(QuantityError::NoNumber { text: format!("{}…", text.chars().take(20).collect::<String>()) });
        }
        if text.starts_with('-') {
            return Err(QuantityError::Negative { text: owned() });
        }
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim_start());
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
            return Err(QuantityError::NoNumber { text: owned() });
        }
        if unit.is_empty() {
            return Err(QuantityError::NoUnit { number: number.to_owned(), usual: M::USUAL });
        }
        let Some((_, scale)) = M::UNITS.iter().find(|(symbol, _)| *symbol == unit) else {
            return Err(QuantityError::UnknownUnit { unit: unit.to_owned(), what: M::WHAT, known: symbols::<M>().join(", ") });
        };
        let number = Decimal { whole, fraction: fraction.trim_end_matches('0') };
        M::read(number, *scale).map(Self).map_err(|reason| QuantityError::OutOfReach { text: owned(), reason })
    }
}

fn symbols<M: Measure>() -> Vec<&'static str> {
    M::UNITS.iter().map(|(symbol, _)| *symbol).collect()
}

impl<M: Measure> fmt::Display for Quantity<M> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.write())
    }
}

impl<M: Measure> Serialize for Quantity<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, M: Measure> Deserialize<'de> for Quantity<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QuantityVisitor<M>(PhantomData<M>);

        impl<M: Measure> QuantityVisitor<M> {
            fn without_unit<E: Error>(number: impl fmt::Display) -> Result<Quantity<M>, E> {
                Err(E::custom(QuantityError::NoUnit { number: number.to_string(), usual: M::USUAL }))
            }
        }

        impl<M: Measure> Visitor<'_> for QuantityVisitor<M> {
            type Value = Quantity<M>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{} with its unit, such as `\"20{}\"`", M::WHAT, M::USUAL[0])
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Quantity::parse(text).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Self::without_unit(number)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                if number < 0 { Err(E::custom(QuantityError::Negative { text: number.to_string() })) } else { Self::without_unit(number) }
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                if number < 0.0 { Err(E::custom(QuantityError::Negative { text: number.to_string() })) } else { Self::without_unit(number) }
            }
        }

        deserializer.deserialize_any(QuantityVisitor(PhantomData))
    }
}

impl<M: Measure> JsonSchema for Quantity<M> {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed(M::WHAT)
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let examples = M::USUAL.map(|unit| format!("20{unit}"));
        json_schema!({ "title": M::WHAT, "type": "string", "examples": examples, "pattern": format!(r"^\s*[0-9]+(\.[0-9]+)?\s*({})\s*$", symbols::<M>().join("|")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lem_domain::units::{Joules, Watts};
    use proptest::prelude::*;
    use std::time::Duration;

    fn check<M: Measure + fmt::Debug>(text: &str, value: M, written: &str) {
        assert_eq!(Quantity::<M>::parse(text), Ok(Quantity(value)), "{text}");
        assert_eq!(Quantity(value).to_string(), written, "{text}");
    }

    fn refused<M: Measure + fmt::Debug>(text: &str, message: &str) {
        assert_eq!(Quantity::<M>::parse(text).map_err(|error| error.to_string()), Err(message.to_owned()), "{text}");
    }

    #[test]
    fn durations() {
        check("20ms", Duration::from_millis(20), "20ms");
        check("5s", Duration::from_secs(5), "5s");
        check("2m", Duration::from_secs(120), "2m");
        check("1h", Duration::from_secs(3600), "1h");
        check("24h", Duration::from_secs(86_400), "1d");
        check("0.5w", Duration::from_secs(302_400), "84h");
        check("1w", Duration::from_secs(604_800), "1w");
        check("90 s", Duration::from_secs(90), "90s");
        check(" 1.5h ", Duration::from_secs(5400), "90m");
        check("1000ms", Duration::from_secs(1), "1s");
        check("500ns", Duration::from_nanos(500), "0.5us");
        check("0s", Duration::ZERO, "0s");
        check("1.000000001s", Duration::from_nanos(1_000_000_001), "1.000000001s");
        refused::<Duration>("20", "`20` has no unit; write `\"20ms\"` or `\"20s\"`");
        refused::<Duration>("20sec", "`sec` is no unit of duration; known: w, d, h, m, s, ms, us, ns");
        refused::<Duration>("-5ms", "`-5ms` is negative");
        refused::<Duration>("ms", "`ms` does not start with a decimal number such as 20 or 0.5");
        refused::<Duration>(".5s", "`.5s` does not start with a decimal number such as 20 or 0.5");
        refused::<Duration>("1.2.3s", "`1.2.3s` does not start with a decimal number such as 20 or 0.5");
        refused::<Duration>("", "`` does not start with a decimal number such as 20 or 0.5");
        refused::<Duration>("0.5ns", "`0.5ns` is finer than a nanosecond");
        refused::<Duration>("99999999999h", "`99999999999h` is too large");
        refused::<Duration>("1e3ms", "`e3ms` is no unit of duration; known: w, d, h, m, s, ms, us, ns");
    }

    #[test]
    fn powers_and_energies() {
        check("50W", Watts::new(50.0), "50W");
        check("500mW", Watts::new(0.5), "0.5W");
        check("1.2kW", Watts::new(1200.0), "1.2kW");
        check("0W", Watts::new(0.0), "0W");
        check("0.1J", Joules::new(0.1), "0.1J");
        check("5mJ", Joules::new(0.005), "5mJ");
        check("2uJ", Joules::new(2e-6), "2uJ");
        check("0.1mJ", Joules::new(1e-4), "0.1mJ");
        refused::<Watts>("50", "`50` has no unit; write `\"50W\"` or `\"50mW\"`");
        refused::<Watts>("50J", "`J` is no unit of power; known: MW, kW, W, mW, uW");
        refused::<Joules>("3 kWh", "`kWh` is no unit of energy; known: MJ, kJ, J, mJ, uJ, nJ");
        let googol = "9".repeat(350);
        refused::<Joules>(&format!("{googol}J"), &format!("`{googol}J` is too large"));
    }

    fn non_negative() -> impl Strategy<Value = f64> {
        prop_oneof![any::<u32>().prop_map(|number| f64::from(number) / 1000.0), (0u64..f64::MAX.to_bits()).prop_map(f64::from_bits)]
            .prop_filter("numbers of a thousand digits are refused", |value| *value == 0.0 || (1e-60..1e60).contains(value))
    }

    proptest! {
        #[test]
        fn any_duration_reads_back_exactly(nanos in prop_oneof![any::<u64>(), 0u64..10_000, (0u64..1_000_000).prop_map(|millis| millis * 1_000_000)]) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(Quantity::parse(&Quantity(duration).to_string()), Ok(Quantity(duration)));
        }

        #[test]
        fn any_energy_and_power_reads_back_exactly(value in non_negative()) {
            prop_assert_eq!(Quantity::parse(&Quantity(Joules::new(value)).to_string()), Ok(Quantity(Joules::new(value))));
            prop_assert_eq!(Quantity::parse(&Quantity(Watts::new(value)).to_string()), Ok(Quantity(Watts::new(value))));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = Quantity::<Duration>::parse(&text);
            let _ = Quantity::<Joules>::parse(&text);
        }
    }
}

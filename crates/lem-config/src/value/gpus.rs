//! Lists of whole numbers.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// Numbers of GPUs, each once. A single number is a list of one, and a command line writes a list with commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gpus(pub(crate) Vec<u32>);

impl Gpus {
    fn of<E: Error>(numbers: Vec<u32>) -> Result<Self, E> {
        let repeated = numbers.iter().enumerate().find(|(position, number)| numbers[..*position].contains(number));
        match repeated {
            Some((_, number)) => Err(E::custom(format_args!("GPU {number} stands in the list twice"))),
            None => Ok(Self(numbers)),
        }
    }
}

impl Serialize for Gpus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Gpus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GpusVisitor;

        impl<'de> Visitor<'de> for GpusVisitor {
            type Value = Gpus;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of GPU numbers, such as [0, 1]")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Gpus, E> {
                u32::try_from(number).map(|number| Gpus(vec![number])).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Gpus, E> {
                // Some formats hand over every whole number signed.
                u64::try_from(number)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
                    .and_then(|number| self.visit_u64(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Gpus, E> {
                let numbers: Result<Vec<u32>, _> = text.split(',').map(|number| number.trim().parse()).collect();
                Gpus::of(numbers.map_err(|_| E::invalid_value(Unexpected::Str(text), &self))?)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Gpus, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = seq.next_element()? {
                    numbers.push(number);
                }
                Gpus::of(numbers)
            }
        }

        deserializer.deserialize_any(GpusVisitor)
    }
}

impl JsonSchema for Gpus {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("GPU numbers")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "integer", "minimum": 0, "maximum": u32::MAX }, "uniqueItems": true })
    }
}

#[cfg(test)]
mod tests {
    use super::Gpus;
    use serde_json::{Value, json};

    fn read(value: Value) -> Option<Vec<u32>> {
        serde_json::from_value::<Gpus>(value).ok().map(|gpus| gpus.0)
    }

    #[test]
    fn gpus_are_numbers_each_once() {
        for (written, expected) in [(json!([0, 1]), vec![0, 1]), (json!(3), vec![3]), (json!("0, 2"), vec![0, 2]), (json!([]), vec![])] {
            assert_eq!(read(written.clone()), Some(expected), "{written}");
        }
        for written in [json!([0, 0]), json!(-1), json!("0,x"), json!(""), json!(["0"]), json!(1.5)] {
            assert_eq!(read(written.clone()), None, "{written}");
        }
    }
}

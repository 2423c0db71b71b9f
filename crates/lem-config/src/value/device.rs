//! What a model runs on.

use lem_domain::spec::DeviceChoice;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// `auto`, `cpu`, `cuda`, or a GPU by its number: `cuda:1`. `cuda` is `cuda:0`, and written back so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device(pub(crate) DeviceChoice);

impl Device {
    fn parse(text: &str) -> Option<Self> {
        let choice = match text {
            "auto" => DeviceChoice::Auto,
            "cpu" => DeviceChoice::Cpu,
            "cuda" => DeviceChoice::Cuda(0),
            _ => {
                let digits = text.strip_prefix("cuda:")?;
                let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
                DeviceChoice::Cuda(digits.parse().ok().filter(|_| is_number)?)
            }
        };
        Some(Self(choice))
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            DeviceChoice::Auto => formatter.write_str("auto"),
            DeviceChoice::Cpu => formatter.write_str("cpu"),
            DeviceChoice::Cuda(ordinal) => write!(formatter, "cuda:{ordinal}"),
        }
    }
}

impl Serialize for Device {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DeviceVisitor;

        impl Visitor<'_> for DeviceVisitor {
            type Value = Device;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`auto`, `cpu`, `cuda` or a GPU by its number, such as `cuda:1`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Device, E> {
                Device::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(DeviceVisitor)
    }
}

impl JsonSchema for Device {
    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("device")
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "title": "device", "type": "string", "examples": ["auto", "cpu", "cuda", "cuda:1"], "pattern": "^(auto|cpu|cuda(:[0-9]+)?)$" })
    }
}

#[cfg(test)]
mod tests {
    use super::Device;

    #[test]
    fn a_device_is_a_word_or_a_gpu_by_its_number() {
        let written = |text| Device::parse(text).map(|device| device.to_string());
        for (text, expected) in [("auto", "auto"), ("cpu", "cpu"), ("cuda", "cuda:0"), ("cuda:0", "cuda:0"), ("cuda:12", "cuda:12")] {
            assert_eq!(written(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "gpu", "CUDA", "cuda:", "cuda:+1", "cuda:-1", "cuda:x", "cuda:99999999999", "cpu:0"] {
            assert_eq!(written(text), None, "{text}");
        }
    }
}

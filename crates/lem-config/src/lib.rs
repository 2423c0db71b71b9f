#![doc = include_str!("../README.md")]

mod check;
mod describe;
mod document;
mod effect;
mod error;
mod former;
mod grid;
mod layer;
mod lower;
mod metering;
mod origin;
mod preset;
mod request;
mod resolve;
mod resolved;
mod rules;
mod schema;
mod section;
mod sections;
mod stack;
mod suggest;
mod tree;
mod value;
mod violation;

pub use describe::{Form, SectionDescription, Setting, sections, settings};
pub use document::Position;
pub use error::ConfigError;
pub use grid::{Axis, Cell, Expansion, Grid, GridError, Outcome};
pub use metering::{InvalidDuration, Metering, parse_duration, resolve_metering};
pub use origin::Origin;
pub use preset::{Preset, PresetValue, presets};
pub use request::{Override, Request, Variable};
pub use resolve::{Resolver, resolve};
pub use resolved::{Provenance, Resolved};
pub use schema::schema;
pub use violation::{RuleCode, Violation};

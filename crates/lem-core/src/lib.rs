#![doc = include_str!("../README.md")]

pub mod dataset;
mod digest;
pub mod generate;
pub mod inference;
pub mod model;
pub mod tokenizer;

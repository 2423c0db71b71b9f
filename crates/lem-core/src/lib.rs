#![doc = include_str!("../README.md")]

pub mod dataset;
pub mod inference;
pub mod model;
pub mod tokenizer;

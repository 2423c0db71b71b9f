#![doc = include_str!("../README.md")]

pub mod chat_template;
pub mod dataset;
mod digest;
pub mod generate;
mod hub;
pub mod inference;
#[cfg(any(test, feature = "mock-server"))]
pub mod mock_server;
pub mod model;
pub mod synthetic;
pub mod tokenizer;

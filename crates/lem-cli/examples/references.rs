//! Prints the references as JSON, `[{"path", "text"}]`, for `cargo xtask docs`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(&serde_json::to_vec(&lem_cli::references())?)
}

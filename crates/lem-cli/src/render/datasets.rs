//! Prompt sets.

use super::out;
use super::summary::plain;
use lem_core::dataset::{CacheState, CachedSet, EMBEDDED_NAME};
use std::io;

/// All of them with what this machine has, on stdout.
pub(crate) fn list(sets: &[CachedSet]) -> io::Result<()> {
    let mut table = plain(["data set", "on the hub", "here", "licence", "holds"]);
    table.add_row([EMBEDDED_NAME, "-", "inside", "CC0-1.0", "instructions, questions and texts of many lengths, written for this program"]);
    for CachedSet { set, state } in sets {
        let part = [set.subset, Some(set.split)].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let here = match state {
            CacheState::Whole { .. } => "whole",
            CacheState::Part { .. } => "part",
            CacheState::Nothing => "-",
        };
        let place = format!("{} ({part})", set.repository);
        table.add_row([set.name, place.as_str(), here, set.licence.unwrap_or("none stated"), set.about]);
    }
    out::line(table.trim_fmt())
}

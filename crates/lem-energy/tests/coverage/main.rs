//! Whether the intervals that `lem` states hold the truth: every waveform × sensor × window against a ground truth, and the
//! tables of it in docs/coverage.md.

mod accuracy;
mod cell;
mod sensors;
mod table;
mod waves;

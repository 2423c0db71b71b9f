//! Whether intervals on repetitions hold the truth, whether verdicts are right when nothing differs, and the tables of both
//! in docs/statistics.md. Each cell is a thousand seeded runs.

mod comparisons;
mod intervals;
mod noise;
mod page;
mod stopping;

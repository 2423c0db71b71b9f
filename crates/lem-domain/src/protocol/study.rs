//! The seam to whatever keeps the state of a study.

use super::SeamError;
use crate::study::CellState;

/// Keeps what is known of the cells of one study. Each cell is written by whoever runs it, and by nobody else meanwhile.
pub trait StudyStore {
    /// What is known of a cell; that of one that was never begun is the default.
    ///
    /// # Errors
    /// When it is damaged.
    fn load_cell(&self, cell: &str) -> Result<CellState, SeamError>;

    /// Replaces it.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save_cell(&self, cell: &str, state: &CellState) -> Result<(), SeamError>;
}

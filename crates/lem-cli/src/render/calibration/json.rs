//! What `lem calibrate --json` prints. Absent is `null`.

use super::Board;
use lem_results::record::document::ProfileRecord;
use lem_results::{ProfileFolder, ResultsError};
use serde::Serialize;

/// Every kind of board that was calibrated.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    boards: Vec<BoardReport>,
}

/// One kind of board.
#[derive(Debug, Serialize)]
struct BoardReport {
    /// The profile, in the form of records.
    profile: ProfileRecord,
    /// The file that it is kept in; null when it is not kept.
    stored: Option<String>,
    /// Figures that the profile before knows, and this one does not.
    lost: Vec<String>,
    /// What is different from the profile before; null where there was none.
    changes: Option<Vec<String>>,
}

/// The report.
pub(crate) fn report(boards: &[Board], folder: &ProfileFolder) -> Result<Report, ResultsError> {
    let board = |board: &Board| {
        Ok(BoardReport {
            profile: folder.document(&board.profile)?,
            stored: board.stored.as_ref().map(|path| path.display().to_string()),
            lost: board.lost.clone(),
            changes: board.changes.clone(),
        })
    };
    Ok(Report { boards: boards.iter().map(board).collect::<Result<_, ResultsError>>()? })
}

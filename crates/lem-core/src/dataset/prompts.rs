//! From records to prompts.

use super::file::{Record, Sink};
use super::prompt_text::{self, NoText};
use super::{DatasetError, Draw};
use lem_domain::finding::{Finding, FindingCode, Severity};
use lem_domain::protocol::Prompt;
use std::path::Path;

/// Names of columns that hold prompts, the likeliest first.
pub(super) const USUAL_COLUMNS: &[&str] =
    &["text", "prompt", "question", "instruction+input", "instruction", "input", "content", "messages", "conversations", "conversation"];

/// Makes prompts of the records of one file after the other, and offers them to a draw.
pub(super) struct Prompts<'a> {
    draw: &'a mut Draw,
    offered: u64,
    empty: u64,
    /// Lines or rows of the files before.
    before: u64,
    /// Lines or rows of this file so far.
    here: u64,
}

/// The same, of one file.
pub(super) struct OfFile<'a, 'b> {
    prompts: &'a mut Prompts<'b>,
    path: &'a Path,
}

impl<'a> Prompts<'a> {
    pub(super) fn new(draw: &'a mut Draw) -> Self {
        Self { draw, offered: 0, empty: 0, before: 0, here: 0 }
    }

    /// What takes the records of the next file.
    pub(super) fn of_file<'b>(&'b mut self, path: &'b Path) -> OfFile<'b, 'a> {
        self.before += self.here;
        self.here = 0;
        OfFile { prompts: self, path }
    }

    pub(super) fn is_full(&self) -> bool {
        self.draw.is_full()
    }

    /// How many prompts there were in the source, and what must be known of it.
    pub(super) fn finish(self, source: &str) -> Result<(u64, Vec<Finding>), DatasetError> {
        if self.offered == 0 {
            return Err(DatasetError::NoPrompt { place: source.to_owned() });
        }
        let empty = (self.empty > 0).then(|| {
            let message = format!("records of `{source}` without a prompt, which were left out: {}", self.empty);
            Finding::new(FindingCode::PromptsEmpty, Severity::Info, message)
        });
        Ok((self.offered, empty.into_iter().collect()))
    }
}

impl Sink for OfFile<'_, '_> {
    fn take(&mut self, record: Record<'_>) -> Result<(), DatasetError> {
        let Self { prompts, path } = self;
        prompts.here = record.place.number();
        let text = prompt_text::of_columns(&record.values).map_err(|NoText { column, found }| DatasetError::NotAPrompt {
            path: path.to_owned(),
            place: record.place.to_string(),
            column: record.columns.get(column).cloned(),
            found,
        })?;
        match text {
            Some(text) => {
                prompts.offered += 1;
                prompts.draw.offer(Prompt::text(record.place.id(prompts.before), text));
            }
            None => prompts.empty += 1,
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.prompts.is_full()
    }
}

//! How many tokens the rows of a cache hold, and will hold.

/// See the module.
#[derive(Debug)]
pub(crate) struct Rows(Vec<Row>);

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    length: usize,
    context: usize,
}

impl Rows {
    /// So many, all empty.
    pub(crate) fn new(count: usize) -> Self {
        Self(vec![Row::default(); count])
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Empties a row for a text of at most `context` tokens.
    pub(crate) fn begin(&mut self, row: usize, context: usize) {
        self.0[row] = Row { length: 0, context };
    }

    /// Tokens that a row holds.
    pub(crate) fn length(&self, row: usize) -> usize {
        self.0[row].length
    }

    /// Tokens that the text of a row may have at most.
    pub(crate) fn context(&self, row: usize) -> usize {
        self.0[row].context
    }

    /// Forgets what a row holds from `length` on.
    pub(crate) fn truncate(&mut self, row: usize, length: usize) {
        self.0[row].length = self.0[row].length.min(length);
    }

    /// Makes `tokens` tokens part of a row.
    pub(crate) fn advance(&mut self, row: usize, tokens: usize) {
        self.0[row].length += tokens;
    }

    /// Row `to` now holds what row `from` holds; gives how many tokens.
    pub(crate) fn copy(&mut self, from: usize, to: usize) -> usize {
        self.0[to] = self.0[from];
        self.0[to].length
    }
}

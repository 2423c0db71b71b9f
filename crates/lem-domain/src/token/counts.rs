//! How many tokens a request had, by everyone who counted them (MEASUREMENT.md §2).

/// The same tokens, counted in up to three ways. Pieces of a stream are never a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Tokens that were listed one by one: by the server in its answer, or to the server in a prompt of token ids.
    pub listed: Option<u64>,
    /// What the server says of its own `usage`.
    pub usage: Option<u64>,
    /// The text tokenised here; one more for an output that the model ended, whose last token has no text.
    pub retokenised: Option<u64>,
}

/// Who counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountSource {
    /// [`TokenCounts::listed`].
    Listed,
    /// [`TokenCounts::usage`].
    Usage,
    /// [`TokenCounts::retokenised`].
    Retokenised,
}

impl CountSource {
    /// Every source, the most trusted first.
    pub const ALL: &'static [Self] = &[Self::Listed, Self::Usage, Self::Retokenised];

    /// The source as written in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Usage => "usage",
            Self::Retokenised => "retokenised",
        }
    }
}

impl TokenCounts {
    /// The count of one source.
    #[must_use]
    pub const fn by(self, source: CountSource) -> Option<u64> {
        match source {
            CountSource::Listed => self.listed,
            CountSource::Usage => self.usage,
            CountSource::Retokenised => self.retokenised,
        }
    }

    /// The count that figures rest on, with its source: the most trusted one that is there.
    #[must_use]
    pub fn headline(self) -> Option<(u64, CountSource)> {
        CountSource::ALL.iter().find_map(|&source| Some((self.by(source)?, source)))
    }

    /// The smallest and the largest count; `None` when nobody counted.
    #[must_use]
    pub fn range(self) -> Option<(u64, u64)> {
        let counts = || CountSource::ALL.iter().filter_map(|&source| self.by(source));
        Some((counts().min()?, counts().max()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_trusted_count_is_the_headline() {
        let all = TokenCounts { listed: Some(31), usage: Some(32), retokenised: Some(30) };
        assert_eq!(all.headline(), Some((31, CountSource::Listed)));
        assert_eq!(TokenCounts { listed: None, ..all }.headline(), Some((32, CountSource::Usage)));
        assert_eq!(TokenCounts { listed: None, usage: None, ..all }.headline(), Some((30, CountSource::Retokenised)));
        assert_eq!(all.range(), Some((30, 32)));
        assert_eq!((TokenCounts::default().headline(), TokenCounts::default().range()), (None, None));
    }
}

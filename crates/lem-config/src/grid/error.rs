//! What can be wrong with a grid.

/// A grid that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// An axis is not of the form `setting=value,value`.
    #[error("`{text}` is no axis")]
    NotAnAxis {
        /// As written.
        text: String,
    },
    /// An axis names no setting.
    #[error("there is no setting `{name}`")]
    UnknownSetting {
        /// As written.
        name: String,
        /// The nearest there is, or those that end like it.
        hint: Option<String>,
    },
    /// Settings that vary together have different numbers of values.
    #[error("`{path}` has {count} values and varies together with {others}")]
    Uneven {
        /// The setting.
        path: &'static str,
        /// Its values.
        count: usize,
        /// Values of the first one.
        others: usize,
    },
    /// A range has no values, or no end.
    #[error("`{text}` is no range: {reason}")]
    Range {
        /// As written.
        text: String,
        /// Why.
        reason: &'static str,
    },
    /// A setting stands on two axes.
    #[error("`{path}` varies twice")]
    Repeated {
        /// The setting.
        path: &'static str,
    },
    /// There are too many combinations.
    #[error("the grid has more than {most} cells")]
    TooLarge {
        /// So many there may be.
        most: usize,
    },
    /// An expression cannot be read.
    #[error("cannot read the expression `{expression}`: {reason}")]
    Expression {
        /// As written.
        expression: String,
        /// Why.
        reason: String,
    },
    /// An expression means nothing for the values of a cell.
    #[error("cannot evaluate `{expression}`: {reason}")]
    Evaluation {
        /// As written.
        expression: String,
        /// Why.
        reason: String,
    },
}

impl GridError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnAxis { .. } => Some("write it as `batching.batch_size=1,2,4`".to_owned()),
            Self::UnknownSetting { hint, .. } => hint.clone(),
            Self::Uneven { .. } => Some("settings joined by `&` take their first values together, then their second ones, …".to_owned()),
            Self::Range { .. } => {
                Some("`1..8` counts by one, `0..1:0.25` by a step, `1..64:log2` doubles, `1..1000:log10` multiplies by ten".to_owned())
            }
            Self::Repeated { .. } => Some("give all of its values at one place".to_owned()),
            Self::TooLarge { .. } => Some("vary fewer settings at a time, or give them fewer values".to_owned()),
            Self::Expression { .. } | Self::Evaluation { .. } => {
                Some("such as `batch_size > 4 and fp_precision == \"float32\"`, over the settings that vary".to_owned())
            }
        }
    }
}

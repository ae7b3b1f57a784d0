//! What a history shows that must not be.

use std::fmt;

use super::{Arrival, Hold};

/// What a history shows that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Two holds of one name at a time that do not share it.
    Overlap(Hold, Hold),
    /// The later hold has no higher token.
    Token(Hold, Hold),
    /// The second one came later and got the lock first.
    Overtaken(Arrival, Arrival),
    /// Who asked for several names has not exactly these.
    Partly {
        /// Who asked.
        who: String,
        /// What it asked for.
        asked: Vec<String>,
        /// What it held.
        held: Vec<String>,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap(one, two) => write!(f, "two hold at a time: {one:?} and {two:?}"),
            Self::Token(one, two) => write!(f, "the token did not rise: {one:?} and {two:?}"),
            Self::Overtaken(one, two) => write!(f, "{one:?} was overtaken by {two:?}"),
            Self::Partly { who, asked, held } => write!(f, "{who} asked for {asked:?} and held {held:?}"),
        }
    }
}

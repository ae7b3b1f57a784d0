//! In which process something was made.

/// The process that made something. A child that is forked off has a copy of its memory, shares its sockets, and has none of its
/// threads: what was made before the fork can't be used there.
///
/// What could go wrong: a child's child has the number of a process that is gone, and passes for it. That takes a whole round of
/// the system's numbers (32,768 at least) between two forks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Birthplace(u32);

impl Birthplace {
    /// The present process.
    pub(crate) fn here() -> Self {
        Self(std::process::id())
    }

    /// Whether this is that process.
    pub(crate) fn is_here(self) -> bool {
        self == Self::here()
    }
}

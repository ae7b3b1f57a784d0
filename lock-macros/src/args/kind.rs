//! The words for the kinds of locks: ours, and those of other frameworks.

use crate::suggest::{closest, plain};

/// A kind that the attribute takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Reentrant,
    Fair,
    Red,
    Read,
    Write,
}

/// What a message offers where nothing better is known.
const ALL: &str = "write \"reentrant\" (the default), \"fair\", \"read\", \"write\" or \"red\"";

impl Kind {
    const EVERY: [Self; 5] = [Self::Reentrant, Self::Fair, Self::Red, Self::Read, Self::Write];

    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Reentrant => "reentrant",
            Self::Fair => "fair",
            Self::Red => "red",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    fn called(word: &str) -> Option<Self> {
        Self::EVERY.iter().copied().find(|kind| kind.word() == word)
    }

    /// The kind called `word`.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub(super) fn find(word: &str) -> Result<Self, String> {
        if let Some(kind) = Self::called(word) {
            return Ok(kind);
        }
        Err(match meaning(word) {
            Some(Meaning::Kind(kind)) => {
                format!("unknown kind `{word}`: did you mean `kind = \"{}\"`?", kind.word())
            }
            Some(Meaning::Other(hint)) => format!("unknown kind `{word}`: {hint}"),
            None => format!("unknown kind `{word}`: {ALL}"),
        })
    }
}

impl AsRef<str> for Kind {
    fn as_ref(&self) -> &str {
        self.word()
    }
}

/// What a word that is no kind stands for.
pub(super) enum Meaning {
    Kind(Kind),
    /// Not one kind: what to write.
    Other(&'static str),
}

/// What `word` means, be it misspelt, in other letters, or of another framework: `FAIR_LOCK`, `redlock`, `shared`.
pub(super) fn meaning(word: &str) -> Option<Meaning> {
    let word = plain(word);
    let stem = word.strip_suffix("lock").filter(|stem| !stem.is_empty()).unwrap_or(&word);
    Some(match stem {
        "mutex" | "mutual" | "normal" | "simple" | "unfair" | "nonfair" | "default" | "recursive" => {
            Meaning::Kind(Kind::Reentrant)
        }
        "fifo" | "queue" | "queued" | "ordered" | "order" | "firstcome" | "ticket" => {
            Meaning::Kind(Kind::Fair)
        }
        "quorum" | "majority" | "redis" => Meaning::Kind(Kind::Red),
        "shared" | "share" | "reader" | "readers" | "readonly" => Meaning::Kind(Kind::Read),
        "writer" => Meaning::Kind(Kind::Write),
        "exclusive" => Meaning::Other(
            "every kind but `read` is exclusive: leave `kind` out, or write `kind = \"write\"` beside readers",
        ),
        "rw" | "readwrite" | "readerwriter" | "rwl" => Meaning::Other(
            "reading and writing are two kinds: write `kind = \"read\"` on what reads and `kind = \"write\"` on what writes",
        ),
        "multi" | "multiple" | "all" => {
            Meaning::Other("several locks are what `keys` makes: write `keys = ..` and leave `kind` out")
        }
        "semaphore" | "permit" | "permits" => {
            Meaning::Other("a lock has one holder, or readers: there is no semaphore")
        }
        stem => Meaning::Kind(Kind::called(stem).or_else(|| closest(stem, &Kind::EVERY).copied())?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_frameworks_and_slips_are_understood() {
        for (word, meant) in [
            ("FAIR_LOCK", "fair"),
            ("Fair", "fair"),
            ("fiar", "fair"),
            ("fifo", "fair"),
            ("reentrent", "reentrant"),
            ("REENTRANT_LOCK", "reentrant"),
            ("mutex", "reentrant"),
            ("redlock", "red"),
            ("RED_LOCK", "red"),
            ("shared", "read"),
            ("read-lock", "read"),
            ("reader", "read"),
            ("wirte", "write"),
            ("writer", "write"),
        ] {
            let message = Kind::find(word).unwrap_err();
            assert!(message.contains(&format!("did you mean `kind = \"{meant}\"`")), "{word}: {message}");
        }
    }

    #[test]
    fn words_that_are_no_single_kind_say_what_to_write() {
        for (word, hint) in [
            ("rw", "two kinds"),
            ("READ_WRITE_LOCK", "two kinds"),
            ("rwlock", "two kinds"),
            ("exclusive", "every kind but `read`"),
            ("multi", "write `keys = ..`"),
            ("MULTI_LOCK", "write `keys = ..`"),
            ("semaphore", "no semaphore"),
            ("zebra", "write \"reentrant\""),
            ("", "write \"reentrant\""),
        ] {
            let message = Kind::find(word).unwrap_err();
            assert!(message.contains(hint), "{word}: {message}");
        }
    }

    #[test]
    fn every_kind_is_found_by_its_word() {
        for kind in Kind::EVERY {
            assert_eq!(Kind::find(kind.word()), Ok(kind));
        }
    }
}

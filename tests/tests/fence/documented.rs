//! The statements as the documentation shows them.

use std::path::Path;

/// Where the statements stand: each place has to show all of them.
const SHOWN_IN: [&str; 2] = ["README.md", "lock-macros/src/distributed_lock.md"];

/// The statements that the documentation shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statements {
    /// Adds the column.
    pub(crate) migration: String,
    /// `$1`: the token, `$2`: the row; returns what the row holds, or nothing if a later holder was here.
    pub(crate) claim: String,
    /// `$3`: what it holds from now on.
    pub(crate) write: String,
    /// The write of who has read nothing, on a table of its own.
    pub(crate) blind: String,
}

impl Statements {
    /// As the README has them.
    pub(crate) fn of_readme() -> Self {
        Self::shown_in(SHOWN_IN[0])
    }

    fn shown_in(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let blocks = text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
        let all: Vec<&str> = blocks.flat_map(|block| block.split_inclusive(';')).map(str::trim).collect();
        let [migration, claim, write, blind] =
            all.iter().filter(|one| !one.is_empty()).collect::<Vec<_>>()[..]
        else {
            panic!(
                "{file} shows other statements than a migration, a claim, a write and a blind write: {all:?}"
            )
        };
        let [migration, claim, write, blind] = [migration, claim, write, blind].map(|one| (*one).to_owned());
        Self { migration, claim, write, blind }
    }
}

#[test]
fn all_places_show_the_same_statements() {
    for file in SHOWN_IN {
        assert_eq!(Statements::shown_in(file), Statements::of_readme(), "{file}");
    }
}

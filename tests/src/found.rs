//! The servers of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

/// A server's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    path: PathBuf,
    product: String,
    version: String,
}

impl Binary {
    /// The program at `path`, if it is a Redis or Valkey server that runs here.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        let output = Command::new(path).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        // "Redis server v=7.0.15 sha=..", "Valkey server v=9.1.2 sha=.."
        let (product, rest) = text.split_once(" server v=")?;
        let version = rest.split_whitespace().next()?;
        Some(Self { path: path.to_owned(), product: product.to_owned(), version: version.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `Redis 7.0.15`
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} {}", self.product, self.version)
    }

    /// Whether it is of this major version or a later one.
    #[must_use]
    pub fn is_at_least(&self, major: u32) -> bool {
        self.numbers().first().is_some_and(|own| *own >= major)
    }

    /// Major, minor, and so on.
    fn numbers(&self) -> Vec<u32> {
        self.version.split('.').map_while(|number| number.parse().ok()).collect()
    }
}

/// All servers found: those of `LOCK_TEST_SERVERS` (binaries separated by `:`), else `redis-server` and `valkey-server`
/// in `PATH`.
///
/// # Panics
/// If there is none: a test that needs a server never passes without one.
#[must_use]
pub fn servers() -> &'static [Binary] {
    static FOUND: OnceLock<Vec<Binary>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let found = match std::env::var("LOCK_TEST_SERVERS") {
            Ok(list) if !list.is_empty() => std::env::split_paths(&list)
                .map(|path| {
                    Binary::at(&path).unwrap_or_else(|| {
                        panic!("LOCK_TEST_SERVERS names {}, which is no Redis or Valkey server", path.display())
                    })
                })
                .collect(),
            _ => in_path(),
        };
        assert!(
            !found.is_empty(),
            "no Redis or Valkey server found: run `tests/run`, which gets one, or set LOCK_TEST_SERVERS to the path \
             of a redis-server"
        );
        found
    })
}

fn in_path() -> Vec<Binary> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<Binary> = Vec::new();
    for name in ["redis-server", "valkey-server"] {
        for folder in std::env::split_paths(&folders) {
            let binary = Binary::at(&folder.join(name));
            found.extend(binary.filter(|new| found.iter().all(|known| known.label() != new.label())));
        }
    }
    found
}

/// Runs `test` on every server at once, and says for each how it ended.
///
/// # Panics
/// If it panics on any of them; the message names them all.
#[track_caller]
pub fn each_server(test: impl Fn(&'static Binary) + Sync) {
    each_of(&servers().iter().collect::<Vec<_>>(), test);
}

/// As [`each_server`], on the oldest and on the newest version only: for what takes many servers. What differs between
/// versions, they differ in.
///
/// # Panics
/// As [`each_server`].
#[track_caller]
pub fn oldest_and_newest(test: impl Fn(&'static Binary) + Sync) {
    let by_age = |binary: &&Binary| binary.numbers();
    let mut both: Vec<_> = [servers().iter().min_by_key(by_age), servers().iter().max_by_key(by_age)]
        .into_iter()
        .flatten()
        .collect();
    // One server is both.
    both.dedup();
    each_of(&both, test);
}

#[track_caller]
fn each_of(binaries: &[&'static Binary], test: impl Fn(&'static Binary) + Sync) {
    let failed: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = binaries
            .iter()
            .copied()
            .map(|binary| {
                let test = &test;
                // Named, so that the message of a panic inside says on which server.
                let thread = std::thread::Builder::new().name(format!("on {}", binary.label()));
                let started = Instant::now();
                let run = thread.spawn_scoped(scope, move || test(binary)).expect("a thread can be started");
                (binary, started, run)
            })
            .collect();
        runs.into_iter()
            .filter_map(|(binary, started, run)| {
                let passed = run.join().is_ok();
                let outcome = if passed { "ok" } else { "FAILED" };
                eprintln!("on {}: {outcome} ({:?})", binary.label(), started.elapsed());
                (!passed).then(|| binary.label())
            })
            .collect()
    });
    assert!(failed.is_empty(), "failed on {}", failed.join(", "));
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_oldest_and_the_newest_are_older_and_newer_than_all_others() {
        let played = Mutex::new(Vec::new());
        oldest_and_newest(|binary| played.lock().unwrap().push(binary.numbers()));
        let mut played = played.into_inner().unwrap();
        played.sort();
        let mut all: Vec<_> = servers().iter().map(Binary::numbers).collect();
        all.sort();
        assert_eq!(played.first(), all.first());
        assert_eq!(played.last(), all.last());
        assert_eq!(played.len(), all.len().min(2));
    }
}

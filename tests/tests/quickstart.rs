//! The example that newcomers run first: in memory, as several processes on every server, and without its lock.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use lock_tests::{Server, Stage, servers};

/// Runs it as the README says.
fn quickstart(arguments: &[&str], url: Option<&str>) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root)
        .args(["run", "--quiet", "--example", "quickstart", "--"])
        .args(arguments)
        .env_remove("LOCK_URL")
        .stdin(Stdio::null());
    if let Some(url) = url {
        command.env("LOCK_URL", url);
    }
    command.output().expect("cargo runs")
}

/// The table of items, and the verdict.
fn totals(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let lines = text.lines().skip_while(|line| !line.contains("stock   sold"));
    let table: Vec<_> = lines.clone().take_while(|line| !line.is_empty()).map(str::to_owned).collect();
    assert_eq!(table.len(), 3, "{text}");
    let verdict = lines.filter(|line| line.starts_with("Sold = stock")).map(str::to_owned);
    table.into_iter().chain(verdict).collect()
}

#[test]
fn it_sells_the_same_in_memory_and_on_every_server() {
    let in_memory = totals(&quickstart(&[], None));
    assert_eq!(in_memory.len(), 4, "{in_memory:?}");
    for binary in servers() {
        let stage = Stage::of(Server::start(binary));
        let there = quickstart(&[], Some(stage.url()));
        assert_eq!(totals(&there), in_memory, "on {}", binary.label());
        assert!(String::from_utf8_lossy(&there.stdout).contains(stage.url().trim_end_matches('/')));
        stage.nothing_is_left();
    }
}

#[test]
fn without_its_lock_it_oversells_and_says_so() {
    let output = quickstart(&["--unlocked"], None);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("OVERSOLD"), "{text}");
}

//! The examples of the kinds assert what they show: each is run in memory and on every server.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use lock_tests::{Scratch, Server, Stage, servers};

/// Runs it as the README says, and returns what it says.
fn example(name: &str, environment: &[(&str, OsString)]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["run", "--quiet", "--example", name])
        .env_remove("LOCK_URL")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{name}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// In memory, and on every server, where it leaves nothing behind.
fn everywhere(name: &str) {
    assert!(example(name, &[]).contains("memory:"), "{name} says where its locks are");
    for binary in servers() {
        let stage = Stage::of(Server::start(binary));
        let text = example(name, &[("LOCK_URL", stage.url().into())]);
        assert!(text.contains(stage.url()), "{name} on {}: {text}", binary.label());
        stage.nothing_is_left();
    }
}

#[test]
fn the_stock_is_never_counted_twice() {
    everywhere("stock");
}

#[test]
fn groups_get_all_of_their_seats_or_none() {
    everywhere("seats");
}

#[test]
fn readers_read_together_and_a_writer_is_alone() {
    everywhere("report");
}

#[test]
fn the_first_to_come_is_the_first_to_be_served() {
    everywhere("first_come");
}

#[test]
fn a_tenant_stands_in_front_of_every_key_but_one() {
    everywhere("tenant_keys");
}

#[test]
fn a_red_lock_outlives_the_loss_of_a_master() {
    for binary in servers() {
        // The first name that the example looks for in the PATH, here the server to be tested.
        let folder = Scratch::new();
        std::os::unix::fs::symlink(binary.path(), folder.path().join("redis-server")).expect("a link");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.path().to_owned()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).expect("a PATH");
        let text = example("three_masters", &[("PATH", path)]);
        assert!(text.contains("2 of 3: settled") && text.contains("1 of 3: key [LOCK:settlement]"), "{text}");
    }
}

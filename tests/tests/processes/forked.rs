//! A process that forks after it has connected.

use std::process::Command;

use lock_tests::{Server, each_server};

/// Loaded before the process, it forks: this package forbids the unsafe code that a fork is.
const FORKING: &str = env!("FORKING");

#[track_caller]
fn forks_well(url: &str) {
    let forker = Command::new(env!("CARGO_BIN_EXE_lock-forker")).arg(url).env("LD_PRELOAD", FORKING).output();
    let forker = forker.expect("it runs");
    let said = String::from_utf8_lossy(&forker.stderr);
    assert!(forker.status.success(), "{}: {said}", forker.status);
}

#[test]
fn a_child_is_told_at_once_and_the_parent_goes_on() {
    each_server(|binary| {
        let server = Server::start(binary);
        forks_well(&server.url());
    });
}

#[test]
fn a_child_of_a_process_with_locks_in_memory_is_told_too() {
    forks_well("memory:");
}

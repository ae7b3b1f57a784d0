//! Commands that a server does not have: renamed away, as hardened installations do, or left out, as managed ones do.

use lock_core::{LockError, LockManager};
use lock_tests::{Server, each_server};

/// What no lock can be kept without.
const NEEDED: [&str; 14] = [
    "EVALSHA",
    "EVAL",
    "TIME",
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZSCORE",
    "ZCOUNT",
    "ZADD",
    "ZREM",
    "ZREMRANGEBYSCORE",
    "DEL",
    "PEXPIREAT",
    "SET",
    "PUBLISH",
];

#[test]
fn a_needed_command_that_is_absent_is_named() {
    each_server(|binary| {
        for command in NEEDED {
            let server = Server::of(binary).config(&format!("rename-command {command} \"\"")).start();
            let error = LockManager::connect_blocking(&server.url()).expect_err(command);
            let text = error.to_string();
            assert!(matches!(error, LockError::Config { .. }), "without {command}: {error:?}");
            assert!(text.contains(&format!("does not answer {command} (")), "without {command}: {text}");
            assert!(text.contains("rename-command"), "without {command}: {text}");
        }
    });
}

#[test]
fn a_command_that_the_subscription_needs_is_named() {
    each_server(|binary| {
        for command in ["SUBSCRIBE", "HELLO"] {
            let server = Server::of(binary).config(&format!("rename-command {command} \"\"")).start();
            let error = LockManager::connect_blocking(&server.url()).expect_err(command);
            let text = error.to_string();
            assert!(matches!(error, LockError::Connect { .. }), "without {command}: {error:?}");
            assert!(text.contains(command), "without {command}: {text}");
        }
    });
}

#[test]
fn every_optional_command_may_be_absent_at_once() {
    each_server(|binary| {
        let optional = ["INFO", "ROLE", "CLIENT", "COMMAND", "SCRIPT", "GET"];
        let without = optional.iter().fold(Server::of(binary), |options, command| {
            options.config(&format!("rename-command {command} \"\""))
        });
        let server = without.start();
        let locks = LockManager::connect_blocking(&server.url()).expect("they are optional");
        let guard = locks.lock("a").acquire_blocking().expect("it is free");
        guard.release_blocking().expect("it is held");
    });
}

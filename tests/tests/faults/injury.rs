//! The ways in which a server is hurt, and healed again.

use std::time::Duration;

use lock_core::LockError;
use lock_tests::{Binary, Server, until};

/// What a caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Unavailable,
    Refused,
}

/// What becomes of a hold that is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    Survives,
    Lost,
}

/// One way.
#[derive(Debug)]
pub(crate) struct Injury {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    pub(crate) hold: Hold,
    pub(crate) inflict: fn(&Server),
    pub(crate) heal: fn(&Server),
}

/// How long a loading server loads: longer than any test of it waits.
const LOADING: Duration = Duration::from_secs(6);

pub(crate) const INJURIES: [Injury; 8] = [
    Injury {
        name: "stopped",
        class: Class::Unavailable,
        hold: Hold::Lost,
        inflict: Server::pause,
        heal: Server::resume,
    },
    Injury {
        name: "killed",
        class: Class::Unavailable,
        hold: Hold::Lost,
        inflict: Server::kill,
        heal: Server::restart_empty,
    },
    Injury {
        name: "loading",
        class: Class::Unavailable,
        hold: Hold::Lost,
        inflict: |server| server.restart_loading(LOADING),
        heal: Server::restart_empty,
    },
    Injury {
        name: "out of memory",
        class: Class::Unavailable,
        hold: Hold::Survives,
        inflict: |server| drop(server.must(&["CONFIG", "SET", "maxmemory", "1"])),
        heal: |server| drop(server.must(&["CONFIG", "SET", "maxmemory", "0"])),
    },
    Injury {
        name: "asking for a password",
        class: Class::Refused,
        hold: Hold::Lost,
        // Those who are in stay in until they are thrown out.
        inflict: |server| {
            let mut inside = server.connect().expect("it listens");
            for command in [
                &["CONFIG", "SET", "requirepass", "new"][..],
                &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
            ] {
                assert!(inside.command(command).is_ok_and(|reply| !reply.is_error("")), "{command:?}");
            }
            let _ = inside.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        },
        heal: |server| {
            let mut inside = server.connect().expect("it listens");
            for command in [&["AUTH", "new"][..], &["CONFIG", "SET", "requirepass", ""]] {
                assert!(inside.command(command).is_ok_and(|reply| !reply.is_error("")), "{command:?}");
            }
        },
    },
    Injury {
        name: "forbidding scripts",
        class: Class::Refused,
        hold: Hold::Lost,
        inflict: |server| drop(server.must(&["ACL", "SETUSER", "default", "-@scripting"])),
        heal: |server| drop(server.must(&["ACL", "SETUSER", "default", "+@all"])),
    },
    Injury {
        name: "a replica",
        class: Class::Unavailable,
        hold: Hold::Lost,
        inflict: |server| drop(server.must(&["REPLICAOF", "127.0.0.1", "1"])),
        heal: |server| drop(server.must(&["REPLICAOF", "NO", "ONE"])),
    },
    Injury {
        name: "frozen by a long script",
        class: Class::Unavailable,
        hold: Hold::Lost,
        inflict: |server| {
            server.must(&["CONFIG", "SET", "lua-time-limit", "1"]);
            let mut busy = server.connect().expect("it listens");
            std::thread::spawn(move || busy.command(&["EVAL", "while true do end", "0"]));
            until(Duration::from_secs(5), "the script runs", || {
                server.command(&["GET", "x"]).is_error("BUSY")
            });
        },
        heal: |server| drop(server.must(&["SCRIPT", "KILL"])),
    },
];

/// A server in good health again.
pub(crate) fn heal(injury: &Injury, server: &Server) {
    (injury.heal)(server);
    until(Duration::from_secs(20), "the server is well again", || server.is_ready());
}

/// A server for an injury.
pub(crate) fn server(binary: &'static Binary) -> Server {
    Server::start(binary)
}

/// Whether the error is what an injury of that class gives.
pub(crate) fn is_of(class: Class, error: &LockError) -> bool {
    match class {
        Class::Unavailable => matches!(error, LockError::Unavailable { .. }),
        Class::Refused => matches!(error, LockError::Refused { .. }),
    }
}

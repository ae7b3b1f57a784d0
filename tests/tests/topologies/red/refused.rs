//! Masters that answer, but not with a vote.

use std::time::{Duration, Instant};

use lock_core::LockError;
use lock_tests::{Masters, Server};

use super::{PATIENCE, SLACK, acquire, on_each};

/// Why a master does not vote.
struct Why {
    name: &'static str,
    begins: fn(&Server),
    ends: fn(&Server),
    /// What the caller is told if a majority does so.
    is_told: fn(&LockError) -> bool,
    /// No wait makes it better.
    for_good: bool,
}

const WHYS: [Why; 4] = [
    Why {
        name: "out of memory",
        begins: |server| drop(server.must(&["CONFIG", "SET", "maxmemory", "1"])),
        ends: |server| drop(server.must(&["CONFIG", "SET", "maxmemory", "0"])),
        is_told: |error| matches!(error, LockError::Unavailable { reason, .. } if reason.contains("OOM")),
        for_good: false,
    },
    Why {
        name: "forbidding scripts",
        begins: |server| drop(server.must(&["ACL", "SETUSER", "default", "-@scripting"])),
        ends: |server| drop(server.must(&["ACL", "SETUSER", "default", "+@all"])),
        is_told: |error| matches!(error, LockError::Refused { .. }),
        for_good: true,
    },
    Why {
        name: "forbidding the lock's name",
        begins: |server| drop(server.must(&["ACL", "SETUSER", "default", "resetkeys", "~other"])),
        ends: |server| drop(server.must(&["ACL", "SETUSER", "default", "allkeys"])),
        is_told: |error| matches!(error, LockError::Refused { .. }),
        for_good: true,
    },
    Why {
        name: "holding other data",
        begins: |server| drop(server.must(&["SET", "LOCK:a", "not a lock"])),
        ends: |server| {
            assert_eq!(server.must(&["GET", "LOCK:a"]).text(), Some("not a lock"), "it was changed");
            server.must(&["DEL", "LOCK:a"]);
        },
        is_told: |error| matches!(error, LockError::ForeignData { .. }),
        for_good: true,
    },
];

#[test]
fn a_majority_that_refuses_is_told_at_once_and_a_minority_costs_nothing() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        for why in &WHYS {
            (why.begins)(masters.server(0));
            let guard = acquire(&locks, Duration::ZERO).await;
            let guard = guard.unwrap_or_else(|error| panic!("a minority {}: {error}", why.name));
            guard.release().await.expect("a majority answers");
            (why.begins)(masters.server(2));
            let start = Instant::now();
            let wait = if why.for_good { PATIENCE } else { Duration::ZERO };
            let error = acquire(&locks, wait).await.expect_err(why.name);
            let took = start.elapsed();
            assert!((why.is_told)(&error), "{}: {error}", why.name);
            let text = error.to_string();
            assert!(text.contains("of 3 granted it"), "{}: no votes in {text}", why.name);
            for refusing in [0, 2] {
                let address = masters.server(refusing).address().to_string();
                assert!(text.contains(&address), "{}: {address} is not in {text}", why.name);
            }
            assert!(took < SLACK, "{}: told after {took:?}", why.name);
            eprintln!("on {}: {}, told after {took:?}: {error}", binary.label(), why.name);
            (why.ends)(masters.server(0));
            (why.ends)(masters.server(2));
            masters.are_empty().await;
            drop(acquire(&locks, PATIENCE).await.expect("all are well again"));
            masters.are_empty().await;
        }
    });
}

//! What a server refuses, and what the scripts refuse themselves.

use redis::{Commands, Connection};

use super::calls::{
    LEASE, RENEW, acquire, call, class, forget, forget_reader, id, keys, one, read, refresh, refresh_reader,
};
use super::pair::COUNTER;
use super::server::{Server, on_each};
use crate::backend::{Acquire, Fault, FaultClass, Mode, Operation, Reply};

fn dump(server: &mut Connection, name: &str) -> Vec<u8> {
    redis::cmd("DUMP").arg(name).query(server).unwrap()
}

#[test]
fn the_key_of_readers_lives_as_long_as_the_longest_of_them() {
    on_each(|server| {
        let mut server = server.connect();
        let server = &mut server;
        let with_lease = |lease_ms| {
            Operation::Acquire(Acquire {
                mode: Mode::Shared,
                replaces: None,
                lease_ms,
                not_after_ms: u64::MAX >> 12,
                place: None,
            })
        };
        one(server, "LOCK:a", 1, with_lease(4 * LEASE)).unwrap();
        one(server, "LOCK:a", 2, with_lease(LEASE)).unwrap();
        let left = |server: &mut Connection| server.pttl::<_, u64>("LOCK:a").unwrap();
        assert!(left(server) > 3 * LEASE);
        one(server, "LOCK:a", 2, RENEW).unwrap();
        assert!(left(server) > 3 * LEASE, "a renewal shortens nobody");
        one(server, "LOCK:a", 3, acquire(true)).unwrap();
        assert!(left(server) > 3 * LEASE, "who waits shortens nobody");
        one(server, "LOCK:a", 2, forget_reader()).unwrap();
        assert!(left(server) > 3 * LEASE, "who leaves shortens nobody");
        one(server, "LOCK:a", 1, forget_reader()).unwrap();
        one(server, "LOCK:a", 3, forget()).unwrap();
        // One that nobody comes back to is cleared up by the server.
        one(server, "LOCK:a", 4, with_lease(20)).unwrap();
        assert!(left(server) <= 21);
        one(server, "LOCK:a", 4, forget_reader()).unwrap();
        assert_eq!(keys(server), [""; 0]);
    });
}

#[test]
fn foreign_data_is_told_and_left_alone() {
    on_each(|server| {
        let mut server = server.connect();
        let server = &mut server;
        let _: () = server.set("LOCK:text", "x").unwrap();
        let _: () = server.zadd("LOCK:set", "member", 5).unwrap();
        let _: () = server.zadd("LOCK:near", "1Hsomething", 5).unwrap();
        let _: () = server.zadd("LOCK:newer", "2L", -4.6e15).unwrap();
        let _: () = server.hset("LOCK:hash", "f", 1).unwrap();
        let _: () = server.zadd("LOCK:reader", format!("1R{}", id(1).as_str()), -1.2e15).unwrap();
        let _: () = server.zadd("LOCK:fence", format!("1F{}", id(1).as_str()), 6.0e15).unwrap();
        let names = ["text", "set", "near", "newer", "hash", "reader", "fence"].map(|n| format!("LOCK:{n}"));
        for name in &names {
            let before = dump(server, name);
            for operation in [
                acquire(true),
                acquire(false),
                read(true, None),
                read(false, Some(2)),
                RENEW,
                refresh(),
                refresh_reader(),
                forget(),
                forget_reader(),
            ] {
                assert_eq!(class(one(server, name, 1, operation)), FaultClass::Foreign, "{name}");
            }
            assert_eq!(dump(server, name), before);
        }
    });
}

/// What the error of an acquisition says about the counter: its key, and what to do.
fn names_the_counter(server: &mut Connection) {
    let fault = one(server, "LOCK:a", 1, acquire(true)).unwrap_err();
    assert_eq!(fault.class, FaultClass::Unavailable, "{}", fault.message);
    assert!(fault.message.contains(&format!("DEL {COUNTER}")), "{}", fault.message);
    assert!(!server.exists::<_, bool>("LOCK:a").unwrap());
}

#[test]
fn a_counter_that_can_t_be_true_is_named_and_left_alone() {
    on_each(|server| {
        let mut server = server.connect();
        let server = &mut server;
        one(server, "LOCK:held", 2, acquire(true)).unwrap();
        for counter in
            ["text", "", "-5", "1e300", "nan", "inf", "1.5", "4503599627370495", "9999999999999999"]
        {
            let _: () = server.set(COUNTER, counter).unwrap();
            names_the_counter(server);
            assert_eq!(server.get::<_, String>(COUNTER).unwrap(), counter);
            assert!(one(server, "LOCK:held", 2, RENEW).is_ok(), "who holds needs no counter");
        }
        let _: () = server.del(COUNTER).unwrap();
        let _: () = server.rpush(COUNTER, 1).unwrap();
        names_the_counter(server);
        let _: () = server.del(COUNTER).unwrap();
        one(server, "LOCK:a", 1, acquire(true)).unwrap();
        one(server, "LOCK:a", 1, forget()).unwrap();
    });
}

/// A clock that has gone back is not a damaged counter.
#[test]
fn a_counter_ahead_of_the_clock_counts_on() {
    on_each(|server| {
        let mut server = server.connect();
        let (seconds, _): (u64, u64) = redis::cmd("TIME").query(&mut server).unwrap();
        let ahead = (seconds + 23 * 60 * 60) * 1_000_000;
        let _: () = server.set(COUNTER, ahead).unwrap();
        let held = one(&mut server, "LOCK:a", 1, acquire(true));
        assert!(matches!(held, Ok(Reply::Held { fence, .. }) if fence == ahead + 1), "{held:?}");
    });
}

#[test]
fn an_operation_of_a_list_fails_alone() {
    on_each(|server| {
        let mut server = server.connect();
        let server = &mut server;
        let _: () = server.set("LOCK:text", "x").unwrap();
        let replies = call(
            server,
            &[("LOCK:a", 1, acquire(true)), ("LOCK:text", 1, acquire(true)), ("LOCK:b", 1, acquire(true))],
        );
        assert!(matches!(replies[0], Ok(Reply::Held { .. })));
        assert_eq!(replies[1].as_ref().unwrap_err().class, FaultClass::Foreign);
        assert!(matches!(replies[2], Ok(Reply::Held { .. })));
        let replies =
            call(server, &[("LOCK:a", 1, RENEW), ("LOCK:text", 1, forget()), ("LOCK:b", 1, forget())]);
        assert!(matches!(replies[0], Ok(Reply::Held { .. })));
        assert!(replies[1].is_err());
        assert_eq!(replies[2], Ok(Reply::Forgotten { was_owner: true }));
    });
}

#[test]
fn a_repeated_call_changes_nothing() {
    on_each(|server| {
        let mut server = server.connect();
        let server = &mut server;
        let fence = |reply: &Result<Reply, Fault>| match reply {
            Ok(Reply::Held { fence, .. }) => *fence,
            other => panic!("{other:?}"),
        };
        let held = one(server, "LOCK:a", 1, acquire(true));
        let queued = one(server, "LOCK:a", 2, acquire(true));
        let counter: u64 = server.get(COUNTER).unwrap();
        assert_eq!(fence(&one(server, "LOCK:a", 1, acquire(true))), fence(&held));
        let (Ok(Reply::Queued { ticket, .. }), Ok(Reply::Queued { ticket: again, .. })) =
            (queued, one(server, "LOCK:a", 2, acquire(true)))
        else {
            panic!("queued");
        };
        assert_eq!(ticket, again);
        assert_eq!(server.get::<_, u64>(COUNTER).unwrap(), counter);
        one(server, "LOCK:a", 2, forget()).unwrap();
        for was_owner in [true, false] {
            assert_eq!(one(server, "LOCK:a", 1, forget()), Ok(Reply::Forgotten { was_owner }));
        }
        assert_eq!(one(server, "LOCK:a", 1, RENEW), Ok(Reply::Gone));
        assert_eq!(keys(server), [""; 0]);
    });
}

fn short() -> Operation {
    Operation::Acquire(Acquire {
        mode: Mode::Exclusive,
        replaces: None,
        lease_ms: 20,
        not_after_ms: u64::MAX >> 12,
        place: None,
    })
}

#[test]
fn on_the_servers_own_clock_a_lease_and_a_fence_are_what_they_say() {
    on_each(|server| {
        let mut server = server.connect();
        let server = &mut server;
        let micros = |server: &mut Connection| {
            let (seconds, rest): (u64, u64) = redis::cmd("TIME").query(server).unwrap();
            seconds * 1_000_000 + rest
        };
        let before = micros(server);
        let Ok(Reply::Held { fence, left_ms, .. }) = one(server, "LOCK:a", 1, acquire(true)) else {
            panic!("held");
        };
        assert!((before..=micros(server)).contains(&fence));
        assert_eq!(left_ms, LEASE);
        let left: u64 = server.pttl("LOCK:a").unwrap();
        assert!(left <= LEASE + 1 && left > LEASE - 10_000);
        one(server, "LOCK:a", 1, forget()).unwrap();
        let Ok(Reply::Held { fence, .. }) = one(server, "LOCK:a", 4, short()) else {
            panic!("held");
        };
        assert!(matches!(
            one(server, "LOCK:a", 4, Operation::Renew { lease_ms: 5 }),
            Ok(Reply::Held { left_ms: 6.., .. })
        ));
        std::thread::sleep(std::time::Duration::from_millis(25));
        let Ok(Reply::Held { fence: next, .. }) = one(server, "LOCK:a", 2, acquire(true)) else {
            panic!("the lease is over");
        };
        assert!(next > fence);
        // Data lost, the counter too: the clock keeps fences rising.
        redis::cmd("FLUSHALL").exec(server).unwrap();
        let Ok(Reply::Held { fence: last, .. }) = one(server, "LOCK:a", 3, acquire(true)) else {
            panic!("held");
        };
        assert!(last > next);
    });
}

/// What a user of the locks may do, and no more. The README and the protocol's text name the same.
const RIGHTS: &str = "+evalsha +eval +time +zrange +zrangebyscore +zscore +zcount +zadd +zrem +zremrangebyscore +del +pexpireat +get +set +publish +ping";

fn user(server: &Server, rights: &str) -> Connection {
    let mut all = server.connect();
    let mut cmd = redis::cmd("ACL");
    cmd.arg("SETUSER").arg("app").arg("reset").arg("resetchannels").arg("on").arg(">secret");
    cmd.arg("~LOCK:*").arg("~test:counter").arg("&nobody");
    for right in rights.split(' ') {
        cmd.arg(right);
    }
    cmd.exec(&mut all).unwrap();
    let mut app = server.connect();
    redis::cmd("AUTH").arg("app").arg("secret").exec(&mut app).unwrap();
    app
}

#[test]
fn a_missing_permission_is_refused_and_leaves_nothing() {
    on_each(|server| {
        let mut app = user(server, RIGHTS);
        assert!(one(&mut app, "LOCK:a", 1, acquire(true)).is_ok());
        assert!(one(&mut app, "LOCK:a", 2, acquire(true)).is_ok());
        assert!(one(&mut app, "LOCK:a", 2, refresh()).is_ok());
        assert!(one(&mut app, "LOCK:a", 1, forget()).is_ok());
        assert!(one(&mut app, "LOCK:a", 2, forget()).is_ok());
        for missing in ["+time", "+zrange", "+set", "+zadd", "+pexpireat"] {
            let mut app = user(server, &RIGHTS.replace(&format!("{missing} "), ""));
            for operation in [acquire(true), read(true, None)] {
                let reply = one(&mut app, "LOCK:a", 1, operation);
                assert_eq!(class(reply), FaultClass::Refused, "without {missing}");
                assert_eq!(keys(&mut server.connect()), [""; 0], "without {missing}");
            }
        }
    });
}

#[test]
fn a_grant_stands_where_publishing_is_forbidden() {
    on_each(|server| {
        let mut app = user(server, &RIGHTS.replace("+publish ", ""));
        one(&mut app, "LOCK:a", 1, acquire(true)).unwrap();
        one(&mut app, "LOCK:a", 2, acquire(true)).unwrap();
        one(&mut app, "LOCK:a", 3, acquire(true)).unwrap();
        one(&mut app, "LOCK:a", 1, forget()).unwrap();
        let reply = one(&mut app, "LOCK:a", 3, refresh());
        assert!(matches!(reply, Ok(Reply::Queued { owner_left_ms: 1.., .. })), "{reply:?}");
        assert!(matches!(one(&mut app, "LOCK:a", 2, refresh()), Ok(Reply::Held { .. })));
    });
}

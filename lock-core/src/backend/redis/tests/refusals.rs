//! What a server refuses, and what it must never refuse.

use redis::{Commands, Connection, Value};

use super::ears::Ears;
use super::pair::COUNTER;
use super::server::{Server, on_each};
use crate::backend::redis::scripts::{Script, Terms, decode, fallback_command};
use crate::backend::{
    Acquire, Channel, Entry, Fault, FaultClass, Generation, HoldId, Mode, Operation, Place, Reply, Request,
    Via,
};
use crate::clock::Moment;
use crate::name::LockName;

const LEASE: u64 = 60_000;

fn id(n: u128) -> HoldId {
    HoldId::from_random(n, "host/1 f")
}

fn entry() -> Entry {
    Entry { mode: Mode::Exclusive, strict: false, short_ms: 3_000, channel: Channel::new("nobody") }
}

fn acquire(waits: bool) -> Operation {
    Operation::Acquire(Acquire {
        mode: Mode::Exclusive,
        replaces: None,
        lease_ms: LEASE,
        not_after_ms: u64::MAX >> 12,
        place: waits.then(|| Place { entry: entry(), heartbeat_ms: 30_000, ticket: None }),
    })
}

fn refresh() -> Operation {
    Operation::Refresh { entry: entry(), heartbeat_ms: 30_000, lease_ms: LEASE }
}

fn forget() -> Operation {
    Operation::Forget { entry: Some(entry()) }
}

const RENEW: Operation = Operation::Renew { lease_ms: LEASE };

/// One call with the scripts as they are.
fn call(server: &mut Connection, orders: &[(&str, u128, Operation)]) -> Vec<Result<Reply, Fault>> {
    let requests: Vec<Request> = orders
        .iter()
        .enumerate()
        .map(|(seq, (name, n, operation))| Request {
            seq: seq as u64 + (1 << 60),
            name: LockName::new(name),
            id: id(*n),
            operation: operation.clone(),
            via: Via::Engine,
            submitted: Moment::default(),
        })
        .collect();
    let borrowed: Vec<&Request> = requests.iter().collect();
    let terms = Terms { counter: Some(COUNTER), generation: &Generation::UNKNOWN, in_cluster: false };
    let value: Value = fallback_command(Script::of(&orders[0].2), &terms, &borrowed).query(server).unwrap();
    let decoded = decode(value, &borrowed).unwrap();
    decoded.replies.into_iter().map(|(_, reply)| reply).collect()
}

fn one(server: &mut Connection, name: &str, n: u128, operation: Operation) -> Result<Reply, Fault> {
    call(server, &[(name, n, operation)]).remove(0)
}

fn class(reply: Result<Reply, Fault>) -> FaultClass {
    reply.expect_err("a fault").class
}

fn set_memory(server: &mut Connection, limit: &str) {
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(limit).exec(server).unwrap();
}

fn dump(server: &mut Connection, name: &str) -> Vec<u8> {
    redis::cmd("DUMP").arg(name).query(server).unwrap()
}

fn keys(server: &mut Connection) -> Vec<String> {
    server.keys("LOCK*").unwrap()
}

#[test]
fn a_full_memory_stops_acquiring_and_nothing_else() {
    on_each(|server| {
        let mut server = server.connect();
        let server = &mut server;
        assert!(one(server, "LOCK:a", 1, acquire(false)).is_ok());
        assert!(one(server, "LOCK:b", 1, acquire(false)).is_ok());
        assert!(matches!(one(server, "LOCK:b", 2, acquire(true)), Ok(Reply::Queued { .. })));
        assert!(matches!(one(server, "LOCK:b", 3, acquire(true)), Ok(Reply::Queued { .. })));
        set_memory(server, "1");
        assert_eq!(class(one(server, "LOCK:new", 1, acquire(false))), FaultClass::Unavailable);
        assert_eq!(class(one(server, "LOCK:a", 2, acquire(true))), FaultClass::Unavailable);
        let before: String = server.get(COUNTER).unwrap();
        assert_eq!(class(one(server, "LOCK:new", 1, acquire(true))), FaultClass::Unavailable);
        assert_eq!(server.get::<_, String>(COUNTER).unwrap(), before);
        let mut left = keys(server);
        left.sort();
        assert_eq!(left, ["LOCK:a", "LOCK:b"]);
        assert_eq!(server.zcard::<_, u64>("LOCK:a").unwrap(), 1);
        // Busy is known without a write.
        assert!(matches!(one(server, "LOCK:a", 2, acquire(false)), Ok(Reply::Busy { .. })));
        // A place that is there is kept, a lease that is there is told.
        assert!(matches!(one(server, "LOCK:b", 2, acquire(true)), Ok(Reply::Queued { .. })));
        assert!(matches!(one(server, "LOCK:a", 1, acquire(true)), Ok(Reply::Held { .. })));
        assert!(matches!(one(server, "LOCK:a", 1, RENEW), Ok(Reply::Held { left_ms: LEASE, .. })));
        assert!(matches!(one(server, "LOCK:a", 1, refresh()), Ok(Reply::Held { .. })));
        assert!(matches!(one(server, "LOCK:b", 2, refresh()), Ok(Reply::Queued { .. })));
        assert!(matches!(one(server, "LOCK:b", 1, forget()), Ok(Reply::Forgotten { was_owner: true })));
        // Nobody listens, so the lock is free now; the first who asks has it, though memory is full.
        assert!(matches!(one(server, "LOCK:b", 2, refresh()), Ok(Reply::Held { .. })));
        assert!(matches!(one(server, "LOCK:b", 2, forget()), Ok(Reply::Forgotten { was_owner: true })));
        assert!(matches!(one(server, "LOCK:b", 3, forget()), Ok(Reply::Forgotten { was_owner: false })));
        assert!(matches!(one(server, "LOCK:a", 1, forget()), Ok(Reply::Forgotten { was_owner: true })));
        assert_eq!(keys(server), [""; 0]);
        set_memory(server, "0");
    });
}

#[test]
fn a_hand_over_passes_when_memory_is_full() {
    on_each(|server| {
        let mut ears = Ears::on(server);
        ears.listen("nobody", true);
        let mut server = server.connect();
        let server = &mut server;
        one(server, "LOCK:b", 1, acquire(false)).unwrap();
        one(server, "LOCK:b", 2, acquire(true)).unwrap();
        set_memory(server, "1");
        assert_eq!(one(server, "LOCK:b", 1, forget()), Ok(Reply::Forgotten { was_owner: true }));
        let (_, text) = ears.hear();
        let parts: Vec<&str> = text.split(' ').collect();
        assert_eq!((parts[0], parts[2]), (id(2).hex(), "3000"));
        let Ok(Reply::Held { fence, .. }) = one(server, "LOCK:b", 2, RENEW) else {
            panic!("granted");
        };
        assert_eq!(parts[1], fence.to_string());
        set_memory(server, "0");
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
        for name in ["LOCK:text", "LOCK:set", "LOCK:near", "LOCK:newer", "LOCK:hash"] {
            let before = dump(server, name);
            for operation in [acquire(true), acquire(false), RENEW, refresh(), forget()] {
                assert_eq!(class(one(server, name, 1, operation)), FaultClass::Foreign, "{name}");
            }
            assert_eq!(dump(server, name), before);
        }
        for counter in ["text", "-5", "1e300", "nan"] {
            let _: () = server.set(COUNTER, counter).unwrap();
            assert_eq!(class(one(server, "LOCK:a", 1, acquire(true))), FaultClass::Foreign);
            assert_eq!(server.get::<_, String>(COUNTER).unwrap(), counter);
            assert!(!server.exists::<_, bool>("LOCK:a").unwrap());
        }
        let _: () = server.del(COUNTER).unwrap();
        let _: () = server.rpush(COUNTER, 1).unwrap();
        assert_eq!(class(one(server, "LOCK:a", 1, acquire(true))), FaultClass::Foreign);
        assert!(!server.exists::<_, bool>("LOCK:a").unwrap());
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
const RIGHTS: &str = "+evalsha +eval +time +zrange +zrangebyscore +zscore +zcount +zadd +zrem +del +pexpireat +get +set +publish +ping";

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
            let reply = one(&mut app, "LOCK:a", 1, acquire(true));
            assert_eq!(class(reply), FaultClass::Refused, "without {missing}");
            assert_eq!(keys(&mut server.connect()), [""; 0], "without {missing}");
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

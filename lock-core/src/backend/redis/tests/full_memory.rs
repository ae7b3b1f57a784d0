//! What happens when the server's memory is full.

use redis::{Commands, Connection};

use super::calls::{
    LEASE, RENEW, acquire, class, forget, forget_reader, id, keys, one, read, refresh, refresh_reader,
};
use super::ears::Ears;
use super::pair::COUNTER;
use super::server::on_each;
use crate::backend::{Acquire, FaultClass, Mode, Operation, Reply};

fn set_memory(server: &mut Connection, limit: &str) {
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(limit).exec(server).unwrap();
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
fn a_full_memory_stops_nobody_who_reads() {
    on_each(|server| {
        let mut server = server.connect();
        let server = &mut server;
        let short = Operation::Acquire(Acquire {
            mode: Mode::Shared,
            replaces: None,
            lease_ms: 1,
            not_after_ms: u64::MAX >> 12,
            place: None,
        });
        for name in ["LOCK:a", "LOCK:b"] {
            for n in 1..4 {
                assert!(matches!(one(server, name, n, read(false, None)), Ok(Reply::Held { .. })));
            }
            one(server, name, 9, short.clone()).unwrap();
        }
        assert!(matches!(one(server, "LOCK:b", 4, acquire(true)), Ok(Reply::Queued { .. })));
        assert!(matches!(one(server, "LOCK:b", 5, read(true, None)), Ok(Reply::Queued { .. })));
        assert!(matches!(one(server, "LOCK:b", 6, read(true, None)), Ok(Reply::Queued { .. })));
        assert!(matches!(one(server, "LOCK:c", 1, acquire(false)), Ok(Reply::Held { .. })));
        set_memory(server, "1");
        assert_eq!(class(one(server, "LOCK:new", 1, read(true, None))), FaultClass::Unavailable);
        assert_eq!(class(one(server, "LOCK:a", 7, read(false, None))), FaultClass::Unavailable);
        assert_eq!(class(one(server, "LOCK:b", 7, read(true, None))), FaultClass::Unavailable);
        let mut left = keys(server);
        left.sort();
        assert_eq!(left, ["LOCK:a", "LOCK:b", "LOCK:c"]);
        // A downgrade that cannot be written takes nothing away.
        assert_eq!(class(one(server, "LOCK:c", 2, read(false, Some(1)))), FaultClass::Unavailable);
        assert!(matches!(one(server, "LOCK:c", 1, RENEW), Ok(Reply::Held { left_ms: LEASE, .. })));
        // Leases and places that are there are kept and told.
        assert!(matches!(one(server, "LOCK:a", 1, read(true, None)), Ok(Reply::Held { .. })));
        assert!(matches!(one(server, "LOCK:a", 1, RENEW), Ok(Reply::Held { left_ms: LEASE, .. })));
        assert!(matches!(one(server, "LOCK:a", 3, refresh_reader()), Ok(Reply::Held { .. })));
        assert!(matches!(one(server, "LOCK:b", 5, refresh_reader()), Ok(Reply::Queued { .. })));
        for n in 1..4 {
            for name in ["LOCK:a", "LOCK:b"] {
                let freed = one(server, name, n, forget_reader());
                assert_eq!(freed, Ok(Reply::Forgotten { was_owner: true }), "{name} {n}");
            }
        }
        // Nobody listens: the writer, who does not wait strictly, is passed by the readers, and gets it by asking behind them.
        for n in [6, 5] {
            assert!(matches!(
                one(server, "LOCK:b", n, refresh_reader()),
                Ok(Reply::Held { strict: true, .. })
            ));
        }
        for n in [6, 5] {
            let freed = one(server, "LOCK:b", n, forget_reader());
            assert_eq!(freed, Ok(Reply::Forgotten { was_owner: true }));
        }
        assert!(matches!(one(server, "LOCK:b", 4, refresh()), Ok(Reply::Held { .. })));
        assert!(matches!(one(server, "LOCK:b", 4, forget()), Ok(Reply::Forgotten { was_owner: true })));
        assert_eq!(keys(server), ["LOCK:c"]);
        set_memory(server, "0");
    });
}

#[test]
fn readers_are_let_in_when_memory_is_full() {
    on_each(|server| {
        let mut ears = Ears::on(server);
        ears.listen("nobody", true);
        let mut server = server.connect();
        let server = &mut server;
        one(server, "LOCK:b", 1, acquire(false)).unwrap();
        one(server, "LOCK:b", 2, read(true, None)).unwrap();
        one(server, "LOCK:b", 3, read(true, None)).unwrap();
        set_memory(server, "1");
        assert_eq!(one(server, "LOCK:b", 1, forget()), Ok(Reply::Forgotten { was_owner: true }));
        for n in [2, 3] {
            let (_, text) = ears.hear();
            let parts: Vec<&str> = text.split(' ').collect();
            assert_eq!((parts[0], parts[2], parts[4]), (id(n).hex(), "3000", "s"));
            let Ok(Reply::Held { fence, .. }) = one(server, "LOCK:b", n, RENEW) else {
                panic!("granted");
            };
            assert_eq!(parts[1], fence.to_string());
        }
        set_memory(server, "0");
    });
}

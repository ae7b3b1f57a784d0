//! Acquisitions of a slot that moves, which declare no counter, and grants in a cluster, which nobody can count.

use redis::{Commands, Connection, Value};

use super::pair::COUNTER;
use super::server::on_each;
use crate::backend::redis::scripts::{Script, Terms, decode, fallback_command};
use crate::backend::{
    Acquire, Channel, Entry, Generation, HoldId, Mode, Operation, Place, Reply, Request, Via,
};
use crate::clock::Moment;
use crate::name::LockName;

const LEASE: u64 = 10_000;

fn entry() -> Entry {
    Entry { mode: Mode::Exclusive, strict: false, short_ms: 3_000, channel: Channel::new("nobody listens") }
}

fn acquire(waits: bool) -> Operation {
    let place = waits.then(|| Place { entry: entry(), wait_ms: LEASE, ticket: None });
    let mode = Mode::Exclusive;
    Operation::Acquire(Acquire { mode, replaces: None, lease_ms: LEASE, not_after_ms: u64::MAX >> 11, place })
}

fn ask(server: &mut Connection, counter: Option<&str>, id: u128, operation: Operation) -> Reply {
    let request = Request {
        seq: 7,
        name: LockName::new("LOCK:a"),
        id: HoldId::from_random(id, "test"),
        operation,
        via: Via::Engine,
        submitted: Moment::default(),
    };
    let generation = Generation::new("0123456789abcdef");
    let terms = Terms { counter, generation: &generation, in_cluster: true, red: None };
    let script = Script::of(&request.operation);
    let value: Value = fallback_command(script, &terms, &[&request]).query(server).unwrap();
    decode(value, &[&request]).unwrap().replies.remove(0).1.unwrap()
}

fn fence(reply: Reply) -> u64 {
    match reply {
        Reply::Held { fence, .. } => fence,
        other => panic!("not held: {other:?}"),
    }
}

#[test]
fn fences_rise_over_both_forms_and_an_undeclared_counter_is_not_touched() {
    on_each(|server| {
        let mut server = server.connect();
        let forget = || Operation::Forget { entry: None };
        let mut last = 0;
        for (id, counter) in [None, None, Some(COUNTER), None, Some(COUNTER)].into_iter().enumerate() {
            let id = id as u128 + 1;
            let got = fence(ask(&mut server, counter, id, acquire(false)));
            assert!(got > last, "{got} after {last}");
            assert_eq!(
                fence(ask(&mut server, None, id, acquire(false))),
                got,
                "repeated, it is the same hold"
            );
            last = got;
            assert!(matches!(ask(&mut server, None, id, forget()), Reply::Forgotten { was_owner: true }));
            if id < 3 {
                assert!(!server.exists::<_, bool>(COUNTER).unwrap());
            }
        }
        assert_eq!(server.get::<_, u64>(COUNTER).unwrap(), last);
    });
}

#[test]
fn whoever_waits_in_a_cluster_counts_as_told() {
    on_each(|server| {
        let mut server = server.connect();
        let first = fence(ask(&mut server, None, 1, acquire(false)));
        let Reply::Queued { floor, .. } = ask(&mut server, None, 2, acquire(true)) else {
            panic!("not queued")
        };
        assert!(floor >= first);
        ask(&mut server, None, 1, Operation::Forget { entry: None });
        // Nobody has heard of it, and it is the owner all the same.
        let Reply::Held { fence, .. } = ask(&mut server, None, 2, Operation::Renew { lease_ms: LEASE })
        else {
            panic!("not granted")
        };
        assert!(fence > floor);
    });
}

//! Single calls, with the scripts as they are, on the server's own clock.

use redis::{Commands, Connection, Value};

use super::pair::COUNTER;
use crate::backend::redis::scripts::{Script, Terms, decode, fallback_command};
use crate::backend::{
    Acquire, Channel, Entry, Fault, FaultClass, Generation, HoldId, Mode, Operation, Place, Reply, Request,
    Via,
};
use crate::clock::Moment;
use crate::name::LockName;

pub(crate) const LEASE: u64 = 60_000;

pub(crate) fn id(n: u128) -> HoldId {
    HoldId::from_random(n, "host/1 f")
}

pub(crate) fn entry() -> Entry {
    Entry { mode: Mode::Exclusive, strict: false, short_ms: 3_000, channel: Channel::new("nobody") }
}

pub(crate) fn acquire(waits: bool) -> Operation {
    Operation::Acquire(Acquire {
        mode: Mode::Exclusive,
        replaces: None,
        lease_ms: LEASE,
        not_after_ms: u64::MAX >> 12,
        place: waits.then(|| Place { entry: entry(), wait_ms: 30_000, ticket: None }),
    })
}

pub(crate) fn refresh() -> Operation {
    Operation::Refresh { entry: entry(), wait_ms: 30_000, lease_ms: LEASE }
}

pub(crate) fn forget() -> Operation {
    Operation::Forget { entry: Some(entry()) }
}

pub(crate) fn reading() -> Entry {
    Entry { mode: Mode::Shared, strict: true, ..entry() }
}

pub(crate) fn read(waits: bool, replaces: Option<u128>) -> Operation {
    Operation::Acquire(Acquire {
        mode: Mode::Shared,
        replaces: replaces.map(id),
        lease_ms: LEASE,
        not_after_ms: u64::MAX >> 12,
        place: waits.then(|| Place { entry: reading(), wait_ms: 30_000, ticket: None }),
    })
}

pub(crate) fn refresh_reader() -> Operation {
    Operation::Refresh { entry: reading(), wait_ms: 30_000, lease_ms: LEASE }
}

pub(crate) fn forget_reader() -> Operation {
    Operation::Forget { entry: Some(reading()) }
}

pub(crate) const RENEW: Operation = Operation::Renew { lease_ms: LEASE };

/// One call with the scripts as they are.
pub(crate) fn call(server: &mut Connection, orders: &[(&str, u128, Operation)]) -> Vec<Result<Reply, Fault>> {
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
    let terms =
        Terms { counter: Some(COUNTER), generation: &Generation::UNKNOWN, in_cluster: false, red: None };
    let value: Value = fallback_command(Script::of(&orders[0].2), &terms, &borrowed).query(server).unwrap();
    let decoded = decode(value, &borrowed).unwrap();
    decoded.replies.into_iter().map(|(_, reply)| reply).collect()
}

pub(crate) fn one(
    server: &mut Connection,
    name: &str,
    n: u128,
    operation: Operation,
) -> Result<Reply, Fault> {
    call(server, &[(name, n, operation)]).remove(0)
}

pub(crate) fn class(reply: Result<Reply, Fault>) -> FaultClass {
    reply.expect_err("a fault").class
}

pub(crate) fn keys(server: &mut Connection) -> Vec<String> {
    server.keys("LOCK*").unwrap()
}

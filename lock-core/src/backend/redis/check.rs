//! The start-up check: whether this server, and what this user may do there, are enough to keep locks.

use ::redis::{ErrorKind, ServerErrorKind};

use super::acknowledged;
use super::config::RedisConfig;
use super::connection::Connection;
use super::fault;
use super::scripts::{self, Script, Terms};
use super::server::Server;
use crate::backend::{
    Acquire, Answer, Channel, Entry, Fault, FaultClass, HoldId, Mode, Operation, Place, Reply, Request, Via,
};
use crate::error::LockError;
use crate::name::LockName;

/// How long the probe's lock would live if this process died in the middle.
const PROBE_MS: u64 = 2_000;

/// What the scripts need; the module's documentation has the whole ACL line.
const LOGIN: &str = "write the user and the password into the URL: redis://user:password@host/";
const ASKED: &str = "that is what `credentials` returned";
const NEEDED: &str = "the module documentation of `lock_core::backend::redis` has the ACL line that suffices";

/// Checks the server behind `connection`; what is worth a warning, for people.
pub(super) async fn run(config: &RedisConfig, connection: &mut Connection) -> Result<Vec<String>, LockError> {
    let server = look(connection).await.map_err(|fault| failed(config, fault))?;
    if let Some(message) = server.unfit(false) {
        return Err(LockError::Config { message });
    }
    let random = HoldId::new("start-up probe");
    let name = LockName::new(&format!("{}:%probe:{}", config.in_namespace(), random.hex()));
    let probed = probe(config, connection, (random, name), &config.counter_key()).await;
    probed.map_err(|fault| failed(config, fault))?;
    let mut warnings = server.warnings();
    warnings.extend(few_replicas(config, connection).await.map_err(|fault| failed(config, fault))?);
    Ok(warnings)
}

/// A warning, if the server has fewer replicas than have to acknowledge a lock.
pub(super) async fn few_replicas(
    config: &RedisConfig,
    connection: &mut Connection,
) -> Result<Option<String>, Fault> {
    let needed = config.replicas_needed();
    if needed == 0 {
        return Ok(None);
    }
    let count = acknowledged::replicas(connection).await.map_err(|error| fault_of(&error))?;
    Ok((count < needed).then(|| {
        format!("min_replicas is {needed}, but the server has {count} replicas at present: until it has more, every \
                 lock is unavailable")
    }))
}

/// What the server behind `connection` tells of itself.
pub(super) async fn look(connection: &mut Connection) -> Result<Server, Fault> {
    match connection.ask(&::redis::cmd("INFO")).await {
        Ok(info) => Ok(Server::default().with_info(Some(&info))),
        Err(error) if fault::is_refusal(&error) => Ok(Server::default()),
        Err(error) => Err(fault::of_opening(&error)),
    }
}

/// Says a fault of the start in the words of a [`LockError`].
pub(super) fn failed(config: &RedisConfig, fault: Fault) -> LockError {
    if fault.class != FaultClass::Refused {
        return LockError::Connect { address: config.address(), reason: fault.message };
    }
    if fault.message.contains("sentinel_pass") {
        return LockError::Refused { key: config.in_namespace().to_owned(), reason: fault.message };
    }
    let login = ["NOAUTH", "WRONGPASS", "Authentication"].iter().any(|word| fault.message.contains(word));
    let needed = match login {
        true if config.asks_for_login() => ASKED,
        true => LOGIN,
        false => NEEDED,
    };
    let reason = format!("{} (server {}); {needed}", fault.message, config.address());
    LockError::Refused { key: config.in_namespace().to_owned(), reason }
}

/// Runs every kind of operation on a name that nobody else has: three requests, so that one waits, one reads instead of
/// the owner, and the lock is handed over and a message published when that one leaves.
pub(super) async fn probe(
    config: &RedisConfig,
    connection: &mut Connection,
    (random, name): (HoldId, LockName),
    counter: &str,
) -> Result<(), Fault> {
    let entry = Entry {
        mode: Mode::Exclusive,
        strict: false,
        short_ms: PROBE_MS,
        channel: Channel::new(&format!("{}probe:{}", config.channel_prefix(), random.hex())),
    };
    let mut publish = ::redis::cmd("PUBLISH");
    publish.arg(entry.channel.as_str()).arg("probe");
    connection.ask(&publish).await.map_err(|error| fault_of(&error))?;

    // What the scripts do only where readers died, which takes longer than a start.
    let mut clear = ::redis::cmd("ZREMRANGEBYSCORE");
    clear.arg(name.as_str()).arg(0).arg(0);
    connection.ask(&clear).await.map_err(|error| fault_of(&error))?;

    let (first, second, third) = (random, HoldId::new("start-up probe"), HoldId::new("start-up probe"));
    let place = Place { entry: entry.clone(), heartbeat_ms: PROBE_MS, ticket: None };
    let acquire = |mode, replaces, place| {
        let not_after_ms = u64::MAX >> 11;
        Operation::Acquire(Acquire { mode, replaces, lease_ms: PROBE_MS, not_after_ms, place })
    };
    let refresh = Operation::Refresh { entry: entry.clone(), heartbeat_ms: PROBE_MS, lease_ms: PROBE_MS };
    let forget = |entry| Operation::Forget { entry };
    let steps = [
        (&first, acquire(Mode::Exclusive, None, None)),
        (&first, Operation::Renew { lease_ms: PROBE_MS }),
        (&second, acquire(Mode::Exclusive, None, Some(place))),
        (&second, refresh),
        (&third, acquire(Mode::Shared, Some(first.clone()), None)),
        (&third, Operation::Renew { lease_ms: PROBE_MS }),
        (&third, forget(None)),
        (&second, forget(Some(entry))),
    ];
    for (seq, (id, operation)) in (1..).zip(steps) {
        let request = Request {
            seq,
            name: name.clone(),
            id: id.clone(),
            operation,
            via: Via::Engine,
            submitted: config.shared_clock().now(),
        };
        run_one(config, connection, counter, &request).await?;
    }
    Ok(())
}

async fn run_one(
    config: &RedisConfig,
    connection: &mut Connection,
    counter: &str,
    request: &Request,
) -> Result<Reply, Fault> {
    let script = Script::of(&request.operation);
    let generation = connection.generation.clone();
    let terms = Terms { counter: Some(counter), generation: &generation, in_cluster: config.is_cluster() };
    let mut outcome = connection.ask(&scripts::command(script, &terms, &[request])).await;
    if matches!(&outcome, Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)) {
        outcome = connection.ask(&scripts::fallback_command(script, &terms, &[request])).await;
    }
    let value = outcome.map_err(|error| fault_of(&error))?;
    let decoded = scripts::decode(value, &[request])?;
    match decoded.replies.into_iter().next() {
        Some((_, reply)) => reply,
        None => Err(fault::transient("the lock server's reply does not fit the request")),
    }
}

fn fault_of(error: &::redis::RedisError) -> Fault {
    match fault::of_call(error) {
        Answer::Failed(fault) | Answer::Lost(fault) | Answer::Unsent(fault) => fault,
        Answer::Reply { .. } => fault::transient(error),
    }
}

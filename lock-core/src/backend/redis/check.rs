//! The start-up check: whether this server, and what this user may do there, are enough to keep locks.

use ::redis::{ErrorKind, ServerErrorKind};

use super::config::RedisConfig;
use super::connection::Connection;
use super::scripts::{self, Script, Terms};
use super::server::{IN_CLUSTER, Server};
use super::socket::WITHOUT_A_WORD;
use super::{acknowledged, class, fault, needed};
use crate::backend::{
    Acquire, Answer, Channel, Entry, Fault, FaultClass, HoldId, Mode, Operation, Place, Reply, Request, Via,
};
use crate::error::LockError;
use crate::name::LockName;

/// How long the probe's lock would live if this process died in the middle.
const PROBE_MS: u64 = 2_000;

/// What the scripts need; the module's documentation has the whole ACL line.
const LOGIN: &str = "write the user and the password into the URL: redis://user:password@host/";
const NEEDED: &str = "the module documentation of `lock_core::backend::redis` has the ACL line that suffices";

/// What may be the matter with who closes a connection at once and says nothing.
const SILENT_PEER: &str = "if the server speaks TLS, write rediss:// for redis://; a proxy in front of it has to pass what locks \
                           need (SUBSCRIBE, PUBLISH, EVALSHA, EVAL, INFO ..)";

/// Checks the server behind `connection`; what is worth a warning, for people.
pub(super) async fn run(config: &RedisConfig, connection: &mut Connection) -> Result<Vec<String>, LockError> {
    let server = look(connection).await.map_err(|fault| failed(config, fault))?;
    if let Some(message) = server.unfit(false) {
        return Err(LockError::Config { message });
    }
    let random = HoldId::new("start-up probe");
    let name = LockName::new(&format!("{}:%probe:{}", config.in_namespace(), random.hex()));
    let probed = probe(config, connection, (random, name), &config.counter_key()).await;
    probed.map_err(|unfit| unfit.into_error(config))?;
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
        Err(error) if fault::is_declined(&error) => Ok(Server::default()),
        Err(error) => Err(fault::of_opening(&error)),
    }
}

/// Why a probe failed.
#[derive(Debug)]
pub(super) enum Unfit {
    /// What may pass, or a refusal.
    Fault(Fault),
    /// It is no server for this URL: what to write.
    Url(&'static str),
    /// It lacks what is needed: what that is.
    Lacks(String),
}

impl Unfit {
    pub(super) fn into_error(self, config: &RedisConfig) -> LockError {
        match self {
            Self::Fault(fault) => failed(config, fault),
            Self::Url(message) => LockError::Config { message: message.to_owned() },
            Self::Lacks(what) => LockError::Config {
                message: format!(
                    "the server {} does not have what locks need: {what}; take `rename-command` out of its configuration, \
                     or use another server or service",
                    config.address()
                ),
            },
        }
    }
}

impl From<Fault> for Unfit {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Says a fault of the start in the words of a [`LockError`].
pub(super) fn failed(config: &RedisConfig, fault: Fault) -> LockError {
    if fault.class != FaultClass::Refused {
        let mut reason = fault.message;
        if reason.contains(WITHOUT_A_WORD) {
            reason = format!("{reason}; {SILENT_PEER}");
        }
        return LockError::Connect { address: config.address(), reason };
    }
    // No lock was asked for yet, so there is no key.
    let key = String::new();
    if fault.message.contains("sentinel_pass") {
        return LockError::Refused { key, reason: fault.message };
    }
    let login = ["NOAUTH", "WRONGPASS", "Authentication"].iter().any(|word| fault.message.contains(word));
    let needed = if login { LOGIN } else { NEEDED };
    let reason = format!("{} (server {}); {needed}", fault.message, config.address());
    LockError::Refused { key, reason }
}

/// Runs every kind of operation on a name that nobody else has; what is missing, where one fails for good.
pub(super) async fn probe(
    config: &RedisConfig,
    connection: &mut Connection,
    (random, name): (HoldId, LockName),
    counter: &str,
) -> Result<(), Unfit> {
    let channel = Channel::new(&format!("{}probe:{}", config.channel_prefix(), random.hex()));
    let fault = match run_all(config, connection, (random, &name), counter, &channel).await {
        Ok(()) => return Ok(()),
        Err(fault) => fault,
    };
    // Where INFO can't be read it shows by this alone.
    if !config.is_cluster() && class::is_of_cluster(&fault.message) {
        return Err(Unfit::Url(IN_CLUSTER));
    }
    if fault.class == FaultClass::Transient {
        return Err(Unfit::Fault(fault));
    }
    let declined = needed::declined(connection, &name, counter, channel.as_str()).await;
    Err(match declined {
        Some(what) if fault.class == FaultClass::Refused => {
            Unfit::Fault(Fault { message: format!("{}: {what}", fault.message), ..fault })
        }
        Some(what) => Unfit::Lacks(what),
        None => Unfit::Fault(fault),
    })
}

/// Three requests, so that one waits, one reads instead of the owner, and the lock is handed over and a message published
/// when that one leaves.
async fn run_all(
    config: &RedisConfig,
    connection: &mut Connection,
    (random, name): (HoldId, &LockName),
    counter: &str,
    channel: &Channel,
) -> Result<(), Fault> {
    let entry = Entry { mode: Mode::Exclusive, strict: false, short_ms: PROBE_MS, channel: channel.clone() };
    let mut publish = ::redis::cmd("PUBLISH");
    publish.arg(entry.channel.as_str()).arg("probe");
    connection.ask(&publish).await.map_err(|error| fault_of(&error))?;

    // What the scripts do only where readers died, which takes longer than a start.
    let mut clear = ::redis::cmd("ZREMRANGEBYSCORE");
    clear.arg(name.as_str()).arg(0).arg(0);
    connection.ask(&clear).await.map_err(|error| fault_of(&error))?;

    let (first, second, third) = (random, HoldId::new("start-up probe"), HoldId::new("start-up probe"));
    let place = Place { entry: entry.clone(), wait_ms: PROBE_MS, ticket: None };
    let acquire = |mode, replaces, place| {
        let not_after_ms = u64::MAX >> 11;
        Operation::Acquire(Acquire { mode, replaces, lease_ms: PROBE_MS, not_after_ms, place })
    };
    let refresh = Operation::Refresh { entry: entry.clone(), wait_ms: PROBE_MS, lease_ms: PROBE_MS };
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

/// Whether the vote of the red master behind `connection` counts. Asked for the first time, it is known from then on.
pub(super) async fn red_master_counts(
    config: &RedisConfig,
    connection: &mut Connection,
) -> Result<(), Fault> {
    // Nobody holds this name, so all that is done is what precedes each acquisition.
    let id = HoldId::new("red master");
    let request = Request {
        seq: 1,
        name: LockName::new(&format!("{}:%probe:{}", config.in_namespace(), id.hex())),
        id,
        operation: Operation::Raise { fence: 0 },
        via: Via::Engine,
        submitted: config.shared_clock().now(),
    };
    run_one(config, connection, &config.counter_key(), &request).await.map(drop)
}

async fn run_one(
    config: &RedisConfig,
    connection: &mut Connection,
    counter: &str,
    request: &Request,
) -> Result<Reply, Fault> {
    let script = Script::of(&request.operation);
    let generation = connection.generation.clone();
    let marker = config.marker_key();
    let terms = Terms {
        counter: Some(counter),
        generation: &generation,
        in_cluster: config.is_cluster(),
        red: config.as_red().map(|red| red.terms(&marker)),
    };
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

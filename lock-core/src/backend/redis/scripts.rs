//! The two scripts, as commands to send and replies to read. What they do stands in `PROTOCOL.md`.

use std::fmt;
use std::sync::LazyLock;

use redis::{Cmd, RedisWrite, Script as Hashed, Value};

use super::class::class_of;
use crate::backend::bounds;
use crate::backend::memory::queue::letter;
use crate::backend::{Entry, Fault, FaultClass, Generation, Mode, Operation, Reply, Request};

/// The operations that one call carries at most: a longer one would block the server for others.
pub(crate) const MAX_OPERATIONS: usize = 128;

const ACQUIRE: &str = concat!(
    include_str!("scripts/start.lua"),
    include_str!("scripts/red_master.lua"),
    include_str!("scripts/acquire_free.lua"),
    include_str!("scripts/record.lua"),
    include_str!("scripts/acquire.lua")
);
const HOLD: &str = concat!(
    include_str!("scripts/start.lua"),
    include_str!("scripts/hold_alone.lua"),
    include_str!("scripts/record.lua"),
    include_str!("scripts/hold.lua")
);

static ACQUIRE_HASHED: LazyLock<Hashed> = LazyLock::new(|| Hashed::new(ACQUIRE));
static HOLD_HASHED: LazyLock<Hashed> = LazyLock::new(|| Hashed::new(HOLD));

/// Which script runs an operation. Acquisitions never share a call with the others: a renewal behind an acquisition
/// must not share its failure, and an acquisition behind a renewal would pass when memory is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Script {
    /// Acquire, raise; declares the counter.
    Acquire,
    /// Renew, refresh, forget; declares the locks alone.
    Hold,
}

impl Script {
    pub(crate) const fn of(operation: &Operation) -> Self {
        match operation {
            Operation::Acquire(_) | Operation::Raise { .. } => Self::Acquire,
            Operation::Refresh { .. }
            | Operation::Renew { .. }
            | Operation::Keep { .. }
            | Operation::Forget { .. } => Self::Hold,
        }
    }

    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::Acquire => ACQUIRE,
            Self::Hold => HOLD,
        }
    }

    pub(crate) fn sha(self) -> &'static str {
        match self {
            Self::Acquire => ACQUIRE_HASHED.get_hash(),
            Self::Hold => HOLD_HASHED.get_hash(),
        }
    }
}

/// What a call carries beside its operations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// What fences are drawn from; without one, from the lock's record and the clock alone. Never touched undeclared.
    pub(crate) counter: Option<&'a str>,
    /// Of the server behind the connection: who is granted a lock by this call learns it with the grant.
    pub(crate) generation: &'a Generation,
    /// Whether the server is one of a cluster: then nobody knows how many heard a message.
    pub(crate) in_cluster: bool,
    /// Whether the server is a red master: then it says in each call whether its vote counts.
    pub(crate) red: Option<RedTerms<'a>>,
}

/// By what a red master finds out whether it may have forgotten a lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedTerms<'a> {
    /// The key that is lost with its data.
    pub(crate) marker: &'a str,
    /// The longest lease that anybody asks a red master for.
    pub(crate) max_lease_ms: u64,
    /// Whether a master that was started again has kept its data.
    pub(crate) keeps_data: bool,
}

/// What one call said.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The server's clock when it ran, in ms since the epoch.
    pub(crate) server_ms: u64,
    /// For each request, in their order, its number and what became of it.
    pub(crate) replies: Vec<(u64, Result<Reply, Fault>)>,
}

/// The call that runs `requests`, all of them `script`'s and at most [`MAX_OPERATIONS`], if the server knows the
/// script.
pub(crate) fn command(script: Script, terms: &Terms<'_>, requests: &[&Request]) -> Cmd {
    call("EVALSHA", script.sha(), script, terms, requests)
}

/// The same call with the script's text, for a server that answered `NOSCRIPT`; it knows the script from then on.
pub(crate) fn fallback_command(script: Script, terms: &Terms<'_>, requests: &[&Request]) -> Cmd {
    call("EVAL", script.source(), script, terms, requests)
}

/// Makes the script known to a server.
pub(crate) fn load_command(script: Script) -> Cmd {
    let mut load = redis::cmd("SCRIPT");
    load.arg("LOAD").arg(script.source());
    load
}

fn call(verb: &str, body: &str, script: Script, terms: &Terms<'_>, requests: &[&Request]) -> Cmd {
    let counter = terms.counter.filter(|_| script == Script::Acquire);
    let red = terms.red.filter(|_| counter.is_some());
    let texts: usize = requests
        .iter()
        .map(|request| request.name.as_str().len() + request.id.as_str().len() + DETAILS)
        .sum();
    let mut cmd = Cmd::with_capacity(
        7 + requests.len() * 5,
        texts + body.len() + counter.map_or(0, str::len) + DETAILS,
    );
    let keys_in_front = usize::from(counter.is_some()) + usize::from(red.is_some());
    cmd.arg(verb).arg(body).arg(requests.len() + keys_in_front);
    if let Some(counter) = counter {
        cmd.arg(counter);
    }
    if let Some(red) = red {
        cmd.arg(red.marker);
    }
    for request in requests {
        cmd.arg(request.name.as_str());
    }
    let flags = match (terms.in_cluster, terms.counter, red) {
        (true, Some(_), _) => "c",
        (true, None, _) => "cn",
        (false, _, Some(RedTerms { keeps_data: true, .. })) => "k",
        (false, _, Some(_)) => "r",
        (false, _, None) => "",
    };
    cmd.write_arg_fmt(format_args!("{};{};{flags}", number_of(requests), terms.generation.run_id()));
    for request in requests {
        arguments(&mut cmd, request);
    }
    if let Some(red) = red {
        cmd.arg(red.max_lease_ms);
    }
    cmd
}

/// About how many bytes the arguments of an operation have beside name and id.
const DETAILS: usize = 128;

/// What a reply repeats, so that a connection that lost its place is noticed.
fn number_of(requests: &[&Request]) -> u64 {
    requests.first().map_or(0, |request| request.seq)
}

/// Four arguments for `acquire.lua`, three for `hold.lua`, in the order of their headers.
fn arguments(cmd: &mut Cmd, request: &Request) {
    let id = request.id.as_str();
    match &request.operation {
        Operation::Acquire(acquire) => {
            cmd.arg(id);
            match (acquire.mode, &acquire.replaces) {
                (Mode::Exclusive, _) => {
                    cmd.arg(acquire.lease_ms);
                }
                (Mode::Shared, None) => cmd.write_arg_fmt(format_args!("r{}", acquire.lease_ms)),
                (Mode::Shared, Some(old)) => {
                    cmd.write_arg_fmt(format_args!("r{};{}", acquire.lease_ms, old.as_str()));
                }
            }
            cmd.arg(acquire.not_after_ms);
            match &acquire.place {
                Some(place) => cmd.write_arg_fmt(format_args!(
                    "{};{};{}",
                    place.heartbeat_ms,
                    place.ticket.unwrap_or(0),
                    InScripts(&place.entry)
                )),
                None => cmd.write_arg(b""),
            }
        }
        // Nothing is refused later than 0, so it never passes for the acquisition of a free lock.
        Operation::Raise { fence } => {
            cmd.arg(id).arg(*fence).arg(0).arg("raise");
        }
        Operation::Renew { lease_ms } => {
            cmd.arg("renew").arg(id).arg(lease_ms);
        }
        Operation::Keep { keep_ms } => {
            cmd.arg("keep").arg(id).arg(keep_ms);
        }
        Operation::Refresh { entry, heartbeat_ms, lease_ms } => {
            cmd.arg("refresh").arg(id);
            cmd.write_arg_fmt(format_args!("{lease_ms};{heartbeat_ms};{}", InScripts(entry)));
        }
        Operation::Forget { entry } => {
            cmd.arg("forget").arg(id);
            match entry {
                Some(entry) => cmd.write_arg_fmt(InScripts(entry)),
                None => cmd.write_arg(b""),
            }
        }
    }
}

/// An entry as the scripts take it; with `;` and the id behind it is what identifies a waiter.
struct InScripts<'a>(&'a Entry);

impl fmt::Display for InScripts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{};{}", letter(self.0), self.0.short_ms, self.0.channel.as_str())
    }
}

/// Reads the reply to a call that carried `requests`.
///
/// # Errors
/// The server's own error to the whole call; or the reply is not one to these requests: the connection has then lost
/// its place and must not be read from again.
pub(crate) fn decode(value: Value, requests: &[&Request]) -> Result<Decoded, Fault> {
    let parts = match value {
        Value::Array(parts) => parts,
        Value::ServerError(error) => {
            let text = format!("{} {}", error.code(), error.details().unwrap_or_default());
            return Err(Fault::new(class_of(&text), text));
        }
        _ => return Err(astray("it is not a list")),
    };
    let mut fields = Fields(parts.into_iter());
    let server_ms = fields.number()?;
    if server_ms >= bounds::TIMES_END_MS {
        return Err(astray("its time can't be true"));
    }
    if fields.text()?.split(';').next().map(str::parse) != Some(Ok(number_of(requests))) {
        return Err(astray("it answers another call"));
    }
    let mut replies = Vec::with_capacity(requests.len());
    for request in requests {
        replies.push((request.seq, fields.reply(server_ms)?));
    }
    match fields.0.next() {
        None => Ok(Decoded { server_ms, replies }),
        Some(_) => Err(astray("there is more than was asked")),
    }
}

/// The values of a call's reply, one after the other.
struct Fields(std::vec::IntoIter<Value>);

impl Fields {
    /// What is said of one operation: a code, and the code's values.
    fn reply(&mut self, server_ms: u64) -> Result<Result<Reply, Fault>, Fault> {
        let reply = match self.number()? {
            code @ (0 | 7) => {
                Reply::Held { fence: self.drawn(server_ms)?, left_ms: self.left()?, strict: code == 7 }
            }
            1 => Reply::Queued {
                ticket: self.within(|ticket| ticket < bounds::NUMBERS_END)?,
                floor: self.drawn(server_ms)?,
                ahead: self.within(|ahead| ahead < bounds::NUMBERS_END)?,
                owner_left_ms: self.peek()?,
                holder: self.holder()?,
            },
            2 => Reply::Busy { owner_left_ms: self.peek()?, holder: self.holder()? },
            3 => Reply::Late,
            4 => Reply::Gone,
            5 => Reply::Forgotten { was_owner: self.number()? == 1 },
            6 => {
                let text = self.text()?;
                return Ok(Err(Fault::new(class_of(&text), explained(text))));
            }
            _ => return Err(astray("its code is unknown")),
        };
        Ok(Ok(reply))
    }

    fn number(&mut self) -> Result<u64, Fault> {
        self.0.next().and_then(number).ok_or_else(|| astray("a number is missing"))
    }

    fn within(&mut self, is_possible: impl Fn(u64) -> bool) -> Result<u64, Fault> {
        let number = self.number()?;
        if is_possible(number) { Ok(number) } else { Err(astray("a number can't be true")) }
    }

    /// A fence or a floor.
    fn drawn(&mut self, server_ms: u64) -> Result<u64, Fault> {
        self.within(|number| bounds::is_number_of(number, server_ms))
    }

    /// A lease left.
    fn left(&mut self) -> Result<u64, Fault> {
        self.within(bounds::is_lease_left)
    }

    fn text(&mut self) -> Result<String, Fault> {
        match self.0.next() {
            Some(Value::BulkString(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            _ => Err(astray("a text is missing")),
        }
    }

    /// The number that is next, which is left there.
    fn peek(&self) -> Result<u64, Fault> {
        match self.0.as_slice().first() {
            Some(Value::Int(number)) => u64::try_from(*number).map_err(|_| astray("a number is negative")),
            _ => Err(astray("a number is missing")),
        }
    }

    /// The lease that an owner has left, and its record; a lease of 0 says that there is no owner.
    fn holder(&mut self) -> Result<Option<String>, Fault> {
        let left_ms = self.left()?;
        let record = bounds::record(&self.text()?);
        Ok((left_ms > 0).then_some(record))
    }
}

fn number(value: Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// What to do about an operation's error, where the scripts' own words do not say it.
fn explained(text: String) -> String {
    let Some(counter) = text.strip_prefix("COUNTER ") else { return text };
    format!(
        "the key {counter}, the counter that fencing tokens are drawn from, holds no number that this server's clock can have got to, \
         so that no lock can be taken: look what is in it (GET {counter}) and who writes there, set the server's clock right, or \
         delete the key (DEL {counter}): tokens are then drawn from the clock again"
    )
}

fn astray(what: &str) -> Fault {
    Fault::new(FaultClass::Transient, format!("the reply is not one to this request: {what}"))
}

//! The scripts on a server beside the function `step`: each call runs on both, and everything must be equal.

use std::collections::{BTreeSet, HashMap};

use redis::{Commands, Connection, ConnectionLike, Value};

use super::census::Census;
use super::ears::Ears;
use super::server::Server;
use crate::backend::memory::raw;
use crate::backend::memory::record::Record;
use crate::backend::memory::rules::{CHANNELS, Model, Order, Subject};
use crate::backend::memory::step::Published;
use crate::backend::redis::scripts::{Script, Terms, decode};
use crate::backend::{Acquire, Fault, Generation, Operation, Reply, Request, Via};
use crate::clock::Moment;
use crate::name::LockName;

pub(crate) const COUNTER: &str = "test:counter";
const TIME: &str = "test:time";
/// What a connection has found out about its server, and a grant tells.
const LIFE: &str = "0123456789abcdef";

/// A server and the model. The server's scripts read the time from a key, so that both see the same; it lies years
/// ahead, so that the server itself lets nothing expire.
pub(crate) struct Pair {
    server: Connection,
    ears: Ears,
    model: Model,
    seq: u64,
    sources: HashMap<Script, redis::Script>,
    calls: HashMap<Script, u64>,
    pub(crate) census: Census,
}

/// Which half of the scripts may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// As they are: what is simple in the first, the rest in the second.
    AsWritten,
    /// Everything in the second.
    Full,
}

impl Pair {
    pub(crate) fn on(server: &Server, path: Path) -> Self {
        Self::with_scripts(server, path, str::to_owned)
    }

    /// With scripts that are not as they should be.
    pub(crate) fn with_scripts(server: &Server, path: Path, change: impl Fn(&str) -> String) -> Self {
        let mut connection = server.connect();
        redis::cmd("FLUSHALL").exec(&mut connection).unwrap();
        let mut ears = Ears::on(server);
        CHANNELS.iter().for_each(|channel| ears.listen(channel, true));
        let sources = [Script::Acquire, Script::Hold].map(|script| {
            let source = script.source();
            let virtual_time = source.replace("call('TIME')", &format!("call('LRANGE', '{TIME}', 0, 1)"));
            assert_ne!(source, virtual_time);
            let full = virtual_time.replace(
                "\nlocal function error_of",
                &format!("\ncall('INCR', '{}')\nlocal function error_of", full_calls(script)),
            );
            assert_ne!(full, virtual_time);
            let taken = match path {
                Path::AsWritten => full.clone(),
                Path::Full => {
                    full.replace("while turn <= count do\n    local key", "while false do\n    local key")
                }
            };
            assert_eq!(taken == full, path == Path::AsWritten);
            (script, redis::Script::new(&change(&taken)))
        });
        for (_, script) in &sources {
            script.prepare_invoke().load(&mut connection).unwrap();
        }
        Self {
            server: connection,
            ears,
            model: Model::new(),
            seq: 0,
            sources: sources.into(),
            calls: HashMap::new(),
            census: Census::default(),
        }
    }

    /// How many calls of a script there were, and how many of them came to its second half.
    pub(crate) fn taken(&mut self, script: Script) -> (u64, u64) {
        let full: Option<u64> = self.server.get(full_calls(script)).unwrap();
        (self.calls.get(&script).copied().unwrap_or(0), full.unwrap_or(0))
    }

    /// Whether somebody who waits already would ask, without saying so, to read instead of an owner: a caller that reads and
    /// waits at once, which none does.
    pub(crate) fn is_out_of_character(&self, (name, id, operation): &Order) -> bool {
        let asks = |acquire: &Acquire| acquire.replaces.is_some() && acquire.place.is_none();
        let waits = |record: &Record| record.queue.texts().iter().any(|text| text.ends_with(id.as_str()));
        matches!(operation, Operation::Acquire(acquire) if asks(acquire))
            && self.model.records.get(name).is_some_and(waits)
    }

    /// As after `FLUSHALL`, for the counter alone.
    pub(crate) fn lose_the_counter(&mut self) {
        self.model.counter = 0;
        let _: Value = self.server.del(COUNTER).unwrap();
    }

    fn call(&mut self, requests: &[Request]) -> Vec<Reply> {
        self.answers(requests).into_iter().map(Result::unwrap).collect()
    }

    /// What the server says to each.
    fn answers(&mut self, requests: &[Request]) -> Vec<Result<Reply, Fault>> {
        let now_us = self.model.now_us;
        redis::pipe()
            .del(TIME)
            .rpush(TIME, [now_us / 1_000_000, now_us % 1_000_000].map(|n| format!("{n}")).as_slice())
            .exec(&mut self.server)
            .unwrap();
        let borrowed: Vec<&Request> = requests.iter().collect();
        let script = Script::of(&requests[0].operation);
        *self.calls.entry(script).or_default() += 1;
        let own = &self.sources[&script];
        let generation = Generation::new(LIFE);
        let terms = Terms { counter: Some(COUNTER), generation: &generation, in_cluster: false, red: None };
        // The real call with the virtual time's script: everything but the hash is what a user's server gets.
        let text =
            String::from_utf8(super::super::scripts::command(script, &terms, &borrowed).get_packed_command())
                .unwrap()
                .replace(script.sha(), own.get_hash());
        let value = self.server.req_packed_command(text.as_bytes()).unwrap();
        let decoded = decode(value, &borrowed).unwrap();
        assert_eq!(decoded.server_ms, now_us / 1000);
        decoded
            .replies
            .into_iter()
            .zip(requests)
            .map(|((seq, reply), request)| {
                assert_eq!(seq, request.seq);
                reply
            })
            .collect()
    }

    /// The server's record of a lock, and how long its key still lives.
    fn stored(&mut self, name: &str) -> (Record, Option<u64>) {
        let members: Vec<(Vec<u8>, f64)> = self.members(name);
        let record =
            raw::parse(&members, self.model.now_us).unwrap_or_else(|| panic!("no record: {members:?}"));
        let left: i64 = self.server.pttl(name).unwrap();
        (record, u64::try_from(left).ok())
    }

    fn compare(&mut self, name: &'static str) {
        let (stored, left_ms) = self.stored(name);
        let model = self.model.records.get(name).cloned().unwrap_or_default();
        assert_eq!(stored, model, "the records of {name}");
        if stored.is_empty() {
            assert!(!self.server.exists::<_, bool>(name).unwrap(), "an empty record is no key");
            return;
        }
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let until_ms = wall.as_millis() as u64 + left_ms.expect("a key with an expiry");
        assert!(until_ms + 50 >= model.last_ms(), "the key of {name} ends before what it holds");
    }
}

fn full_calls(script: Script) -> String {
    format!("test:full:{script:?}")
}

impl Subject for Pair {
    fn run(&mut self, orders: &[Order]) -> Vec<Reply> {
        // One call carries one script's operations, as in the transport.
        let mut replies = Vec::new();
        for orders in orders.chunk_by(|a, b| Script::of(&a.2) == Script::of(&b.2)) {
            let requests: Vec<Request> = orders
                .iter()
                .map(|(name, id, operation)| {
                    self.seq += 1;
                    Request {
                        seq: self.seq,
                        name: LockName::new(name),
                        id: id.clone(),
                        operation: operation.clone(),
                        via: Via::Engine,
                        submitted: Moment::default(),
                    }
                })
                .collect();
            let before = self.model.published.len();
            let expected: Vec<Reply> =
                orders.iter().map(|order| self.census.watch(&mut self.model, order)).collect();
            let got = self.call(&requests);
            assert_eq!(got, expected, "{orders:?}");
            for at in before..self.model.published.len() {
                let published = self.model.published[at].clone();
                self.hear(&published);
            }
            let counter: Option<u64> = self.server.get(COUNTER).unwrap();
            let counter = counter.unwrap_or(0);
            let ahead = counter.checked_sub(self.model.counter);
            assert!(
                ahead.is_some_and(|ahead| ahead < orders.len() as u64),
                "the counter is {counter}, the model's {}",
                self.model.counter
            );
            self.model.counter = counter;
            for name in orders.iter().map(|(name, ..)| *name).collect::<BTreeSet<_>>() {
                self.compare(name);
            }
            replies.extend(got);
        }
        replies
    }

    fn now_us(&mut self) -> &mut u64 {
        &mut self.model.now_us
    }

    fn listens(&mut self, channel: &'static str, listens: bool) {
        self.ears.listen(channel, listens);
        self.model.listens(channel, listens);
    }

    fn published(&mut self) -> Vec<Published> {
        self.model.published()
    }

    fn is_gone(&mut self, name: &'static str) -> bool {
        assert_eq!(self.server.exists::<_, bool>(name).unwrap(), !self.model.is_gone(name));
        self.model.is_gone(name)
    }
}

impl Pair {
    /// Puts `members` in the place of a lock's record. Whether they are one.
    pub(crate) fn plant(&mut self, name: &'static str, members: &[(Vec<u8>, f64)]) -> bool {
        let _: Value = self.server.del(name).unwrap();
        for (member, score) in members {
            let _: Value = self.server.zadd(name, member, score).unwrap();
        }
        // Far behind all deadlines: what they are is not the server's to decide.
        let _: Value = self.server.expire(name, 1_000_000_000).unwrap();
        self.model.records.remove(name);
        let record = raw::parse(&self.members(name), self.model.now_us);
        let is_one = record.is_some();
        self.model.records.extend(record.map(|record| (name, record)));
        is_one
    }

    /// The members of a lock's record, by score.
    pub(crate) fn members(&mut self, name: &str) -> Vec<(Vec<u8>, f64)> {
        self.server.zrange_withscores(name, 0, -1).unwrap()
    }

    /// What the server alone makes of an order; the model does not hear of it.
    pub(crate) fn attempt(&mut self, (name, id, operation): &Order) -> Result<Reply, Fault> {
        self.seq += 1;
        let request = Request {
            seq: self.seq,
            name: LockName::new(name),
            id: id.clone(),
            operation: operation.clone(),
            via: Via::Engine,
            submitted: Moment::default(),
        };
        let answer = self.answers(&[request]).remove(0);
        self.model.counter = self.counter();
        answer
    }

    /// Lets all messages pass that nobody expects.
    pub(crate) fn forget_what_was_said(&mut self) {
        const LAST: &str = "the last one";
        let _: Value = self.server.publish(CHANNELS[0], LAST).unwrap();
        while self.ears.hear().1 != LAST {}
        self.model.published.clear();
    }

    pub(crate) fn counter(&mut self) -> u64 {
        self.server.get::<_, Option<u64>>(COUNTER).unwrap().unwrap_or(0)
    }

    /// The next message that arrives must be this one.
    fn hear(&mut self, published: &Published) {
        let (channel, text) = self.ears.hear();
        assert_eq!(channel, published.channel.as_str());
        let Published { id, fence, left_ms, strict, .. } = published;
        let end = if *strict { " s" } else { "" };
        assert_eq!(text, format!("{} {fence} {left_ms} {LIFE}{end}", id.hex()));
    }

    /// What a server does with a key whose deadlines are all over, years from now.
    pub(crate) fn expire(&mut self, name: &'static str) {
        let now_ms = self.model.now_us / 1000;
        if self.model.records.get(name).is_some_and(|record| record.is_over(now_ms)) {
            self.model.records.remove(name);
            let _: Value = self.server.del(name).unwrap();
        }
    }
}

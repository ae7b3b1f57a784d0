//! The engine's part: its runtime, its ticks, and a record of every answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::backend::redis::{RedisBackend, RedisConfig};
use crate::backend::{
    Acquire, Answer, Backend, Channel, Grant, HoldId, Inbox, Mode, Operation, Reply, Request, Via,
};
use crate::clock::{BootClock, Clock, Moment};
use crate::error::LockError;
use crate::name::LockName;

#[derive(Default)]
pub(super) struct Record {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    answers: HashMap<u64, Vec<Answer>>,
    order: Vec<u64>,
    grants: Vec<Grant>,
    listening: Vec<bool>,
    times: usize,
}

impl Record {
    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.changed.notify_all();
    }

    fn wait<T>(&self, what: &str, mut look: impl FnMut(&Seen) -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(8);
        let mut seen = self.seen.lock().unwrap();
        loop {
            if let Some(found) = look(&seen) {
                return found;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {what}");
            seen = self.changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    pub(super) fn answer(&self, seq: u64) -> Answer {
        self.wait(&format!("the answer to {seq}"), |seen| seen.answers.get(&seq).map(|all| all[0].clone()))
    }

    pub(super) fn grant(&self) -> Grant {
        self.wait("a grant", |seen| seen.grants.last().cloned())
    }

    pub(super) fn listens(&self, changes: &[bool]) {
        self.wait(&format!("listening {changes:?}"), |seen| {
            seen.listening.starts_with(changes).then_some(())
        });
    }

    pub(super) fn server_times(&self) -> usize {
        self.seen.lock().unwrap().times
    }

    /// The numbers answered so far, in the order of their answers.
    pub(super) fn order(&self) -> Vec<u64> {
        self.seen.lock().unwrap().order.clone()
    }

    pub(super) fn assert_each_once(&self, seqs: impl IntoIterator<Item = u64>) {
        let seen = self.seen.lock().unwrap();
        for seq in seqs {
            let answers = seen.answers.get(&seq).map_or(0, Vec::len);
            assert_eq!(answers, 1, "request {seq} was answered {answers} times");
        }
    }
}

impl Inbox for Record {
    fn answers(&self, answers: Vec<(u64, Answer)>) {
        self.change(|seen| {
            for (seq, answer) in answers {
                seen.order.push(seq);
                seen.answers.entry(seq).or_default().push(answer);
            }
        });
    }

    fn granted(&self, grant: Grant) {
        self.change(|seen| seen.grants.push(grant));
    }

    fn server_time(&self, _: Moment, server_ms: u64) {
        assert!(server_ms > 1_500_000_000_000);
        self.change(|seen| seen.times += 1);
    }

    fn listening(&self, listening: bool) {
        self.change(|seen| seen.listening.push(listening));
    }
}

/// A backend that was started on a thread of its own, and is ticked.
pub(super) struct Engine {
    pub(super) backend: Arc<RedisBackend>,
    pub(super) record: Arc<Record>,
    pub(super) channel: Channel,
    next: AtomicU64,
    over: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Engine {
    pub(super) fn start(url: &str) -> Self {
        Self::try_start(RedisConfig::parse(url).unwrap()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn try_start(config: RedisConfig) -> Result<Self, LockError> {
        let channel = Channel::new(&format!("{}test", config.channel_prefix()));
        let backend = Arc::new(RedisBackend::new(config));
        let record = Arc::new(Record::default());
        let over = Arc::new(AtomicBool::new(false));
        let (started, starting) = std::sync::mpsc::channel();
        let runtime = std::thread::spawn({
            let (backend, record, channel, over) =
                (Arc::clone(&backend), Arc::clone(&record), channel.clone(), Arc::clone(&over));
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    started.send(backend.start(&channel, record).await).unwrap();
                    while !over.load(Ordering::Relaxed) {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                });
            }
        });
        let ticks = std::thread::spawn({
            let (backend, over) = (Arc::clone(&backend), Arc::clone(&over));
            move || {
                while !over.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(20));
                    backend.tick(BootClock.now());
                }
            }
        });
        let engine =
            Self { backend, record, channel, next: AtomicU64::new(1), over, threads: vec![runtime, ticks] };
        starting.recv().unwrap()?;
        Ok(engine)
    }

    pub(super) fn request(&self, name: &str, id: &HoldId, operation: Operation, via: Via) -> Request {
        Request {
            seq: self.next.fetch_add(1, Ordering::Relaxed),
            name: LockName::new(name),
            id: id.clone(),
            operation,
            via,
            submitted: BootClock.now(),
        }
    }

    /// Submits one request from here; its number.
    pub(super) fn submit(&self, name: &str, id: &HoldId, operation: Operation, via: Via) -> u64 {
        let request = self.request(name, id, operation, via);
        let seq = request.seq;
        self.backend.submit(vec![request]);
        seq
    }

    /// Submits one request from here and waits for its answer.
    pub(super) fn ask(&self, name: &str, id: &HoldId, operation: Operation, via: Via) -> Answer {
        self.record.answer(self.submit(name, id, operation, via))
    }

    /// Takes `name` and frees it, until that works, within the patience of [`Record`].
    pub(super) fn must_work_again(&self, name: &str, via: Via) {
        let until = Instant::now() + Duration::from_secs(8);
        loop {
            let id = HoldId::new("test");
            let held = self.ask(name, &id, acquire(5_000), via);
            if matches!(held, Answer::Reply { reply: Reply::Held { .. }, .. }) {
                let freed = self.ask(name, &id, Operation::Forget { entry: None }, via);
                assert!(
                    matches!(freed, Answer::Reply { reply: Reply::Forgotten { was_owner: true }, .. }),
                    "{freed:?}"
                );
                return;
            }
            assert!(Instant::now() < until, "still {held:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.backend.stop();
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

pub(super) fn acquire(lease_ms: u64) -> Operation {
    Operation::Acquire(Acquire {
        mode: Mode::Exclusive,
        replaces: None,
        lease_ms,
        not_after_ms: 4_000_000_000_000,
        place: None,
    })
}

pub(super) const FORGET: Operation = Operation::Forget { entry: None };

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap()
}

pub(super) fn held(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply { reply: Reply::Held { .. }, .. })
}

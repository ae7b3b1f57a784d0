//! The backend itself.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::foreign::ForeignHold;
use super::store::{Delivery, Store};
use crate::backend::{Answer, Backend, Channel, Inbox, Request, Starting};
use crate::clock::{Clock, Moment};
use crate::name::LockName;

/// The server time of a store on a given clock, when that clock shows zero: constant, so that a test sees the same
/// fences in each run. (2025-01-01.)
const EPOCH: Duration = Duration::from_secs(1_735_689_600);

/// Locks that live in this process. Clones are handles to one client; [`share`](Self::share) makes another client of
/// the same store.
#[derive(Clone)]
pub struct MemoryBackend {
    store: Arc<Store>,
    client: Arc<Mutex<Option<Client>>>,
}

/// What [`Backend::start`] was given.
struct Client {
    channel: Channel,
    inbox: Arc<dyn Inbox>,
}

impl MemoryBackend {
    /// A store of its own: what `memory:` connects to.
    #[must_use]
    pub fn private() -> Self {
        Self::on(Store::real())
    }

    /// The store of this name, shared by the whole process as long as anybody has it: what `memory:name` connects to.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::on(Store::named(name))
    }

    /// A store of its own on a clock of the caller's, for example a [`ManualClock`](super::ManualClock).
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::on(Store::new(clock, EPOCH))
    }

    /// Another client of the same store, as another process would be.
    #[must_use]
    pub fn share(&self) -> Self {
        Self::on(Arc::clone(&self.store))
    }

    fn on(store: Arc<Store>) -> Self {
        Self { store, client: Arc::default() }
    }

    /// The clock by which leases end here.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.store.clock())
    }

    /// Lets somebody unknown take the lock, with a lease of 30 days, until the returned value is dropped. `None` if the
    /// lock is held or waited for.
    #[must_use]
    pub fn hold(&self, name: &LockName) -> Option<ForeignHold> {
        ForeignHold::take(Arc::clone(&self.store), name)
    }

    /// Forgets owner and waiters of a lock, as a server does that loses its data. Fencing tokens go on rising, as they
    /// do on a server whose clock is right. Whether there was anything to forget.
    pub fn lose(&self, name: &LockName) -> bool {
        self.store.lose(name.as_str())
    }

    /// The names that somebody holds or waits for, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.store.names()
    }

    /// Whether nothing is left of any lock.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names().is_empty()
    }

    /// Cloned out, so that nothing is locked while it is called.
    fn inbox(&self) -> Option<Arc<dyn Inbox>> {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.as_ref().map(|client| Arc::clone(&client.inbox))
    }
}

impl fmt::Debug for MemoryBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend").finish_non_exhaustive()
    }
}

impl Backend for MemoryBackend {
    fn start<'a>(&'a self, channel: &'a Channel, inbox: Arc<dyn Inbox>) -> Starting<'a> {
        Box::pin(async move {
            let sent = self.store.clock().now();
            let client = Client { channel: channel.clone(), inbox: Arc::clone(&inbox) };
            *self.client.lock().unwrap_or_else(PoisonError::into_inner) = Some(client);
            self.store.listen(channel, Arc::clone(&inbox));
            inbox.server_time(sent, self.store.now_ms());
            inbox.listening(true);
            Ok(())
        })
    }

    /// Runs the requests one by one and answers them before it returns: first all answers, then the grants that they
    /// led to. No lock is held meanwhile, so the inboxes may submit again.
    fn submit(&self, requests: Vec<Request>) {
        let mut answers = Vec::with_capacity(requests.len());
        let mut deliveries = Vec::new();
        for request in requests {
            let outcome = self.store.run(request.name.as_str(), &request.id, &request.operation);
            let answer = match outcome.reply {
                Ok(reply) => Answer::Reply {
                    reply,
                    sent: request.submitted,
                    server_ms: outcome.server_ms,
                    generation: self.store.generation().clone(),
                    copies_out: false,
                },
                Err(fault) => Answer::Failed(fault),
            };
            answers.push((request.seq, answer));
            deliveries.extend(outcome.deliveries);
        }
        if let Some(inbox) = self.inbox() {
            inbox.answers(answers);
        }
        deliveries.into_iter().for_each(Delivery::deliver);
    }

    /// Nothing is ever unanswered here.
    fn tick(&self, _now: Moment) {}

    fn stop(&self) {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Client { channel, inbox }) = client {
            self.store.unlisten(&channel);
            inbox.listening(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::backend::memory::ManualClock;
    use crate::backend::{Acquire, Entry, Grant, HoldId, Mode, Operation, Place, Reply, Via};

    /// Renews what it is granted at once, from inside the call that tells it.
    #[derive(Default)]
    struct Eager {
        backend: Mutex<Option<MemoryBackend>>,
        id: Mutex<Option<HoldId>>,
        heard: Mutex<Vec<String>>,
    }

    impl Eager {
        fn note(&self, what: String) {
            self.heard.lock().unwrap().push(what);
        }
    }

    impl Inbox for Eager {
        fn answers(&self, answers: Vec<(u64, Answer)>) {
            for (seq, answer) in answers {
                let Answer::Reply { reply, .. } = answer else {
                    panic!("always answered");
                };
                let kind = match reply {
                    Reply::Held { .. } => "held",
                    Reply::Queued { .. } => "queued",
                    _ => "other",
                };
                self.note(format!("{seq} {kind}"));
            }
        }

        fn granted(&self, grant: Grant) {
            let id = self.id.lock().unwrap().clone().expect("it waits");
            assert_eq!(grant.hex, id.hex());
            self.note("granted".to_owned());
            let backend = self.backend.lock().unwrap().clone().expect("it is started");
            backend.submit(vec![request(9, &id, Operation::Renew { lease_ms: 1_000 })]);
        }

        fn server_time(&self, _sent: Moment, server_ms: u64) {
            assert!(server_ms > 1_700_000_000_000);
        }

        fn listening(&self, listening: bool) {
            self.note(format!("listening {listening}"));
        }
    }

    fn request(seq: u64, id: &HoldId, operation: Operation) -> Request {
        Request {
            seq,
            name: LockName::new("LOCK:a"),
            id: id.clone(),
            operation,
            via: Via::Engine,
            submitted: Moment::default(),
        }
    }

    fn started(backend: &MemoryBackend, channel: &Channel) -> Arc<Eager> {
        let inbox = Arc::new(Eager::default());
        *inbox.backend.lock().unwrap() = Some(backend.clone());
        let as_inbox: Arc<dyn Inbox> = Arc::clone(&inbox) as _;
        let mut starting = backend.start(channel, as_inbox);
        let ready = starting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(ready, Poll::Ready(Ok(()))));
        inbox
    }

    fn acquire(channel: Option<&Channel>) -> Operation {
        Operation::Acquire(Acquire {
            mode: Mode::Exclusive,
            replaces: None,
            lease_ms: 1_000,
            not_after_ms: u64::MAX,
            place: channel.map(|channel| Place {
                entry: Entry {
                    mode: Mode::Exclusive,
                    strict: false,
                    short_ms: 500,
                    channel: channel.clone(),
                },
                heartbeat_ms: 1_000,
                ticket: None,
            }),
        })
    }

    #[test]
    fn an_inbox_may_submit_from_inside_a_grant_of_another_client() {
        let first = MemoryBackend::with_clock(Arc::new(ManualClock::new()));
        let second = first.share();
        let channel = Channel::new("second");
        let (one, two) = (HoldId::new("one"), HoldId::new("two"));
        let _inbox = started(&first, &Channel::new("first"));
        let inbox = started(&second, &channel);
        *inbox.id.lock().unwrap() = Some(two.clone());
        first.submit(vec![request(1, &one, acquire(None))]);
        second.submit(vec![request(2, &two, acquire(Some(&channel)))]);
        first.submit(vec![request(3, &one, Operation::Forget { entry: None })]);
        second.stop();
        let heard = inbox.heard.lock().unwrap().clone();
        assert_eq!(heard, ["listening true", "2 queued", "granted", "9 held", "listening false"]);
        assert_eq!(first.names(), ["LOCK:a"]);
    }

    #[test]
    fn a_name_means_the_same_store_as_long_as_anybody_has_it() {
        let one = MemoryBackend::named("shared");
        let _held = one.hold(&LockName::new("LOCK:a")).expect("free");
        let two = MemoryBackend::named("shared");
        assert_eq!(two.names(), ["LOCK:a"]);
        assert!(MemoryBackend::named("other").is_empty());
        assert!(MemoryBackend::private().is_empty());
    }

    #[test]
    fn the_memory_store_runs_the_same_function() {
        let clock = ManualClock::new();
        let backend = MemoryBackend::with_clock(Arc::new(clock.clone()));
        let name = LockName::new("LOCK:a");
        let held = backend.hold(&name).expect("free");
        assert!(backend.hold(&name).is_none());
        assert_eq!(backend.names(), ["LOCK:a"]);
        held.free();
        assert!(backend.is_empty());
        let _held = backend.hold(&name).expect("free again");
        assert!(backend.lose(&name));
        assert!(!backend.lose(&name));
        assert!(backend.hold(&name).is_some());
        let _held = backend.hold(&name);
        clock.advance(crate::params::MAX_EXPIRE);
        assert!(backend.is_empty(), "an expired record leaves by itself");
    }
}

//! A store in memory that can be told to answer every wish for a lock with a fault, and that counts what it grants.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lock_core::backend::memory::MemoryBackend;
use lock_core::backend::{
    Answer, Backend, Channel, Fault, FaultClass, Grant, Inbox, Operation, Reply, Request, Starting,
};
use lock_core::clock::Moment;

#[derive(Debug)]
pub(crate) struct Answering {
    store: MemoryBackend,
    fault: Option<FaultClass>,
    counted: Arc<Counted>,
    inbox: Mutex<Option<Arc<Counting>>>,
}

/// What went to the engine.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Wishes that are not answered yet.
    acquires: Mutex<BTreeSet<u64>>,
    grants: AtomicUsize,
}

struct Counting {
    inbox: Arc<dyn Inbox>,
    counted: Arc<Counted>,
}

impl std::fmt::Debug for Counting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.counted.fmt(f)
    }
}

impl Answering {
    pub(crate) fn new(store: MemoryBackend, fault: Option<FaultClass>) -> (Self, Arc<Counted>) {
        let counted = Arc::<Counted>::default();
        let inbox = Mutex::default();
        (Self { store, fault, counted: Arc::clone(&counted), inbox }, counted)
    }
}

impl Counted {
    /// How many locks were given.
    pub(crate) fn grants(&self) -> usize {
        self.grants.load(Ordering::SeqCst)
    }
}

impl Backend for Answering {
    fn start<'a>(&'a self, channel: &'a Channel, inbox: Arc<dyn Inbox>) -> Starting<'a> {
        let counting = Arc::new(Counting { inbox, counted: Arc::clone(&self.counted) });
        *self.inbox.lock().expect("no panic") = Some(Arc::clone(&counting));
        self.store.start(channel, counting)
    }

    fn submit(&self, requests: Vec<Request>) {
        let is_acquire = |request: &Request| matches!(request.operation, Operation::Acquire(_));
        let wishes = requests.iter().filter(|request| is_acquire(request)).map(|request| request.seq);
        self.counted.acquires.lock().expect("no panic").extend(wishes);
        let Some(class) = self.fault else { return self.store.submit(requests) };
        let (wishes, others): (Vec<_>, Vec<_>) = requests.into_iter().partition(is_acquire);
        let answer =
            |request: Request| (request.seq, Answer::Failed(Fault::new(class, "as the test wants it")));
        let inbox = self.inbox.lock().expect("no panic").clone().expect("it is started");
        inbox.answers(wishes.into_iter().map(answer).collect());
        self.store.submit(others);
    }

    fn tick(&self, now: Moment) {
        self.store.tick(now);
    }

    fn stop(&self) {
        self.inbox.lock().expect("no panic").take();
        self.store.stop();
    }
}

impl Inbox for Counting {
    fn answers(&self, answers: Vec<(u64, Answer)>) {
        let grants = {
            let mut acquires = self.counted.acquires.lock().expect("no panic");
            let granted = |(seq, answer): &&(u64, Answer)| {
                acquires.remove(seq) && matches!(answer, Answer::Reply { reply: Reply::Held { .. }, .. })
            };
            answers.iter().filter(granted).count()
        };
        self.counted.grants.fetch_add(grants, Ordering::SeqCst);
        self.inbox.answers(answers);
    }

    fn granted(&self, grant: Grant) {
        self.inbox.granted(grant);
    }

    fn server_time(&self, sent: Moment, server_ms: u64) {
        self.inbox.server_time(sent, server_ms);
    }

    fn listening(&self, listening: bool) {
        self.inbox.listening(listening);
    }
}

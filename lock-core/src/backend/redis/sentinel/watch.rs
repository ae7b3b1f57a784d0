//! Where the master is, for whoever opens a connection; and the end of all connections when it is elsewhere.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::redis::ConnectionInfo;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::access::{Access, Login};
use super::super::addresses::AddressMap;
use super::super::config::RedisConfig;
use super::super::fault;
use super::super::hub::Hub;
use super::answer::Told;
use super::belief::{Belief, Refusal};
use super::link::Link;
use super::url::{Service, at};
use crate::backend::Fault;

/// The sentinels of one master, and what they have said. Needs no timers: a [`Watch`] on the engine's runtime talks to
/// them, and whoever asks waits for its news.
pub(crate) struct Sentinels {
    service: Service,
    /// Their addresses, for people.
    who: Vec<String>,
    belief: Mutex<Belief>,
    /// The number of the last question; each link answers up to the one that it has read.
    questions: watch::Sender<u64>,
    /// Told after each answer.
    news: watch::Sender<()>,
}

impl Sentinels {
    pub(crate) fn new(service: Service) -> Arc<Self> {
        let who: Vec<String> = service.sentinels.iter().map(|sentinel| sentinel.addr().to_string()).collect();
        Arc::new(Self {
            belief: Mutex::new(Belief::new(who.len())),
            who,
            service,
            questions: watch::Sender::new(0),
            news: watch::Sender::new(()),
        })
    }

    /// The same sentinels, of whom nothing was heard yet.
    pub(crate) fn afresh(&self) -> Arc<Self> {
        Self::new(self.service.clone())
    }

    /// Lets `access` know that there are sentinels.
    pub(crate) fn take_note_of(&self, access: &Access) {
        for sentinel in &self.service.sentinels {
            access.at(sentinel, Login::Sentinel);
        }
    }

    /// `name at sentinels host:port, host:port`
    pub(crate) fn address(&self) -> String {
        format!("{} at sentinels {}", self.service.name, self.who.join(", "))
    }

    /// `master` with the address that the sentinels name now. Bounded by the patience of a [`Watch`] with silent sentinels.
    pub(crate) async fn master(
        &self,
        master: ConnectionInfo,
        addresses: &AddressMap,
    ) -> Result<ConnectionInfo, Fault> {
        // Before the question: no answer to it is missed.
        let mut news = self.news.subscribe();
        let question = self.ask();
        loop {
            let outcome = self.belief().outcome(question, &self.service.name, &self.who);
            if let Some(found) = outcome {
                let (host, port) = found?;
                let address = at(master.addr(), addresses.reached(&host, port));
                return Ok(master.set_addr(address));
            }
            if news.changed().await.is_err() {
                return Err(fault::transient("nobody asks the sentinels any more"));
            }
        }
    }

    /// Lets the sentinels be asked anew, at once.
    pub(crate) fn ask(&self) -> u64 {
        let mut number = 0;
        self.questions.send_modify(|question| {
            *question += 1;
            number = *question;
        });
        number
    }

    pub(super) fn name(&self) -> &str {
        &self.service.name
    }

    pub(super) fn questions(&self) -> watch::Receiver<u64> {
        self.questions.subscribe()
    }

    pub(super) fn heard(&self, from: usize, question: u64, said: Result<Told, Refusal>) {
        self.belief().heard(from, question, said, crate::clock::Clock::now(&crate::clock::BootClock));
        self.news.send_replace(());
    }

    fn belief(&self) -> MutexGuard<'_, Belief> {
        self.belief.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the logins.
impl fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentinels")
            .field("master", &self.service.name)
            .field("at", &self.who)
            .finish_non_exhaustive()
    }
}

/// The tasks that talk to the sentinels; they end when it is dropped.
pub(crate) struct Watch {
    sentinels: Arc<Sentinels>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    /// Begins to talk to the sentinels on the present runtime, which has timers.
    pub(crate) fn start(sentinels: &Arc<Sentinels>, access: &Access) -> Self {
        let links = sentinels.service.sentinels.iter().enumerate().map(|(number, info)| {
            let config = RedisConfig::of_sentinel(info.clone(), access);
            tokio::spawn(Link { sentinels: Arc::clone(sentinels), number, config }.keep())
        });
        Self { sentinels: Arc::clone(sentinels), tasks: links.collect() }
    }

    /// From now on gives up all connections of `hub` whenever the master has moved.
    ///
    /// What could go wrong: a connection is opened to the old master while the sentinels change their mind, and stays. It
    /// can't: it belongs to a lane that `hub` knows since before it asked where to connect; a move after that ends the
    /// attempt, a move before that is part of the answer.
    pub(crate) fn follow(&mut self, hub: Arc<Hub>) {
        let sentinels = Arc::clone(&self.sentinels);
        self.tasks.push(tokio::spawn(async move {
            // From the first belief on, under which the first connection was opened.
            let (mut at, mut news) = (0, sentinels.news.subscribe());
            loop {
                let moves = sentinels.belief().moves();
                if moves != at {
                    at = moves;
                    hub.leave_master("the sentinels have another master now");
                }
                if news.changed().await.is_err() {
                    return;
                }
            }
        }));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

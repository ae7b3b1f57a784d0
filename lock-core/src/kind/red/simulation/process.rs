//! A simulated process: a clock, an engine for each master, and tasks that want red locks.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::link::Link;
use crate::backend::Fault;
use crate::engine::Released;
use crate::engine::simulation::puppet::Puppet;
use crate::engine::simulation::random::Random;
use crate::engine::simulation::time::{MachineClock, Micros};
use crate::error::LockError;
use crate::kind::red::{Master, Masters, Quorum};
use crate::kind::{Lease, LeaseLost};

pub(super) struct Process {
    pub(super) puppets: Vec<Puppet>,
    pub(super) masters: Arc<Masters>,
    pub(super) links: Vec<Link>,
    pub(super) tasks: Vec<Task>,
    ready: Arc<Ready>,
    pub(super) polls: BTreeSet<usize>,
    /// By master: the moment at which its engine will look.
    pub(super) tick_at: Vec<Micros>,
    pub(super) paused_until: Micros,
    pub(super) alive: bool,
    /// Where the engines run their tasks, which get back what is missing. It runs only when told to.
    runtime: Runtime,
}

#[derive(Default)]
pub(super) struct Task {
    /// Numbers what it does, so that a planned event for an earlier deed is told from one for the present.
    pub(super) deed: u64,
    pub(super) state: State,
}

#[derive(Default)]
pub(super) enum State {
    #[default]
    Thinking,
    Waiting {
        future: Pin<Box<dyn Future<Output = Result<Quorum, LockError>> + Send>>,
        name: usize,
        /// Nothing may go wrong with it: there are no troubles any more.
        probe: bool,
    },
    Holding {
        quorum: Quorum,
        lease: Lease,
        lost: Pin<Box<LeaseLost>>,
        name: usize,
    },
    Releasing(Pin<Box<dyn Future<Output = Result<Released, Fault>> + Send>>),
}

/// The tasks that were woken.
#[derive(Default)]
struct Ready(Mutex<BTreeSet<usize>>);

struct WakeTask(Arc<Ready>, usize);

impl Wake for WakeTask {
    fn wake(self: Arc<Self>) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.1);
    }
}

impl Process {
    pub(super) fn new(
        clock: &MachineClock,
        masters: usize,
        max_lease: Duration,
        tasks: u64,
        random: &mut Random,
    ) -> Self {
        let runtime = Builder::new_current_thread().build().unwrap();
        let puppets: Vec<_> =
            (0..masters).map(|_| Puppet::new(clock, Random::new(random.next()), runtime.handle())).collect();
        let of = puppets
            .iter()
            .enumerate()
            .map(|(at, puppet)| Master { address: format!("master {at}"), engine: puppet.engine() });
        Self {
            masters: Arc::new(Masters::new(of.collect(), max_lease)),
            puppets,
            links: vec![Link::default(); masters],
            tasks: (0..tasks).map(|_| Task::default()).collect(),
            ready: Arc::default(),
            polls: BTreeSet::new(),
            tick_at: vec![Micros::MAX; masters],
            paused_until: 0,
            alive: true,
            runtime,
        }
    }

    pub(super) fn waker(&self, task: usize) -> Waker {
        Waker::from(Arc::new(WakeTask(Arc::clone(&self.ready), task)))
    }

    /// The tasks that were woken since this was last asked.
    pub(super) fn take_ready(&self) -> BTreeSet<usize> {
        std::mem::take(&mut *self.ready.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs the engines' own tasks until all of them wait.
    pub(super) fn run_repairs(&self) {
        self.runtime.block_on(async {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        });
    }
}

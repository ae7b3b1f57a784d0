//! Who takes part in the rules.

use super::subject::Subject;
use crate::backend::memory::step::longest_heartbeat_ms;
use crate::backend::{Acquire, Channel, Entry, HoldId, Mode, Operation, Place, Reply};

pub(crate) const CHANNELS: [&str; 3] = ["one", "two", "three"];
pub(super) const NAME: &str = "LOCK:rules";
pub(super) const LEASE: u64 = 10_000;
pub(super) const SHORT: u64 = 3_000;
/// How long anybody waits.
pub(super) const WAIT: u64 = 60_000;
/// How long a waiter lives without a refresh, while somebody else is heard.
pub(super) const BEAT: u64 = longest_heartbeat_ms(SHORT);

/// Waiter `n` belongs to the manager with channel `n`.
pub(super) fn id(n: usize) -> HoldId {
    HoldId::from_random(n as u128 + 1, &format!("host/{n} f"))
}

pub(super) fn entry(n: usize) -> Entry {
    Entry {
        mode: Mode::Exclusive,
        strict: false,
        short_ms: SHORT,
        channel: Channel::new(CHANNELS[n % CHANNELS.len()]),
    }
}

pub(super) fn reading(n: usize) -> Entry {
    Entry { mode: Mode::Shared, strict: true, ..entry(n) }
}

pub(super) fn place(n: usize, ticket: Option<u64>) -> Place {
    Place { entry: entry(n), wait_ms: WAIT, ticket }
}

/// The operations of one participant, on the one lock of these rules.
pub(super) struct Party<'a>(pub(super) &'a mut dyn Subject);

impl Party<'_> {
    pub(super) fn run(&mut self, n: usize, operation: Operation) -> Reply {
        let mut replies = self.0.run(&[(NAME, id(n), operation)]);
        assert_eq!(replies.len(), 1);
        replies.remove(0)
    }

    pub(super) fn acquire(&mut self, n: usize, place: Option<Place>) -> Reply {
        let not_after_ms = *self.0.now_us() / 1000 + 1000;
        self.run(
            n,
            Operation::Acquire(Acquire {
                mode: Mode::Exclusive,
                replaces: None,
                lease_ms: LEASE,
                not_after_ms,
                place,
            }),
        )
    }

    pub(super) fn ask_to_read(&mut self, n: usize, replaces: Option<HoldId>, place: Option<Place>) -> Reply {
        let not_after_ms = *self.0.now_us() / 1000 + 1000;
        let mode = Mode::Shared;
        self.run(n, Operation::Acquire(Acquire { mode, replaces, lease_ms: LEASE, not_after_ms, place }))
    }

    pub(super) fn try_to_read(&mut self, n: usize) -> Reply {
        self.ask_to_read(n, None, None)
    }

    pub(super) fn read(&mut self, n: usize) -> Reply {
        self.ask_to_read(n, None, Some(Place { entry: reading(n), wait_ms: WAIT, ticket: None }))
    }

    /// Reads on under the id of `n` what `owner` had alone.
    pub(super) fn downgrade(&mut self, owner: usize, n: usize) -> Reply {
        self.ask_to_read(n, Some(id(owner)), None)
    }

    pub(super) fn refresh_reader(&mut self, n: usize) -> Reply {
        self.run(n, Operation::Refresh { entry: reading(n), wait_ms: WAIT, lease_ms: LEASE })
    }

    pub(super) fn forget_reader(&mut self, n: usize) -> Reply {
        self.run(n, Operation::Forget { entry: Some(reading(n)) })
    }

    /// Waits for the lock alone, first come, first served.
    pub(super) fn wait_strictly(&mut self, n: usize) -> Reply {
        let entry = Entry { strict: true, ..entry(n) };
        self.acquire(n, Some(Place { entry, wait_ms: WAIT, ticket: None }))
    }

    /// Whom the messages since the last call were for, in order.
    pub(super) fn told(&mut self) -> Vec<HoldId> {
        self.0.published().into_iter().map(|published| published.id).collect()
    }

    pub(super) fn try_once(&mut self, n: usize) -> Reply {
        self.acquire(n, None)
    }

    pub(super) fn wait(&mut self, n: usize) -> Reply {
        self.acquire(n, Some(place(n, None)))
    }

    pub(super) fn refresh(&mut self, n: usize) -> Reply {
        self.run(n, refresh(n))
    }

    pub(super) fn renew(&mut self, n: usize, lease_ms: u64) -> Reply {
        self.run(n, Operation::Renew { lease_ms })
    }

    pub(super) fn keep(&mut self, n: usize, keep_ms: u64) -> Reply {
        self.run(n, Operation::Keep { keep_ms })
    }

    pub(super) fn raise(&mut self, n: usize, fence: u64) -> Reply {
        self.run(n, Operation::Raise { fence })
    }

    pub(super) fn forget(&mut self, n: usize) -> Reply {
        self.run(n, Operation::Forget { entry: Some(entry(n)) })
    }

    /// Nobody is heard for so long.
    pub(super) fn pass_ms(&mut self, ms: u64) {
        *self.0.now_us() += ms * 1000;
    }

    /// So much time passes in which a holder renews its lease every second, as a sign of life of the server.
    pub(super) fn pass_renewed_ms(&mut self, holder: usize, ms: u64) {
        for step in (0..ms).step_by(1_000) {
            self.pass_ms((ms - step).min(1_000));
            assert!(matches!(self.renew(holder, LEASE), Reply::Held { .. }));
        }
    }
}

pub(super) fn refresh(n: usize) -> Operation {
    Operation::Refresh { entry: entry(n), wait_ms: WAIT, lease_ms: LEASE }
}

#[track_caller]
pub(super) fn fence(reply: &Reply) -> u64 {
    match reply {
        Reply::Held { fence, .. } => *fence,
        other => panic!("not held: {other:?}"),
    }
}

#[track_caller]
pub(super) fn place_of(reply: &Reply) -> (u64, u64, u64) {
    match reply {
        Reply::Queued { ticket, floor, ahead, .. } => (*ticket, *floor, *ahead),
        other => panic!("not queued: {other:?}"),
    }
}

pub(super) const FREED: Reply = Reply::Forgotten { was_owner: true };

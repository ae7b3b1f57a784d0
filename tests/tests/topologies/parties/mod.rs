//! A lock of each kind, held and waited for, while something breaks: nothing of it may be lost.

mod cast;
mod party;
mod queue;
mod rival;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lock_core::LockManager;
use lock_tests::{Arrival, Hold, Recorder, Server, Topology, check_order, check_together};

use self::cast::Cast;
pub(crate) use self::cast::{casts, near_names};
use self::party::Party;
pub(crate) use self::queue::{places, tickets};

/// Two hold, and three wait: each stands for a process, as a manager has connections and a channel of its own.
const HOLDING: usize = 2;
const MANAGERS: usize = 5;

/// Parties, each at locks of its own.
pub(crate) struct Parties {
    parties: Vec<Party>,
    lease: Duration,
}

impl Parties {
    /// Lets all hold and wait for their locks, with leases of `lease`.
    pub(crate) async fn gather(
        place: &dyn Topology,
        casts: Vec<Cast>,
        lease: Duration,
        recorder: &Recorder,
    ) -> Self {
        let mut managers = Vec::new();
        for _ in 0..MANAGERS {
            managers.push(LockManager::connect(&place.url()).await.expect("it can be connected to"));
        }
        let mut parties = Vec::new();
        for cast in casts {
            parties.push(Party::gather(place, cast, managers.split_at(HOLDING), lease, recorder).await);
        }
        Self { parties, lease }
    }

    /// The full names of all locks.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.parties.iter().flat_map(Party::names)
    }

    /// Waits until each hold was renewed and each waiter heard of after this call, by the servers that serve the locks `now`.
    /// Nobody has lost anything, and no waiter has got anything.
    pub(crate) async fn go_on<'a>(&self, now: impl Fn(&str) -> &'a Server) {
        let since = Instant::now();
        let since_ms = queue::now_ms();
        for party in &self.parties {
            party.is_renewed(since, self.lease).await;
            party.is_heard_of(since_ms, self.lease, &now).await;
        }
        self.hold_on();
    }

    /// Waits until all `reentrant` waiters hear what their `server` publishes. Who does not hear that it has the lock is passed by
    /// those behind it, and keeps its place (the server's protocol, "Hand-over"); in a cluster nobody is passed, and who waits
    /// strictly never is.
    pub(crate) async fn can_be_told(&self, server: &Server) {
        for party in self.parties.iter().filter(|party| !party.is_strict()) {
            party.can_be_told(server).await;
        }
    }

    /// All are held by those who held them, and by nobody else.
    pub(crate) fn hold_on(&self) {
        self.parties.iter().for_each(Party::holds_on);
    }

    /// Every other one, and the rest: both have single locks, and several.
    pub(crate) fn halves(self) -> (Self, Self) {
        let (mut even, mut odd) = (Vec::new(), Vec::new());
        for (number, party) in self.parties.into_iter().enumerate() {
            if number % 2 == 0 { &mut even } else { &mut odd }.push(party);
        }
        (Self { parties: even, lease: self.lease }, Self { parties: odd, lease: self.lease })
    }

    /// The holders give all back, and the waiters have their turns.
    pub(crate) async fn hand_over(self) -> Played {
        let mut played = Played::default();
        for party in self.parties {
            party.hands_over(&mut played).await;
        }
        played
    }
}

/// What was asked for, to be compared with what was held.
#[derive(Default)]
pub(crate) struct Played {
    arrivals: Vec<Arrival>,
    asked: BTreeMap<String, BTreeSet<String>>,
}

impl Played {
    /// Everybody has held all that he asked for, in the order of arrival.
    pub(crate) fn judge(&self, holds: &[Hold]) {
        let ours: Vec<Hold> =
            holds.iter().filter(|hold| self.asked.contains_key(&hold.who)).cloned().collect();
        let of: BTreeSet<&str> = ours.iter().map(|hold| &*hold.who).collect();
        assert!(self.asked.keys().all(|who| of.contains(&**who)), "{:?} of {:?}", of, self.asked);
        let mut wrong = check_order(&self.arrivals, &ours);
        wrong.extend(check_together(&self.asked, &ours));
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{}\nin {ours:#?}", wrong.join("\n"));
    }
}

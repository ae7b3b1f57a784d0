//! Those who hold a lock, those who wait for it, and a rival.

use std::time::{Duration, Instant};

use lock_core::{LockGuard, LockKind, LockManager};
use lock_tests::{Arrival, OpenHold, Recorder, Server, Topology, arrive_at, now_ns, slot, until_async};
use tokio::task::JoinHandle;

use super::Played;
use super::cast::Cast;
use super::queue::{can_be_told, heartbeat, places};
use super::rival::Rival;
use crate::PATIENCE;

/// A guard, and what is written down of it: a hold for each name.
struct Held {
    who: String,
    guard: LockGuard,
    holds: Vec<OpenHold>,
}

impl Held {
    /// Call as soon as acquiring has returned.
    fn note(recorder: &Recorder, who: String, kind: LockKind, guard: LockGuard) -> Self {
        let note = |(name, token): &(lock_core::LockName, u64)| match kind {
            LockKind::Read => recorder.shares(name.as_str(), &who, *token),
            _ => recorder.took(name.as_str(), &who, *token),
        };
        let holds = guard.tokens().iter().map(note).collect();
        Self { who, guard, holds }
    }

    fn is_valid(&self) {
        let now = now_ns();
        assert!(!self.guard.is_lost(), "{} has lost it", self.who);
        self.holds.iter().for_each(|hold| hold.valid_at(now));
    }
}

struct Waiter {
    arrival: Arrival,
    task: JoinHandle<()>,
}

pub(super) struct Party {
    cast: Cast,
    holders: Vec<Held>,
    waiters: Vec<Waiter>,
    rival: Rival,
}

impl Party {
    /// Takes turns among those of `managers` who hold, and among those who wait.
    pub(super) async fn gather(
        place: &dyn Topology,
        cast: Cast,
        (holding, waiting): (&[LockManager], &[LockManager]),
        lease: Duration,
        recorder: &Recorder,
    ) -> Self {
        let mut holders = Vec::new();
        for (number, (kind, locks)) in cast.holders.iter().zip(holding.iter().cycle()).enumerate() {
            let guard = cast.request(locks, *kind).expire(lease).acquire().await.expect("it is free");
            let who = format!("{} of {}: holder {number}", cast.what, cast.keys[0]);
            holders.push(Held::note(recorder, who, *kind, guard));
        }
        let mut waiters = Vec::new();
        for (number, (kind, locks)) in cast.waiters.iter().zip(waiting.iter().cycle()).enumerate() {
            let who = format!("{} of {}: waiter {number}", cast.what, cast.keys[0]);
            let request = cast.request(locks, *kind).expire(lease).wait(PATIENCE * 4);
            let (recorder, kind, name) = (recorder.clone(), *kind, first_name(&cast));
            let (asked_ns, own) = (now_ns(), who.clone());
            let waits = async move {
                let guard = request.acquire().await.unwrap_or_else(|error| panic!("{own}: {error}"));
                let held = Held::note(&recorder, own, kind, guard);
                for _ in 0..3 {
                    held.is_valid();
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                held.guard.release().await.expect("it is held");
            };
            let task = arrive_at(place, &name, waits).await;
            waiters.push(Waiter { arrival: Arrival { name, who, asked_ns, queued_ns: now_ns() }, task });
        }
        let rival = Rival::start(waiting[0].clone(), cast.keys.clone());
        Self { cast, holders, waiters, rival }
    }

    /// The full names of its locks.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.cast.keys.iter().map(|key| full(key))
    }

    /// Waits until all that is held was renewed after `since`.
    pub(super) async fn is_renewed(&self, since: Instant, lease: Duration) {
        for Held { who, guard, .. } in &self.holders {
            until_async(PATIENCE, &format!("{who} is renewed"), || {
                assert!(!guard.is_lost(), "{who} has lost it");
                // No lease lasts longer than its length from when it was asked for.
                since.elapsed() + guard.remaining() >= lease
            })
            .await;
        }
    }

    /// Waits until the server that serves it `now` has heard of all waiters after `since_ms`.
    pub(super) async fn is_heard_of<'a>(
        &self,
        since_ms: f64,
        lease: Duration,
        now: impl Fn(&str) -> &'a Server,
    ) {
        let name = first_name(&self.cast);
        let after = since_ms + heartbeat(lease).as_secs_f64() * 1000.0;
        until_async(PATIENCE, &format!("the waiters for {name} are in the queue"), || {
            let places = places(now(&name), &name);
            places.len() == self.waiters.len() && places.iter().all(|place| *place >= after)
        })
        .await;
    }

    /// Waits until all waiters hear what `server` publishes.
    /// Whether nobody of it may be passed.
    pub(super) fn is_strict(&self) -> bool {
        !self.cast.waiters.contains(&LockKind::Reentrant)
    }

    pub(super) async fn can_be_told(&self, server: &Server) {
        let name = first_name(&self.cast);
        until_async(PATIENCE, &format!("the waiters for {name} listen"), || can_be_told(server, &name)).await;
    }

    /// Its holders have it, and nobody else.
    pub(super) fn holds_on(&self) {
        self.holders.iter().for_each(Held::is_valid);
        for waiter in &self.waiters {
            assert!(!waiter.task.is_finished(), "{} got what others hold", waiter.arrival.who);
        }
        self.rival.has_nothing();
    }

    /// The holders give it back, one after the other, and the waiters have their turns.
    pub(super) async fn hands_over(mut self, played: &mut Played) {
        let names: Vec<String> = self.names().collect();
        let of_waiters = self.waiters.iter().map(|waiter| &waiter.arrival.who);
        let all = self.holders.iter().map(|held| &held.who).chain(of_waiters);
        played.asked.extend(all.map(|who| (who.clone(), names.iter().cloned().collect())));
        while self.holders.len() > 1 {
            let held = self.holders.pop().expect("more than one");
            held.is_valid();
            held.guard.release().await.expect("it is held");
            // The others still share it.
            self.rival.is_refused().await;
            self.holds_on();
        }
        self.rival.ends().await;
        for held in self.holders {
            held.is_valid();
            held.guard.release().await.expect("it is held");
        }
        for Waiter { arrival, task } in self.waiters {
            let turn = tokio::time::timeout(PATIENCE, task).await;
            turn.unwrap_or_else(|_| panic!("{} has no turn", arrival.who)).expect("no panic");
            played.arrivals.push(arrival);
        }
    }
}

fn full(key: &str) -> String {
    format!("LOCK:{key}")
}

/// The lock that is waited for: of several the one that all take first.
fn first_name(cast: &Cast) -> String {
    let names = cast.keys.iter().map(|key| full(key));
    names.min_by_key(|name| (slot(name), name.clone())).expect("a lock")
}

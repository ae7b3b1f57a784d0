//! The rules of the protocol, each by name, for anything that can run operations: the function `step` here, and beside
//! it the scripts on a server (`redis/tests`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::record::Record;
use super::step::{Published, step};
use crate::backend::{Acquire, Channel, Entry, HoldId, Mode, Operation, Place, Reply};

/// One operation on one lock.
pub(crate) type Order = (&'static str, HoldId, Operation);

/// A place where operations run, at a time that the test sets.
pub(crate) trait Subject {
    /// Runs one call.
    fn run(&mut self, orders: &[Order]) -> Vec<Reply>;
    /// Server time, in µs.
    fn now_us(&mut self) -> &mut u64;
    /// Whether somebody listens to a channel; everybody does at first.
    fn listens(&mut self, channel: &'static str, listens: bool);
    /// What was published since the last call.
    fn published(&mut self) -> Vec<Published>;
    /// Whether a lock left anything behind.
    fn is_gone(&mut self, name: &'static str) -> bool;
}

/// `step`, with what it needs around it.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) records: HashMap<&'static str, Record>,
    pub(crate) counter: u64,
    pub(crate) now_us: u64,
    pub(crate) deaf: HashSet<&'static str>,
    pub(crate) published: Vec<Published>,
}

/// A time with a fraction of a millisecond.
pub(crate) const START_US: u64 = 1_800_000_000_000_400;

impl Model {
    pub(crate) fn new() -> Self {
        Self { now_us: START_US, ..Self::default() }
    }

    pub(crate) fn one(&mut self, (name, id, operation): &Order) -> Reply {
        let record = self.records.remove(name).unwrap_or_default();
        let deaf = &self.deaf;
        let step = step(record, self.counter, (id, operation), self.now_us, &|channel| {
            !deaf.contains(channel.as_str())
        });
        if !step.record.is_empty() {
            self.records.insert(name, step.record);
        }
        self.counter = step.counter;
        self.published.extend(step.grants);
        step.reply
    }
}

impl Subject for Model {
    fn run(&mut self, orders: &[Order]) -> Vec<Reply> {
        orders.iter().map(|order| self.one(order)).collect()
    }

    fn now_us(&mut self) -> &mut u64 {
        &mut self.now_us
    }

    fn listens(&mut self, channel: &'static str, listens: bool) {
        if listens {
            self.deaf.remove(channel);
        } else {
            self.deaf.insert(channel);
        }
    }

    fn published(&mut self) -> Vec<Published> {
        std::mem::take(&mut self.published)
    }

    fn is_gone(&mut self, name: &'static str) -> bool {
        !self.records.contains_key(name)
    }
}

pub(crate) const CHANNELS: [&str; 3] = ["one", "two", "three"];
const NAME: &str = "LOCK:rules";
const LEASE: u64 = 10_000;
const SHORT: u64 = 3_000;
const BEAT: u64 = 5_000;

/// Waiter `n` belongs to the manager with channel `n`.
fn id(n: usize) -> HoldId {
    HoldId::from_random(n as u128 + 1, &format!("host/{n} f"))
}

fn entry(n: usize) -> Entry {
    Entry {
        mode: Mode::Exclusive,
        strict: false,
        short_ms: SHORT,
        channel: Channel::new(CHANNELS[n % CHANNELS.len()]),
    }
}

fn place(n: usize, ticket: Option<u64>) -> Place {
    Place { entry: entry(n), heartbeat_ms: BEAT, ticket }
}

/// The operations of one participant, on the one lock of these rules.
struct Party<'a>(&'a mut dyn Subject);

impl Party<'_> {
    fn run(&mut self, n: usize, operation: Operation) -> Reply {
        let mut replies = self.0.run(&[(NAME, id(n), operation)]);
        assert_eq!(replies.len(), 1);
        replies.remove(0)
    }

    fn acquire(&mut self, n: usize, place: Option<Place>) -> Reply {
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

    fn try_once(&mut self, n: usize) -> Reply {
        self.acquire(n, None)
    }

    fn wait(&mut self, n: usize) -> Reply {
        self.acquire(n, Some(place(n, None)))
    }

    fn refresh(&mut self, n: usize) -> Reply {
        self.run(n, refresh(n))
    }

    fn renew(&mut self, n: usize, lease_ms: u64) -> Reply {
        self.run(n, Operation::Renew { lease_ms })
    }

    fn raise(&mut self, n: usize, fence: u64) -> Reply {
        self.run(n, Operation::Raise { fence })
    }

    fn forget(&mut self, n: usize) -> Reply {
        self.run(n, Operation::Forget { entry: Some(entry(n)) })
    }

    fn pass_ms(&mut self, ms: u64) {
        *self.0.now_us() += ms * 1000;
    }
}

fn refresh(n: usize) -> Operation {
    Operation::Refresh { entry: entry(n), heartbeat_ms: BEAT, lease_ms: LEASE }
}

#[track_caller]
fn fence(reply: &Reply) -> u64 {
    match reply {
        Reply::Held { fence, .. } => *fence,
        other => panic!("not held: {other:?}"),
    }
}

#[track_caller]
fn place_of(reply: &Reply) -> (u64, u64, u64) {
    match reply {
        Reply::Queued { ticket, floor, ahead, .. } => (*ticket, *floor, *ahead),
        other => panic!("not queued: {other:?}"),
    }
}

const FREED: Reply = Reply::Forgotten { was_owner: true };

macro_rules! rules {
    ($($(#[doc = $doc:literal])* fn $name:ident($party:ident) $body:block)*) => {
        $($(#[doc = $doc])* fn $name(subject: &mut dyn Subject) {
            #[allow(unused_mut, reason = "a rule may only look at the subject")]
            let mut $party = Party(subject);
            $body
        })*

        /// All of them, by name.
        pub(crate) const RULES: &[(&str, fn(&mut dyn Subject))] = &[$((stringify!($name), $name)),*];

        mod on_the_model {
            $(#[test] fn $name() { super::$name(&mut super::Model::new()); })*
        }
    };
}

rules! {
    fn an_owner_raises_the_counter_and_later_fences_lie_above_it(p) {
        let first = fence(&p.try_once(0));
        let far = first + 3_600_000_000;
        assert_eq!(fence(&p.raise(0, far)), first, "its own fence stays");
        assert_eq!(p.raise(0, far - 1), Reply::Held { fence: first, left_ms: LEASE, strict: false });
        p.pass_ms(1);
        assert_eq!(p.forget(0), FREED);
        assert!(fence(&p.try_once(1)) > far, "never back");
    }

    fn only_an_owner_raises_the_counter(p) {
        let far = *p.0.now_us() + 3_600_000_000;
        assert_eq!(p.raise(0, far), Reply::Gone);
        let first = fence(&p.try_once(0));
        assert!(matches!(p.wait(1), Reply::Queued { .. }));
        assert_eq!(p.raise(1, far), Reply::Gone, "who waits is no owner");
        assert!(first < far);
        p.pass_ms(LEASE + 1);
        assert_eq!(p.raise(0, far), Reply::Gone, "its lease is over");
        assert!(fence(&p.try_once(2)) < far);
    }

    fn a_free_lock_is_held_at_once_and_leaves_nothing(p) {
        let held = p.try_once(0);
        assert_eq!(held, Reply::Held { fence: START_US, left_ms: LEASE, strict: false });
        assert_eq!(p.forget(0), FREED);
        assert!(p.0.is_gone(NAME));
        assert_eq!(p.forget(0), Reply::Forgotten { was_owner: false });
    }

    fn a_repeated_acquire_gives_the_same_fence_and_only_the_lease_left(p) {
        let first = p.wait(0);
        p.pass_ms(4_000);
        assert_eq!(p.wait(0), Reply::Held { fence: fence(&first), left_ms: 6_000, strict: false });
        p.pass_ms(5_999);
        *p.0.now_us() += 100;
        assert_eq!(p.wait(0), Reply::Held { fence: fence(&first), left_ms: 1, strict: false }, "1.5 ms are rounded down");
    }

    fn a_lease_ends_at_its_deadline_and_not_before(p) {
        p.try_once(0);
        p.pass_ms(LEASE);
        assert!(matches!(p.try_once(1), Reply::Busy { owner_left_ms: 1, .. }), "0.6 ms are left");
        *p.0.now_us() += 600;
        assert_eq!(p.renew(0, LEASE), Reply::Gone);
        assert!(fence(&p.try_once(1)) > START_US);
    }

    fn trying_once_tells_the_holder_and_never_enqueues(p) {
        p.try_once(0);
        let busy = Reply::Busy { owner_left_ms: LEASE + 1, holder: Some("host/0 f".to_owned()) };
        assert_eq!(p.try_once(1), busy);
        assert_eq!(p.forget(0), FREED);
        assert!(p.0.is_gone(NAME));
    }

    fn nobody_passes_a_queue(p) {
        p.try_once(0);
        p.wait(1);
        p.0.listens("two", false);
        p.forget(0);
        assert_eq!(p.try_once(2), Reply::Busy { owner_left_ms: 0, holder: None });
        assert_eq!(place_of(&p.wait(3)).2, 1);
    }

    fn a_repeated_enqueue_keeps_its_place(p) {
        p.try_once(0);
        let (ticket, floor, ahead) = place_of(&p.wait(1));
        p.wait(2);
        p.pass_ms(1);
        let (again, later, still) = place_of(&p.wait(1));
        assert_eq!((again, still), (ticket, ahead));
        assert!(later > floor);
    }

    fn an_old_ticket_gets_the_old_place(p) {
        p.try_once(0);
        let (ticket, ..) = place_of(&p.wait(1));
        p.wait(2);
        p.forget(1);
        p.pass_ms(1);
        let (same, floor, ahead) = place_of(&p.acquire(4, Some(place(4, Some(ticket)))));
        assert_eq!((same, ahead), (ticket, 0));
        assert!(floor > ticket, "the counter did not go back");
        p.forget(0);
        assert_eq!(p.0.published()[0].id, id(4));
    }

    fn a_late_request_does_nothing(p) {
        let late = |place| Operation::Acquire(Acquire { mode: Mode::Exclusive, replaces: None, lease_ms: LEASE, not_after_ms: START_US / 1000 - 1, place });
        assert_eq!(p.run(0, late(None)), Reply::Late);
        assert!(p.0.is_gone(NAME));
        let held = p.try_once(0);
        assert_eq!(p.run(0, late(None)), held, "it was done before it was late");
        assert_eq!(p.run(1, late(Some(place(1, None)))), Reply::Late);
        let (ticket, ..) = place_of(&p.wait(1));
        assert_eq!(place_of(&p.run(1, late(Some(place(1, None))))).0, ticket);
    }

    fn a_renewal_moves_the_deadline_and_never_creates(p) {
        assert_eq!(p.renew(0, LEASE), Reply::Gone);
        assert!(p.0.is_gone(NAME));
        let fence = fence(&p.try_once(0));
        assert_eq!(p.renew(1, LEASE), Reply::Gone);
        p.pass_ms(LEASE - 500);
        assert_eq!(p.renew(0, 700), Reply::Held { fence, left_ms: 700, strict: false });
        p.pass_ms(701);
        assert!(matches!(p.try_once(1), Reply::Held { .. }));
    }

    fn neither_renewal_nor_claim_moves_the_deadline_back(p) {
        p.try_once(0);
        p.wait(1);
        p.forget(0);
        let fence = p.0.published().remove(0).fence;
        let claim = |lease_ms| Operation::Refresh { entry: entry(1), heartbeat_ms: BEAT, lease_ms };
        assert_eq!(p.run(1, claim(SHORT + 1)), Reply::Held { fence, left_ms: SHORT + 1, strict: false });
        assert_eq!(p.renew(1, 3 * LEASE), Reply::Held { fence, left_ms: 3 * LEASE, strict: false });
        p.pass_ms(1_000);
        // Copies that were sent before the long renewal and run after it.
        assert_eq!(p.run(1, claim(SHORT)), Reply::Held { fence, left_ms: 3 * LEASE - 1_000, strict: false });
        assert_eq!(p.renew(1, LEASE), Reply::Held { fence, left_ms: 3 * LEASE - 1_000, strict: false });
        p.pass_ms(3 * LEASE - 1_000);
        assert!(matches!(p.try_once(2), Reply::Busy { .. }), "0.6 ms are left");
        p.pass_ms(1);
        assert!(matches!(p.try_once(2), Reply::Held { .. }));
    }

    fn a_release_hands_over_to_the_head_with_the_short_lease(p) {
        p.try_once(0);
        p.wait(1);
        let (_, floor, _) = place_of(&p.wait(2));
        assert_eq!(p.forget(0), FREED);
        let published = p.0.published();
        assert_eq!(published.len(), 1);
        assert_eq!((&published[0].id, published[0].left_ms), (&id(1), SHORT));
        assert!(published[0].fence > floor, "in the same microsecond as the reply that told the floor");
        p.pass_ms(SHORT + 1);
        assert_eq!(p.renew(1, LEASE), Reply::Gone, "never claimed, and settled to the next");
        assert_eq!(p.0.published()[0].id, id(2));
    }

    fn a_refresh_claims_a_grant_and_never_enqueues(p) {
        assert_eq!(p.refresh(1), Reply::Gone);
        p.try_once(0);
        assert_eq!(p.refresh(1), Reply::Gone);
        p.wait(1);
        p.forget(0);
        let granted = p.0.published().remove(0);
        assert_eq!(p.refresh(1), Reply::Held { fence: granted.fence, left_ms: LEASE, strict: false });
        assert_eq!(p.forget(1), FREED);
        assert!(p.0.is_gone(NAME));
    }

    fn who_cannot_be_told_is_passed_and_keeps_its_place(p) {
        p.try_once(0);
        let (ticket, ..) = place_of(&p.wait(1));
        p.wait(2);
        p.0.listens("two", false);
        p.forget(0);
        assert_eq!(p.0.published()[0].id, id(2));
        let (same, floor, ahead) = place_of(&p.refresh(1));
        assert_eq!((same, ahead), (ticket, 0));
        p.0.listens("two", true);
        p.forget(2);
        let granted = p.0.published().remove(0);
        assert_eq!(granted.id, id(1));
        assert!(granted.fence > floor);
    }

    fn a_free_lock_goes_to_the_first_who_can_be_told_or_asks(p) {
        p.try_once(0);
        p.wait(1);
        p.wait(2);
        p.0.listens("two", false);
        p.0.listens("three", false);
        p.forget(0);
        assert_eq!(p.0.published(), []);
        assert!(matches!(p.refresh(2), Reply::Held { left_ms: LEASE, .. }), "alive, and nobody in front was told");
        assert_eq!(place_of(&p.refresh(1)).2, 0);
        p.forget(2);
        assert!(matches!(p.refresh(1), Reply::Held { left_ms: LEASE, .. }));
        assert_eq!(p.0.published(), []);
    }

    fn a_refresh_does_not_pass_a_head_that_can_be_told(p) {
        p.try_once(0);
        p.wait(1);
        p.wait(2);
        p.0.listens("two", false);
        p.0.listens("three", false);
        p.forget(0);
        p.0.listens("two", true);
        assert_eq!(place_of(&p.refresh(2)).2, 0);
        assert_eq!(p.0.published()[0].id, id(1));
    }

    fn a_newcomer_waits_behind_those_who_cannot_be_told_until_its_refresh(p) {
        p.try_once(0);
        p.wait(1);
        p.0.listens("two", false);
        p.forget(0);
        assert_eq!(place_of(&p.wait(2)).2, 1);
        assert!(matches!(p.refresh(2), Reply::Held { .. }));
    }

    fn the_dead_are_dropped_when_their_turn_comes(p) {
        p.try_once(0);
        p.wait(1);
        p.wait(4);
        p.pass_ms(BEAT);
        p.wait(2);
        p.pass_ms(1);
        p.forget(0);
        assert_eq!(p.0.published()[0].id, id(2));
        assert_eq!(p.refresh(1), Reply::Gone);
        p.forget(2);
        assert!(p.0.is_gone(NAME));
    }

    fn who_asks_is_alive_whatever_its_heartbeat_says(p) {
        p.try_once(0);
        p.wait(1);
        p.wait(2);
        p.pass_ms(LEASE + 1);
        assert!(matches!(p.refresh(2), Reply::Held { .. }), "the head is dead, the second asks");
        assert_eq!(p.refresh(1), Reply::Gone);
        p.wait(1);
        p.pass_ms(LEASE + 1);
        assert!(matches!(p.wait(1), Reply::Held { left_ms: LEASE, .. }), "a repeated acquire asks too");
    }

    fn when_all_are_dead_the_lock_is_free(p) {
        p.try_once(0);
        p.wait(1);
        p.pass_ms(LEASE + 1);
        let held = p.try_once(3);
        assert!(matches!(held, Reply::Held { .. }));
        p.forget(3);
        assert!(p.0.is_gone(NAME));
    }

    fn leaving_a_queue_leaves_nothing(p) {
        p.try_once(0);
        p.wait(1);
        assert_eq!(p.forget(1), Reply::Forgotten { was_owner: false });
        assert_eq!(p.0.published(), []);
        p.forget(0);
        assert_eq!(p.0.published(), []);
        assert!(p.0.is_gone(NAME));
    }

    fn who_leaves_is_not_granted_on_the_way_out(p) {
        p.try_once(0);
        p.wait(1);
        p.pass_ms(BEAT / 2);
        p.refresh(1);
        p.pass_ms(BEAT - 1);
        p.refresh(1);
        p.wait(2);
        p.pass_ms(BEAT / 2 + 2);
        assert_eq!(p.forget(1), Reply::Forgotten { was_owner: false });
        assert_eq!(p.0.published()[0].id, id(2), "the expired owner's successor is who stays");
    }

    fn an_owner_past_its_deadline_was_no_owner(p) {
        p.try_once(0);
        p.pass_ms(LEASE + 1);
        assert_eq!(p.forget(0), Reply::Forgotten { was_owner: false });
        assert!(p.0.is_gone(NAME));
    }

    fn forgetting_changes_nobody_else(p) {
        p.try_once(0);
        p.wait(1);
        assert_eq!(p.forget(3), Reply::Forgotten { was_owner: false });
        assert!(matches!(p.renew(0, LEASE), Reply::Held { .. }));
        assert_eq!(place_of(&p.refresh(1)).2, 0);
    }

    fn fences_rise_over_a_clock_that_steps_back(p) {
        let first = fence(&p.try_once(0));
        let (_, floor, _) = place_of(&p.wait(1));
        *p.0.now_us() -= 3_600_000_000;
        p.forget(0);
        let granted = p.0.published().remove(0);
        assert!(granted.fence > floor && floor > first);
        let (_, floor, _) = place_of(&p.wait(2));
        assert!(floor > granted.fence);
        p.forget(1);
        let second = p.0.published().remove(0).fence;
        assert!(second > floor);
    }

    fn a_list_runs_in_order_on_one_name(p) {
        let not_after_ms = START_US / 1000;
        let acquire = |n| (NAME, id(n), Operation::Acquire(Acquire { mode: Mode::Exclusive, replaces: None, lease_ms: LEASE, not_after_ms, place: Some(place(n, None)) }));
        let replies = p.0.run(&[acquire(0), acquire(1), acquire(0), acquire(2)]);
        assert_eq!(fence(&replies[0]), START_US);
        assert_eq!(place_of(&replies[1]), (START_US + 1, START_US + 1, 0));
        assert_eq!(replies[2], replies[0]);
        assert_eq!(place_of(&replies[3]), (START_US + 2, START_US + 2, 1));
        let forget = |n| (NAME, id(n), Operation::Forget { entry: Some(entry(n)) });
        p.0.run(&[(NAME, id(2), refresh(2)), forget(1), forget(0), forget(2)]);
        assert!(p.0.is_gone(NAME));
        assert_eq!(p.0.published().len(), 1);
    }

    fn one_call_tries_a_bounded_number_of_heads(p) {
        p.try_once(0);
        p.0.listens("two", false);
        let far = super::step::TRIES as u128 + 3;
        for n in 0..far {
            let id = HoldId::from_random(1_000 + n, "crowd");
            let not_after_ms = START_US / 1000;
            let operation = Operation::Acquire(Acquire { mode: Mode::Exclusive, replaces: None, lease_ms: LEASE, not_after_ms, place: Some(place(1, None)) });
            p.0.run(&[(NAME, id, operation)]);
        }
        p.wait(2);
        p.forget(0);
        assert_eq!(p.0.published(), [], "the one who listens is too far behind");
        assert!(matches!(p.refresh(2), Reply::Queued { owner_left_ms: 0, .. }));
        for n in 0..4 {
            p.0.run(&[(NAME, HoldId::from_random(1_000 + n, "crowd"), Operation::Forget { entry: Some(entry(1)) })]);
        }
        assert_eq!(p.0.published()[0].id, id(2));
    }

    fn a_crowd_of_dead_waiters_is_dropped_in_bulk_but_not_without_bound(p) {
        use super::step::{PURGE, TRIES};
        let first = fence(&p.try_once(0));
        let crowd: Vec<Order> = (0..TRIES * (PURGE + 1) + 3)
            .map(|n| {
                let id = HoldId::from_random(1_000 + n as u128, "crowd");
                let place = Place { heartbeat_ms: BEAT - n as u64 % 7, ..place(1, None) };
                (NAME, id, Operation::Acquire(Acquire { mode: Mode::Exclusive, replaces: None, lease_ms: LEASE, not_after_ms: START_US / 1000, place: Some(place) }))
            })
            .collect();
        p.0.run(&crowd);
        p.pass_ms(BEAT + 1);
        p.wait(2);
        p.forget(0);
        assert_eq!(p.0.published(), [], "some are still in front");
        assert_eq!(p.forget(3), Reply::Forgotten { was_owner: false });
        let granted = p.0.published().remove(0);
        assert_eq!(granted.id, id(2));
        assert!(granted.fence > first);
    }
}

#[test]
fn the_memory_store_runs_the_same_function() {
    use super::{ManualClock, MemoryBackend};
    let clock = ManualClock::new();
    let backend = MemoryBackend::with_clock(Arc::new(clock.clone()));
    let name = crate::name::LockName::new("LOCK:a");
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

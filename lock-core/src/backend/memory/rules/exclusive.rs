//! The rules of locks that one has alone.

use super::party::{
    BEAT, FREED, LEASE, NAME, Party, SHORT, WAIT, entry, fence, id, place, place_of, refresh,
};
use super::subject::{Model, Order, START_US, Subject};
use crate::backend::{Acquire, HoldId, Mode, Operation, Place, Reply};

super::rules! {
    fn a_kept_lock_is_nobodys_until_its_time_is_over(p) {
        let first = fence(&p.try_once(0));
        assert_eq!(p.keep(0, 4_000), FREED);
        for reply in [p.renew(0, LEASE), p.refresh(0)] {
            assert_eq!(reply, Reply::Gone, "not to be prolonged");
        }
        assert_eq!(p.keep(0, 9_000), Reply::Forgotten { was_owner: false }, "a copy changes nothing");
        assert_eq!(p.forget(0), Reply::Forgotten { was_owner: false });
        assert!(matches!(p.try_once(1), Reply::Busy { owner_left_ms: 4_000..=4_001, holder: Some(_) }));
        p.wait(2);
        p.pass_ms(4_001);
        assert!(matches!(p.refresh(2), Reply::Held { fence, .. } if fence > first));
        p.forget(2);
        assert!(p.0.is_gone(NAME));
    }

    fn a_lock_that_is_kept_may_end_before_its_lease(p) {
        p.try_once(0);
        p.wait(1);
        p.keep(0, 1);
        p.pass_ms(2);
        assert!(matches!(p.refresh(1), Reply::Held { .. }));
        p.forget(1);
        assert!(p.0.is_gone(NAME));
    }

    fn who_has_nothing_to_keep_leaves(p) {
        assert_eq!(p.keep(0, LEASE), Reply::Forgotten { was_owner: false });
        p.try_once(0);
        p.pass_ms(LEASE + 1);
        assert_eq!(p.keep(0, LEASE), Reply::Forgotten { was_owner: false }, "its lease was over");
        assert!(p.0.is_gone(NAME));
    }

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
        p.forget(1);
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
        assert_eq!(p.renew(0, 300), Reply::Held { fence, left_ms: 700, strict: false }, "never back");
        p.pass_ms(701);
        assert!(matches!(p.try_once(1), Reply::Held { .. }));
    }

    fn neither_renewal_nor_claim_moves_the_deadline_back(p) {
        p.try_once(0);
        p.wait(1);
        p.forget(0);
        let fence = p.0.published().remove(0).fence;
        let claim = |lease_ms| Operation::Refresh { entry: entry(1), wait_ms: WAIT, lease_ms };
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
        p.pass_renewed_ms(0, BEAT);
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
        p.pass_renewed_ms(0, BEAT + 1);
        p.pass_ms(LEASE + 1);
        assert!(matches!(p.refresh(2), Reply::Held { .. }), "the head is dead, the second asks");
        assert_eq!(p.refresh(1), Reply::Gone);
        p.wait(1);
        p.pass_renewed_ms(2, BEAT + 1);
        p.pass_ms(LEASE + 1);
        assert!(matches!(p.wait(1), Reply::Held { left_ms: LEASE, .. }), "a repeated acquire asks too");
    }

    fn when_all_are_dead_the_lock_is_free(p) {
        p.try_once(0);
        p.wait(1);
        p.pass_renewed_ms(0, BEAT + 1);
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
        p.pass_ms(LEASE - BEAT - BEAT / 2 + 2);
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
        let far = crate::backend::memory::step::TRIES as u128 + 3;
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
        use crate::backend::memory::step::{PURGE, TRIES};
        let first = fence(&p.try_once(0));
        let crowd: Vec<Order> = (0..TRIES * (PURGE + 1) + 3)
            .map(|n| {
                let id = HoldId::from_random(1_000 + n as u128, "crowd");
                let place = Place { wait_ms: if n % 2 == 0 { WAIT } else { BEAT - n as u64 % 7 }, ..place(1, None) };
                (NAME, id, Operation::Acquire(Acquire { mode: Mode::Exclusive, replaces: None, lease_ms: LEASE, not_after_ms: START_US / 1000, place: Some(place) }))
            })
            .collect();
        p.0.run(&crowd);
        p.pass_renewed_ms(0, BEAT + 1);
        p.wait(2);
        p.forget(0);
        assert_eq!(p.0.published(), [], "some are still in front");
        assert_eq!(p.forget(3), Reply::Forgotten { was_owner: false });
        let granted = p.0.published().remove(0);
        assert_eq!(granted.id, id(2));
        assert!(granted.fence > first);
    }
}

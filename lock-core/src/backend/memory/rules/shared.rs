//! The rules of locks that readers share.

use super::party::{BEAT, FREED, LEASE, NAME, Party, SHORT, WAIT, fence, id, place_of, reading};
use super::subject::{Model, START_US, Subject};
use crate::backend::memory::step::READERS;
use crate::backend::{Acquire, Entry, HoldId, Mode, Operation, Place, Reply};

/// Number `n` of a crowd of readers that nobody listens for.
fn crowd(n: usize) -> HoldId {
    HoldId::from_random(1_000 + n as u128, "crowd")
}

super::rules! {
    fn readers_share_and_each_has_a_fence_of_its_own(p) {
        let first = fence(&p.try_to_read(0));
        let second = fence(&p.read(1));
        let third = fence(&p.try_to_read(2));
        assert!(first == START_US && first < second && second < third);
        for n in 0..3 {
            assert!(!p.0.is_gone(NAME));
            assert_eq!(p.forget_reader(n), FREED);
            assert_eq!(p.forget_reader(n), Reply::Forgotten { was_owner: false });
        }
        assert!(p.0.is_gone(NAME));
    }

    fn a_repeated_read_gives_the_same_fence_and_only_the_lease_left(p) {
        p.try_to_read(1);
        let held = p.read(0);
        p.try_to_read(2);
        p.pass_ms(4_000);
        assert_eq!(p.read(0), Reply::Held { fence: fence(&held), left_ms: 6_000, strict: false });
        assert_eq!(p.try_to_read(0), p.read(0));
    }

    fn each_reader_has_its_own_deadline(p) {
        p.try_to_read(0);
        p.pass_ms(LEASE / 2);
        let long = fence(&p.try_to_read(1));
        let short = fence(&p.try_to_read(2));
        p.pass_ms(LEASE / 2 + 1);
        assert_eq!(p.renew(0, LEASE), Reply::Gone, "over, although the record lives");
        assert_eq!(p.forget_reader(0), Reply::Forgotten { was_owner: false });
        assert_eq!(p.renew(1, LEASE), Reply::Held { fence: long, left_ms: LEASE, strict: false });
        assert_eq!(p.forget_reader(2), FREED, "who leaves shortens nobody");
        p.pass_ms(LEASE - 1);
        assert_eq!(p.renew(1, 1), Reply::Held { fence: long, left_ms: 1, strict: false });
        assert_eq!(p.renew(2, LEASE), Reply::Gone);
        assert!(long < short);
    }

    fn neither_renewal_nor_claim_moves_a_readers_deadline_back(p) {
        p.try_to_read(1);
        let fence = fence(&p.try_to_read(0));
        assert_eq!(p.renew(0, 3 * LEASE), Reply::Held { fence, left_ms: 3 * LEASE, strict: false });
        let kept = Reply::Held { fence, left_ms: 3 * LEASE, strict: false };
        assert_eq!(p.renew(0, SHORT), kept);
        assert_eq!(p.refresh_reader(0), kept);
        p.renew(1, 5 * LEASE);
        assert_eq!(p.renew(0, SHORT), kept);
    }

    fn a_writer_waits_for_the_last_reader(p) {
        p.try_to_read(0);
        p.try_to_read(1);
        assert_eq!(place_of(&p.wait(2)).2, 0);
        assert_eq!(p.forget_reader(0), FREED);
        assert_eq!(p.told(), []);
        assert!(matches!(p.refresh(2), Reply::Queued { .. }), "asking does not help either");
        assert_eq!(p.forget_reader(1), FREED);
        assert_eq!(p.told(), [id(2)]);
        assert!(matches!(p.try_to_read(3), Reply::Busy { .. }));
    }

    fn a_dead_reader_holds_up_nobody(p) {
        p.try_to_read(0);
        p.try_to_read(1);
        p.pass_ms(LEASE - BEAT / 2);
        p.wait(2);
        p.pass_ms(BEAT / 2);
        assert_eq!(p.told(), []);
        assert!(matches!(p.refresh(2), Reply::Queued { owner_left_ms: 1, .. }));
        p.pass_ms(1);
        let held = p.refresh(2);
        assert!(matches!(held, Reply::Held { left_ms: LEASE, .. }));
        assert_eq!(p.renew(0, LEASE), Reply::Gone);
        assert_eq!(p.forget_reader(1), Reply::Forgotten { was_owner: false });
        assert_eq!(fence(&p.renew(2, LEASE)), fence(&held), "who was a reader frees nobody else's lock");
    }

    fn dead_readers_beside_a_living_one_are_cleared_away(p) {
        for n in 0..40 {
            let operation = Operation::Acquire(Acquire { mode: Mode::Shared, replaces: None, lease_ms: SHORT, not_after_ms: START_US / 1000, place: None });
            p.0.run(&[(NAME, crowd(n), operation)]);
        }
        p.try_to_read(0);
        p.pass_ms(SHORT + 1);
        for n in 0..40 {
            assert_eq!(p.0.run(&[(NAME, crowd(n), Operation::Renew { lease_ms: LEASE })]), [Reply::Gone]);
        }
        p.try_to_read(1);
        p.try_to_read(2);
        p.forget_reader(1);
        p.forget_reader(2);
        assert_eq!(p.forget_reader(0), FREED);
        assert!(p.0.is_gone(NAME));
    }

    fn of_readers_with_equal_deadlines_one_is_told_as_the_holder(p) {
        p.try_once(0);
        p.pass_ms(LEASE - 1_000);
        p.read(2);
        p.read(1);
        p.wait(3);
        p.pass_ms(1_001);
        let queued = p.refresh(3);
        assert!(
            matches!(&queued, Reply::Queued { owner_left_ms, holder: Some(record), .. } if *owner_left_ms == SHORT + 1 && record == "host/1 f"),
            "{queued:?}"
        );
        assert_eq!(p.told(), [id(2), id(1)]);
    }

    fn readers_let_in_together_keep_their_own_short_leases(p) {
        p.try_once(0);
        p.pass_ms(LEASE - 10);
        for (n, short_ms) in [(1, 3 * LEASE), (2, 2 * LEASE), (3, LEASE)] {
            let place = Place { entry: Entry { short_ms, ..reading(n) }, wait_ms: WAIT, ticket: None };
            p.ask_to_read(n, None, Some(place));
        }
        p.forget(0);
        let granted = p.0.published();
        assert_eq!(granted.iter().map(|granted| granted.left_ms).collect::<Vec<_>>(), [3 * LEASE, 2 * LEASE, LEASE]);
        p.pass_ms(3 * LEASE - 1);
        assert_eq!(p.renew(2, LEASE), Reply::Gone);
        assert_eq!(fence(&p.renew(1, LEASE)), granted[0].fence);
    }

    fn a_reader_is_not_let_in_beside_a_writer_nor_a_writer_beside_a_reader(p) {
        p.try_once(0);
        let busy = Reply::Busy { owner_left_ms: LEASE + 1, holder: Some("host/0 f".to_owned()) };
        assert_eq!(p.try_to_read(1), busy);
        p.forget(0);
        p.try_to_read(1);
        p.pass_ms(1_000);
        p.try_to_read(2);
        p.pass_ms(1_000);
        let latest = Reply::Busy { owner_left_ms: LEASE + 1 - 1_000, holder: Some("host/2 f".to_owned()) };
        assert_eq!(p.try_once(0), latest, "the holder is who reads longest");
        p.renew(1, 2 * LEASE);
        let renewed = Reply::Busy { owner_left_ms: 2 * LEASE + 1, holder: Some("host/1 f".to_owned()) };
        assert_eq!(p.try_once(0), renewed);
        p.forget_reader(1);
        assert!(matches!(p.wait(0), Reply::Queued { holder: Some(record), .. } if record == "host/2 f"));
    }

    fn nobody_reads_past_a_waiting_writer(p) {
        p.try_to_read(0);
        p.wait(1);
        assert!(matches!(p.try_to_read(2), Reply::Busy { .. }));
        assert_eq!(place_of(&p.read(3)).2, 1);
        assert!(matches!(p.refresh_reader(3), Reply::Queued { ahead: 1, .. }));
        assert!(matches!(p.renew(0, LEASE), Reply::Held { strict: true, .. }), "who is there reads on");
        p.forget_reader(0);
        assert_eq!(p.told(), [id(1)]);
        p.forget(1);
        assert_eq!(p.told(), [id(3)]);
    }

    fn first_come_first_served_with_neighbouring_readers_together(p) {
        p.try_once(0);
        p.read(1);
        let (_, floor, _) = place_of(&p.read(2));
        p.wait(3);
        p.read(4);
        p.read(5);
        p.wait(6);
        p.forget(0);
        let granted = p.0.published();
        assert_eq!(granted.iter().map(|granted| &granted.id).collect::<Vec<_>>(), [&id(1), &id(2)]);
        assert!(granted[0].fence > floor && granted[1].fence > granted[0].fence);
        assert!(granted.iter().all(|granted| granted.left_ms == SHORT));
        assert_eq!(fence(&p.refresh_reader(1)), granted[0].fence);
        p.forget_reader(1);
        assert_eq!(p.told(), [], "the other reads");
        p.forget_reader(2);
        assert_eq!(p.told(), [id(3)]);
        p.forget(3);
        assert_eq!(p.told(), [id(4), id(5)]);
        p.pass_ms(SHORT + 1);
        assert!(matches!(p.refresh(6), Reply::Held { .. }), "neither claimed");
    }

    fn a_reader_claims_its_grant_with_the_full_lease(p) {
        p.try_once(0);
        p.read(1);
        p.forget(0);
        let granted = p.0.published().remove(0);
        let left = |left_ms| Reply::Held { fence: granted.fence, left_ms, strict: true };
        assert_eq!(p.read(1), left(SHORT), "a repeated acquire claims nothing");
        assert_eq!(p.refresh_reader(1), left(LEASE));
        p.pass_ms(BEAT);
        p.pass_ms(1);
        assert_eq!(p.refresh_reader(1), Reply::Held { fence: granted.fence, left_ms: LEASE, strict: false });
    }

    fn readers_beyond_what_one_call_lets_in_are_let_in_by_claims(p) {
        p.try_once(0);
        let all = 2 * READERS + 6;
        let place = || Place { entry: reading(0), wait_ms: WAIT, ticket: None };
        for n in 0..all {
            let operation = Operation::Acquire(Acquire { mode: Mode::Shared, replaces: None, lease_ms: LEASE, not_after_ms: START_US / 1000, place: Some(place()) });
            p.0.run(&[(NAME, crowd(n), operation)]);
        }
        p.wait(1);
        let crowd = |from, to| (from..to).map(crowd).collect::<Vec<_>>();
        p.forget(0);
        assert_eq!(p.told(), crowd(0, READERS));
        p.0.run(&[(NAME, crowd(0, 1).remove(0), Operation::Renew { lease_ms: LEASE })]);
        assert_eq!(p.told(), crowd(READERS, 2 * READERS));
        let refresh = Operation::Refresh { entry: reading(0), wait_ms: WAIT, lease_ms: LEASE };
        p.0.run(&[(NAME, crowd(3, 4).remove(0), refresh)]);
        assert_eq!(p.told(), crowd(2 * READERS, all));
        assert!(matches!(p.refresh(1), Reply::Queued { ahead: 0, .. }));
        for id in crowd(0, all) {
            assert_eq!(p.told(), []);
            assert_eq!(p.0.run(&[(NAME, id, Operation::Forget { entry: Some(reading(0)) })]), [FREED]);
        }
        assert_eq!(p.told(), [id(1)]);
    }

    fn a_writer_who_gives_up_lets_in_the_readers_behind_it(p) {
        p.try_to_read(0);
        p.wait(1);
        p.read(2);
        p.read(3);
        assert_eq!(p.forget(1), Reply::Forgotten { was_owner: false });
        assert_eq!(p.told(), [id(2), id(3)]);
        assert!(matches!(p.renew(0, LEASE), Reply::Held { .. }));
    }

    fn a_writer_who_dies_lets_in_the_readers_behind_it(p) {
        p.try_to_read(0);
        p.wait(1);
        p.pass_ms(1);
        p.read(2);
        p.pass_renewed_ms(0, BEAT - 1_000);
        assert_eq!(p.told(), []);
        p.pass_renewed_ms(0, 1_000);
        assert_eq!(p.told(), [id(2)]);
        assert!(matches!(p.try_to_read(3), Reply::Held { .. }), "nobody waits any more");
    }

    fn a_reader_who_cannot_be_told_is_let_in_and_finds_out(p) {
        p.try_once(0);
        let (ticket, ..) = place_of(&p.read(1));
        p.read(2);
        p.0.listens("two", false);
        p.forget(0);
        assert!(p.told().ends_with(&[id(2)]));
        let held = p.refresh_reader(1);
        assert!(matches!(held, Reply::Held { left_ms: LEASE, .. }));
        assert!(fence(&held) > ticket);
        assert_eq!(p.told(), []);
        assert!(matches!(p.refresh_reader(2), Reply::Held { .. }));
    }

    fn a_waiting_reader_that_leaves_leaves_nothing(p) {
        p.try_once(0);
        p.read(1);
        assert_eq!(p.forget_reader(1), Reply::Forgotten { was_owner: false });
        p.forget(0);
        assert_eq!(p.told(), []);
        assert!(p.0.is_gone(NAME));
    }

    fn a_reader_is_kept_beside_others(p) {
        let first = fence(&p.try_to_read(0));
        p.try_to_read(1);
        assert_eq!(p.keep(0, 2 * LEASE), FREED);
        assert_eq!(p.renew(0, LEASE), Reply::Gone);
        assert_eq!(p.forget_reader(1), FREED);
        assert!(matches!(p.try_once(2), Reply::Busy { owner_left_ms: 20_000..=20_001, .. }));
        assert!(matches!(p.try_to_read(3), Reply::Held { fence, .. } if fence > first));
        p.forget_reader(3);
        p.pass_ms(2 * LEASE + 1);
        assert!(matches!(p.try_once(2), Reply::Held { .. }));
        p.forget(2);
        assert!(p.0.is_gone(NAME));
    }

    fn a_downgrade_reads_on_under_a_new_id(p) {
        let alone = fence(&p.try_once(0));
        let held = p.downgrade(0, 1);
        assert_eq!(held, Reply::Held { fence: fence(&held), left_ms: LEASE, strict: false });
        assert!(fence(&held) > alone);
        assert_eq!(p.renew(0, LEASE), Reply::Gone);
        assert_eq!(p.forget(0), Reply::Forgotten { was_owner: false });
        assert!(matches!(p.try_to_read(2), Reply::Held { .. }));
        assert!(matches!(p.try_once(3), Reply::Busy { .. }));
        assert_eq!(p.forget_reader(1), FREED);
        assert_eq!(p.forget_reader(2), FREED);
        assert!(p.0.is_gone(NAME));
    }

    fn a_downgrade_lets_in_the_readers_at_the_head_of_the_queue(p) {
        p.try_once(0);
        p.read(2);
        p.read(3);
        p.wait(4);
        p.read(5);
        let held = p.downgrade(0, 1);
        let granted = p.0.published();
        assert_eq!(granted.iter().map(|granted| &granted.id).collect::<Vec<_>>(), [&id(2), &id(3)]);
        assert!(granted[0].fence > fence(&held));
        for n in 1..4 {
            assert_eq!(p.forget_reader(n), FREED);
        }
        assert_eq!(p.told(), [id(4)]);
    }

    fn a_downgrade_keeps_a_waiting_writer_waiting(p) {
        p.try_once(0);
        p.wait(2);
        p.read(3);
        assert!(matches!(p.downgrade(0, 1), Reply::Held { .. }));
        assert_eq!(p.told(), []);
        assert!(matches!(p.refresh(2), Reply::Queued { ahead: 0, owner_left_ms: 1.., .. }));
        p.forget_reader(1);
        assert_eq!(p.told(), [id(2)]);
    }

    fn a_repeated_downgrade_changes_nothing(p) {
        p.try_once(0);
        let held = p.downgrade(0, 1);
        p.wait(2);
        p.pass_ms(1_000);
        let again = p.downgrade(0, 1);
        assert_eq!(again, Reply::Held { fence: fence(&held), left_ms: LEASE - 1_000, strict: false });
        p.forget_reader(1);
        assert_eq!(p.told(), [id(2)]);
    }

    fn a_downgrade_of_who_is_not_the_owner_is_told_so(p) {
        assert_eq!(p.downgrade(0, 1), Reply::Gone, "free: somebody may have had it in between");
        p.try_to_read(2);
        assert_eq!(p.downgrade(0, 1), Reply::Gone, "read by others");
        p.forget_reader(2);
        p.try_once(0);
        p.pass_ms(LEASE + 1);
        p.try_once(3);
        assert_eq!(p.downgrade(0, 1), Reply::Gone, "the lease was over");
        assert!(matches!(p.renew(3, LEASE), Reply::Held { .. }));
    }

    fn a_late_downgrade_does_nothing(p) {
        p.try_once(0);
        let late = Operation::Acquire(Acquire { mode: Mode::Shared, replaces: Some(id(0)), lease_ms: LEASE, not_after_ms: START_US / 1000 - 1, place: None });
        assert_eq!(p.run(1, late.clone()), Reply::Late);
        assert!(matches!(p.renew(0, LEASE), Reply::Held { .. }));
        let held = p.downgrade(0, 1);
        assert_eq!(p.run(1, late), held, "it was done before it was late");
    }

    fn readers_fences_rise_over_a_clock_that_steps_back(p) {
        let first = fence(&p.try_to_read(0));
        *p.0.now_us() -= 3_600_000_000;
        let second = fence(&p.try_to_read(1));
        assert!(second > first);
        let (_, floor, _) = place_of(&p.wait(2));
        assert!(floor > second);
        p.forget_reader(1);
        p.forget_reader(0);
        let third = p.0.published().remove(0).fence;
        assert!(third > floor);
        assert!(fence(&p.downgrade(2, 3)) > third);
    }

    fn a_list_lets_readers_share(p) {
        let read = |n: usize| (NAME, id(n), Operation::Acquire(Acquire { mode: Mode::Shared, replaces: None, lease_ms: LEASE, not_after_ms: START_US / 1000, place: None }));
        let replies = p.0.run(&[read(0), read(1), read(0), read(2)]);
        assert_eq!(replies[2], replies[0]);
        assert!(fence(&replies[0]) < fence(&replies[1]) && fence(&replies[1]) < fence(&replies[3]));
        let forget = |n: usize| (NAME, id(n), Operation::Forget { entry: None });
        assert_eq!(p.0.run(&[forget(1), forget(0), forget(2)]), [FREED, FREED, FREED]);
        assert!(p.0.is_gone(NAME));
    }
}

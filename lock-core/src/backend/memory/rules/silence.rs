//! The rules of silences: while nobody is heard, nobody loses a place.

use super::party::{BEAT, LEASE, NAME, Party, SHORT, WAIT, entry, id, place, place_of, reading};
use super::subject::{Model, Subject};
use crate::backend::memory::record::LONGEST_SILENCE_MS;
use crate::backend::memory::step::{RETURN_MS, longest_heartbeat_ms};
use crate::backend::{Entry, HoldId, Operation, Place, Reply};

/// Longer than a heartbeat and a lease, shorter than a wait.
const OUTAGE: u64 = WAIT - 10_000;

fn strictly(n: usize) -> Place {
    Place { entry: Entry { strict: true, ..entry(n) }, ..place(n, None) }
}

fn refresh_strictly(p: &mut Party<'_>, n: usize) -> Reply {
    let entry = Entry { strict: true, ..entry(n) };
    p.run(n, Operation::Refresh { entry, wait_ms: WAIT, lease_ms: LEASE })
}

/// That the lock is free, and kept for somebody who is late; for how long.
#[track_caller]
fn kept_for(reply: &Reply) -> u64 {
    match reply {
        Reply::Queued { owner_left_ms, holder: None, .. } | Reply::Busy { owner_left_ms, holder: None }
            if (1..=RETURN_MS).contains(owner_left_ms) =>
        {
            *owner_left_ms
        }
        other => panic!("not kept for anybody: {other:?}"),
    }
}

super::rules! {
    fn who_waited_before_an_outage_is_served_before_who_asks_after_it(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.pass_ms(OUTAGE);
        assert_eq!(place_of(&p.wait_strictly(2)).2, 0, "the first was granted the lock");
        assert_eq!(p.told(), [id(1)]);
        assert!(matches!(refresh_strictly(&mut p, 1), Reply::Held { .. }));
        p.forget(1);
        assert_eq!(p.told(), [id(2)]);
    }

    fn a_lock_that_is_free_after_an_outage_waits_for_the_first_who_cannot_be_told(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.pass_ms(1_000);
        p.renew(0, LEASE);
        p.0.listens("two", false);
        p.pass_ms(OUTAGE);
        assert_eq!(kept_for(&p.try_once(3)), BEAT - 1_000 - LONGEST_SILENCE_MS + 1, "rounded up");
        assert_eq!(kept_for(&p.wait_strictly(2)), kept_for(&refresh_strictly(&mut p, 2)));
        assert_eq!(p.told(), []);
        p.pass_ms(1_000);
        assert!(matches!(refresh_strictly(&mut p, 1), Reply::Held { left_ms: LEASE, .. }));
        p.forget(1);
        assert_eq!(p.told(), [id(2)]);
    }

    fn a_reader_who_is_late_is_waited_for_too(p) {
        p.try_once(0);
        p.read(1);
        p.pass_ms(1_000);
        p.renew(0, LEASE);
        p.0.listens("two", false);
        p.pass_ms(OUTAGE);
        kept_for(&p.wait_strictly(2));
        assert_eq!(p.told(), []);
        assert!(matches!(p.refresh_reader(1), Reply::Held { .. }));
        p.forget_reader(1);
        assert_eq!(p.told(), [id(2)]);
    }

    fn the_dead_are_waited_for_once_and_not_for_long(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.pass_ms(1_000);
        p.renew(0, LEASE);
        p.0.listens("two", false);
        p.pass_ms(OUTAGE);
        let kept = kept_for(&p.wait_strictly(2));
        let mut waited = 0;
        while waited + 1_000 < kept {
            p.pass_ms(1_000);
            waited += 1_000;
            assert_eq!(kept_for(&refresh_strictly(&mut p, 2)), kept - waited);
        }
        p.pass_ms(kept - waited);
        assert!(matches!(refresh_strictly(&mut p, 2), Reply::Held { .. }));
        assert_eq!(refresh_strictly(&mut p, 1), Reply::Gone);
    }

    /// Who tries once is not told over and over again that somebody is waited for.
    fn the_dead_are_waited_for_once_by_those_who_try_now_and_then(p) {
        p.try_once(0);
        let place = Place { wait_ms: 1_000 * WAIT, ..strictly(1) };
        p.acquire(1, Some(place));
        p.0.listens("two", false);
        p.pass_ms(WAIT);
        let mut refused = 0;
        while matches!(p.try_once(2), Reply::Busy { .. }) {
            refused += 1;
            p.pass_ms(WAIT);
        }
        assert!((1..=BEAT.div_ceil(LONGEST_SILENCE_MS)).contains(&refused), "{refused}");
        p.forget(2);
        assert!(p.0.is_gone(NAME));
    }

    fn nobody_is_waited_for_beyond_its_wait(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.wait_strictly(3);
        p.0.listens("two", false);
        p.pass_ms(WAIT + 1);
        assert!(matches!(p.try_once(2), Reply::Held { strict: false, .. }));
        assert_eq!(p.told(), []);
        p.forget(2);
        assert!(p.0.is_gone(NAME));
    }

    fn one_outage_after_the_other_changes_nothing(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.pass_ms(1_000);
        p.renew(0, LEASE);
        p.0.listens("two", false);
        p.pass_ms(OUTAGE / 2);
        p.wait_strictly(2);
        p.pass_ms(OUTAGE / 2);
        kept_for(&refresh_strictly(&mut p, 2));
        assert!(matches!(refresh_strictly(&mut p, 1), Reply::Held { .. }));
        assert_eq!(p.told(), []);
    }

    /// What somebody holds at that moment is not all that it is about.
    fn those_behind_the_first_keep_their_places_over_an_outage(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.wait_strictly(2);
        p.pass_ms(OUTAGE);
        p.wait_strictly(3);
        assert_eq!(p.told(), [id(1)]);
        p.pass_ms(1);
        p.forget(1);
        assert_eq!(p.told(), [id(2)]);
        p.forget(2);
        assert_eq!(p.told(), [id(3)]);
    }

    fn a_holder_that_renews_after_an_outage_costs_no_place(p) {
        p.try_once(0);
        p.renew(0, 2 * WAIT);
        p.wait_strictly(1);
        p.pass_ms(OUTAGE);
        p.renew(0, 3 * WAIT);
        p.pass_ms(1);
        p.wait_strictly(2);
        p.forget(0);
        assert_eq!(p.told(), [id(1)]);
    }

    fn a_reader_that_renews_is_a_sign_of_life(p) {
        p.try_to_read(0);
        p.renew(0, 2 * WAIT);
        p.wait(1);
        for _ in 0..BEAT / 1_000 + 1 {
            p.pass_ms(1_000);
            p.renew(0, 2 * WAIT);
        }
        assert!(matches!(p.try_to_read(2), Reply::Held { .. }), "the writer is dead");
    }

    /// What says that somebody hears may be a connection whose other end is gone.
    fn a_grant_to_one_who_is_late_lasts_until_it_would_be_given_up(p) {
        p.try_once(0);
        let short = Entry { strict: true, short_ms: 300, ..entry(1) };
        p.acquire(1, Some(Place { entry: short.clone(), wait_ms: WAIT, ticket: None }));
        p.pass_ms(OUTAGE);
        p.wait_strictly(2);
        let granted = p.0.published().remove(0);
        assert_eq!((granted.id, granted.left_ms), (id(1), 300), "it is told no more than its short lease");
        let rest = longest_heartbeat_ms(300) - LONGEST_SILENCE_MS;
        p.pass_ms(rest - 1);
        assert!(matches!(refresh_strictly(&mut p, 2), Reply::Queued { owner_left_ms: 1..=3, .. }));
        let refresh = Operation::Refresh { entry: short, wait_ms: WAIT, lease_ms: LEASE };
        assert!(matches!(p.run(1, refresh), Reply::Held { fence, .. } if fence == granted.fence));
    }

    fn a_grant_to_a_reader_who_is_late_lasts_as_long(p) {
        p.try_once(0);
        let short = Entry { short_ms: 300, ..reading(1) };
        p.ask_to_read(1, None, Some(Place { entry: short.clone(), wait_ms: WAIT, ticket: None }));
        p.pass_ms(OUTAGE);
        p.wait_strictly(2);
        assert_eq!(p.0.published()[0].left_ms, 300);
        p.pass_ms(RETURN_MS - LONGEST_SILENCE_MS);
        let refresh = Operation::Refresh { entry: short, wait_ms: WAIT, lease_ms: LEASE };
        assert!(matches!(p.run(1, refresh), Reply::Held { .. }));
    }

    /// It loses nothing but this turn.
    fn one_who_lets_others_pass_is_passed_when_it_cannot_be_told(p) {
        p.try_once(0);
        let (ticket, ..) = place_of(&p.wait(1));
        p.0.listens("two", false);
        p.pass_ms(OUTAGE);
        p.wait(2);
        assert!(matches!(p.refresh(2), Reply::Held { .. }));
        assert_eq!(place_of(&p.refresh(1)).0, ticket);
    }

    fn strict_waiters_are_told_of_after_an_outage(p) {
        p.try_once(0);
        p.renew(0, 2 * WAIT);
        p.wait_strictly(1);
        p.pass_ms(OUTAGE);
        assert!(matches!(p.renew(0, 2 * WAIT), Reply::Held { strict: true, .. }));
    }

    fn a_place_that_was_dropped_is_had_again_before_later_ones(p) {
        p.try_once(0);
        let (ticket, ..) = place_of(&p.wait_strictly(1));
        p.pass_renewed_ms(0, BEAT + 1);
        p.wait_strictly(2);
        p.forget(0);
        assert_eq!(p.told(), [id(2)], "cut off alone, it counts as dead");
        p.wait_strictly(3);
        assert_eq!(refresh_strictly(&mut p, 1), Reply::Gone);
        let again = HoldId::from_random(77, "again");
        let place = Place { ticket: Some(ticket), ..strictly(1) };
        let not_after_ms = *p.0.now_us() / 1000 + 1000;
        let acquire = crate::backend::Acquire { mode: crate::backend::Mode::Exclusive, replaces: None, lease_ms: LEASE, not_after_ms, place: Some(place) };
        let replies = p.0.run(&[(NAME, again.clone(), Operation::Acquire(acquire))]);
        assert_eq!((place_of(&replies[0]).0, place_of(&replies[0]).2), (ticket, 0));
        p.forget(2);
        assert_eq!(p.told(), [again]);
    }

    fn who_is_on_time_and_cannot_be_told_is_granted_the_short_lease(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.wait_strictly(2);
        p.0.listens("two", false);
        p.forget(0);
        assert!(matches!(p.try_once(3), Reply::Busy { holder: Some(_), owner_left_ms } if owner_left_ms <= SHORT + 1));
    }
}

//! The rules of those who wait strictly: first come, first served.

use super::party::{BEAT, LEASE, Party, SHORT, WAIT, fence, id, place, place_of};
use super::subject::{Model, Subject};
use crate::backend::Reply;

#[track_caller]
fn is_strict(reply: &Reply) -> bool {
    match reply {
        Reply::Held { strict, .. } => *strict,
        other => panic!("not held: {other:?}"),
    }
}

super::rules! {
    fn a_hold_tells_that_somebody_waits_strictly(p) {
        assert!(!is_strict(&p.try_once(0)));
        assert!(!is_strict(&p.renew(0, LEASE)));
        p.wait(1);
        assert!(!is_strict(&p.renew(0, LEASE)), "who waits lets others pass");
        p.wait_strictly(2);
        assert!(is_strict(&p.renew(0, LEASE)));
        assert!(is_strict(&p.try_once(0)), "a repeated acquire");
        assert!(is_strict(&p.acquire(0, Some(place(0, None)))));
    }

    fn who_waits_to_read_waits_strictly(p) {
        p.try_once(0);
        p.read(1);
        assert!(is_strict(&p.renew(0, LEASE)));
    }

    fn it_is_told_as_long_as_the_last_heartbeat(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.pass_renewed_ms(0, 1_000);
        p.wait_strictly(2);
        p.pass_renewed_ms(0, BEAT - 1_000);
        p.wait_strictly(1);
        p.wait(3);
        p.pass_renewed_ms(0, 1_000);
        assert!(is_strict(&p.renew(0, LEASE)), "the first repeated its acquire");
        p.pass_renewed_ms(0, BEAT - 1_000);
        assert!(is_strict(&p.renew(0, LEASE)), "0.6 ms are left");
        p.pass_ms(1);
        assert!(!is_strict(&p.renew(0, LEASE)));
        p.wait_strictly(2);
        assert!(is_strict(&p.renew(0, LEASE)));
    }

    fn a_grant_tells_it_too(p) {
        p.try_once(0);
        p.wait(1);
        p.forget(0);
        assert!(!p.0.published()[0].strict);
        p.wait(2);
        p.wait_strictly(3);
        p.forget(1);
        assert!(p.0.published()[0].strict);
        assert!(is_strict(&p.refresh(2)), "the claim as well");
    }

    fn who_cannot_be_told_is_not_passed(p) {
        p.try_once(0);
        let (ticket, ..) = place_of(&p.wait_strictly(1));
        p.wait(2);
        p.wait_strictly(3);
        p.0.listens("two", false);
        p.forget(0);
        assert!(matches!(p.try_once(4), Reply::Busy { holder: Some(_), .. }), "it is the owner");
        assert!(!p.told().contains(&id(2)));
        p.pass_ms(SHORT / 2);
        assert!(matches!(p.refresh(1), Reply::Held { fence, .. } if fence > ticket), "it finds out");
        p.forget(1);
        assert_eq!(p.told(), [id(2)]);
    }

    fn nothing_is_left_of_it_when_the_lock_is_free(p) {
        p.try_once(0);
        p.wait_strictly(1);
        p.forget(0);
        p.forget(1);
        assert!(!is_strict(&p.try_once(2)));
    }

    fn who_waits_strictly_gets_the_lock_in_its_turn(p) {
        let first = fence(&p.try_once(0));
        p.wait(1);
        assert_eq!(place_of(&p.wait_strictly(2)).2, 1);
        assert_eq!(place_of(&p.wait(3)).2, 2);
        p.forget(0);
        assert_eq!(p.told(), [id(1)]);
        p.forget(1);
        let granted = p.0.published().remove(0);
        assert_eq!((granted.id, granted.left_ms), (id(2), SHORT));
        assert!(granted.fence > first);
        p.forget(2);
        assert_eq!(p.told(), [id(3)]);
    }
}

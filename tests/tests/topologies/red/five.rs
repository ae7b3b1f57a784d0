//! Five masters: three are a majority.

use std::time::{Duration, Instant};

use lock_core::LockError;
use lock_tests::Masters;

use super::{PATIENCE, SLACK, acquire, on_each};

#[test]
fn two_of_five_that_stand_still_are_not_waited_for() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 5);
        let (here, there) = (masters.manager().await, masters.manager().await);
        for frozen in [[0, 1], [2, 4]] {
            frozen.iter().for_each(|place| masters.server(*place).pause());
            let start = Instant::now();
            let guard = acquire(&here, PATIENCE).await.expect("a majority answers");
            let error = acquire(&there, Duration::ZERO).await.expect_err("it is held");
            assert!(error.is_busy(), "{error}");
            guard.release().await.expect("a majority answers");
            let took = start.elapsed();
            assert!(took < SLACK, "{took:?} without {frozen:?}");
            eprintln!("on {}: taken, denied and given back in {took:?} without {frozen:?}", binary.label());
            frozen.iter().for_each(|place| masters.server(*place).resume());
            masters.are_empty().await;
        }
    });
}

#[test]
fn three_of_five_that_stand_still_make_it_unavailable() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 5);
        let locks = masters.manager().await;
        let frozen = [0, 2, 3];
        frozen.iter().for_each(|place| masters.server(*place).pause());
        let start = Instant::now();
        let wait = Duration::from_secs(1);
        let error = acquire(&locks, wait).await.expect_err("no majority answers");
        let took = start.elapsed();
        assert!(matches!(error, LockError::Unavailable { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("2 of 5 granted it, 0 busy, 3 unavailable"), "{text}");
        for place in frozen {
            let silent = format!("{}: no answer within 250ms", masters.server(place).address());
            assert!(text.contains(&silent), "{text}");
        }
        assert!(took >= wait && took < wait + SLACK, "{took:?}");
        frozen.iter().for_each(|place| masters.server(*place).resume());
        masters.are_empty().await;
        drop(acquire(&locks, PATIENCE).await.expect("all answer again"));
        masters.are_empty().await;
    });
}

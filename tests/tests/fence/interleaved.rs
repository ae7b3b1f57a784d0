//! Two holders at once after the server forgot the lock, step by step.

use lock_core::LockGuard;
use lock_tests::{Stage, each_server};

use crate::bank::Bank;

/// Two guards of `LOCK:account:ann`, the later one taken after the server forgot the first.
async fn two_holders(stage: &Stage) -> (LockGuard, LockGuard) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let early = here.lock(("account", "ann")).acquire().await.expect("it is free");
    stage.server().must(&["FLUSHALL"]);
    let late = there.lock(("account", "ann")).acquire().await.expect("nobody is known to hold it");
    assert!(early.token() < late.token());
    (early, late)
}

#[test]
fn a_claim_with_the_read_saves_what_a_blind_write_loses() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let (early, late) = two_holders(stage).await;
            // Both read, then the early one writes, then the late one.
            let bank = Bank::open(&["ann"], 100);
            let (of_early, of_late) = (bank.read("ann"), bank.read("ann"));
            assert!(bank.write_blindly("ann", early.token(), of_early + 10), "its token is the first");
            assert!(bank.write_blindly("ann", late.token(), of_late + 1), "its token is higher");
            assert_eq!(bank.read("ann"), 101, "the blind write lost ten");

            let bank = Bank::open(&["ann"], 100);
            let of_early = bank.claim("ann", early.token()).expect("nobody was here");
            let of_late = bank.claim("ann", late.token()).expect("its token is higher");
            assert!(!bank.write(&[("ann", early.token(), of_early + 10)]), "somebody else has read since");
            assert!(bank.write(&[("ann", late.token(), of_late + 1)]));
            assert_eq!(bank.read("ann"), 101, "the early one was told that it wrote nothing");
            assert_eq!(bank.claim("ann", early.token()), None, "and it can't begin again");
            assert_eq!(
                bank.claim("ann", late.token()),
                Some(101),
                "the holder can, also after it has written"
            );
        });
    });
}

#[test]
fn every_order_of_two_holders_steps_keeps_all_that_was_acknowledged() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let (early, late) = two_holders(stage).await;
            // Each bit says whose step is next; each has a claim and a write.
            for steps in 0..16_u32 {
                if steps.count_ones() != 2 {
                    continue;
                }
                let bank = Bank::open(&["ann"], 100);
                let mut read: [Option<Option<i64>>; 2] = [None, None];
                let mut acknowledged = 0;
                for step in 0..4 {
                    let who = usize::from(steps & (1 << step) != 0);
                    let (guard, amount) = [(&early, 10), (&late, 1)][who];
                    match read[who] {
                        None => read[who] = Some(bank.claim("ann", guard.token())),
                        Some(Some(cents)) if bank.write(&[("ann", guard.token(), cents + amount)]) => {
                            acknowledged += amount;
                        }
                        Some(_) => {}
                    }
                }
                assert_eq!(bank.read("ann"), 100 + acknowledged, "in the order {steps:04b}");
                assert!(acknowledged > 0, "somebody got through in the order {steps:04b}");
            }
        });
    });
}

#[test]
fn a_blind_write_is_right_for_a_value_that_nobody_read() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let (early, late) = two_holders(stage).await;
            let bank = Bank::open(&[], 0);
            bank.order(42, "open");
            assert!(bank.mark_paid(42, late.token()));
            assert_eq!(bank.state(42), "paid");
            assert!(!bank.mark_paid(42, early.token()), "a later holder was here");
            assert!(bank.mark_paid(42, late.token()), "the same holder may write twice");
        });
    });
}

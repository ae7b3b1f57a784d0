//! What becomes of a call of a lock that somebody else has: skipped without a word, or left to another function.

use std::sync::atomic::{AtomicU64, Ordering};

use lock_core::{Held, LockError, LockManager, distributed_lock};
use lock_tests::Stage;

#[distributed_lock(prefix = "order", key = id, wait = "0s", locks = locks, on_busy = "skip")]
async fn unit(locks: &LockManager, id: u64, ran: &AtomicU64) {
    ran.fetch_add(id, Ordering::SeqCst);
}

#[distributed_lock(prefix = "order", key = id, wait = "0s", locks = locks, on_busy = "skip")]
fn unit_plain(locks: &LockManager, id: u64, ran: &AtomicU64) {
    ran.fetch_add(id, Ordering::SeqCst);
}

#[distributed_lock(prefix = "order", key = id, wait = "0s", locks = locks, on_busy = "skip")]
async fn option(locks: &LockManager, id: u64, ran: &AtomicU64) -> Option<u64> {
    Some(ran.fetch_add(id, Ordering::SeqCst))
}

#[distributed_lock(prefix = "order", key = id, wait = "0s", locks = locks, on_busy = "skip")]
fn option_plain(locks: &LockManager, id: u64, ran: &AtomicU64) -> Option<u64> {
    Some(ran.fetch_add(id, Ordering::SeqCst))
}

pub(crate) async fn functions_without_a_result_are_skipped(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let ran = AtomicU64::new(0);
    let call_all = async || {
        unit(&here, 42, &ran).await;
        unit_plain(&here, 42, &ran);
        (option(&here, 42, &ran).await, option_plain(&here, 42, &ran))
    };
    let held = there.lock(("order", 42)).acquire().await.expect("it is free");
    assert_eq!(call_all().await, (None, None));
    assert_eq!(ran.load(Ordering::SeqCst), 0, "a body ran without its lock");
    held.release().await.expect("it is held");
    // Each frees it for the next one.
    assert_eq!(call_all().await, (Some(84), Some(126)));
    assert_eq!(ran.load(Ordering::SeqCst), 168);
    assert!(there.lock(("order", 42)).try_acquire().await.expect("an answer").is_some());
}

struct Order {
    id: u64,
}

/// Which arguments somebody was called with: where they are, since a copy could be as good.
#[derive(Debug, PartialEq)]
struct Seen {
    order: u64,
    note: (*const u8, String),
    lines: *const [u64],
    total: *const u64,
    secret: Box<u64>,
}

fn seen(order: &Order, note: String, lines: &[u64], total: &mut u64, secret: Box<u64>) -> Seen {
    *total += 1;
    Seen { order: order.id, note: (note.as_ptr(), note), lines, total, secret }
}

macro_rules! functions {
    ($($name:ident, $later:ident: $($async:ident)?;)*) => {$(
        #[distributed_lock(prefix = "order", key = "order.id", wait = "0s", locks = locks, on_busy = $later)]
        $($async)? fn $name(
            locks: &LockManager,
            order: Order,
            note: String,
            lines: &[u64],
            total: &mut u64,
            secret: Box<u64>,
        ) -> Result<(&'static str, Seen), LockError> {
            assert!(Held::current().is_some());
            Ok(("now", seen(&order, note, lines, total, secret)))
        }

        $($async)? fn $later(
            _: &LockManager,
            order: Order,
            note: String,
            lines: &[u64],
            total: &mut u64,
            secret: Box<u64>,
        ) -> Result<(&'static str, Seen), LockError> {
            assert!(Held::current().is_none(), "a fallback runs without the lock");
            Ok(("later", seen(&order, note, lines, total, secret)))
        }
    )*};
}

functions! {
    pay, pay_later: async;
    pay_plain, pay_plain_later: ;
}

pub(crate) async fn another_function_gets_the_very_arguments(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let lines = [1, 2, 3];
    for (word, plain) in [("later", false), ("later", true), ("now", false), ("now", true)] {
        let held = there.lock(("order", 42)).acquire().await.expect("it is free");
        // Another order is free all the while.
        let id = if word == "later" { 42 } else { 43 };
        let (note, mut total, secret) = (format!("note of {id}"), 6, Box::new(7));
        let expected = Seen {
            order: id,
            note: (note.as_ptr(), note.clone()),
            lines: &raw const lines,
            total: &raw const total,
            secret: secret.clone(),
        };
        let result = if plain {
            pay_plain(&here, Order { id }, note, &lines, &mut total, secret)
        } else {
            pay(&here, Order { id }, note, &lines, &mut total, secret).await
        };
        assert_eq!(result.expect("no error"), (word, expected), "plain: {plain}");
        assert_eq!(total, 7, "once");
        held.release().await.expect("it is held");
    }
}

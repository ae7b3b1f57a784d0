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

/// What callers of one expensive result came to.
#[derive(Debug, Default)]
struct Stampede {
    cache: std::sync::Mutex<Option<u64>>,
    made: AtomicU64,
    found_busy: AtomicU64,
    read_together: AtomicU64,
}

const CALLERS: u64 = 12;
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// The recipe of the documentation.
#[distributed_lock(prefix = "report", key = year, kind = "write", wait = "0s", on_busy = reuse, locks = locks)]
async fn report(locks: &LockManager, year: u32, of: &Stampede) -> Result<Option<u64>, LockError> {
    let all = || of.found_busy.load(Ordering::SeqCst) == CALLERS - 1;
    lock_tests::until_async(PATIENCE, "all others found it being made", all).await;
    *of.cache.lock().expect("no panic inside") = Some(of.made.fetch_add(1, Ordering::SeqCst));
    Ok(Some(0))
}

async fn reuse(locks: &LockManager, year: u32, of: &Stampede) -> Result<Option<u64>, LockError> {
    of.found_busy.fetch_add(1, Ordering::SeqCst);
    read(locks, year, of).await
}

#[distributed_lock(prefix = "report", key = year, kind = "read", wait = "20s", locks = locks)]
async fn read(locks: &LockManager, year: u32, of: &Stampede) -> Result<Option<u64>, LockError> {
    of.read_together.fetch_add(1, Ordering::SeqCst);
    let all = || of.read_together.load(Ordering::SeqCst) == CALLERS - 1;
    lock_tests::until_async(PATIENCE, "all others read together", all).await;
    Ok(*of.cache.lock().expect("no panic inside"))
}

pub(crate) async fn one_makes_it_and_all_others_read_it_together(stage: &Stage) {
    let managers = [stage.manager().await, stage.manager().await, stage.manager().await];
    let of = std::sync::Arc::new(Stampede::default());
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..CALLERS {
        let (locks, of) = (managers[number as usize % managers.len()].clone(), std::sync::Arc::clone(&of));
        callers.spawn(async move { report(&locks, 2026, &of).await });
    }
    while let Some(caller) = callers.join_next().await {
        assert_eq!(caller.expect("no panic").expect("it was made, or read"), Some(0));
    }
    assert_eq!(of.made.load(Ordering::SeqCst), 1);
}

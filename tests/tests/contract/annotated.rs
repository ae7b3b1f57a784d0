//! Annotated functions of each kind, for what the attribute promises whatever the kind is.

use std::cell::Cell;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use lock_core::{BodyOutcome, Held, LockError, LockManager, LockRequest, distributed_lock};
use lock_tests::Stage;

pub(crate) const LEASE: Duration = Duration::from_millis(500);
pub(crate) const LONGEST_HOLD: Duration = Duration::from_millis(1_200);
pub(crate) const KEPT: Duration = Duration::from_millis(1_000);
/// How late a signal may be on a busy machine.
pub(crate) const SLACK: Duration = Duration::from_millis(700);
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a function does under its lock.
pub(crate) type Body<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
type Call =
    for<'a> fn(&'a LockManager, u64, Body<'a>) -> Pin<Box<dyn Future<Output = Result<u64, LockError>> + 'a>>;

/// The functions of one kind, all on the lock `order:<id>`. None of them waits for long; each returns the id.
pub(crate) struct Functions {
    pub(crate) kind: &'static str,
    pub(crate) reads: bool,
    /// How many orders they take together: that of the id, and its neighbours.
    pub(crate) orders: u64,
    pub(crate) renewed: Call,
    pub(crate) unrenewed: Call,
    /// With `on_lost = "finish"`, renewed.
    pub(crate) finishes: Call,
    /// With `max_hold`.
    pub(crate) bounded: Call,
    /// With `hold_at_least`.
    pub(crate) kept: Call,
}

macro_rules! functions {
    ($locks:ident, $id:ident; $($kind:literal $reads:literal $orders:literal [$($lock:tt)*])*) => {
        [$({
            functions! { @define $locks $id renewed [$($lock)*] }
            functions! { @define $locks $id unrenewed [$($lock)*, renew = false] }
            functions! { @define $locks $id finishes [$($lock)*, on_lost = "finish"] }
            functions! { @define $locks $id bounded [$($lock)*, max_hold = LONGEST_HOLD] }
            functions! { @define $locks $id kept [$($lock)*, hold_at_least = KEPT] }
            Functions {
                kind: $kind,
                reads: $reads,
                orders: $orders,
                renewed: |locks, id, body| Box::pin(renewed(locks, id, body)),
                unrenewed: |locks, id, body| Box::pin(unrenewed(locks, id, body)),
                finishes: |locks, id, body| Box::pin(finishes(locks, id, body)),
                bounded: |locks, id, body| Box::pin(bounded(locks, id, body)),
                kept: |locks, id, body| Box::pin(kept(locks, id, body)),
            }
        }),*]
    };
    (@define $locks:ident $id:ident $name:ident [$($arguments:tt)*]) => {
        #[distributed_lock(prefix = "order", expire = LEASE, locks = $locks, $($arguments)*)]
        async fn $name($locks: &LockManager, $id: u64, body: Body<'_>) -> Result<u64, LockError> {
            body.await;
            Ok($id)
        }
    };
}

static ONE_PLACE: [Functions; 6] = functions! {
    locks, id;
    "reentrant" false 1 [key = id, kind = "reentrant", wait = "0s"]
    "fair" false 1 [key = id, kind = "fair", wait = "0s"]
    "read" true 1 [key = id, kind = "read", wait = "0s"]
    "write" false 1 [key = id, kind = "write", wait = "0s"]
    "several" false 2 [keys = [id, id + 1], wait = "0s"]
    "several, read" true 2 [keys = [id, id + 1], kind = "read", wait = "0s"]
};

/// A master has a fifth of the lease to answer, which is little on a busy machine: time for a second try.
static MASTERS: [Functions; 1] = functions! {
    locks, id;
    "red" false 1 [key = id, kind = "red", wait = "200ms"]
};

/// Runs `test` with the functions of each kind that the place keeps, all at once, each with an order of its own.
pub(crate) async fn each(stage: &Stage, test: impl AsyncFn(&'static Functions, u64)) {
    let functions = if stage.keeps_red() { &MASTERS[..] } else { &ONE_PLACE[..] };
    join_all((10..).step_by(10).zip(functions).map(|(id, functions)| test(functions, id))).await;
}

/// A body that does not end by itself; in `last` for how long it certainly had its lock: the clock is read before the hold is asked.
pub(crate) async fn runs_on(last: &Cell<Duration>) {
    let (held, begun) = (Held::current().expect("inside a hold"), Instant::now());
    loop {
        let now = begun.elapsed();
        if held.check().is_ok() {
            last.set(now);
        }
        assert!(now < PATIENCE / 4, "nobody ends it");
        tokio::time::sleep(LEASE / 100).await;
    }
}

impl Functions {
    /// A request by hand that nobody who holds one of these locks lets through.
    pub(crate) fn alone(&self, locks: &LockManager, id: u64) -> LockRequest {
        let request = locks.lock(("order", id));
        if self.kind == "red" { request.red() } else { request.write() }
    }

    /// How many of the orders nobody has, as another process would find out.
    pub(crate) async fn free_orders(&self, locks: &LockManager, id: u64) -> u64 {
        let mut free = 0;
        for order in id..id + self.orders {
            let guard = self.alone(locks, order).try_acquire().await.expect("an answer");
            free += u64::from(guard.is_some());
        }
        free
    }

    /// That all orders become free.
    pub(crate) async fn become_free(&self, locks: &LockManager, id: u64) {
        for order in id..id + self.orders {
            let guard = self.alone(locks, order).wait(PATIENCE / 4).acquire().await;
            let guard = guard.unwrap_or_else(|error| panic!("{}: {error}", self.kind));
            guard.release().await.expect("it is held");
        }
    }

    /// That the call ended as a loss with that outcome.
    pub(crate) fn is_lost(&self, result: Result<u64, LockError>, outcome: BodyOutcome) {
        match result {
            Err(LockError::Lost { key, body, .. }) if body == outcome && key.contains(":order:") => (),
            other => panic!("{}: {other:?}", self.kind),
        }
    }
}

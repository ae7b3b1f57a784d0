//! The attribute over a backend: what becomes of bodies, results and arguments.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, Held, LockError, LockManager, distributed_lock};
use lock_tests::Stage;

const LEASE: Duration = Duration::from_millis(300);
/// How late a signal may be on a busy machine.
const SLACK: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
enum OrderError {
    SoldOut,
    Lock(LockError),
}

impl From<LockError> for OrderError {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

impl OrderError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Lock(error) if error.is_busy())
    }

    fn is_lost(&self, outcome: BodyOutcome) -> bool {
        matches!(self, Self::Lock(LockError::Lost { key, body, .. }) if key.ends_with(":order:42") && *body == outcome)
    }
}

/// Whether somebody holds order 42, as another process would find out.
pub(crate) fn is_held(by_hand: &LockManager) -> bool {
    match by_hand.lock("order:42").try_acquire_blocking().expect("an answer") {
        Some(guard) => {
            guard.release_blocking().expect("it is held");
            false
        }
        None => true,
    }
}

#[distributed_lock(prefix = "order", key = "id", wait = "0s", locks = locks)]
async fn pay(locks: &LockManager, id: u64, inside: impl FnOnce()) -> Result<u64, OrderError> {
    inside();
    Ok(id)
}

#[distributed_lock(prefix = "order", key = "id", wait = "0s", locks = locks)]
fn pay_plain(locks: &LockManager, id: u64, inside: impl FnOnce()) -> Result<u64, OrderError> {
    inside();
    Ok(id)
}

pub(crate) async fn the_attribute_and_by_hand_exclude_each_other(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    // Inside a body the body's own manager would join the hold.
    let third = stage.manager().await;
    for by_hand in [&here, &there] {
        let held = by_hand.lock("order:42").acquire().await.expect("it is free");
        let busy = pay(&here, 42, || panic!("a body ran without its lock")).await;
        assert!(busy.expect_err("it is held by hand").is_busy());
        let busy = pay_plain(&here, 42, || panic!("a body ran without its lock"));
        assert!(busy.expect_err("it is held by hand").is_busy());
        assert_eq!(pay(&here, 43, || ()).await.expect("another lock"), 43);
        held.release().await.expect("it is held");
        for result in [
            pay(&here, 42, || assert!(is_held(&third))).await,
            pay_plain(&here, 42, || assert!(is_held(&third))),
        ] {
            assert_eq!(result.expect("it is free"), 42);
        }
        assert!(!is_held(&third) && !is_held(by_hand), "it is freed with the call");
    }
}

#[distributed_lock(prefix = "order", key = "id", expire = LEASE, renew = false, locks = locks)]
async fn sleeps_on_its_thread<T>(
    locks: &LockManager,
    id: u64,
    end: Result<T, OrderError>,
) -> Result<T, OrderError> {
    std::thread::sleep(LEASE * 2);
    end
}

#[distributed_lock(prefix = "order", key = "id", expire = LEASE, renew = false, locks = locks)]
fn sleeps_plain<T>(locks: &LockManager, id: u64, end: Result<T, OrderError>) -> Result<T, OrderError> {
    std::thread::sleep(LEASE * 2);
    end
}

#[distributed_lock(prefix = "order", key = "id", expire = LEASE, renew = false, on_lost = "finish", locks = locks)]
async fn finishes(locks: &LockManager, id: u64) -> Result<u64, OrderError> {
    tokio::time::sleep(LEASE * 2).await;
    Ok(id)
}

#[distributed_lock(prefix = "order", key = "id", expire = LEASE, renew = false, on_lost = "finish", locks = locks)]
fn finishes_plain(locks: &LockManager, id: u64) -> Result<u64, OrderError> {
    std::thread::sleep(LEASE * 2);
    Ok(id)
}

pub(crate) async fn a_success_after_the_lease_is_a_loss_and_an_error_stays(stage: &Stage) {
    let locks = stage.manager().await;
    for late in [sleeps_on_its_thread(&locks, 42, Ok(7)).await, sleeps_plain(&locks, 42, Ok(7))] {
        let error = late.expect_err("its lease was over");
        assert!(error.is_lost(BodyOutcome::Finished), "{error:?}");
    }
    for failed in [
        sleeps_on_its_thread::<()>(&locks, 42, Err(OrderError::SoldOut)).await,
        sleeps_plain::<()>(&locks, 42, Err(OrderError::SoldOut)),
    ] {
        assert!(matches!(failed, Err(OrderError::SoldOut)), "{failed:?}");
    }
    for finished in [finishes(&locks, 42).await, finishes_plain(&locks, 42)] {
        assert_eq!(finished.expect("its result counts"), 42);
    }
}

#[distributed_lock(prefix = "order", key = "id", expire = LEASE, renew = false, locks = locks)]
async fn hangs(locks: &LockManager, id: u64, witness: Witness) -> Result<(), OrderError> {
    let _witness = &witness;
    std::future::pending().await
}

pub(crate) async fn without_renewal_the_body_ends_with_its_lease(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let log = Log::default();
    let start = Instant::now();
    let error = hangs(&here, 42, Witness::new(&there, &log)).await.expect_err("its lease ends");
    assert!(error.is_lost(BodyOutcome::Cancelled), "{error:?}");
    let took = start.elapsed();
    assert!(took > LEASE / 2 && took < LEASE + SLACK, "{took:?}");
    assert_eq!(log.lines().len(), 1, "its arguments are gone when the call returns");
}

#[distributed_lock(prefix = "order", key = "id", expire = LEASE, locks = locks, guard = held)]
async fn lives_long(locks: &LockManager, id: u64) -> Result<Held, OrderError> {
    tokio::time::sleep(LEASE * 4).await;
    held.check()?;
    Ok(held)
}

pub(crate) async fn a_body_lives_as_long_as_its_lease_is_renewed(stage: &Stage) {
    let locks = stage.manager().await;
    let held = lives_long(&locks, 42).await.expect("it is renewed");
    assert!(!held.is_lost(), "what was released is not lost");
    assert!(held.check().is_err(), "and not held either");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn lines(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().expect("no panic"))
    }
}

/// An argument that says, when it is dropped, whether the lock was still held.
struct Witness {
    locks: LockManager,
    log: Log,
}

impl Witness {
    fn new(locks: &LockManager, log: &Log) -> Self {
        Self { locks: locks.clone(), log: log.clone() }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // Time for a release that should not be under way yet.
        std::thread::sleep(Duration::from_millis(20));
        let state = if is_held(&self.locks) { "held" } else { "free" };
        self.log.0.lock().expect("no panic").push(state);
    }
}

#[distributed_lock(prefix = "order", key = "id", locks = locks)]
async fn never_ends(locks: LockManager, id: u64, used: Witness, _: Witness) -> Result<(), OrderError> {
    used.log.0.lock().expect("no panic").push("runs");
    std::future::pending().await
}

#[distributed_lock(prefix = "order", key = "id", locks = locks)]
async fn panics(locks: &LockManager, id: u64, used: Witness, _: Witness) -> Result<(), OrderError> {
    let _used = &used;
    tokio::task::yield_now().await;
    panic!("as a body may")
}

#[distributed_lock(prefix = "order", key = "id", locks = locks)]
fn panics_plain(locks: &LockManager, id: u64, used: Witness, _: Witness) -> Result<(), OrderError> {
    let _used = &used;
    panic!("as a body may")
}

pub(crate) async fn arguments_are_dropped_before_the_lock_is_freed(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let log = Log::default();
    let witness = || Witness::new(&there, &log);
    let freed = async || {
        let next = there.lock("order:42").wait(PATIENCE / 2).acquire().await;
        next.expect("it was freed, long before its lease ended").release().await.expect("it is held");
    };

    // The caller goes.
    let call = tokio::spawn(never_ends(here.clone(), 42, witness(), witness()));
    lock_tests::until_async(PATIENCE, "the body runs", || log.lines() == ["runs"]).await;
    call.abort();
    assert!(call.await.expect_err("it was aborted").is_cancelled());
    assert_eq!(log.lines(), ["held", "held"]);
    freed().await;

    // The body panics.
    let (locks, used, unused) = (here.clone(), witness(), witness());
    let call = tokio::spawn(async move { panics(&locks, 42, used, unused).await });
    assert!(call.await.expect_err("it panicked").is_panic());
    assert_eq!(log.lines(), ["held", "held"]);
    freed().await;

    let (used, unused) = (witness(), witness());
    let panic = catch_unwind(AssertUnwindSafe(|| panics_plain(&here, 42, used, unused)));
    assert_eq!(panic.expect_err("it panicked").downcast_ref::<&str>(), Some(&"as a body may"));
    assert_eq!(log.lines(), ["held", "held"]);
    freed().await;
}

#[distributed_lock(prefix = "order", key = "id", expire = LEASE, renew = false, locks = locks, guard = held)]
async fn extends_itself(locks: &LockManager, id: u64) -> Result<u64, OrderError> {
    for _ in 0..8 {
        held.extend(LEASE * 2).await?;
        assert!(held.remaining() > LEASE, "{:?}", held.remaining());
        tokio::time::sleep(LEASE / 4).await;
    }
    held.check()?;
    let current = Held::current().expect("inside a hold");
    let named = Held::of(held.name().as_str()).expect("inside this hold");
    assert_eq!((current.token(), named.token()), (held.token(), held.token()));
    assert_eq!(current.name(), held.name());
    assert!(Held::of(held.name().as_str().replace("42", "43")).is_none());
    let error = held.extend(Duration::ZERO).await.expect_err("no lease");
    assert!(matches!(error, LockError::Params { .. }), "{error:?}");
    Ok(held.token())
}

pub(crate) async fn a_body_can_extend_the_lease_that_is_not_renewed(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let first = extends_itself(&here, 42).await.expect("it lives by its own means");
    let guard = there.lock("order:42").try_acquire().await.expect("an answer");
    let guard = guard.expect("it was freed");
    assert!(guard.token() > first);
    let held = guard.held();
    held.extend(LEASE * 100).await.expect("a guard's hold is extended too");
    assert!(guard.remaining() > LEASE * 50);
    guard.release().await.expect("it is held");
    let error = held.extend(LEASE).await.expect_err("it was released");
    assert!(matches!(error, LockError::Lost { .. }), "{error:?}");
    assert!(Held::current().is_none());
}

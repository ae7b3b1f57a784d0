//! `LockSupport`, decorated by hand, and what one `LockParams` means.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lock_core::{
    DEFAULT_EXPIRE, DEFAULT_WAIT, LockError, LockGuard, LockKey, LockManager, LockParams, LockSupport,
};
use lock_tests::Stage;
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_millis(400);

/// Writes down what goes through it, as a user's decorator would.
struct Logged<S> {
    inner: S,
    log: Arc<Mutex<Vec<String>>>,
}

impl<S: LockSupport<Guard = LockGuard>> LockSupport for Logged<S> {
    type Guard = LockGuard;

    async fn lock(&self, params: &LockParams) -> Result<LockGuard, LockError> {
        let taken = self.inner.lock(params).await;
        let line = match &taken {
            Ok(guard) => format!("{} took {}", params.id, guard.name()),
            Err(error) => format!("{} failed: {error}", params.id),
        };
        self.log.lock().expect("no panic").push(line);
        taken
    }

    async fn unlock(&self, guard: LockGuard, params: &LockParams) -> Result<(), LockError> {
        let line = format!("{} frees {}", params.id, guard.name());
        self.log.lock().expect("no panic").push(line);
        self.inner.unlock(guard, params).await
    }
}

/// Code of a user who knows no manager, only the trait.
async fn in_turn<S: LockSupport>(locks: &S, params: &LockParams, inside: &AtomicUsize) {
    let guard = locks.lock(params).await.expect("its turn comes");
    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two hold at a time");
    tokio::task::yield_now().await;
    inside.fetch_sub(1, Ordering::SeqCst);
    locks.unlock(guard, params).await.expect("it is held");
}

pub(crate) async fn a_decorated_manager_keeps_the_contract(stage: &Stage) {
    const TASKS: usize = 8;
    let log = Arc::new(Mutex::new(Vec::new()));
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (inner, inside) = (stage.manager().await, Arc::clone(&inside));
        let log = Arc::clone(&log);
        // Twice: a decorator of a decorator is one too.
        let locks = Logged { inner: Logged { inner, log: Arc::clone(&log) }, log };
        tasks.spawn(async move {
            let params = LockParams::new(LockKey::of(("order", 42))).wait(PATIENCE);
            for _ in 0..3 {
                in_turn(&locks, &params, &inside).await;
            }
            params.id
        });
    }
    let mut ids = Vec::new();
    while let Some(task) = tasks.join_next().await {
        ids.push(task.expect("no task panics").to_string());
    }
    let log = log.lock().expect("no panic");
    for id in ids {
        let times = |what: &str| {
            let line = format!("{id} {what} {}", stage.name("order:42"));
            log.iter().filter(|logged| **logged == line).count()
        };
        assert_eq!((times("took"), times("frees")), (6, 6), "{log:?}");
    }
}

pub(crate) async fn a_failure_goes_through_a_decorator(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = there.lock("order:42").acquire().await.expect("it is free");
    let log = Arc::default();
    let locks = Logged { inner: here, log: Arc::clone(&log) };
    let params = LockParams::new(LockKey::of(42)).prefix("order").wait(Duration::ZERO);
    let start = Instant::now();
    let error = locks.lock(&params).await.expect_err("it is held");
    assert!(error.is_busy(), "{error}");
    assert!(start.elapsed() < DEFAULT_WAIT / 2, "it was to try once");
    let failed = format!("failed: key [{}] tryLock fail", stage.name("order:42"));
    assert!(log.lock().expect("no panic")[0].contains(&failed));
    held.release().await.expect("it is held");
}

/// Tries with the very same parameters from two sides at the same time; says how many got it.
async fn granted(one: &LockManager, two: &LockManager, params: &LockParams) -> usize {
    let copy = params.clone();
    let (one, two) = tokio::join!(LockSupport::lock(one, params), LockSupport::lock(two, &copy));
    for outcome in [&one, &two] {
        assert!(outcome.as_ref().err().is_none_or(LockError::is_busy), "{outcome:?}");
    }
    let mut granted = 0;
    for guard in [one, two].into_iter().flatten() {
        granted += 1;
        guard.release().await.expect("it is held");
    }
    granted
}

pub(crate) async fn one_params_used_twice_at_once_is_two_requests(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let params = LockParams::new(LockKey::of("a")).wait(Duration::ZERO);
    for _ in 0..10 {
        assert_eq!(granted(&here, &there, &params).await, 1);
        assert_eq!(granted(&here, &here.clone(), &params).await, 1);
    }
    // One after the other, while the first is held, and both in the end.
    let patient = params.clone().wait(PATIENCE);
    let first = LockSupport::lock(&here, &patient).await.expect("it is free");
    for locks in [&here, &there] {
        let again = LockSupport::lock(locks, &params).await;
        assert!(again.expect_err("it is held under the same id").is_busy());
    }
    let (second, ()) = tokio::join!(LockSupport::lock(&there, &patient), async {
        here.unlock(first, &patient).await.expect("it is held");
    });
    assert!(second.is_ok());
}

pub(crate) async fn params_say_what_the_lock_is_and_the_manager_the_rest(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut params = LockParams::new(LockKey::of(("a/b", 7))).prefix("order").renew(false);
    params.delimiter = "/".to_owned();
    let guard = LockSupport::lock(&here, &params).await.expect("it is free");
    assert_eq!(guard.name().as_str(), stage.name("order/a%2Fb/7"));
    assert!(guard.remaining() > DEFAULT_EXPIRE / 2 && guard.remaining() <= DEFAULT_EXPIRE);
    here.unlock(guard, &params).await.expect("it is held");

    let short = params.clone().expire(LEASE);
    let guard = LockSupport::lock(&here, &short).await.expect("it is free");
    assert!(guard.remaining() <= LEASE, "the lease of the parameters");
    here.unlock(guard, &short).await.expect("it is held");

    let builder = stage.builder().wait(LEASE).expire(LEASE);
    let hasty = builder.connect().await.expect("it connects");
    let guard = LockSupport::lock(&hasty, &params).await.expect("it is free");
    assert!(guard.remaining() <= LEASE, "the manager's lease");
    tokio::time::timeout(PATIENCE, guard.lost()).await.expect("it is not renewed");

    let held = LockSupport::lock(&there, &params.renew(true)).await.expect("it is lost");
    let start = Instant::now();
    let mut params = LockParams::new(LockKey::of(("a/b", 7))).prefix("order");
    params.delimiter = "/".to_owned();
    let error = LockSupport::lock(&hasty, &params).await.expect_err("it is held");
    assert!(error.is_busy(), "{error}");
    assert!(start.elapsed() >= LEASE && start.elapsed() < DEFAULT_EXPIRE, "the manager's wait");
    drop(held);
}

pub(crate) async fn the_holder_is_shown_with_function_and_correlation_id(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut params = LockParams::new(LockKey::of("a"));
    params.function = "nightly_report".to_owned();
    let _held = LockSupport::lock(&there, &params).await.expect("it is free");
    let text = here.lock("a").wait(LEASE).acquire().await.expect_err("it is held").to_string();
    for part in ["nightly_report", &params.id.to_string(), "lease left"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

use std::time::{Duration, Instant};

use lock_core::LockError;
use lock_tests::{Stage, arrive};

const WITHIN: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn a_manager_that_is_shut_down_refuses(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let guard = here.lock("a").acquire().await.expect("it is free");
    drop(guard);
    let start = Instant::now();
    here.shutdown(WITHIN).await;
    assert!(start.elapsed() < 2 * WITHIN, "{:?}", start.elapsed());
    let error = here.lock("a").acquire().await.expect_err("it is shut down");
    assert!(matches!(error, LockError::ShutDown { .. }), "{error:?}");
    // What it was told to free before is free.
    assert!(there.lock("a").try_acquire().await.expect("an answer").is_some());
}

pub(crate) async fn shutting_down_ends_the_wait_of_its_waiters(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = there
        .lock("a")
        .expire(PATIENCE)
        .renew(false)
        .acquire()
        .await
        .expect("it is free");
    let waiting = here.clone();
    let waiter = async move { waiting.lock("a").wait(PATIENCE).acquire().await.map(drop) };
    let waiter = arrive(stage, "LOCK:a", waiter).await;
    let start = Instant::now();
    here.shutdown(WITHIN).await;
    let error = waiter
        .await
        .expect("no panic")
        .expect_err("its manager is shut down");
    assert!(matches!(error, LockError::ShutDown { .. }), "{error:?}");
    assert!(start.elapsed() < 2 * WITHIN, "{:?}", start.elapsed());
    held.release().await.expect("it is held");
}

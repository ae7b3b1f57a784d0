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
    let held = there.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let waiting = here.clone();
    let waiter = async move { waiting.lock("a").wait(PATIENCE).acquire().await.map(drop) };
    let waiter = arrive(stage, "a", waiter).await;
    let start = Instant::now();
    here.shutdown(WITHIN).await;
    let error = waiter.await.expect("no panic").expect_err("its manager is shut down");
    assert!(matches!(error, LockError::ShutDown { .. }), "{error:?}");
    assert!(start.elapsed() < 2 * WITHIN, "{:?}", start.elapsed());
    held.release().await.expect("it is held");
}

pub(crate) async fn shutting_down_waits_for_what_is_held(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let guard = here.lock("a").expire(PATIENCE).acquire().await.expect("it is free");
    let start = Instant::now();
    let finishes = async {
        tokio::time::sleep(WITHIN / 4).await;
        let refused = here.lock("b").try_acquire().await.expect_err("new calls are refused meanwhile");
        assert!(matches!(refused, LockError::ShutDown { .. }), "{refused:?}");
        assert!(!guard.is_lost(), "what is held may finish");
        drop(guard);
    };
    let (report, ()) = tokio::join!(here.shutdown(PATIENCE), finishes);
    assert!(report.is_clean(), "{report:?}");
    assert!(start.elapsed() >= WITHIN / 4 && start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
    // The release was flushed: nobody has to wait for the lease.
    assert!(there.lock("a").try_acquire().await.expect("an answer").is_some());
}

pub(crate) async fn shutting_down_reports_what_stays(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let lease = Duration::from_secs(1);
    let guard = here.lock("a").expire(lease).acquire().await.expect("it is free");
    let (started, starts) = tokio::sync::oneshot::channel();
    let body = tokio::spawn({
        let here = here.clone();
        let body = async move {
            started.send(()).expect("somebody listens");
            std::future::pending::<()>().await;
        };
        async move { here.lock("b").expire(lease).run(body).await }
    });
    starts.await.expect("the body runs");
    let report = here.shutdown(Duration::from_millis(100)).await;
    let mut held: Vec<_> = report.still_held.iter().map(ToString::to_string).collect();
    held.sort();
    assert_eq!(held, [stage.name("a"), stage.name("b")]);
    assert!(!report.is_clean() && guard.is_lost());
    let error = body.await.expect("no panic").expect_err("nobody renews its lease any more");
    assert!(matches!(error, LockError::Lost { .. }), "{error:?}");
    // Once more says the same, and does no harm.
    here.clone().shutdown(Duration::ZERO).await;
    drop(guard);
    let next = there.lock("a").wait(PATIENCE).acquire().await.expect("the lease ends");
    next.release().await.expect("it is held");
}

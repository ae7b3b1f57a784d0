use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, LockError, LockKind, LockName, OnLost};
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
    let names = |names: &[LockName]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&report.still_held), [stage.name("a")], "nobody drops the guard");
    assert_eq!(names(&report.cancelled), [stage.name("b")], "the body was dropped");
    assert!(!report.is_clean() && guard.is_lost());
    let error = body.await.expect("no panic").expect_err("nobody renews its lease any more");
    assert!(matches!(error, LockError::ShutDown { body: Some(BodyOutcome::Cancelled), .. }), "{error:?}");
    // Once more says the same, and does no harm.
    here.clone().shutdown(Duration::ZERO).await;
    drop(guard);
    let next = there.lock("a").wait(PATIENCE).acquire().await.expect("the lease ends");
    next.release().await.expect("it is held");
}

/// Whatever holds it: one name, several, readers, a hold inside a hold.
pub(crate) async fn a_lock_whose_body_is_gone_is_free_when_shutting_down_returns(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let body = |keys: &'static [&'static str], kind: LockKind| {
        let (here, started) = (here.clone(), started.clone());
        tokio::spawn(async move {
            let request = match keys {
                [key] => here.lock(*key).kind(kind),
                _ => here.lock_all(keys.iter().copied()),
            };
            let inner = here.clone();
            let sleeps = async {
                let nested = inner.lock(keys[0]).kind(kind).run(async {
                    started.send(()).expect("somebody listens");
                    std::future::pending::<()>().await;
                });
                nested.await
            };
            request.expire(PATIENCE).run(sleeps).await
        })
    };
    let bodies = [
        body(&["a"], LockKind::Reentrant),
        body(&["b"], LockKind::Read),
        body(&["b"], LockKind::Read),
        body(&["c", "d"], LockKind::Multi),
    ];
    for _ in &bodies {
        starts.recv().await.expect("a body runs");
    }
    let report = here.shutdown(Duration::from_millis(50)).await;
    let names = ["a", "b", "c", "d"];
    for name in names {
        let next = there.lock(name).try_acquire().await.expect("an answer");
        next.unwrap_or_else(|| panic!("{name} is not free")).release().await.expect("it is held");
    }
    let cancelled: Vec<_> = report.cancelled.iter().map(ToString::to_string).collect();
    assert_eq!(cancelled, names.map(|name| stage.name(name)));
    assert!(report.still_held.is_empty() && report.unconfirmed.is_empty(), "{report:?}");
    for body in bodies {
        let error = body.await.expect("no panic").expect_err("it was cut off");
        assert!(matches!(error, LockError::ShutDown { body: Some(_), .. }), "{error:?}");
        assert!(error.to_string().contains("shut down"), "{error}");
    }
}

/// Nothing cancels it, and nobody gets its lock while it runs.
pub(crate) async fn shutting_down_frees_no_lock_under_a_body_that_goes_on(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let (started, starts) = tokio::sync::oneshot::channel();
    let (goes_on, until) = tokio::sync::oneshot::channel();
    let body = tokio::spawn({
        let here = here.clone();
        let body = async move {
            started.send(()).expect("somebody listens");
            until.await
        };
        async move { here.lock("a").expire(PATIENCE).on_lost(OnLost::Finish).run(body).await }
    });
    starts.await.expect("the body runs");
    let report = here.shutdown(Duration::from_millis(50)).await;
    assert_eq!(report.still_held.iter().map(ToString::to_string).collect::<Vec<_>>(), [stage.name("a")]);
    let busy = there.lock("a").try_acquire().await.expect("an answer");
    assert!(busy.is_none(), "its body still runs");
    goes_on.send(()).expect("the body is there");
    body.await.expect("no panic").expect("its outcome stands").expect("it was told to end");
    assert!(stage.lose(&report.still_held[0]));
}

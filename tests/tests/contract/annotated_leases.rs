//! What becomes of the bodies of annotated functions, of each kind, with their leases.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, Held, LockGuard, LockManager};
use lock_tests::Stage;

use crate::annotated::{Functions, LEASE, PATIENCE, SLACK, each, runs_on};

pub(crate) async fn a_body_that_is_not_renewed_ends_with_its_lease(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    each(stage, async |of, id| {
        let (start, last) = (Instant::now(), Cell::new(Duration::ZERO));
        let result = (of.unrenewed)(&here, id, Box::pin(runs_on(&last))).await;
        of.is_lost(result, BodyOutcome::Cancelled);
        let took = start.elapsed();
        assert!(last.get() < LEASE, "{}: it believed to hold for {:?}", of.kind, last.get());
        assert!(took > LEASE / 2 && took < LEASE + SLACK, "{}: {took:?}", of.kind);
        of.become_free(&there, id).await;
    })
    .await;
}

/// Somebody else takes away the last of the locks around this call, and has it until the guard is dropped. Blocks: a body that
/// awaited it could be cancelled in the midst of it.
fn taken_away(stage: &Stage, of: &Functions, there: &LockManager) -> LockGuard {
    let tokens = Held::current().expect("inside a hold").tokens();
    let name = &tokens.last().expect("at least one").0;
    let segments = name.as_str().strip_prefix(&stage.name("")).expect("in the namespace");
    let id = segments.strip_prefix("order:").and_then(|id| id.parse().ok()).expect("an order");
    let start = Instant::now();
    // A part of a red lock that is lost alone is got back, as it should be: then once more.
    while start.elapsed() < PATIENCE {
        stage.lose(name);
        if let Some(guard) = of.alone(there, id).try_acquire_blocking().expect("an answer") {
            return guard;
        }
    }
    panic!("{}: nobody else can have it", of.kind);
}

pub(crate) async fn a_body_whose_lock_is_lost_is_cancelled(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    each(stage, async |of, id| {
        let lost = RefCell::new(None);
        let body = async {
            let theirs = taken_away(stage, of, &there);
            lost.replace(Some((theirs, Instant::now())));
            tokio::time::sleep(PATIENCE / 4).await;
            panic!("{}: nobody ends it", of.kind);
        };
        of.is_lost((of.renewed)(&here, id, Box::pin(body)).await, BodyOutcome::Cancelled);
        let (theirs, since) = lost.take().expect("the body ran");
        assert!(since.elapsed() < LEASE + SLACK, "{}: {:?}", of.kind, since.elapsed());
        theirs.release().await.expect("what was lost is not given back");
        of.become_free(&there, id).await;
    })
    .await;
}

pub(crate) async fn a_body_whose_lock_is_lost_may_be_let_finish(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    each(stage, async |of, id| {
        let lost = RefCell::new(None);
        let body = async {
            let held = Held::current().expect("inside a hold");
            let theirs = taken_away(stage, of, &there);
            let told = tokio::time::timeout(LEASE + SLACK, held.lost()).await;
            assert!(told.is_ok() && held.check().is_err(), "{}: it is not told", of.kind);
            // A cancelled body would not come back from here.
            tokio::time::sleep(LEASE / 10).await;
            lost.replace(Some(theirs));
        };
        let result = (of.finishes)(&here, id, Box::pin(body)).await;
        assert_eq!(result.expect("its result counts"), id, "{}", of.kind);
        let theirs = lost.take().expect("the body went on to its end");
        theirs.release().await.expect("what was lost is not given back");
        of.become_free(&there, id).await;
    })
    .await;
}

pub(crate) async fn a_body_longer_than_its_lease_is_renewed(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    each(stage, async |of, id| {
        let body = async {
            let (held, start) = (Held::current().expect("inside a hold"), Instant::now());
            while start.elapsed() < 3 * LEASE {
                let free = of.free_orders(&there, id).await;
                assert_eq!(free, 0, "{}: free after {:?}", of.kind, start.elapsed());
                held.check()
                    .unwrap_or_else(|error| panic!("{} after {:?}: {error}", of.kind, start.elapsed()));
                tokio::time::sleep(LEASE / 5).await;
            }
        };
        assert_eq!((of.renewed)(&here, id, Box::pin(body)).await.expect("it is renewed"), id);
        of.become_free(&there, id).await;
    })
    .await;
}

//! Each reader has a lease of its own.

use std::future::pending;
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, LockError};
use lock_tests::{Stage, arrive};

const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(20);
const SLACK: Duration = Duration::from_millis(1_000);

pub(crate) async fn a_short_lease_beside_a_long_one_changes_neither(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    // Whichever comes first.
    for short_first in [true, false] {
        let start = Instant::now();
        let lease = |lease| here.lock("a").read().expire(lease).renew(false);
        let (one, two) = if short_first { (SHORT, LONG) } else { (LONG, SHORT) };
        let one = lease(one).acquire().await.expect("it is free");
        let two = lease(two).acquire().await.expect("readers share");
        let (short, long) = if short_first { (one, two) } else { (two, one) };
        short.lost().await;
        assert!(
            start.elapsed() < SHORT + SLACK,
            "{:?}: a long lease beside it made it longer",
            start.elapsed()
        );
        assert!(!long.is_lost(), "a short lease beside it made it shorter");
        assert!(long.remaining() > LONG - SHORT - SLACK, "{:?}", long.remaining());
        drop(short);
        let writer = there.lock("a").write().wait(PATIENCE).acquire().await.expect("both leases end");
        assert!(long.is_lost(), "a writer beside a reader");
        assert!(start.elapsed() >= LONG * 9 / 10, "{:?}", start.elapsed());
        assert!(start.elapsed() < LONG + SLACK + Duration::from_secs(1), "{:?}", start.elapsed());
        writer.release().await.expect("it is held");
    }
}

pub(crate) async fn a_reader_that_leaves_takes_only_its_own_lease_along(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let long = here.lock("a").read().expire(LONG).renew(false).acquire().await.expect("it is free");
    let short = there.lock("a").read().expire(SHORT).renew(false).acquire().await.expect("readers share");
    short.release().await.expect("it is held");
    let longest = here.lock("a").read().expire(PATIENCE).renew(false).acquire().await.expect("readers share");
    longest.release().await.expect("it is held");
    let start = Instant::now();
    while start.elapsed() < 2 * SHORT {
        assert!(!long.is_lost());
        assert!(
            there.lock("a").write().try_acquire().await.expect("an answer").is_none(),
            "a writer beside it"
        );
        tokio::time::sleep(SHORT / 10).await;
    }
    // And the lease of who has left keeps nobody out.
    long.release().await.expect("it is held");
    assert!(there.lock("a").write().try_acquire().await.expect("an answer").is_some());
}

pub(crate) async fn renewed_readers_outlive_many_leases(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let one = here.lock("a").read().expire(SHORT).acquire().await.expect("it is free");
    let two = there.lock("a").read().expire(2 * SHORT).acquire().await.expect("readers share");
    let start = Instant::now();
    while start.elapsed() < 5 * SHORT {
        assert!(!one.is_lost() && !two.is_lost(), "lost after {:?}", start.elapsed());
        assert!(one.remaining() <= SHORT && two.remaining() <= 2 * SHORT);
        assert!(there.lock("a").write().try_acquire().await.expect("an answer").is_none());
        tokio::time::sleep(SHORT / 20).await;
    }
    one.release().await.expect("it is held");
    two.release().await.expect("it is held");
    assert!(here.lock("a").write().try_acquire().await.expect("an answer").is_some());
}

pub(crate) async fn a_dead_reader_lets_the_writer_in_when_its_lease_is_over(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let dies = here.lock("a").read().expire(SHORT).renew(false).acquire().await.expect("it is free");
    let lives = there.lock("a").read().expire(PATIENCE).acquire().await.expect("readers share");
    let writer = there.lock("a").write().wait(PATIENCE);
    let writer = arrive(stage, "a", async move { writer.acquire().await }).await;
    lives.release().await.expect("it is held");
    dies.lost().await;
    let lost = Instant::now();
    let writer = writer.await.expect("no panic").expect("the lease ends");
    assert!(lost.elapsed() < SLACK + Duration::from_secs(1), "{:?}", lost.elapsed());
    assert!(writer.token() > dies.token());
}

pub(crate) async fn a_lost_reader_is_told(stage: &Stage) {
    let locks = stage.manager().await;
    let one = locks.lock("a").read().expire(SHORT).acquire().await.expect("it is free");
    let (started, starts) = tokio::sync::oneshot::channel();
    let body = locks.lock("a").read().expire(SHORT).run(async {
        started.send(()).expect("somebody listens");
        pending::<()>().await;
    });
    let lost = async {
        starts.await.expect("the body runs");
        assert!(stage.lose(one.name()), "somebody holds it");
        one.lost().await;
        assert!(matches!(one.held().check(), Err(LockError::Lost { .. })));
    };
    let (outcome, ()) = tokio::time::timeout(SHORT + SLACK, async { tokio::join!(body, lost) })
        .await
        .expect("both are told by the end of the lease");
    assert!(matches!(outcome, Err(LockError::Lost { body: BodyOutcome::Cancelled, .. })), "{outcome:?}");
}

//! From writer to reader without a gap; the other way is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lock_core::{Held, LockError, LockManager, LockRequest, distributed_lock};
use lock_tests::{Stage, arrive, drop_after};

const PATIENCE: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_secs(2);
const SLACK: Duration = Duration::from_millis(1_000);

async fn is_free(request: LockRequest) -> bool {
    request.try_acquire().await.expect("an answer").is_some()
}

pub(crate) async fn a_writer_becomes_a_reader(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for request in [here.lock("a").write(), here.lock("a").fair(), here.lock("a")] {
        let writer = request.acquire().await.expect("it is free");
        let (name, token) = (writer.name().clone(), writer.token());
        let reader = writer.downgrade().await.expect("it is held");
        assert_eq!(reader.name(), &name);
        assert!(reader.token() > token, "it is another hold, and others may have read since");
        assert!(!reader.is_lost());
        for locks in [&here, &there] {
            assert!(is_free(locks.lock("a").read()).await, "readers share");
            assert!(!is_free(locks.lock("a").write()).await, "a writer beside a reader");
        }
        reader.release().await.expect("it is held");
        assert!(is_free(there.lock("a").write()).await);
    }
}

pub(crate) async fn who_becomes_a_reader_lets_waiting_readers_in_and_no_writer(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let writer = here.lock("a").write().expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let mut readers = Vec::new();
    for _ in 0..3 {
        let request = there.lock("a").read().wait(PATIENCE);
        readers.push(arrive(stage, "a", async move { request.acquire().await }).await);
    }
    let wrote = Arc::new(AtomicBool::new(false));
    let (next, notes) = (there.lock("a").write().wait(PATIENCE), Arc::clone(&wrote));
    let next = async move {
        let guard = next.acquire().await.expect("its turn comes");
        notes.store(true, Ordering::SeqCst);
        guard.release().await.expect("it is held");
    };
    let next = arrive(stage, "a", next).await;
    let downgraded = Instant::now();
    let reader = writer.downgrade().await.expect("it is held");
    for waiting in readers {
        let beside = waiting.await.expect("no panic").expect("it is let in");
        assert!(downgraded.elapsed() < SLACK, "{:?}", downgraded.elapsed());
        beside.release().await.expect("it is held");
    }
    assert!(!is_free(there.lock("a").read()).await, "a reader passed a waiting writer");
    assert!(!reader.is_lost() && !wrote.load(Ordering::SeqCst), "a writer beside a reader");
    reader.release().await.expect("it is held");
    next.await.expect("no panic");
    assert!(wrote.load(Ordering::SeqCst));
}

pub(crate) async fn who_became_a_reader_is_renewed(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let lease = LEASE / 5;
    let writer = here.lock("a").write().expire(lease).acquire().await.expect("it is free");
    let reader = writer.downgrade().await.expect("it is held");
    let start = Instant::now();
    while start.elapsed() < 4 * lease {
        assert!(!reader.is_lost(), "lost after {:?}", start.elapsed());
        assert!(!is_free(there.lock("a").write()).await);
        tokio::time::sleep(lease / 20).await;
    }
    assert!(stage.lose(reader.name()));
    tokio::time::timeout(lease + SLACK, reader.lost()).await.expect("it is told");
}

pub(crate) async fn a_change_dropped_at_any_poll_leaves_nothing(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut ended = 0;
    for polls in 0..20 {
        let writer = here.lock("a").write().expire(PATIENCE).acquire().await.expect("nothing is left");
        if let Some(reader) = drop_after(polls, writer.downgrade()).await {
            ended += 1;
            drop(reader.expect("it is held"));
        }
        let next = there.lock("a").write().wait(PATIENCE / 2).acquire().await.expect("nothing is left");
        next.release().await.expect("it is held");
    }
    assert!(ended > 0, "it never ends");
}

pub(crate) async fn a_lost_writer_does_not_become_a_reader(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let writer = here.lock("a").write().expire(LEASE / 5).renew(false).acquire().await.expect("it is free");
    writer.lost().await;
    let _next = there.lock("a").write().wait(PATIENCE).acquire().await.expect("the lease ends");
    let error = writer.downgrade().await.expect_err("its lock is another's");
    assert!(matches!(error, LockError::Lost { .. }), "{error:?}");
}

pub(crate) async fn a_reader_is_no_writer_that_could_become_a_reader(stage: &Stage) {
    let locks = stage.manager().await;
    for request in [locks.lock("a").read(), locks.lock_all(["a", "b"])] {
        let guard = request.acquire().await.expect("it is free");
        let error = guard.downgrade().await.expect_err("it makes no sense");
        assert!(matches!(error, LockError::Params { .. }), "{error:?}");
    }
    // Whatever was refused is given back.
    drop(locks.lock("a").write().wait(SLACK).acquire().await.expect("it is free"));
}

fn refused(result: Result<(), LockError>, name: &str) {
    let error = result.expect_err("a reader can't become a writer");
    assert!(matches!(&error, LockError::Upgrade { key, .. } if key == name), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("key [{name}] tryLock fail")), "{text}");
    assert!(text.contains("kind = \"write\""), "it says what to write: {text}");
}

pub(crate) async fn every_other_kind_inside_a_read_lock_is_refused_at_once(stage: &Stage) {
    let (locks, there) = (stage.manager().await, stage.manager().await);
    let inside = || async {
        let kinds =
            [locks.lock("a").write(), locks.lock("a").fair(), locks.lock("a"), locks.lock_all(["b", "a"])];
        for request in kinds {
            let start = Instant::now();
            refused(request.wait(PATIENCE).run(async {}).await, &stage.name("a"));
            assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
        }
        // Nothing was asked for, and the read lock is as good as before.
        assert!(is_free(there.lock("b").write()).await && is_free(there.lock("a").read()).await);
        locks.lock("a").read().run(async {}).await.expect("reading inside reading");
    };
    locks.lock("a").read().run(inside()).await.expect("it is free");
    let guard = locks.lock("a").read().acquire().await.expect("it is free");
    guard.scope(inside()).await;
    guard.release().await.expect("it is held");
    // Deeper inside, and for another name between.
    let deep = locks.lock("a").read().run(async { locks.lock("c").run(inside()).await });
    deep.await.expect("it is free").expect("it is free");
    let plain = locks.clone();
    let name = stage.name("a");
    let blocking = move || {
        let inside = || refused(plain.lock("a").write().run_blocking(|| ()), &name);
        plain.lock("a").read().run_blocking(inside).expect("it is free");
    };
    tokio::task::spawn_blocking(blocking).await.expect("no panic");
}

pub(crate) async fn reading_inside_writing_joins(stage: &Stage) {
    let (locks, there) = (stage.manager().await, stage.manager().await);
    let token = || Held::current().expect("inside a hold").token();
    for writer in [locks.lock("a").write(), locks.lock("a").fair(), locks.lock("a"), locks.lock_all(["a"])] {
        let body = async {
            let inner = locks.lock("a").read().wait(Duration::ZERO).run(async { token() }).await;
            assert_eq!(inner.expect("it joins"), token(), "one hold has one token");
            // What has joined a writer shares with nobody.
            assert!(!is_free(there.lock("a").read()).await);
        };
        writer.run(body).await.expect("it is free");
    }
}

pub(crate) async fn reading_inside_reading_joins_though_a_writer_waits(stage: &Stage) {
    let (locks, there) = (stage.manager().await, stage.manager().await);
    let mut waiting = None;
    let body = async {
        let writer = there.lock("a").write().wait(PATIENCE);
        waiting = Some(arrive(stage, "a", async move { writer.acquire().await.map(drop) }).await);
        // It would wait for the writer, who waits for it.
        locks.lock("a").read().wait(Duration::ZERO).run(async {}).await.expect("it joins");
    };
    locks.lock("a").read().expire(PATIENCE).renew(false).run(body).await.expect("it is free");
    waiting.expect("the body ran").await.expect("no panic").expect("its turn comes");
}

#[distributed_lock(prefix = "report", key = "id", kind = "read", wait = "0s", locks = locks)]
async fn reads_report(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    Ok(Held::current().expect("inside a hold").token())
}

#[distributed_lock(prefix = "report", key = "id", kind = "write", wait = PATIENCE, locks = locks)]
async fn writes_report(locks: &LockManager, id: u64) -> Result<(u64, u64), LockError> {
    Ok((reads_report(locks, id).await?, Held::current().expect("inside a hold").token()))
}

#[distributed_lock(prefix = "report", key = "id", kind = "read", wait = PATIENCE, locks = locks)]
async fn reads_then_writes(locks: &LockManager, id: u64) -> Result<(), LockError> {
    writes_report(locks, id).await.map(drop)
}

#[distributed_lock(prefix = "report", key = "id", kind = "read", wait = "0s", locks = locks)]
fn reads_then_writes_plain(locks: &LockManager, id: u64) -> Result<(), LockError> {
    writes_plain(locks, id)
}

#[distributed_lock(prefix = "report", key = "id", kind = "write", wait = PATIENCE, locks = locks)]
fn writes_plain(locks: &LockManager, id: u64) -> Result<(), LockError> {
    panic!("a writer ran inside a reader of {id}")
}

pub(crate) async fn annotated_readers_and_writers_keep_the_same_rules(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let (inner, outer) = writes_report(&here, 7).await.expect("it is free");
    assert_eq!(inner, outer, "reading inside writing joins");
    let start = Instant::now();
    refused(reads_then_writes(&here, 7).await, &stage.name("report:7"));
    refused(reads_then_writes_plain(&here, 7), &stage.name("report:7"));
    assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
    let beside = there.lock("report:7").read().acquire().await.expect("it is free");
    reads_report(&here, 7).await.expect("readers share");
    beside.release().await.expect("it is held");
    let alone = there.lock("report:7").write().acquire().await.expect("it is free");
    assert!(reads_report(&here, 7).await.expect_err("a writer holds it").is_busy());
    alone.release().await.expect("it is held");
}

use std::time::Duration;

use crate::manager::LockManager;
use crate::{LockError, LockKind};

#[tokio::test]
async fn what_makes_no_sense_is_an_error_and_the_lock_is_free_then() {
    let locks = LockManager::connect("memory:").await.unwrap();
    for request in [locks.lock("a").read(), locks.lock_all(["a"]), locks.lock_all(["a"]).read()] {
        let error = request.acquire().await.unwrap().downgrade().await.unwrap_err();
        assert!(matches!(&error, LockError::Params { .. }) && error.key() == "LOCK:a", "{error}");
        drop(locks.lock("a").kind(LockKind::Write).wait(Duration::from_secs(20)).acquire().await.unwrap());
    }
}

#[tokio::test]
async fn a_guard_that_joined_is_not_downgraded() {
    let locks = LockManager::connect("memory:").await.unwrap();
    let body = async {
        let joined = locks.lock("a").write().wait(Duration::ZERO).acquire().await.unwrap();
        let error = joined.downgrade().await.unwrap_err();
        assert!(error.to_string().contains("joined a hold around it"), "{error}");
    };
    locks.lock("a").write().run(body).await.unwrap();
}

#[tokio::test]
async fn a_writer_goes_on_as_a_reader_with_no_writer_in_between() {
    let (here, there) = (
        LockManager::connect("memory:downgrade").await.unwrap(),
        LockManager::connect("memory:downgrade").await.unwrap(),
    );
    for kind in [LockKind::Write, LockKind::Fair, LockKind::Reentrant] {
        let writing = here.lock("a").kind(kind).wait(Duration::from_secs(20)).acquire().await.unwrap();
        let written = writing.token();
        let waiting = tokio::spawn(there.lock("a").write().wait(Duration::from_secs(20)).acquire());
        tokio::task::yield_now().await;
        let reading = writing.downgrade().await.unwrap();
        assert!(reading.token() > written && !reading.is_lost(), "{kind:?}");
        assert!(there.lock("a").write().try_acquire().await.unwrap().is_none(), "no writer beside it");
        assert!(here.lock("a").write().try_acquire().await.unwrap().is_none());
        reading.release().await.unwrap();
        waiting.await.unwrap().unwrap().release().await.unwrap();
        let (one, other) = (here.lock("a").read(), there.lock("a").read());
        let (one, other) = (one.acquire().await.unwrap(), other.acquire().await.unwrap());
        assert!(!one.is_lost() && !other.is_lost(), "readers share");
    }
}

#[test]
fn the_read_lock_is_renewed_and_the_write_lock_reports_no_loss() {
    let locks = LockManager::memory().unwrap();
    let writing = locks.lock("a").write().expire(Duration::from_secs(3)).acquire_blocking().unwrap();
    let (held, reading) = (writing.held(), writing.downgrade_blocking().unwrap());
    locks.advance(Duration::from_secs(60));
    assert!(!held.is_lost(), "it was given up, not lost");
    assert!(!reading.is_lost());
    assert!(reading.remaining() > Duration::from_secs(1));
}

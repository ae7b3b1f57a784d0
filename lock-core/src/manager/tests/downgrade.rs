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

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;

use crate::manager::LockManager;
use crate::{Held, LockError, LockKind};

async fn memory() -> LockManager {
    LockManager::connect("memory:").await.unwrap()
}

/// What a call inside says of a single try of that name.
async fn inside(locks: &LockManager, kind: LockKind) -> Result<u64, LockError> {
    locks.lock("a").kind(kind).wait(Duration::ZERO).run(async { Held::current().unwrap().token() }).await
}

#[tokio::test]
async fn inside_an_exclusive_hold_every_kind_joins() {
    let locks = memory().await;
    for outer in [LockKind::Reentrant, LockKind::Fair, LockKind::Write, LockKind::Multi] {
        let body = async {
            for inner in [LockKind::Reentrant, LockKind::Fair, LockKind::Write, LockKind::Read] {
                assert_eq!(inside(&locks, inner).await.unwrap(), Held::current().unwrap().token());
            }
            let joined = locks.lock_all(["a"]).wait(Duration::ZERO).acquire().await.unwrap();
            assert_eq!(Some(joined.token()), Held::of("LOCK:a").map(|held| held.token()));
        };
        locks.lock("a").kind(outer).run(body).await.unwrap();
    }
}

#[tokio::test]
async fn a_multi_joins_what_is_held_and_takes_the_rest() {
    let locks = memory().await;
    let body = async {
        let outer = Held::current().unwrap().token();
        let guard = locks.lock_all(["a", "b"]).wait(Duration::ZERO).acquire().await.unwrap();
        assert_eq!(guard.token_of("LOCK:a"), Some(outer));
        assert!(guard.token_of("LOCK:b").unwrap() > outer);
        guard.scope(inside(&locks, LockKind::Reentrant)).await.unwrap();
        guard.release().await.unwrap();
        assert!(Held::current().unwrap().check().is_ok(), "the outer hold goes on");
        drop(locks.lock("b").try_acquire().await.unwrap().expect("only what it took is freed"));
    };
    locks.lock("a").run(body).await.unwrap();
}

#[tokio::test]
async fn siblings_on_different_names_of_a_multi_do_not_wait_for_each_other() {
    let locks = memory().await;
    let both = Arc::new(Barrier::new(2));
    let sibling = |key: &'static str| {
        let (locks, both) = (locks.clone(), Arc::clone(&both));
        async move { locks.lock(key).wait(Duration::ZERO).run(async { both.wait().await }).await }
    };
    let body = async { tokio::join!(sibling("a"), sibling("b")) };
    let (one, other) = locks.lock_all(["a", "b"]).run(body).await.unwrap();
    assert!(one.is_ok() && other.is_ok());
}

#[tokio::test]
async fn siblings_on_one_name_of_a_multi_exclude_each_other() {
    let locks = memory().await;
    let body = async {
        let first = locks.lock("a").run(async {
            let second = locks.lock("a").wait(Duration::ZERO);
            // Not nested in `first`, but beside it: its frame is that of the multi.
            second.run(async {}).await
        });
        first.await
    };
    assert!(locks.lock_all(["a", "b"]).run(body).await.unwrap().unwrap().is_ok(), "nested it joins");
    let body = async {
        let slow = locks.lock("a").run(std::future::pending::<()>());
        let beside = async {
            tokio::task::yield_now().await;
            locks.lock("a").wait(Duration::ZERO).run(async {}).await
        };
        tokio::select! {
            biased;
            _ = slow => unreachable!(),
            result = beside => result,
        }
    };
    assert!(locks.lock_all(["a", "b"]).run(body).await.unwrap().unwrap_err().is_busy());
}

#[tokio::test]
async fn readers_join_at_once_and_writers_are_refused_inside_a_read_hold() {
    let locks = memory().await;
    let both = Arc::new(Barrier::new(2));
    let reader = || {
        let (locks, both) = (locks.clone(), Arc::clone(&both));
        async move { locks.lock("a").read().wait(Duration::ZERO).run(async { both.wait().await }).await }
    };
    let body = async {
        let (one, other) = tokio::join!(reader(), reader());
        assert!(one.is_ok() && other.is_ok(), "siblings that read are inside together");
        for kind in [LockKind::Write, LockKind::Reentrant, LockKind::Fair] {
            let refused = inside(&locks, kind).await.unwrap_err();
            assert!(matches!(&refused, LockError::Upgrade { key } if key == "LOCK:a"), "{refused}");
        }
        let refused = locks.lock_all(["a", "b"]).acquire().await.unwrap_err();
        assert!(matches!(refused, LockError::Upgrade { .. }));
    };
    locks.lock("a").read().run(body).await.unwrap();
}

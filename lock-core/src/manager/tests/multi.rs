use std::time::Duration;

use crate::manager::LockManager;
use crate::{LockError, LockKey, LockKind, LockParams, LockSupport};

const PATIENCE: Duration = Duration::from_secs(20);

async fn two_managers(name: &str) -> (LockManager, LockManager) {
    let url = format!("memory:{name}");
    (LockManager::connect(&url).await.unwrap(), LockManager::connect(&url).await.unwrap())
}

async fn is_free(locks: &LockManager, key: &str) -> bool {
    let taken = locks.lock(key).try_acquire().await.unwrap();
    taken.is_some()
}

#[tokio::test]
async fn several_names_are_held_together_and_each_has_its_token() {
    let (here, there) = two_managers("multi-together").await;
    let guard = here.lock_all(["c", "a", "b", "a"]).acquire().await.unwrap();
    let names: Vec<_> = guard.names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["LOCK:c", "LOCK:a", "LOCK:b"], "each once, in the order of the keys");
    assert_eq!((guard.name(), guard.token()), (&guard.names()[0], guard.tokens()[0].1));
    for (name, token) in guard.tokens() {
        assert_eq!(guard.token_of(&name), Some(token));
        assert_eq!(guard.token_of(name.as_str()), Some(token), "by its full name");
        assert_eq!(guard.token_of(name.as_str().trim_start_matches("LOCK:")), Some(token), "by its key");
        assert!(there.lock(name.as_str().trim_start_matches("LOCK:")).try_acquire().await.unwrap().is_none());
    }
    assert_eq!(guard.token_of("LOCK:d"), None);
    guard.release().await.unwrap();
    for key in ["a", "b", "c"] {
        let next = there.lock(key).acquire().await.unwrap();
        next.release().await.unwrap();
    }
}

#[tokio::test]
async fn all_or_none() {
    let (here, there) = two_managers("multi-all-or-none").await;
    let busy = there.lock("b").acquire().await.unwrap();
    let error = here.lock_all(["a", "b", "c"]).wait(Duration::ZERO).acquire().await.unwrap_err();
    assert!(error.is_busy() && error.key() == "LOCK:b", "it names the one that is busy: {error}");
    for key in ["a", "c"] {
        drop(here.lock(key).wait(PATIENCE).acquire().await.unwrap());
    }
    busy.release().await.unwrap();
    assert_eq!(here.lock_all(["a", "b", "c"]).acquire().await.unwrap().tokens().len(), 3);
}

#[tokio::test]
async fn who_waits_for_a_name_holds_only_smaller_ones() {
    let (here, there) = two_managers("multi-prefix").await;
    let order = here.lock_all(["a", "b", "c"]).acquire().await.unwrap();
    let mut names = order.names();
    names.sort_by_key(|name| (name.slot(), name.clone()));
    let names: Vec<&str> = names.iter().map(|name| name.as_str().trim_start_matches("LOCK:")).collect();
    order.release().await.unwrap();
    let middle = there.lock(names[1]).acquire().await.unwrap();
    let all = here.lock_all(["a", "b", "c"]).wait(PATIENCE);
    let waiting = tokio::spawn(all.acquire());
    // The smallest is taken for good, the biggest is free again although the wait goes on.
    while is_free(&there, names[0]).await {
        tokio::task::yield_now().await;
    }
    drop(there.lock(names[2]).wait(PATIENCE).acquire().await.unwrap());
    assert!(!waiting.is_finished());
    middle.release().await.unwrap();
    let guard = waiting.await.unwrap().unwrap();
    assert_eq!(guard.tokens().len(), 3);
    assert!(!is_free(&there, names[2]).await);
}

#[tokio::test]
async fn opposite_orders_end() {
    let (here, there) = two_managers("multi-opposite").await;
    let round = |locks: LockManager, keys: [&'static str; 3]| async move {
        for _ in 0..200 {
            let guard = locks.lock_all(keys).wait(PATIENCE).acquire().await.unwrap();
            tokio::task::yield_now().await;
            guard.release().await.unwrap();
        }
    };
    tokio::join!(
        round(here.clone(), ["a", "b", "c"]),
        round(there.clone(), ["c", "b", "a"]),
        round(here.clone(), ["b", "c", "d"]),
        round(there.clone(), ["d", "a", "b"])
    );
}

#[test]
fn one_lost_is_all_lost_and_the_others_are_given_back() {
    let locks = LockManager::memory().unwrap();
    let guard = locks.lock_all(["a", "b"]).expire(Duration::from_secs(10)).acquire_blocking().unwrap();
    locks.advance(Duration::from_secs(60));
    assert!(!guard.is_lost() && !guard.remaining().is_zero(), "all are renewed");
    locks.lose("b").unwrap();
    locks.advance(Duration::from_secs(10));
    assert!(guard.is_lost() && guard.remaining().is_zero());
    assert!(guard.held().check().is_err());
    assert!(matches!(guard.release_blocking(), Err(LockError::Lost { .. })));
    for key in ["a", "b"] {
        assert!(locks.lock(key).try_acquire_blocking().unwrap().is_some(), "{key}");
    }
}

#[tokio::test]
async fn a_wait_dropped_at_any_poll_leaves_nothing() {
    let (here, there) = two_managers("multi-dropped").await;
    for polls in 0..6 {
        let middle = there.lock("b").acquire().await.unwrap();
        let mut waiting = Box::pin(here.lock_all(["a", "b", "c"]).wait(PATIENCE).acquire());
        for _ in 0..polls {
            let poll = std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context)));
            assert!(poll.await.is_pending());
        }
        drop(waiting);
        middle.release().await.unwrap();
        for key in ["a", "b", "c"] {
            drop(there.lock(key).wait(PATIENCE).acquire().await.unwrap());
        }
    }
}

#[tokio::test]
async fn no_keys_and_kinds_that_make_no_sense_are_errors() {
    let locks = LockManager::connect("memory:").await.unwrap();
    let none = locks.lock_all(Vec::<String>::new()).acquire().await.unwrap_err();
    assert!(matches!(&none, LockError::Key { .. }) && none.to_string().contains("no keys"), "{none}");
    for (request, word) in [(locks.lock_all(["a"]).fair(), "fair"), (locks.lock_all(["a"]).red(), "red")] {
        let error = request.acquire().await.unwrap_err();
        assert!(matches!(&error, LockError::Params { .. }) && error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn params_of_several_keys_take_them_together() {
    let locks = LockManager::connect("memory:").await.unwrap();
    let params = LockParams::of_all([LockKey::of(1), LockKey::of(2)]).prefix("seat");
    let guard = LockSupport::lock(&locks, &params).await.unwrap();
    assert!(guard.token_of("LOCK:seat:1").is_some() && guard.token_of("LOCK:seat:2").is_some());
    locks.unlock(guard, &params).await.unwrap();
    let fair = LockParams::new(LockKey::of(1)).kind(LockKind::Fair);
    LockSupport::lock(&locks, &fair).await.unwrap().release().await.unwrap();
    let one = LockParams::new(LockKey::of(1)).prefix("seat").kind(LockKind::Multi);
    let guard = LockSupport::lock(&locks, &one).await.unwrap();
    assert_eq!(guard.tokens().len(), 1);
    drop(guard);
    let none = LockSupport::lock(&locks, &LockParams::of_all([])).await.unwrap_err();
    assert!(none.to_string().contains("no keys"), "{none}");
}

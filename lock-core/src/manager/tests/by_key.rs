//! Locks found again by their keys, whatever namespace, delimiter and generator have made of them.

use std::time::Duration;

use crate::{Held, JoinPoint, LockError, LockGuard, LockManager, distributed_lock};

type Tokens = Vec<Option<u64>>;

/// What all forms of one key find, which are the same.
fn same(held: &Held, forms: &[Option<u64>]) -> Option<u64> {
    assert!(forms.iter().all(|form| *form == forms[0]), "{forms:?} in {held:?}");
    forms[0]
}

#[distributed_lock(prefix = "bank", name = "account", keys = [from, to], delimiter = "/", wait = "0s", locks = locks, guard = held)]
async fn transfer(locks: &LockManager, from: &str, to: &str) -> Result<Tokens, LockError> {
    let by_key = |key: &str| {
        let around = Held::of(("bank", "account", key)).map(|held| held.token());
        same(&held, &[held.token_of(("bank", "account", key)), around])
    };
    let tokens = held.tokens();
    assert_eq!((held.name(), held.token()), (&tokens[0].0, tokens[0].1));
    assert_eq!(held.names().len(), tokens.len());
    assert_eq!(held.token_of(("bank", "account", "somebody else")), None);
    Ok([by_key(from), by_key(to)].into_iter().chain(tokens.iter().map(|(_, token)| Some(*token))).collect())
}

#[distributed_lock(prefix = "order", key = id, delimiter = "-", wait = "0s", locks = locks, guard = held)]
async fn pay(locks: &LockManager, id: u64) -> Result<Tokens, LockError> {
    Ok(vec![Some(held.token()), held.token_of(("order", id)), held.token_of(("order", id + 1))])
}

#[distributed_lock(
    prefix = "order",
    key_generator = |_| crate::LockKey::try_of(("own", id)),
    wait = "0s",
    locks = locks,
    guard = held
)]
async fn generated(locks: &LockManager, id: u64) -> Result<Tokens, LockError> {
    Ok(vec![Some(held.token()), held.token_of(("order", "own", id)), held.token_of(("order", id))])
}

async fn managers() -> Vec<LockManager> {
    let by_tenant = |call: &JoinPoint<'_>| call.key_behind("acme & sons");
    let behind = |call: &JoinPoint<'_>| {
        crate::LockKey::try_of((call.key().ok_or(crate::KeyError::custom("no key"))?, "eu"))
    };
    vec![
        LockManager::connect("memory:").await.unwrap(),
        LockManager::builder().url("memory:").namespace("SHOP-7").connect().await.unwrap(),
        LockManager::builder().url("memory:").key_generator(by_tenant).connect().await.unwrap(),
        LockManager::builder()
            .url("memory:")
            .namespace("SHOP")
            .key_generator(behind)
            .connect()
            .await
            .unwrap(),
    ]
}

#[tokio::test]
async fn a_token_is_found_by_its_key_whatever_the_name_has_become() {
    for locks in managers().await {
        for (from, to) in [("bob", "Ann Smith"), ("50% off", "a/b:c"), ("é", "x")] {
            let tokens = transfer(&locks, from, to).await.unwrap();
            assert_eq!(tokens.len(), 4);
            assert!(tokens.iter().all(Option::is_some), "{locks:?} {from} {to}: {tokens:?}");
            assert_eq!(tokens[..2], tokens[2..], "by key, and in the order of the keys");
            let back = transfer(&locks, to, from).await.unwrap();
            assert_eq!(back[..2], back[2..], "in the order of these keys, not of the names");
            let same = transfer(&locks, from, from).await.unwrap();
            assert_eq!(same, vec![same[0]; 3], "a key that is given twice is there once");
        }
        let [token, by_key, other] = pay(&locks, 42).await.unwrap()[..] else { panic!("three") };
        assert_eq!((token, other), (by_key, None));
        let [token, by_key, other] = generated(&locks, 42).await.unwrap()[..] else { panic!("three") };
        assert_eq!((token, other), (by_key, None));
    }
}

#[tokio::test]
async fn a_call_finds_what_it_joined_by_its_own_key() {
    for locks in managers().await {
        let outer = locks.lock_all([("order", 1), ("other", 2)]).acquire().await.unwrap();
        let found = |guard: &LockGuard| (guard.token_of(("order", 1)), guard.token_of(("other", 2)));
        let (one, two) = found(&outer);
        assert!(one.is_some() && two.is_some() && one != two);
        outer
            .scope(async {
                let inner = locks.lock(("other", 2)).acquire().await.unwrap();
                assert_eq!((inner.token_of(("other", 2)), Some(inner.token())), (two, two));
                // A sibling would wait for it.
                inner.release().await.unwrap();
                let both = locks.lock_all([("other", 2), ("third", 3)]).acquire().await.unwrap();
                assert_eq!(both.token_of(("other", 2)), two);
                assert_eq!(both.tokens()[0].1, two.unwrap());
                assert!(both.token_of(("third", 3)).is_some() && both.token_of(("order", 1)).is_none());
            })
            .await;
        outer.release().await.unwrap();
        let writer = locks.lock(("order", 1)).write().acquire().await.unwrap();
        let reader = writer.downgrade().await.unwrap();
        assert_eq!(reader.token_of(("order", 1)), Some(reader.token()), "it is the same key");
    }
}

#[tokio::test]
async fn a_test_holds_what_the_function_takes() {
    let by_tenant = |call: &JoinPoint<'_>| call.key_behind("acme & sons");
    for locks in [
        LockManager::memory().unwrap(),
        LockManager::builder().namespace("SHOP").key_generator(by_tenant).memory().unwrap(),
    ] {
        let is_busy = async || pay(&locks, 42).await.is_err_and(|error| error.is_busy());
        for first in [true, false] {
            assert!(!is_busy().await, "nobody holds it");
            let other = locks.hold(("order", 42)).unwrap();
            assert!(is_busy().await, "seen for the first time: {first}");
            assert!(pay(&locks, 43).await.is_ok(), "another order");
            assert!(locks.hold(("order", 42)).is_err(), "it is held already");
            other.free();
        }
        let account = locks.hold(("bank", "account", "Ann Smith")).unwrap();
        assert!(transfer(&locks, "bob", "Ann Smith").await.is_err_and(|error| error.is_busy()));
        drop(account);
        assert!(transfer(&locks, "bob", "Ann Smith").await.is_ok());
    }
}

#[distributed_lock(prefix = "order", key = id, delimiter = "-", wait = "3s", expire = "10s", locks = locks)]
async fn pack(locks: &LockManager, id: u64) -> Result<(), LockError> {
    std::future::pending::<()>().await;
    Ok(())
}

#[tokio::test]
async fn a_test_loses_what_the_function_holds() {
    let by_tenant = |call: &JoinPoint<'_>| call.key_behind("acme");
    for locks in
        [LockManager::memory().unwrap(), LockManager::builder().key_generator(by_tenant).memory().unwrap()]
    {
        let (lost, ()) = tokio::join!(pack(&locks, 42), async {
            assert!(locks.hold(("order", 42)).is_err(), "the function holds it");
            assert!(locks.lose(("order", 42)).unwrap());
            locks.advance(Duration::from_secs(10));
        });
        assert!(matches!(lost, Err(LockError::Lost { .. })), "{lost:?}");
        assert!(!locks.lose(("order", 42)).unwrap(), "nobody holds it");
    }
}

#[test]
fn a_manager_for_tests_has_no_server() {
    let builders = [
        LockManager::builder().url("memory:"),
        LockManager::builder().min_replicas(1),
        #[cfg(feature = "redis")]
        LockManager::builder().red_masters(["redis://a/", "redis://b/", "redis://c/"]),
    ];
    for builder in builders {
        let error = builder.memory().unwrap_err();
        assert!(matches!(&error, LockError::Config { message } if message.contains("memory()")), "{error}");
    }
}

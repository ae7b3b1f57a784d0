//! Which manager an annotated function uses. Nothing is installed in this program: see `installed.rs`.

use std::time::Duration;

use lock_core::{Held, LockError, LockManager, distributed_lock};
use lock_tests::Stage;

#[distributed_lock(prefix = "order", key = "id", wait = "0s")]
async fn pay(id: u64) -> Result<String, LockError> {
    Ok(Held::current().expect("inside a hold").name().to_string())
}

#[distributed_lock(prefix = "order", key = "id", wait = "0s")]
fn pay_plain(id: u64) -> Result<String, LockError> {
    Ok(Held::current().expect("inside a hold").name().to_string())
}

/// A manager whose locks can be told from others by their names.
async fn named(stage: &Stage, namespace: &str) -> LockManager {
    let builder = stage.builder().namespace(namespace);
    builder.connect().await.expect("it connects")
}

fn no_manager(result: Result<String, LockError>) {
    let error = result.expect_err("there is no manager");
    assert!(matches!(error, LockError::NoManager { .. }), "{error:?}");
    assert_eq!(error.key(), "LOCK:order:42");
    let text = error.to_string();
    assert!(text.starts_with("key [LOCK:order:42] tryLock fail: error message:"), "{text}");
    assert!(text.contains("install()") && text.contains("locks ="), "{text}");
}

pub(crate) async fn the_innermost_scope_says_which_manager(stage: &Stage) {
    let (one, two) = (named(stage, "ONE").await, named(stage, "TWO").await);
    no_manager(pay(42).await);
    no_manager(pay_plain(42));
    let inside = async {
        let outer = (pay(42).await.expect("free"), pay_plain(42).expect("free"));
        let inner = two.scope(async { (pay(42).await.expect("free"), pay_plain(42).expect("free")) }).await;
        let sync = two.scope_sync(|| pay_plain(42)).expect("free");
        (outer, inner, sync, pay(42).await.expect("free"))
    };
    let (outer, inner, sync, after) = one.scope(inside).await;
    let of = |namespace| format!("{namespace}:order:42");
    assert_eq!(outer, (of("ONE"), of("ONE")));
    assert_eq!(inner, (of("TWO"), of("TWO")));
    assert_eq!((sync, after), (of("TWO"), of("ONE")));
    no_manager(pay(42).await);
    assert_eq!(one.scope_sync(|| pay_plain(42)).expect("free"), of("ONE"));
    no_manager(pay_plain(42));
}

pub(crate) async fn a_spawned_task_has_the_scope_only_if_it_is_bound(stage: &Stage) {
    let one = named(stage, "ONE").await;
    let inside = async {
        let lost = tokio::spawn(pay(42)).await.expect("no panic");
        let bound = tokio::spawn(LockManager::bind_current(pay(42))).await.expect("no panic");
        (lost, bound)
    };
    let (lost, bound) = one.scope(inside).await;
    no_manager(lost);
    assert_eq!(bound.expect("free"), "ONE:order:42");
    // Bound where there is none, it runs as it is.
    no_manager(tokio::spawn(LockManager::bind_current(pay(42))).await.expect("no panic"));
    // It takes the manager along, and no hold.
    let body = async {
        tokio::spawn(LockManager::bind_current(async { (Held::current().is_none(), pay(42).await) })).await
    };
    let (is_outside, result) =
        one.scope(async { one.lock("order:42").run(body).await }).await.expect("free").expect("no panic");
    assert!(is_outside && result.is_err_and(|error| error.is_busy()));
}

pub(crate) async fn clones_are_one_manager(stage: &Stage) {
    let one = stage.manager().await;
    let two = one.clone();
    let body = async { two.lock("a").wait(Duration::ZERO).run(async {}).await };
    one.lock("a").run(body).await.expect("free").expect("a clone's call joins");
}

//! The manager that is installed for the whole process: in a program of its own, since nothing can be uninstalled.

use lock_core::{Held, LockError, LockManager, distributed_lock};
use lock_tests::{Stage, each_server, leftovers};

#[distributed_lock(prefix = "order", key = "id", wait = "0s")]
async fn pay(id: u64) -> Result<String, LockError> {
    Ok(Held::current().expect("inside a hold").name().to_string())
}

#[distributed_lock(prefix = "order", key = "id", wait = "0s")]
fn pay_plain(id: u64) -> Result<String, LockError> {
    Ok(Held::current().expect("inside a hold").name().to_string())
}

async fn manager(url: &str, namespace: &str) -> LockManager {
    let builder = LockManager::builder().url(url).namespace(namespace);
    builder.connect().await.expect("it connects")
}

#[tokio::test]
async fn the_last_one_installed_is_used_where_no_other_is_named() {
    for error in [pay(1).await.expect_err("none is installed"), pay_plain(1).expect_err("none is installed")]
    {
        assert!(matches!(error, LockError::NoManager { .. }), "{error:?}");
    }
    assert!(LockManager::current().is_none());

    manager("memory:", "FIRST").await.install();
    assert_eq!(pay(1).await.expect("free"), "FIRST:order:1");
    manager("memory:", "SECOND").await.install();
    assert_eq!(pay(1).await.expect("free"), "SECOND:order:1");
    // Everywhere: in tasks, on threads of the runtime, on threads of one's own.
    assert_eq!(tokio::spawn(pay(1)).await.expect("no panic").expect("free"), "SECOND:order:1");
    let thread = tokio::task::spawn_blocking(|| pay_plain(1)).await.expect("no panic");
    assert_eq!(thread.expect("free"), "SECOND:order:1");
    let thread = std::thread::spawn(|| pay_plain(1)).join().expect("no panic");
    assert_eq!(thread.expect("free"), "SECOND:order:1");

    let scoped = manager("memory:", "SCOPED").await;
    assert_eq!(scoped.scope(pay(1)).await.expect("free"), "SCOPED:order:1");
    assert_eq!(pay(1).await.expect("free"), "SECOND:order:1");

    each_server(|binary| {
        // One after the other: what is installed is one for all.
        static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _turn = TURN.lock().expect("no panic");
        Stage::on(binary).play(async |stage: &Stage| {
            let locks = stage.manager().await;
            locks.clone().install();
            let held = locks.lock("order:1").acquire().await.expect("free");
            assert!(pay(1).await.is_err_and(|error| error.is_busy()));
            held.release().await.expect("it is held");
            assert_eq!(pay(1).await.expect("free"), "LOCK:order:1");
            assert_eq!(leftovers(stage.server(), "LOCK"), [""; 0]);
        });
    });
}

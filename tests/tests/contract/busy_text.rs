//! What an error says of the holder: whose it is, for how long it has held, and no accusation that is not known to be true.

use std::time::{Duration, SystemTime};

use lock_core::{Holder, LockError, LockManager};
use lock_tests::Stage;

const SHORT: Duration = Duration::from_millis(200);
/// How finely the clocks are told apart that are compared.
const TICK: Duration = Duration::from_millis(50);

fn holder_of(error: &LockError) -> &Holder {
    let LockError::Busy { holder: Some(holder), .. } = error else { panic!("{error:?}") };
    assert!(error.to_string().contains(&format!("held by {holder}")), "{error}");
    assert!(format!("{error:?}").contains(&holder.record), "{error:?}");
    holder
}

fn accuses(error: &LockError) -> bool {
    ["spawned", "guard.scope"].iter().any(|word| error.to_string().contains(word))
}

async fn busy(locks: &LockManager) -> LockError {
    locks.lock("a").wait(SHORT).acquire().await.expect_err("it is held")
}

pub(crate) async fn a_holder_of_this_process_has_held_it_since_it_got_it(stage: &Stage) {
    let locks = stage.manager().await;
    let first = locks.lock("a").acquire().await.expect("free");
    let waiting = tokio::spawn(locks.lock("a").function("second").acquire());
    tokio::time::sleep(4 * TICK).await;
    assert!(!waiting.is_finished());
    let before = SystemTime::now();
    drop(first);
    let _second = waiting.await.expect("no panic").expect("its turn");
    let error = busy(&locks).await;
    let holder = holder_of(&error);
    let since = holder.since.expect("it is known");
    assert!(since + TICK >= before, "{error}: it waited before");
    assert!(holder.in_this_process && holder.record.ends_with(" second"), "{error}");
    assert!(holder.to_string().contains(" in this process for "), "{error}");
}

pub(crate) async fn of_a_holder_elsewhere_only_the_longest_time_is_known(stage: &Stage) {
    let (locks, others) = (stage.manager().await, stage.manager().await);
    let _guard = others.lock("a").acquire().await.expect("free");
    let error = busy(&locks).await;
    assert!(!holder_of(&error).in_this_process && !accuses(&error), "{error}");
    assert!(error.to_string().contains(" by hand for at most "), "{error}");
}

pub(crate) async fn branches_of_a_join_are_not_called_spawned(stage: &Stage) {
    let locks = stage.manager().await;
    let body = || async { locks.lock("a").function("f").run(tokio::time::sleep(4 * SHORT)).await };
    let late = || async {
        tokio::time::sleep(SHORT / 4).await;
        busy(&locks).await
    };
    let (held, error) = tokio::join!(body(), late());
    held.expect("free");
    assert!(holder_of(&error).in_this_process && !accuses(&error), "{error}");
    let guard = locks.lock("a").function("f").acquire().await.expect("free");
    let inside = guard.scope(async { tokio::join!(body(), late()) }).await;
    assert!(!accuses(&inside.1), "{}", inside.1);
}

pub(crate) async fn a_task_is_called_spawned_only_if_it_was(stage: &Stage) {
    let locks = stage.manager().await;
    let asking = || {
        let locks = locks.clone();
        async move { busy(&locks).await }
    };
    let body = async {
        let bound = tokio::spawn(LockManager::bind_current(asking())).await.expect("no panic");
        (bound, tokio::spawn(asking()).await.expect("no panic"))
    };
    let (bound, unknown) = locks.lock("a").run(body).await.expect("free");
    assert!(bound.to_string().contains("inside of which this task was spawned"), "{bound}");
    assert!(!accuses(&unknown), "{unknown}: it may just compete");
    // Spawned in a hold that is over, it competes with another like any other.
    let spawned = locks.lock("a").run(async { Some(LockManager::bind_current(asking())) }).await;
    let spawned = spawned.expect("free").expect("made there");
    let _guard = locks.lock("a").function("f").acquire().await.expect("free");
    let later = tokio::spawn(spawned).await.expect("no panic");
    assert!(!accuses(&later), "{later}");
}

pub(crate) async fn a_guard_is_named_to_the_task_that_took_it(stage: &Stage) {
    let locks = stage.manager().await;
    let _guard = locks.lock("a").acquire().await.expect("free");
    assert!(busy(&locks).await.to_string().contains("guard.scope"), "the task would wait for itself");
    let other = locks.clone();
    let elsewhere = tokio::spawn(async move { busy(&other).await }).await.expect("no panic");
    assert!(!accuses(&elsewhere), "{elsewhere}");
}

/// A request is awaited as it is, of whatever form.
pub(crate) async fn awaiting_a_request_acquires_it(stage: &Stage) {
    let locks = stage.builder().await.expect("the builder connects");
    taking(locks).await.expect("all are free");
}

async fn taking(locks: LockManager) -> Result<(), LockError> {
    let guard = locks.lock("a").await?;
    assert!(locks.lock("a").wait(Duration::ZERO).await.is_err_and(|error| error.is_busy()));
    guard.release().await?;
    locks.lock("a").fair().wait(SHORT).await?.release().await?;
    let both = locks.lock_all(["a", "b"]).read().await?;
    assert_eq!(both.tokens().len(), 2);
    tokio::spawn(async move { locks.lock("c").await?.release().await }).await.expect("no panic")?;
    both.release().await
}

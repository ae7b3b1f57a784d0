use std::time::Duration;

use lock_core::{LockError, MAX_EXPIRE, MIN_EXPIRE};
use lock_tests::Stage;

pub(crate) async fn text_and_parts_meet_on_one_name(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let guard = here.lock("order:42").acquire().await.expect("it is free");
    assert_eq!(guard.name().as_str(), stage.name("order:42"));
    assert!(there.lock(("order", 42)).try_acquire().await.expect("an answer").is_none());
}

pub(crate) async fn other_parts_are_other_locks(stage: &Stage) {
    let locks = stage.manager().await;
    let mut guards = Vec::new();
    for parts in [("a", "b:c"), ("a:b", "c"), ("a", ""), ("a", "{b}"), ("a", "b c"), ("a", "é")] {
        let guard = locks.lock(parts).try_acquire().await.expect("an answer");
        guards.push(guard.unwrap_or_else(|| panic!("{parts:?} met another name")));
    }
}

pub(crate) async fn bad_names_are_errors_and_nothing_is_written(stage: &Stage) {
    let locks = stage.manager().await;
    for name in ["", "a{b}", "a%b", "a b", "a\nb", "a\u{200b}b", "a\u{0}b"] {
        let error = locks.lock(name).acquire().await.expect_err("no name for a lock");
        assert!(matches!(error, LockError::Key { .. }), "{name:?}: {error:?}");
    }
    let huge = "x".repeat(1024 * 1024 + 1);
    let error = locks.lock(("a", &*huge)).acquire().await.expect_err("a part over 1 MiB");
    assert!(matches!(error, LockError::Key { .. }));
    assert_eq!(stage.left(), [""; 0]);
}

pub(crate) async fn bad_leases_are_errors_and_nothing_is_written(stage: &Stage) {
    let locks = stage.manager().await;
    let millisecond = Duration::from_millis(1);
    for expire in [Duration::ZERO, MIN_EXPIRE - millisecond, MAX_EXPIRE + millisecond, Duration::MAX] {
        let error = locks.lock("a").expire(expire).acquire().await.expect_err("no lease");
        assert!(matches!(error, LockError::Params { .. }), "{expire:?}: {error:?}");
    }
    assert_eq!(stage.left(), [""; 0]);
    let guard = locks.lock("a").expire(MAX_EXPIRE).acquire().await.expect("the longest lease");
    guard.release().await.expect("it is held");
}

//! What only the kind on several independent masters promises. How it fares when they fail is another test's business.

use std::time::Duration;

use lock_core::{Held, LockError, LockKey, LockKind, LockManager, LockParams, LockSupport, distributed_lock};
use lock_tests::Stage;

#[distributed_lock(prefix = "order", key = "id", kind = "red", wait = "0s", locks = locks)]
async fn pay(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    let inner = pay_plain(locks, id)?;
    assert_eq!(inner, Held::current().expect("inside a hold").token(), "one hold has one token");
    Ok(inner)
}

#[distributed_lock(prefix = "order", key = "id", kind = "red", wait = "0s", locks = locks)]
fn pay_plain(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    Ok(Held::current().expect("inside a hold").token())
}

pub(crate) async fn attribute_by_hand_and_params_meet(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let first = pay(&here, 42).await.expect("it is free");
    let held = there.lock("order:42").red().acquire().await.expect("it is free");
    assert!(held.token() > first);
    assert_eq!(held.tokens(), [(held.name().clone(), held.token())]);
    for result in [pay(&here, 42).await, pay_plain(&here, 42)] {
        let error = result.expect_err("it is held");
        let LockError::Busy { votes: Some(votes), .. } = &error else { panic!("{error:?}") };
        assert_eq!(votes.masters(), 3);
        assert!(votes.busy >= 2, "{error}");
        assert!(error.to_string().contains("votes"), "{error}");
    }
    let params = LockParams::new(LockKey::of(42)).prefix("order").kind(LockKind::Red).wait(Duration::ZERO);
    assert!(LockSupport::lock(&here, &params).await.expect_err("it is held").is_busy());
    held.release().await.expect("it is held");
    let guard = LockSupport::lock(&here, &params).await.expect("it is free");
    here.unlock(guard, &params).await.expect("it is held");
}

pub(crate) async fn masters_of_red_keep_no_other_kind(stage: &Stage) {
    let locks = stage.manager().await;
    for request in
        [locks.lock("a"), locks.lock("a").read(), locks.lock("a").fair(), locks.lock_all(["a", "b"])]
    {
        let error = request.acquire().await.expect_err("there is no server for it");
        assert!(matches!(error, LockError::Params { .. } | LockError::Config { .. }), "{error:?}");
        assert!(error.to_string().contains(".url("), "it says what to write: {error}");
    }
    assert_eq!(stage.left(), [""; 0]);
}

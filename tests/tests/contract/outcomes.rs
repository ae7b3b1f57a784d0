//! What the attribute's words for outcomes, conditions and generators do over a backend.

use lock_core::{
    Held, JoinPoint, KeyError, LockError, LockKey, LockKeyGenerator, LockManager, distributed_lock,
};
use lock_tests::Stage;

struct Shop {
    locks: LockManager,
    paid: u64,
    postponed: u64,
}

impl Shop {
    #[distributed_lock(prefix = "order", key = id, wait = "0s", locks = self.locks, on_busy = "skip")]
    async fn pay_once(&mut self, id: u64) -> Result<Option<u64>, LockError> {
        self.paid += 1;
        Ok(Some(id))
    }

    #[distributed_lock(prefix = "order", key = id, wait = "0s", locks = self.locks, on_busy = Self::postpone)]
    async fn pay_or_postpone(&mut self, id: u64) -> Result<u64, LockError> {
        self.paid += 1;
        Ok(id)
    }

    async fn postpone(&mut self, id: u64) -> Result<u64, LockError> {
        assert!(Held::current().is_none());
        self.postponed += 1;
        Ok(id)
    }

    #[distributed_lock(prefix = "order", key = id, wait = "0s", locks = self.locks, when = amount > 100, guard = held)]
    async fn pay_much(&mut self, id: u64, amount: u64) -> Result<bool, LockError> {
        self.paid += amount;
        Ok(held.is_some_and(|held| held.name().as_str().ends_with(&format!(":order:{id}"))))
    }
}

pub(crate) async fn a_busy_call_is_skipped_or_left_to_another_function(stage: &Stage) {
    let (locks, others) = (stage.manager().await, stage.manager().await);
    let mut shop = Shop { locks, paid: 0, postponed: 0 };
    let held = others.lock(("order", 42)).acquire().await.expect("it is free");
    assert_eq!(shop.pay_once(42).await.expect("a skip is no error"), None);
    assert_eq!(shop.pay_or_postpone(42).await.expect("postponed"), 42);
    assert_eq!((shop.paid, shop.postponed), (0, 1));
    held.release().await.expect("it is held");
    assert_eq!(shop.pay_once(42).await.expect("it is free"), Some(42));
    assert_eq!(shop.pay_or_postpone(42).await.expect("it is free"), 42);
    assert_eq!((shop.paid, shop.postponed), (2, 1));
}

pub(crate) async fn a_call_whose_condition_is_false_takes_no_lock(stage: &Stage) {
    let (locks, others) = (stage.manager().await, stage.manager().await);
    let mut shop = Shop { locks, paid: 0, postponed: 0 };
    let held = others.lock(("order", 42)).acquire().await.expect("it is free");
    assert!(!shop.pay_much(42, 100).await.expect("it needs no lock"));
    assert!(shop.pay_much(42, 101).await.expect_err("it is held").is_busy());
    held.release().await.expect("it is held");
    assert!(shop.pay_much(42, 101).await.expect("it is free"));
    assert_eq!(shop.paid, 201);
}

/// In front of every key, unless the function has a generator of its own.
struct Tenant(&'static str);

impl LockKeyGenerator for Tenant {
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        match call.key() {
            Some(key) if call.is_generated() => Ok(key.clone()),
            _ => call.key_behind(self.0),
        }
    }
}

#[distributed_lock(prefix = "order", key = id, wait = "0s", locks = locks)]
async fn pay(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    Ok(id)
}

#[distributed_lock(prefix = "order", keys = [id, id + 1], wait = "0s", locks = locks)]
async fn pay_both(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    Ok(id)
}

#[distributed_lock(prefix = "order", key_generator = Tenant("all"), wait = "0s", locks = locks)]
fn of_all(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    Ok(id)
}

pub(crate) async fn a_generator_of_the_manager_wraps_the_keys_of_all_functions(stage: &Stage) {
    let locks = stage.builder().key_generator(Tenant("acme")).connect().await.expect("a manager");
    let others = stage.manager().await;
    for (held_by_others, busy) in [
        (("order", "acme", 42), [true, true, false]),
        (("order", "acme", 43), [false, true, false]),
        (("order", "globex", 42), [false; 3]),
    ] {
        let held = others.lock(held_by_others).acquire().await.expect("it is free");
        let is_busy = |result: Result<u64, LockError>| result.is_err_and(|error| error.is_busy());
        let met = [
            is_busy(pay(&locks, 42).await),
            is_busy(pay_both(&locks, 42).await),
            is_busy(of_all(&locks, 42)),
        ];
        assert_eq!(met, busy, "{held_by_others:?}");
        held.release().await.expect("it is held");
    }
    let held = others.lock("order:all").acquire().await.expect("it is free");
    assert!(of_all(&locks, 42).expect_err("one lock for all").is_busy());
    held.release().await.expect("it is held");
    for result in [pay(&locks, 42).await, pay_both(&locks, 42).await, of_all(&locks, 42)] {
        assert_eq!(result.expect("it is free"), 42);
    }
}

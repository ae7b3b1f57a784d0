//! Every expression of the attribute is evaluated once for each call, whatever becomes of the call.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use lock_core::{JoinPoint, KeyError, LockError, LockKey, LockKeyGenerator, LockManager, distributed_lock};

thread_local! {
    static SEEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// `value`, and a mark that it was asked for.
fn seen<T>(what: &'static str, value: T) -> T {
    SEEN.with_borrow_mut(|seen| seen.push(what));
    value
}

/// What was asked for since the last time, sorted.
fn evaluated() -> Vec<&'static str> {
    let mut seen = SEEN.take();
    seen.sort_unstable();
    seen
}

struct Counted;

impl LockKeyGenerator for Counted {
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        seen("generated", call.key_behind("g"))
    }
}

macro_rules! counted {
    ($id:ident, $locks:ident, $($keys:ident = $key:expr),+; $instead:ident: $($function:tt)*) => {
        #[distributed_lock(
            prefix = seen("prefix", "once"),
            $($keys = $key,)+
            wait = seen("wait", Duration::ZERO),
            expire = seen("expire", Duration::from_secs(10)),
            max_hold = seen("max_hold", Duration::from_secs(60)),
            hold_at_least = seen("hold_at_least", Duration::ZERO),
            when = seen("when", $id > 0),
            locks = seen("locks", $locks),
            on_busy = $instead
        )]
        $($function)*
    };
}

counted! {
    id, locks, key = (seen("key", id), seen("key", 1)), key_generator = seen("key_generator", Counted); instead:
    async fn awaited(id: u64, locks: &LockManager) -> Result<u64, LockError> {
        Ok(seen("body", id))
    }
}

counted! {
    id, locks, key = "{seen(\"key\", id)}:x-{seen(\"key\", 1)}"; plain_instead:
    fn plain(id: u64, locks: &LockManager) -> Result<u64, LockError> {
        Ok(seen("body", id))
    }
}

counted! {
    id, locks, keys = [seen("key", id), seen("key", id + 1)]; instead:
    fn boxed<'a>(
        id: u64,
        locks: &'a LockManager,
    ) -> Pin<Box<dyn Future<Output = Result<u64, LockError>> + Send + 'a>> {
        Box::pin(async move { Ok(seen("body", id)) })
    }
}

counted! {
    id, locks, keys = seen("keys", [id, id + 1]).map(|id| seen("key", id)); instead:
    fn future(
        id: u64,
        locks: &LockManager,
    ) -> impl Future<Output = Result<u64, LockError>> + use<'_> {
        async move { Ok(seen("body", id)) }
    }
}

async fn instead(id: u64, _: &LockManager) -> Result<u64, LockError> {
    Ok(seen("instead", id))
}

fn plain_instead(id: u64, _: &LockManager) -> Result<u64, LockError> {
    Ok(seen("instead", id))
}

#[test]
fn every_expression_is_evaluated_once_for_each_call() {
    super::run(async {
        let locks = LockManager::memory().unwrap();
        let all = |more: &[&'static str]| {
            let each =
                ["prefix", "wait", "expire", "max_hold", "hold_at_least", "when", "locks", "key", "key"];
            let mut all = [each.as_slice(), more].concat();
            all.sort_unstable();
            all
        };
        macro_rules! check {
            ($call:expr, $held:expr, $($more:literal),*) => {
                assert_eq!($call.unwrap(), 7);
                assert_eq!(evaluated(), all(&["body", $($more),*]));
                let others = locks.hold($held).unwrap();
                assert_eq!($call.unwrap(), 7);
                assert_eq!(evaluated(), all(&["instead", $($more),*]));
                drop(others);
            };
        }
        check!(awaited(7, &locks).await, "once:g:7:1", "key_generator", "generated");
        check!(plain(7, &locks), "once:7:x-1",);
        check!(boxed(7, &locks).await, "once:8",);
        check!(future(7, &locks).await, "once:8", "keys");

        assert_eq!(awaited(0, &locks).await.unwrap() + plain(0, &locks).unwrap(), 0);
        assert_eq!(boxed(0, &locks).await.unwrap() + future(0, &locks).await.unwrap(), 0);
        let unlocked = evaluated();
        assert_eq!(unlocked.iter().filter(|what| **what == "when").count(), 4);
        assert!(
            !unlocked.iter().any(|what| what.starts_with("key") || matches!(*what, "locks" | "generated"))
        );
    });
}

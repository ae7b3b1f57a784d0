//! Which kind an annotated function takes, seen from outside: whom it lets in beside it, and whom it lets pass.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use lock_core::{LockError, LockManager, distributed_lock};
use lock_tests::{Stage, arrive};

use crate::annotated::{PATIENCE, each};

pub(crate) async fn readers_let_readers_in_and_all_others_nobody(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    each(stage, async |of, id| {
        let entered = Cell::new(0);
        let second = async || {
            let result = (of.renewed)(&there, id, Box::pin(async { entered.set(entered.get() + 1) })).await;
            match result {
                Ok(_) => true,
                Err(error) => {
                    assert!(error.is_busy(), "{}: {error:?}", of.kind);
                    false
                }
            }
        };
        let body = async {
            assert_eq!(of.free_orders(&there, id).await, 0, "{}: a writer beside it", of.kind);
            assert_eq!(second().await, of.reads, "{}: the same function beside it", of.kind);
            for order in id..id + of.orders {
                if of.kind != "red" {
                    let reader = there.lock(("order", order)).read().try_acquire().await.expect("an answer");
                    assert_eq!(reader.is_some(), of.reads, "{}: a reader of {order} beside it", of.kind);
                }
            }
        };
        (of.renewed)(&here, id, Box::pin(body)).await.expect("it is free");
        assert!(second().await, "{}: it is free again", of.kind);
        assert_eq!(entered.get(), 1 + u64::from(of.reads), "{}", of.kind);

        // All of them, or it does not run.
        let last = id + of.orders - 1;
        let writer = of.alone(&there, last).acquire().await.expect("it is free");
        let result = (of.renewed)(&here, id, Box::pin(async { panic!("a body ran beside a writer") })).await;
        assert!(result.expect_err("a writer holds it").is_busy(), "{}", of.kind);
        writer.release().await.expect("it is held");
        if of.reads {
            let reader = there.lock(("order", last)).read().acquire().await.expect("it is free");
            assert!(second().await, "{}: beside a reader by hand", of.kind);
            reader.release().await.expect("it is held");
        }
    })
    .await;
}

/// Who was served, in this order.
type Served = Arc<Mutex<Vec<u32>>>;

#[distributed_lock(prefix = "order", key = "id", kind = "write", wait = PATIENCE, locks = locks)]
async fn writes(locks: LockManager, id: u64, who: u32, served: Served) -> Result<(), LockError> {
    served.lock().expect("no panic").push(who);
    Ok(())
}

#[distributed_lock(prefix = "order", key = "id", kind = "fair", wait = PATIENCE, locks = locks)]
async fn pays(locks: LockManager, id: u64, who: u32, served: Served) -> Result<(), LockError> {
    served.lock().expect("no panic").push(who);
    Ok(())
}

/// A reentrant call would pass the lock on to its neighbour in the same process.
pub(crate) async fn writers_and_fair_calls_are_served_in_the_order_of_arrival(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for fair in [false, true] {
        let held = there.lock(("order", 42)).write().expire(PATIENCE).renew(false).acquire().await;
        let held = held.expect("it is free");
        let served = Served::default();
        let mut waiters = Vec::new();
        for who in 0..4 {
            let (locks, served) = (if who % 2 == 0 { &here } else { &there }.clone(), Arc::clone(&served));
            let waiter = async move {
                if fair { pays(locks, 42, who, served).await } else { writes(locks, 42, who, served).await }
            };
            waiters.push(arrive(stage, "order:42", waiter).await);
        }
        held.release().await.expect("it is held");
        for waiter in waiters {
            waiter.await.expect("no panic").expect("its turn comes");
        }
        assert_eq!(*served.lock().expect("no panic"), [0, 1, 2, 3], "fair: {fair}");
    }
}

//! Every form of `when`.

use std::cell::Cell;
use std::future::Future;

use lock_core::{Held, LockError, LockManager, distributed_lock};

const LIMIT: u64 = 100;

struct Account {
    amount: u64,
    locked: Cell<bool>,
}

#[distributed_lock(prefix = "when", key = id, when = "amount > 100", guard = held)]
async fn in_quotes(id: u64, amount: u64) -> Result<bool, LockError> {
    let held: Option<Held> = held;
    Ok(held.is_some() && amount > 0)
}

#[distributed_lock(prefix = "when", key = id, when = amount > LIMIT, guard = held)]
fn bare(id: u64, amount: u64) -> Result<bool, LockError> {
    Ok(held.is_some() && amount > 0)
}

#[distributed_lock(name = "when", when = matches!(account.amount, LIMIT..), on_busy = "skip")]
async fn a_macro(account: &Account) {
    tokio::task::yield_now().await;
    account.locked.set(Held::current().is_some());
}

fn is_odd(amount: u64) -> bool {
    amount % 2 == 1
}

#[distributed_lock(name = "when", when = amount.is_some_and(is_odd), guard = held)]
fn function_by_name(amount: Option<u64>) -> Result<bool, LockError> {
    Ok(held.is_some() && amount.is_some())
}

impl Account {
    #[distributed_lock(name = "when", when = self.amount > LIMIT, wait = "0s", on_busy = Self::others)]
    async fn method(&mut self) -> Result<u64, LockError> {
        self.amount += 1;
        Ok(self.amount)
    }

    async fn others(&mut self) -> Result<u64, LockError> {
        Ok(0)
    }
}

/// What `when` borrows does not become part of the future.
#[distributed_lock(prefix = "when", key = id.get(), when = id.get() > LIMIT)]
async fn cell(id: Cell<u64>) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    Ok(id.get())
}

#[distributed_lock(name = "when", when = wanted)]
fn future(wanted: bool) -> impl Future<Output = Result<bool, LockError>> + Send {
    async move { Ok(wanted == Held::current().is_some()) }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn the_lock_is_taken_when_it_is_true() {
    super::run(async {
        assert!(function_by_name(Some(3)).unwrap());
        assert!(in_quotes(1, 101).await.unwrap() && bare(1, 101).unwrap());
        let account = Account { amount: 100, locked: Cell::new(false) };
        a_macro(&account).await;
        assert!(account.locked.get());
        assert_eq!(is_send(cell(Cell::new(101))).await.unwrap(), 101);
        assert!(is_send(future(true)).await.unwrap());

        let locks = LockManager::memory().unwrap();
        let _others = locks.hold("when").unwrap();
        let mut account = Account { amount: 101, locked: Cell::new(false) };
        assert_eq!(locks.scope(account.method()).await.unwrap(), 0);
        account.amount = 1;
        assert_eq!(locks.scope(account.method()).await.unwrap(), 2, "no lock, and so nobody in the way");
    });
}

#[test]
fn the_body_runs_without_a_lock_when_it_is_false() {
    super::run(async {
        assert!(!function_by_name(Some(4)).unwrap());
        assert!(!in_quotes(1, 100).await.unwrap() && !bare(1, 100).unwrap());
        let account = Account { amount: 99, locked: Cell::new(true) };
        a_macro(&account).await;
        assert!(!account.locked.get());
        assert_eq!(cell(Cell::new(1)).await.unwrap(), 1);
        assert!(future(false).await.unwrap());
    });
}

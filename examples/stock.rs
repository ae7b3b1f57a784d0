//! `reentrant`, the kind that needs no word: the stock of an item, and a locked function that calls another one.
//!
//! ```text
//! cargo run --example stock                                  # in memory
//! LOCK_URL=redis://127.0.0.1/ cargo run --example stock
//! ```
//!
//! `sell` and `order_more` take the same lock. `order_more` is called alone, and by `sell` when the shelf is empty: there
//! it joins the hold of `sell`, without asking the server and without waiting for itself.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use lock_core::{LockError, LockManager, distributed_lock};
use tokio::task::JoinSet;

/// What one replica and all others see: the stock, which knows nothing of locks.
#[derive(Default)]
struct Shelf {
    tea: Mutex<u32>,
}

impl Shelf {
    fn read(&self) -> u32 {
        *self.tea.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, count: u32) {
        *self.tea.lock().unwrap_or_else(PoisonError::into_inner) = count;
    }
}

/// How much comes with each delivery.
const DELIVERY: u32 = 5;
const CUSTOMERS: u32 = 18;

/// Returns the token under which the shelf was filled.
#[distributed_lock(prefix = "stock", key = "item", locks = locks, guard = held)]
async fn order_more(locks: &LockManager, shelf: &Shelf, item: &str) -> Result<u64, LockError> {
    let count = shelf.read();
    tokio::task::yield_now().await; // where another call would slip in
    shelf.write(count + DELIVERY);
    println!("  {DELIVERY} {item} delivered, token {}", held.token());
    Ok(held.token())
}

/// Returns how many deliveries it needed: one if the shelf was empty.
#[distributed_lock(prefix = "stock", key = "item", locks = locks, guard = held)]
async fn sell(locks: &LockManager, shelf: &Shelf, item: &str) -> Result<u32, LockError> {
    let mut deliveries = 0;
    if shelf.read() == 0 {
        // The same lock: this call is inside of it already.
        let token = order_more(locks, shelf, item).await?;
        assert_eq!(token, held.token(), "it joined this hold");
        deliveries = 1;
    }
    let count = shelf.read();
    tokio::task::yield_now().await;
    shelf.write(count - 1);
    Ok(deliveries)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("LOCK_URL").unwrap_or_else(|_| "memory:stock".to_owned());
    println!("{CUSTOMERS} customers at three replicas buy tea, the locks are at {url}");
    // A manager each: they know of each other no more than processes do.
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(LockManager::connect(&url).await?);
    }
    let shelf = Arc::new(Shelf::default());
    let mut customers = JoinSet::new();
    for replica in replicas.iter().cycle().take(CUSTOMERS as usize) {
        let (locks, shelf) = (replica.clone(), Arc::clone(&shelf));
        customers.spawn(async move { sell(&locks, &shelf, "tea").await });
    }
    let mut deliveries = 0;
    while let Some(sold) = customers.join_next().await {
        deliveries += sold??;
    }
    let left = shelf.read();
    println!("sold {CUSTOMERS}, delivered {deliveries} times {DELIVERY}, left {left}");
    assert_eq!(left + CUSTOMERS, deliveries * DELIVERY, "nothing was counted twice or forgotten");
    assert_eq!(
        deliveries,
        CUSTOMERS.div_ceil(DELIVERY),
        "one delivery for each time that the shelf was empty"
    );
    Ok(())
}

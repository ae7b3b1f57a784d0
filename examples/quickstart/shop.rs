//! A replica of the shop, and the one function that needs a lock.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager, distributed_lock};
use tokio::task::JoinSet;

use crate::record::{Outcome, Record};
use crate::shelf::Shelf;

/// What is left to sell.
pub(crate) const STOCK: [(&str, u32); 2] = [("tea", 7), ("mug", 4)];
/// The replicas.
pub(crate) const NAMES: [&str; 4] = ["north", "east", "south", "west"];
/// How many customers want each item at each replica: more than there is.
pub(crate) const CUSTOMERS: u32 = 3;

/// One replica, as it would run in a process of its own.
pub(crate) struct Shop {
    pub(crate) name: String,
    pub(crate) shelf: Shelf,
    pub(crate) locks: LockManager,
}

/// A customer got the item.
pub(crate) struct Sale {
    pub(crate) left: u32,
    pub(crate) waited: Duration,
    pub(crate) token: Option<u64>,
}

/// Why a customer did not get it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaleError {
    #[error("sold out")]
    SoldOut,
    #[error("the shelf: {0}")]
    Shelf(#[from] io::Error),
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// Sells one `item`: one customer at a time for each item, whichever replica serves them.
#[distributed_lock(
    prefix = "shop",
    key = "item",
    wait = "10s",
    expire = "2s",
    guard = held,
    locks = shop.locks
)]
async fn sell(shop: &Shop, item: &str, asked: Instant) -> Result<Sale, SaleError> {
    let waited = asked.elapsed();
    let left = take_one(&shop.shelf, item).await?;
    let token = Some(held.token());
    Ok(Sale { left, waited, token })
}

/// The same without the lock.
async fn sell_unlocked(shop: &Shop, item: &str, asked: Instant) -> Result<Sale, SaleError> {
    let waited = asked.elapsed();
    let left = take_one(&shop.shelf, item).await?;
    Ok(Sale { left, waited, token: None })
}

/// Read the stock, think, write the stock: fine alone, wrong as soon as two do it at once.
async fn take_one(shelf: &Shelf, item: &str) -> Result<u32, SaleError> {
    let stock = shelf.read(item)?;
    let left = stock.checked_sub(1).ok_or(SaleError::SoldOut)?;
    tokio::time::sleep(Duration::from_millis(25)).await; // the payment, say
    shelf.write(item, left)?;
    Ok(left)
}

/// Serves all customers of this replica at once.
pub(crate) async fn serve(shop: Arc<Shop>, unlocked: bool, tell: impl Fn(Record) + Clone + Send + 'static) {
    let mut customers = JoinSet::new();
    for _ in 0..CUSTOMERS {
        for (item, _) in STOCK {
            let (shop, tell) = (Arc::clone(&shop), tell.clone());
            customers.spawn(async move {
                let asked = Instant::now();
                let sale = if unlocked {
                    sell_unlocked(&shop, item, asked).await
                } else {
                    sell(&shop, item, asked).await
                };
                let (waited, outcome) = match sale {
                    Ok(sale) => (sale.waited, Outcome::Sold { left: sale.left, token: sale.token }),
                    Err(SaleError::SoldOut) => (asked.elapsed(), Outcome::TurnedAway),
                    Err(error) => (asked.elapsed(), Outcome::Failed(error.to_string())),
                };
                let (replica, item) = (shop.name.clone(), item.to_owned());
                tell(Record { replica, item, waited, outcome });
            });
        }
    }
    customers.join_all().await;
}

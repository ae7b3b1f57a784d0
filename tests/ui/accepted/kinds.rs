//! Every kind of lock, on every kind of function.

use std::collections::HashMap;

use lock_core::{Held, LockError, LockManager, distributed_lock};

macro_rules! kind_cases {
    ($($name:ident: $kind:literal;)*) => {$(
        #[distributed_lock(prefix = "kind", key = "id", kind = $kind, guard = held)]
        async fn $name(id: u64) -> Result<String, LockError> {
            held.check()?;
            Ok(format!("{} {id}", held.name()))
        }
    )*};
}

kind_cases! {
    reentrant: "reentrant";
    fair: "fair";
    read: "read";
    write: "write";
}

/// Compiled only: it needs masters.
#[distributed_lock(prefix = "kind", key = "id", kind = "red", wait = "0s")]
async fn red(id: u64) -> Result<u64, LockError> {
    Ok(id)
}

#[distributed_lock(name = "plain", kind = "fair")]
fn plain() -> Result<Option<Held>, LockError> {
    Ok(Held::current())
}

struct Prices {
    locks: LockManager,
    shop: u64,
    prices: HashMap<String, u64>,
}

impl Prices {
    #[distributed_lock(prefix = "prices", key = self.shop, kind = "read", locks = self.locks)]
    async fn of(&self, sku: &str) -> Result<Option<u64>, LockError> {
        Ok(self.prices.get(sku).copied())
    }

    #[distributed_lock(prefix = "prices", key = self.shop, kind = "write", locks = self.locks)]
    async fn change<S: Into<String>>(&mut self, sku: S, price: u64) -> Result<Option<u64>, LockError> {
        Ok(self.prices.insert(sku.into(), price))
    }
}

#[test]
fn every_kind_is_taken() {
    super::run(async {
        assert_eq!(reentrant(1).await.unwrap(), "LOCK:kind:1 1");
        assert_eq!(fair(1).await.unwrap(), "LOCK:kind:1 1");
        assert_eq!(read(1).await.unwrap(), "LOCK:kind:1 1");
        assert_eq!(write(1).await.unwrap(), "LOCK:kind:1 1");
        assert!(plain().unwrap().is_some());
        assert!(red(1).await.is_err(), "no masters");

        let locks = LockManager::connect("memory:").await.unwrap();
        let mut prices = Prices { locks, shop: 7, prices: HashMap::new() };
        assert_eq!(prices.change("tea", 3).await.unwrap(), None);
        assert_eq!(prices.of("tea").await.unwrap(), Some(3));
    });
}

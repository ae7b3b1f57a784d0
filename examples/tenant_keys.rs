//! Key generators: a tenant in front of the key of every function, said once on the manager, one function that overrides it, and a job that it leaves alone.
//!
//! ```text
//! cargo run --example tenant_keys                                # in memory
//! LOCK_URL=redis://127.0.0.1/ cargo run --example tenant_keys
//! ```
//!
//! The functions know nothing of tenants: the tenant of a request stands in a task-local, as a web framework's layer would
//! leave it. Order 42 of one tenant is not order 42 of another, so their locks must differ; the exchange rates are the same for
//! all, so their lock must not.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::future::ready;

use lock_core::{
    Held, JoinPoint, KeyError, LockError, LockKey, LockKeyGenerator, LockManager, distributed_lock,
};

tokio::task_local! {
    static TENANT: &'static str;
}

/// For all functions of a manager: the tenant of the request in front of what the function's `key` made.
struct ByTenant;

impl LockKeyGenerator for ByTenant {
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        // A function with a generator of its own has decided about tenants itself, and jobs of the service belong to none.
        if call.is_generated() || call.name() == Some("nightly") {
            return call.key_as_is();
        }
        let tenant = TENANT.try_with(|tenant| *tenant).map_err(|_| {
            KeyError::custom(format!(
                "`{}` was called outside of a request: there is no tenant",
                call.function()
            ))
        })?;
        call.key_behind(tenant)
    }
}

/// For one function: the key as its arguments say it, for all tenants alike.
struct ForAllTenants;

impl LockKeyGenerator for ForAllTenants {
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        match call.arg("currency").and_then(|currency| currency.part()) {
            Some(currency) => LockKey::try_of(currency),
            None => {
                Err(KeyError::custom(format!("`{}` has no readable argument `currency`", call.function())))
            }
        }
    }
}

/// A payment of an order that is being paid is skipped, not waited for. `meanwhile` is what others do while the lock is held.
#[distributed_lock(prefix = "order", key = "order_id", wait = "0s", on_busy = "skip", guard = held)]
async fn pay(order_id: u64, meanwhile: impl Future<Output = ()>) -> Result<Option<String>, LockError> {
    meanwhile.await;
    Ok(Some(held.name().to_string()))
}

/// Another request: in a task of its own, since inside of a call it would join that call's lock.
async fn another_request(tenant: &'static str) -> Option<String> {
    let request = tokio::spawn(TENANT.scope(tenant, pay(42, ready(()))));
    request.await.expect("it does not panic").expect("the locks answer")
}

#[distributed_lock(prefix = "rates", key_generator = ForAllTenants)]
async fn refresh_rates(currency: &str) -> Result<String, LockError> {
    let held = Held::current().expect("a body of a locked function");
    println!("  {currency} under {}", held.name());
    Ok(held.name().to_string())
}

/// A job of the service itself.
#[distributed_lock(name = "nightly", guard = held)]
async fn nightly() -> Result<String, LockError> {
    Ok(held.name().to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("LOCK_URL").unwrap_or_else(|_| "memory:".to_owned());
    println!("locks of several tenants at {url}");
    let locks = LockManager::builder().url(&url).key_generator(ByTenant).connect().await?;
    locks.clone().install();

    println!("while acme pays order 42");
    let (mut globex, mut twice) = (None, None);
    let meanwhile = async {
        globex = another_request("globex").await;
        twice = another_request("acme").await;
    };
    let acme = TENANT.scope("acme", pay(42, meanwhile)).await?;
    println!("  globex pays an order 42 of its own, and acme's second payment is skipped");
    assert_eq!(acme.as_deref(), Some("LOCK:order:acme:42"));
    assert_eq!(globex.as_deref(), Some("LOCK:order:globex:42"));
    assert_eq!(twice, None);

    println!("rates are the same for all tenants");
    for tenant in ["acme", "globex"] {
        assert_eq!(TENANT.scope(tenant, refresh_rates("EUR")).await?, "LOCK:rates:EUR");
    }
    assert_eq!(refresh_rates("EUR").await?, "LOCK:rates:EUR");

    println!("the nightly job is one for all, and needs no tenant");
    assert_eq!(nightly().await?, "LOCK:nightly");

    println!("without a tenant nothing is locked, and nothing is paid");
    let error = pay(42, ready(())).await.expect_err("there is no tenant");
    println!("  {error}");
    assert!(matches!(error, LockError::Key { .. }) && error.to_string().contains("there is no tenant"));

    drop(locks);
    Ok(())
}

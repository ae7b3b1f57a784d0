//! `fair`: first come, first served, whichever process somebody asked at.
//!
//! ```text
//! cargo run --example first_come                             # in memory
//! LOCK_URL=redis://127.0.0.1/ cargo run --example first_come
//! ```
//!
//! Customers come one by one to the three windows of a ticket office, where one clerk serves them. With `fair` they are
//! served in the order in which they came. With `reentrant` a window may serve its own customers first, for up to 20 ms.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use lock_core::{LockError, LockManager, distributed_lock};

/// In which order the customers were served.
type Served = Arc<Mutex<Vec<u32>>>;

async fn at_the_clerk(served: &Served, customer: u32) {
    served.lock().unwrap_or_else(PoisonError::into_inner).push(customer);
    tokio::time::sleep(Duration::from_millis(2)).await;
}

#[distributed_lock(name = "fair-clerk", kind = "fair", wait = "20s", locks = window)]
async fn fair(window: LockManager, served: Served, customer: u32) -> Result<(), LockError> {
    at_the_clerk(&served, customer).await;
    Ok(())
}

#[distributed_lock(name = "clerk", kind = "reentrant", wait = "20s", locks = window)]
async fn reentrant(window: LockManager, served: Served, customer: u32) -> Result<(), LockError> {
    at_the_clerk(&served, customer).await;
    Ok(())
}

type Call = Pin<Box<dyn Future<Output = Result<(), LockError>> + Send>>;

/// All customers come, one after the other, and then the clerk arrives.
async fn a_day<F>(
    windows: &[LockManager],
    clerk: &str,
    serve: impl Fn(LockManager, Served, u32) -> F,
) -> Result<Vec<u32>, Box<dyn Error>>
where
    F: Future<Output = Result<(), LockError>> + Send + 'static,
{
    let served = Served::default();
    let closed = windows[0].lock(clerk).fair().acquire().await?;
    let mut queue = Vec::new();
    for (customer, window) in (1..=12).zip(windows.iter().cycle()) {
        let mut call: Call = Box::pin(serve(window.clone(), Arc::clone(&served), customer));
        // A future asks when it is first polled; what is asked next on the same connection is answered after it. So when
        // this other lock was granted, the customer stands in the queue, and the next one may come.
        let asked = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await;
        assert!(!asked, "the clerk is not there yet");
        window.lock(("door", customer)).acquire().await?.release().await?;
        queue.push(tokio::spawn(call));
    }
    closed.release().await?;
    for call in queue {
        call.await??;
    }
    let served = served.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(served.clone())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("LOCK_URL").unwrap_or_else(|_| "memory:tickets".to_owned());
    println!("customers 1 to 12 come to three windows in turn, the locks are at {url}");
    // A manager each, as in processes of their own.
    let mut windows = Vec::new();
    for _ in 0..3 {
        windows.push(LockManager::connect(&url).await?);
    }
    let served = a_day(&windows, "fair-clerk", fair).await?;
    println!("  fair       {served:?}");
    assert!(served.is_sorted(), "nobody was overtaken");
    let mut served = a_day(&windows, "clerk", reentrant).await?;
    println!("  reentrant  {served:?}");
    served.sort_unstable();
    assert_eq!(served, (1..=12).collect::<Vec<_>>(), "everybody was served once");
    Ok(())
}

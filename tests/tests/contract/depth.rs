//! Calls nested a thousand deep, on the stack of a worker.

use std::pin::Pin;
use std::sync::Mutex;

use lock_core::{Held, LockError, LockManager, distributed_lock};

/// A worker's of tokio, and a thread's of std.
const STACK: usize = 2 * 1024 * 1024;
const DEPTH: u64 = 1000;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the stack is, at each level.
static PLACES: Mutex<Vec<usize>> = Mutex::new(Vec::new());

fn note() {
    let here = 0_u8;
    PLACES.lock().expect("no panic inside").push(std::ptr::from_ref(&here).addr());
}

/// Takes one lock inside the other: each is another one, or all are the same.
#[distributed_lock(prefix = "depth", key = "id", locks = locks)]
fn annotated(locks: &LockManager, id: u64, step: u64, left: u64) -> BoxFuture<'_, Result<u64, LockError>> {
    Box::pin(async move {
        note();
        match left {
            0 => Ok(Held::current().expect("inside a hold").token()),
            _ => annotated(locks, id + step, step, left - 1).await,
        }
    })
}

#[distributed_lock(prefix = "depth", key = "id", locks = locks)]
fn plain(locks: &LockManager, id: u64, step: u64, left: u64) -> Result<u64, LockError> {
    note();
    match left {
        0 => Ok(Held::current().expect("inside a hold").token()),
        _ => plain(locks, id + step, step, left - 1),
    }
}

fn by_hand(locks: &LockManager, id: u64, step: u64, left: u64) -> BoxFuture<'_, Result<u64, LockError>> {
    Box::pin(async move {
        note();
        let inner = async {
            match left {
                0 => Ok(Held::current().expect("inside a hold").token()),
                _ => by_hand(locks, id + step, step, left - 1).await,
            }
        };
        locks.lock(("depth", id)).run(inner).await?
    })
}

/// On a thread with the stack of a worker; says how much of it a level takes.
fn on_worker(test: impl AsyncFn(&LockManager) -> Result<u64, LockError> + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let locks = LockManager::connect("memory:").await.expect("memory");
            assert!(test(&locks).await.expect("they nest") > 0);
        });
    });
    thread.expect("a thread").join().expect("no panic");
}

fn levels(
    what: &str,
    count: u64,
    test: impl AsyncFn(&LockManager) -> Result<u64, LockError> + Send + 'static,
) {
    PLACES.lock().expect("no panic inside").clear();
    on_worker(test);
    let places = PLACES.lock().expect("no panic inside");
    assert_eq!(places.len() as u64, count + 1);
    let (first, last) = (places[0], places[places.len() - 1]);
    println!("{what}: {} bytes a level", first.abs_diff(last) / usize::try_from(count).expect("a count"));
}

#[test]
fn a_level_takes_little_stack() {
    let depth: u64 = std::env::var("DEPTH").ok().and_then(|t| t.parse().ok()).unwrap_or(DEPTH);
    levels("annotated, other locks", depth, async move |locks| annotated(locks, 0, 1, depth).await);
    levels("annotated, the same lock", depth, async move |locks| annotated(locks, 0, 0, depth).await);
    levels("plain, other locks", depth, async move |locks| plain(locks, 0, 1, depth));
    levels("plain, the same lock", depth, async move |locks| plain(locks, 0, 0, depth));
    levels("by hand, other locks", depth, async move |locks| by_hand(locks, 0, 1, depth).await);
    levels("by hand, the same lock", depth, async move |locks| by_hand(locks, 0, 0, depth).await);
}

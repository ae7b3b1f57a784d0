//! What is said of plain calls that block a runtime's worker, and that nothing is said where blocking is right: in a program of
//! its own, since a log is one for all threads.

use std::fmt::{Debug, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use lock_core::{LockError, LockManager, distributed_lock};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

#[distributed_lock(prefix = "plain", key = id)]
fn plain(id: u64) -> Result<u64, LockError> {
    Ok(id)
}

#[distributed_lock(prefix = "plain", key = id, when = id > 0)]
fn plain_when(id: u64) -> Result<u64, LockError> {
    Ok(id)
}

#[distributed_lock(prefix = "quiet", key = id)]
fn quiet(id: u64) -> Result<u64, LockError> {
    Ok(id)
}

#[distributed_lock(prefix = "async", key = id)]
async fn in_async(id: u64) -> Result<u64, LockError> {
    Ok(id)
}

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn warnings() -> Vec<String> {
    std::mem::take(&mut *WARNINGS.lock().expect("no panic"))
}

struct Log;

impl Subscriber for Log {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target().starts_with("lock_core") && *about.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                write!(self.0, "{}={value:?} ", field.name()).expect("text");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        WARNINGS.lock().expect("no panic").push(text.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// All ways to block, each at one place.
fn by_hand(locks: &LockManager) {
    locks.lock("a").acquire_blocking().expect("free").release_blocking().expect("held");
    drop(locks.lock("b").try_acquire_blocking().expect("an answer").expect("free"));
    locks.lock("c").run_blocking(|| ()).expect("free");
    drop(locks.lock("d").acquire_blocking().expect("free").downgrade_blocking().expect("held"));
}

#[test]
fn a_plain_call_that_blocks_a_worker_is_told_once_and_others_are_not() {
    tracing::subscriber::set_global_default(Log).expect("the only one");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    LockManager::connect_blocking("memory:").expect("memory").install();
    let locks = LockManager::current().expect("installed");

    // On a plain thread, on one for blocking, and on a worker that was told: nothing.
    let all = || {
        let locks = locks.clone();
        move || {
            assert_eq!(
                (plain(1).expect("free"), plain_when(1).expect("free"), quiet(1).expect("free")),
                (1, 1, 1)
            );
            by_hand(&locks);
            LockManager::connect_blocking("memory:").expect("memory");
        }
    };
    all()();
    let entered = runtime.enter();
    all()();
    drop(entered);
    runtime.block_on(async {
        tokio::task::spawn_blocking(all()).await.expect("no panic");
        let in_place = all();
        tokio::spawn(async { tokio::task::block_in_place(in_place) }).await.expect("no panic");
        tokio::spawn(in_async(1)).await.expect("no panic").expect("free");
        in_async(1).await.expect("free");
        let memory = LockManager::memory().expect("memory");
        drop(memory.hold("a").expect("free"));
    });
    assert_eq!(warnings(), [""; 0]);

    // On a worker: each place once, before it waits. Who holds the lock frees it only when that was said.
    let holder = runtime.block_on(locks.lock(("plain", 2)).acquire()).expect("free");
    let said = std::thread::spawn(move || {
        lock_tests::until(Duration::from_secs(5), "a warning", || {
            !WARNINGS.lock().expect("no panic").is_empty()
        });
        drop(holder);
    });
    runtime.block_on(runtime.spawn(async { plain(2) })).expect("no panic").expect("freed");
    said.join().expect("it was said in time");
    let told = warnings();
    let [warning] = told.as_slice() else { panic!("one: {told:?}") };
    assert!(warning.contains("`plain`") && warning.contains("spawn_blocking"), "{warning}");
    assert!(warning.contains("blocking.rs:13:"), "{warning}");

    for _ in 0..3 {
        runtime
            .block_on(runtime.spawn(async { plain(1).and(plain_when(0)).and(plain_when(1)) }))
            .expect("no panic")
            .expect("free");
    }
    let told = warnings();
    assert!(matches!(told.as_slice(), [one] if one.contains("`plain_when`")), "{told:?}");

    let asked = locks.clone();
    runtime.block_on(async move { by_hand(&asked) });
    let told = warnings();
    assert_eq!(told.len(), 6, "{told:#?}");
    for what in
        ["acquire_blocking", "release_blocking", "try_acquire_blocking", "run_blocking", "downgrade_blocking"]
    {
        assert!(told.iter().any(|warning| warning.contains(&format!("`{what}`"))), "{what}: {told:#?}");
    }
}

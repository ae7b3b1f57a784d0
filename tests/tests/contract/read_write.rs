//! Readers share, writers do not, and who comes first is served first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lock_core::{LockManager, LockRequest};
use lock_tests::{Recorder, Scratch, Seed, Stage, arrive, check, drop_after, now_ns, read};
use tokio::sync::{Barrier, Mutex};
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(30);
/// A first attempt may take the request limit; the rest is for a busy machine.
const SLACK: Duration = Duration::from_millis(1_500);

async fn is_free(request: LockRequest) -> bool {
    request.try_acquire().await.expect("an answer").is_some()
}

pub(crate) async fn readers_share(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut readers = Vec::new();
    for number in 0..10 {
        let locks = if number % 2 == 0 { &here } else { &there };
        let reader = locks.lock("a").read().try_acquire().await.expect("an answer");
        readers.push(reader.unwrap_or_else(|| panic!("reader {number} is kept out by readers")));
    }
    let mut tokens: Vec<u64> = readers.iter().map(lock_core::LockGuard::token).collect();
    assert!(tokens.is_sorted(), "{tokens:?}");
    tokens.dedup();
    assert_eq!(tokens.len(), readers.len(), "each has a token of its own");
    for locks in [&here, &there] {
        assert!(!is_free(locks.lock("a").write()).await, "a writer beside readers");
    }
    // The last one to go lets the writer in, whoever it is.
    readers.swap(0, 9);
    while let Some(reader) = readers.pop() {
        assert!(!is_free(there.lock("a").write()).await, "a writer beside readers");
        reader.release().await.expect("it is held");
    }
    assert!(is_free(here.lock("a").write()).await);
}

pub(crate) async fn a_writer_is_alone(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let writer = here.lock("a").write().acquire().await.expect("it is free");
    for locks in [&here, &there] {
        assert!(!is_free(locks.lock("a").write()).await, "two writers");
        assert!(!is_free(locks.lock("a").read()).await, "a reader beside a writer");
    }
    writer.release().await.expect("it is held");
    assert!(is_free(there.lock("a").read()).await);
}

pub(crate) async fn readers_and_writers_never_meet(stage: &Stage) {
    const ROUNDS: usize = 15;
    let folder = Scratch::new();
    let file = folder.path().join("history");
    let recorder = Recorder::append(&file).expect("a history can be written");
    let managers = [stage.manager().await, stage.manager().await, stage.manager().await];
    let mut tasks = JoinSet::new();
    for task in 0..12 {
        let (locks, recorder) = (managers[task % 3].clone(), recorder.clone());
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                let (reads, who) = ((task + round) % 3 != 0, format!("{task}/{round}"));
                let request = locks.lock("a").wait(PATIENCE);
                let request = if reads { request.read() } else { request.write() };
                let guard = request.acquire().await.expect("everybody's turn comes");
                let (name, token) = (guard.name().as_str(), guard.token());
                let hold =
                    if reads { recorder.shares(name, &who, token) } else { recorder.took(name, &who, token) };
                tokio::time::sleep(Duration::from_millis(1)).await;
                let now = now_ns();
                assert!(!guard.is_lost());
                hold.valid_at(now);
                guard.release().await.expect("it is still held");
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no task panics");
    }
    let holds = read(&file).expect("a history");
    assert_eq!(holds.len(), 12 * ROUNDS);
    assert_eq!(check(&holds), []);
}

/// Who was served, in this order.
type Served = Arc<Mutex<String>>;

/// Takes the lock `times` times and notes each time a letter.
async fn serves(letter: char, times: usize, request: impl Fn() -> LockRequest, served: Served) {
    for _ in 0..times {
        let guard = request().wait(PATIENCE).acquire().await.expect("its turn comes");
        served.lock().await.push(letter);
        guard.release().await.expect("it is held");
    }
}

fn reads(locks: &LockManager) -> impl Fn() -> LockRequest + Send + use<> {
    let locks = locks.clone();
    move || locks.lock("a").read()
}

fn writes(locks: &LockManager) -> impl Fn() -> LockRequest + Send + use<> {
    let locks = locks.clone();
    move || locks.lock("a").write()
}

pub(crate) async fn a_reader_behind_a_waiting_writer_waits(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let first = here.lock("a").read().expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let served = Served::default();
    let writer = arrive(stage, "a", serves('w', 1, writes(&there), Arc::clone(&served))).await;
    for locks in [&here, &there] {
        assert!(!is_free(locks.lock("a").read()).await, "a reader passed a waiting writer");
    }
    let reader = arrive(stage, "a", serves('r', 1, reads(&here), Arc::clone(&served))).await;
    assert!(!first.is_lost());
    first.release().await.expect("it is held");
    writer.await.expect("no panic");
    reader.await.expect("no panic");
    assert_eq!(*served.lock().await, "wr");
}

/// Each side asks again as soon as it has been served, while the other one waits.
pub(crate) async fn neither_side_starves(stage: &Stage) {
    let managers = [stage.manager().await, stage.manager().await, stage.manager().await];
    for queue in ["rrrrw", "wwwr", "rwrwwr"] {
        let held = managers[0].lock("a").write().expire(PATIENCE).renew(false).acquire().await.expect("free");
        let served = Served::default();
        let mut tasks = Vec::new();
        for (number, letter) in queue.chars().enumerate() {
            let locks = &managers[number % 3];
            tasks.push(if letter == 'r' {
                arrive(stage, "a", serves('r', 2, reads(locks), Arc::clone(&served))).await
            } else {
                arrive(stage, "a", serves('w', 2, writes(locks), Arc::clone(&served))).await
            });
        }
        held.release().await.expect("it is held");
        for task in tasks {
            task.await.expect("no panic");
        }
        // Nobody has a second turn before everybody had the first.
        let served = served.lock().await;
        let (first, second) = served.split_at(queue.len());
        assert_eq!(first, queue);
        assert_eq!(second.matches('w').count(), queue.matches('w').count(), "{second}");
        assert_eq!(second.len(), queue.len());
    }
}

pub(crate) async fn neighbouring_readers_are_served_together(stage: &Stage) {
    let managers = [stage.manager().await, stage.manager().await];
    // More than one script lets in, so that the claims of the first ones let in the rest.
    for (neighbours, of) in [(5, "few"), (100, "many")] {
        let held = managers[0].lock("a").write().expire(PATIENCE).renew(false).acquire().await.expect("free");
        let together = Arc::new(Barrier::new(neighbours));
        let served = Served::default();
        let mut tasks = Vec::new();
        for number in 0..neighbours {
            let (locks, together) = (managers[number % 2].clone(), Arc::clone(&together));
            let reader = async move {
                let guard = locks.lock("a").read().wait(PATIENCE).acquire().await.expect("its turn comes");
                // Nobody goes before all are inside.
                together.wait().await;
                assert!(!guard.is_lost());
                guard.release().await.expect("it is held");
            };
            tasks.push(arrive(stage, "a", reader).await);
        }
        tasks.push(arrive(stage, "a", serves('w', 1, writes(&managers[0]), Arc::clone(&served))).await);
        tasks.push(arrive(stage, "a", serves('r', 1, reads(&managers[1]), Arc::clone(&served))).await);
        held.release().await.expect("it is held");
        for task in tasks {
            task.await.expect("no panic");
        }
        assert_eq!(*served.lock().await, "wr", "{of}");
    }
}

pub(crate) async fn a_writer_that_gives_up_lets_the_readers_behind_it_in(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for aborted in [true, false] {
        let first = here.lock("a").read().expire(PATIENCE).renew(false).acquire().await.expect("it is free");
        let writer = there.lock("a").write().wait(if aborted { PATIENCE } else { SLACK });
        let writer = arrive(stage, "a", async move { writer.acquire().await.map(drop) }).await;
        let reader = arrive(stage, "a", serves('r', 1, reads(&there), Served::default())).await;
        if aborted {
            writer.abort();
            let _ = writer.await;
        } else {
            assert!(writer.await.expect("no panic").expect_err("a reader holds").is_busy());
        }
        let alone = Instant::now();
        reader.await.expect("no panic");
        assert!(alone.elapsed() < SLACK, "{:?}", alone.elapsed());
        assert!(!first.is_lost());
        first.release().await.expect("it is held");
    }
}

pub(crate) async fn a_reader_dropped_at_any_poll_leaves_nothing(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut seed = Seed::from_environment();
    for polls in 0..12 {
        let beside = here.lock("a").read().acquire().await.expect("no writer is left");
        let _ = drop_after(polls, serves('r', 1, reads(&there), Served::default())).await;
        let writer = tokio::spawn(drop_after(polls, serves('w', 1, writes(&there), Served::default())));
        if seed.below(2) == 0 {
            tokio::task::yield_now().await;
        }
        let queued = tokio::spawn(drop_after(polls, serves('r', 1, reads(&there), Served::default())));
        beside.release().await.expect("it is held");
        writer.await.expect("no panic");
        queued.await.expect("no panic");
        let next = there.lock("a").write().wait(PATIENCE / 3).acquire().await.expect("nobody is left");
        next.release().await.expect("it is held");
    }
}

pub(crate) async fn a_single_try_among_many_releases_is_answered(stage: &Stage) {
    let here = stage.manager().await;
    let over = Arc::new(AtomicBool::new(false));
    let reads = |_| {
        let (here, over) = (here.clone(), over.clone());
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                drop(here.lock("a").read().wait(PATIENCE).acquire().await.expect("readers share"));
            }
        })
    };
    let readers: Vec<_> = (0..50).map(reads).collect();
    for _ in 0..20 {
        // Releases of this process are under way all the time; a try waits only for those that were before it.
        let tried = here.lock("a").write().try_acquire().await;
        drop(tried.expect("the server answers"));
    }
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("no panic");
    }
}

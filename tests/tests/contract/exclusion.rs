use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lock_tests::{Recorder, Scratch, Stage, check, now_ns, read};
use tokio::task::JoinSet;

use crate::kinds::{Kind, token_of};

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn many_tasks_hold_one_after_the_other(stage: &Stage, kind: Kind) {
    const TASKS: usize = 64;
    const TIMES: usize = 4;
    let folder = Scratch::new();
    let file = folder.path().join("history");
    let recorder = Recorder::append(&file).expect("a history can be written");
    let managers = [stage.manager().await, stage.manager().await, stage.manager().await];
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (locks, recorder) = (managers[task % managers.len()].clone(), recorder.clone());
        tasks.spawn(async move {
            for time in 0..TIMES {
                let guard =
                    kind.lock(&locks, "hot").wait(PATIENCE).acquire().await.expect("everybody's turn comes");
                let hold = recorder.took("hot", &format!("{task}/{time}"), token_of(&guard, "hot"));
                tokio::task::yield_now().await;
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
    assert_eq!(holds.len(), TASKS * TIMES);
    assert_eq!(check(&holds), []);
}

pub(crate) async fn bodies_of_one_name_never_run_at_once(stage: &Stage, kind: Kind) {
    let managers = [stage.manager().await, stage.manager().await];
    let inside = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let (locks, inside) = (managers[task % 2].clone(), Arc::clone(&inside));
        tasks.spawn(async move {
            for _ in 0..4 {
                let body = async {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                };
                kind.lock(&locks, "hot").wait(PATIENCE).run(body).await.expect("everybody's turn comes");
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no task panics");
    }
}

pub(crate) async fn different_names_do_not_wait_for_each_other(stage: &Stage, kind: Kind) {
    let locks = stage.manager().await;
    let one = kind.lock(&locks, "one").try_acquire().await.expect("an answer");
    let two = kind.lock(&locks, "two").try_acquire().await.expect("an answer");
    assert!(one.is_some() && two.is_some());
}

pub(crate) async fn plain_threads_exclude_each_other(stage: &Stage, kind: Kind) {
    let builder = stage.builder();
    let plain = move || {
        let locks = builder.connect_blocking().expect("the stage can be connected to");
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        let body = || {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            std::thread::yield_now();
                            assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                        };
                        kind.lock(&locks, "hot")
                            .wait(PATIENCE)
                            .run_blocking(body)
                            .expect("everybody's turn comes");
                    }
                });
            }
        });
    };
    // On a thread that belongs to no runtime.
    let thread = std::thread::spawn(plain);
    lock_tests::until_async(PATIENCE, "the threads have ended", || thread.is_finished()).await;
    thread.join().expect("no thread panics");
}

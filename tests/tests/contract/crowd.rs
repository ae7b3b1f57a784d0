//! Many who want one lock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lock_tests::{Stage, arrive};
use tokio::task::JoinSet;

use crate::survival::scripts_run;

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn a_thousand_tasks_are_served_in_order(stage: &Stage) {
    const TASKS: usize = 1_000;
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = there.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let served = Arc::new(Mutex::new(Vec::new()));
    let waiter = |number| {
        let (here, served) = (here.clone(), Arc::clone(&served));
        async move {
            let guard = here.lock("a").wait(PATIENCE).acquire().await.expect("its turn comes");
            served.lock().expect("no panic").push(number);
            assert!(!guard.is_lost());
            guard.release().await.expect("it is held");
        }
    };
    let mut tasks = JoinSet::new();
    let first = arrive(stage, "a", waiter(0)).await;
    let alone = stage.has_server().map(|server| (members(server), scripts_run(server)));
    for number in 1..TASKS {
        // The first poll, in which a caller takes its place, is here and not on some thread of the runtime.
        let mut waiter = Box::pin(waiter(number));
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(waiter.as_mut().poll(context).is_ready()));
        assert!(!polled.await);
        tasks.spawn(waiter);
    }
    if let (Some(server), Some((waiting, _))) = (stage.has_server(), alone) {
        assert_eq!(members(server), waiting, "a thousand waiters of one process are one at the server");
    }
    held.release().await.expect("it is held");
    first.await.expect("no panic");
    while let Some(task) = tasks.join_next().await {
        task.expect("no panic");
    }
    let served = std::mem::take(&mut *served.lock().expect("no panic"));
    assert_eq!(served.len(), TASKS);
    // Whoever is not polled for 5 ms, on a busy machine, is passed by the next, and keeps its place.
    let off = |(place, number): (usize, &usize)| place.abs_diff(*number);
    let furthest = served.iter().enumerate().map(off).max();
    assert!(furthest < Some(10), "one is {furthest:?} places from its own: {served:?}");
    if let (Some(server), Some((_, before))) = (stage.has_server(), alone) {
        let scripts = scripts_run(server) - before;
        assert!(
            scripts < 2 * i64::try_from(TASKS).expect("few"),
            "{scripts} scripts for {TASKS} local hand-overs"
        );
    }
}

/// The length of the lock's record.
fn members(server: &lock_tests::Server) -> i64 {
    server.must(&["ZCARD", "LOCK:a"]).integer().expect("a number")
}

pub(crate) async fn contention_between_processes_costs_two_scripts_for_each_hold(stage: &Stage) {
    // Many tasks in few processes pass the lock among them; one task in each has it from the server every time.
    for (processes, tasks_in_each) in [(4, 4), (8, 1)] {
        contend(stage, processes, tasks_in_each).await;
    }
}

async fn contend(stage: &Stage, processes: usize, tasks_in_each: usize) {
    const TIMES: usize = 25;
    let mut tasks = JoinSet::new();
    let mut managers = Vec::new();
    for _ in 0..processes {
        let locks = stage.manager().await;
        drop(locks.lock("warm").acquire().await.expect("it is free"));
        managers.push(locks);
    }
    let before = scripts_run(stage.server());
    for locks in &managers {
        for _ in 0..tasks_in_each {
            let locks = locks.clone();
            tasks.spawn(async move {
                for _ in 0..TIMES {
                    let guard = locks.lock("a").wait(PATIENCE).acquire().await.expect("its turn comes");
                    guard.release().await.expect("it is held");
                }
            });
        }
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no panic");
    }
    let scripts = scripts_run(stage.server()) - before;
    let holds = i64::try_from(processes * tasks_in_each * TIMES).expect("few");
    eprintln!("{scripts} scripts for {holds} holds");
    assert!(scripts <= 2 * holds + holds / 10, "{scripts} scripts for {holds} holds");
}

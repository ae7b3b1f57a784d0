use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Server, Stage};

const PATIENCE: Duration = Duration::from_secs(20);

async fn token(locks: &LockManager) -> u64 {
    let guard = locks.lock("a").wait(PATIENCE).acquire().await.expect("it is free");
    let token = guard.token();
    guard.release().await.expect("it is held");
    token
}

pub(crate) async fn tokens_rise_over_a_flush(stage: &Stage) {
    let locks = stage.manager().await;
    let mut last = 0;
    for _ in 0..5 {
        let next = token(&locks).await;
        assert!(next > last, "{next} after {last}");
        last = next;
        stage.server().must(&["FLUSHALL"]);
    }
}

pub(crate) async fn tokens_rise_over_a_crash_that_lost_everything(stage: &Stage) {
    let locks = stage.manager().await;
    let mut last = 0;
    for _ in 0..3 {
        let next = token(&locks).await;
        assert!(next > last, "{next} after {last}");
        last = next;
        stage.server().restart_empty();
    }
    assert!(token(&stage.manager().await).await > last);
}

pub(crate) async fn namespaces_are_apart(stage: &Stage) {
    let connect = |namespace| stage.builder().namespace(namespace).connect();
    let (one, two) = (connect("T1").await.expect("it connects"), connect("T2").await.expect("it connects"));
    let first = one.lock("a").acquire().await.expect("it is free");
    let second = two.lock("a").wait(Duration::ZERO).acquire().await.expect("it is another lock");
    assert_eq!((first.name().as_str(), second.name().as_str()), ("T1:a", "T2:a"));
    assert_eq!(lock_tests::leftovers(stage.server(), "T1"), ["T1:a"]);
}

pub(crate) async fn foreign_data_is_left_alone(stage: &Stage) {
    let locks = stage.manager().await;
    let server = stage.server();
    for (number, write) in [
        &["SET", "LOCK:x0", "theirs"][..],
        &["RPUSH", "LOCK:x1", "theirs"],
        &["SADD", "LOCK:x2", "theirs"],
        &["ZADD", "LOCK:x3", "1", "theirs"],
        &["HSET", "LOCK:x4", "field", "theirs"],
        &["XADD", "LOCK:x5", "*", "field", "theirs"],
    ]
    .into_iter()
    .enumerate()
    {
        server.must(write);
        let key = format!("LOCK:x{number}");
        let before = server.must(&["DUMP", &key]);
        let error = locks.lock(&*format!("x{number}")).acquire().await.expect_err("the key is theirs");
        assert!(matches!(error, LockError::ForeignData { .. }), "{write:?}: {error:?}");
        assert_eq!(server.must(&["DUMP", &key]), before, "{write:?}");
        assert_eq!(server.must(&["PTTL", &key]).integer(), Some(-1), "{write:?}");
        server.must(&["DEL", &key]);
    }
}

pub(crate) async fn a_nested_call_asks_no_server(stage: &Stage) {
    let locks = stage.manager().await;
    let body = async {
        let before = scripts_run(stage.server());
        for _ in 0..100 {
            locks.lock("a").run(async {}).await.expect("it joins");
        }
        assert_eq!(scripts_run(stage.server()), before);
    };
    locks.lock("a").expire(PATIENCE).run(body).await.expect("it is free");
}

pub(crate) async fn an_uncontended_lock_costs_one_script_each_way(stage: &Stage) {
    const TIMES: i64 = 50;
    let locks = stage.manager().await;
    // The first one may have to bring its scripts along.
    token(&locks).await;
    let before = scripts_run(stage.server());
    for _ in 0..TIMES {
        token(&locks).await;
    }
    assert_eq!(scripts_run(stage.server()) - before, 2 * TIMES);
}

/// How many scripts the server has run since its start.
pub(crate) fn scripts_run(server: &Server) -> i64 {
    let report = server.must(&["INFO", "commandstats"]);
    let lines = report.text().unwrap_or_default().lines();
    lines
        .filter(|line| ["cmdstat_eval", "cmdstat_fcall"].iter().any(|command| line.starts_with(command)))
        .filter_map(|line| line.split_once("calls=")?.1.split(',').next()?.parse::<i64>().ok())
        .sum()
}

pub(crate) async fn a_manager_has_few_connections_and_leaves_none(stage: &Stage) {
    let count = |kind| {
        let list = stage.server().must(&["CLIENT", "LIST", "TYPE", kind]);
        list.text().unwrap_or_default().lines().count()
    };
    // That of this question; who asked before may still be closing.
    let alone = 1;
    lock_tests::until_async(PATIENCE, "nobody else is connected", || count("normal") == alone).await;
    let locks = stage.manager().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let locks = locks.clone();
        tasks.spawn(async move {
            let guard = locks.lock((number % 5,)).wait(PATIENCE).acquire().await.expect("its turn comes");
            guard.release().await.expect("it is held");
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.expect("no panic");
    }
    assert_eq!(count("pubsub"), 1, "one subscription");
    assert_eq!(count("normal") - alone, 2, "one connection of this runtime, one of the engine");
    drop(locks);
    lock_tests::until_async(PATIENCE, "all connections are closed", || {
        count("pubsub") == 0 && count("normal") == alone
    })
    .await;
}

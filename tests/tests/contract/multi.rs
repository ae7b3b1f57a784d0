//! Several locks together: all or none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lock_core::{LockError, LockKey, LockManager, LockParams, LockSupport, distributed_lock};
use lock_tests::{
    Recorder, Scratch, Seed, Stage, arrive, check, check_together, drop_after, names_in_slot_of, now_ns,
    read, slot, until_async,
};
use tokio::task::JoinSet;

use crate::kinds::token_of;
use crate::survival::scripts_run;

const PATIENCE: Duration = Duration::from_secs(30);
const LEASE: Duration = Duration::from_millis(500);
const SLACK: Duration = Duration::from_millis(1_500);

async fn is_free(locks: &LockManager, key: &str) -> bool {
    locks.lock(key).write().try_acquire().await.expect("an answer").is_some()
}

/// In the order in which all calls take them, whatever they say.
fn in_global_order(stage: &Stage, mut keys: Vec<&'static str>) -> Vec<&'static str> {
    keys.sort_by_key(|key| (slot(&stage.name(key)), stage.name(key)));
    keys
}

pub(crate) async fn all_are_held_and_all_are_given_back(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let guard = here.lock_all(["c", "a", "b"]).acquire().await.expect("they are free");
    let names: BTreeSet<String> = guard.names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a", "b", "c"].map(|key| stage.name(key)).into());
    assert_eq!(guard.tokens().len(), 3);
    assert_eq!(guard.held().tokens(), guard.tokens());
    for key in ["a", "b", "c"] {
        assert!(token_of(&guard, key) > 0);
        for locks in [&here, &there] {
            assert!(!is_free(locks, key).await, "{key} has two holders");
            assert!(locks.lock(key).read().try_acquire().await.expect("an answer").is_none());
        }
    }
    assert!(is_free(&there, "d").await);
    guard.release().await.expect("they are held");
    for key in ["a", "b", "c"] {
        assert!(is_free(&there, key).await, "{key} was not given back");
    }
}

pub(crate) async fn none_is_kept_if_one_is_busy(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for busy in ["a", "b", "c"] {
        let held = there.lock(busy).expire(PATIENCE).acquire().await.expect("it is free");
        for wait in [Duration::ZERO, LEASE] {
            let start = Instant::now();
            let error = here.lock_all(["a", "b", "c"]).wait(wait).acquire().await.expect_err("one is held");
            assert!(start.elapsed() < wait + SLACK, "{:?}", start.elapsed());
            assert!(error.is_busy(), "{error:?}");
            assert_eq!(error.key(), stage.name(busy), "it says which");
            for key in ["a", "b", "c"].into_iter().filter(|key| *key != busy) {
                let next = there.lock(key).wait(SLACK).acquire().await;
                next.expect("it was given back").release().await.expect("it is held");
            }
        }
        held.release().await.expect("it is held");
    }
}

pub(crate) async fn a_call_waits_for_one_while_it_holds_smaller_ones_only(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let order = in_global_order(stage, vec!["a", "b", "c", "d", "e"]);
    let held = there.lock(order[2]).expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let several = here.lock_all(order.iter().rev().copied()).expire(LEASE).wait(PATIENCE);
    let waiter = arrive(stage, order[2], async move { several.acquire().await }).await;
    for larger in &order[3..] {
        let free = there.lock(*larger).wait(SLACK).acquire().await;
        free.expect("nobody needs it yet").release().await.expect("it is held");
    }
    // What is kept meanwhile is renewed, however long it takes.
    let start = Instant::now();
    while start.elapsed() < 3 * LEASE {
        for smaller in &order[..2] {
            assert!(!is_free(&there, smaller).await, "{smaller} was lost after {:?}", start.elapsed());
        }
        tokio::time::sleep(LEASE / 10).await;
    }
    held.release().await.expect("it is held");
    let guard = waiter.await.expect("no panic").expect("its turn comes");
    assert!(!guard.is_lost());
    assert_eq!(guard.tokens().len(), 5);
}

pub(crate) async fn a_lease_that_is_not_renewed_begins_when_all_are_held(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let order = in_global_order(stage, vec!["a", "b", "c"]);
    let held = there.lock(order[2]).expire(PATIENCE).acquire().await.expect("it is free");
    let waiting = |longest: Option<Duration>| {
        let several = here.lock_all(order.iter().copied()).expire(LEASE).wait(PATIENCE);
        match longest {
            None => several.renew(false),
            Some(longest) => several.max_hold(longest),
        }
    };
    let mut held = Some(held);
    for longest in [None, Some(LEASE)] {
        let several = waiting(longest);
        let waiter = arrive(stage, order[2], async move { several.acquire().await }).await;
        let start = Instant::now();
        while start.elapsed() < 2 * LEASE {
            for smaller in &order[..2] {
                assert!(!is_free(&there, smaller).await, "{smaller} was lost after {:?}", start.elapsed());
            }
            tokio::time::sleep(LEASE / 10).await;
        }
        held.take().expect("it is held").release().await.expect("it is held");
        let guard = waiter.await.expect("no panic").expect("its turn comes");
        let got = Instant::now();
        assert!(!guard.is_lost() && guard.remaining() <= LEASE, "{:?}", guard.remaining());
        guard.lost().await;
        assert!(got.elapsed() < LEASE + SLACK, "{:?}", got.elapsed());
        drop(guard);
        held =
            Some(there.lock(order[2]).expire(PATIENCE).wait(PATIENCE).acquire().await.expect("it is over"));
    }
}

pub(crate) async fn opposite_orders_never_deadlock(stage: &Stage) {
    const ROUNDS: usize = 10;
    const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];
    let folder = Scratch::new();
    let file = folder.path().join("history");
    let recorder = Recorder::append(&file).expect("a history can be written");
    let managers = [stage.manager().await, stage.manager().await, stage.manager().await];
    let mut seed = Seed::from_environment();
    let mut tasks = JoinSet::new();
    for task in 0..9 {
        let (locks, recorder) = (managers[task % 3].clone(), recorder.clone());
        let mut seed = Seed::new(seed.draw());
        tasks.spawn(async move {
            let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for round in 0..ROUNDS {
                // Any number of them in any order, some of them twice.
                let count = 1 + seed.below(6);
                let mut draw = || KEYS[usize::try_from(seed.below(5)).expect("small")];
                let keys: Vec<&str> = (0..count).map(|_| draw()).collect();
                let request =
                    if keys.len() == 1 { locks.lock(keys[0]) } else { locks.lock_all(keys.clone()) };
                let guard = request.wait(PATIENCE).acquire().await.expect("everybody's turn comes");
                let who = format!("{task}/{round}");
                let hold = |key: &&str| recorder.took(key, &who, token_of(&guard, key));
                let names: BTreeSet<&str> = keys.into_iter().collect();
                let holds: Vec<_> = names.iter().map(hold).collect();
                assert_eq!(guard.tokens().len(), names.len());
                asked.insert(who.clone(), names.into_iter().map(str::to_owned).collect());
                tokio::time::sleep(Duration::from_millis(1)).await;
                let now = now_ns();
                assert!(!guard.is_lost());
                holds.iter().for_each(|hold| hold.valid_at(now));
                guard.release().await.expect("all are still held");
            }
            asked
        });
    }
    let mut asked = BTreeMap::new();
    while let Some(task) = tasks.join_next().await {
        asked.extend(task.expect("no task panics"));
    }
    assert_eq!(asked.len(), 9 * ROUNDS);
    let holds = read(&file).expect("a history");
    assert_eq!(holds.len(), asked.values().map(BTreeSet::len).sum::<usize>());
    assert_eq!(check(&holds), []);
    assert_eq!(check_together(&asked, &holds), []);
}

pub(crate) async fn a_name_said_twice_is_one(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let guard = here.lock_all(["b", "a", "b", "a", "b"]).wait(Duration::ZERO).acquire().await.expect("free");
    assert_eq!((guard.names().len(), guard.tokens().len()), (2, 2));
    guard.release().await.expect("they are held");
    assert!(is_free(&there, "a").await && is_free(&there, "b").await);
    let alone = here.lock_all(["a", "a"]).acquire().await.expect("it is free");
    assert_eq!(alone.name().as_str(), stage.name("a"));
    assert_eq!(alone.tokens(), [(alone.name().clone(), alone.token())]);
}

#[distributed_lock(prefix = "seat", keys = "seats.iter()", wait = "0s", locks = locks)]
async fn book(locks: &LockManager, seats: &[u64]) -> Result<usize, LockError> {
    assert!(!seats.is_empty(), "a body ran without a lock");
    Ok(lock_core::Held::current().expect("inside a hold").tokens().len())
}

#[distributed_lock(prefix = "seat", keys = "seats.iter()", wait = "0s", locks = locks)]
fn book_plain(locks: &LockManager, seats: Vec<u64>) -> Result<usize, LockError> {
    assert!(!seats.is_empty(), "a body ran without a lock");
    Ok(lock_core::Held::current().expect("inside a hold").tokens().len())
}

pub(crate) async fn an_annotated_function_takes_all_or_does_not_run(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    assert_eq!(book(&here, &[3, 1, 2, 3]).await.expect("they are free"), 3);
    assert_eq!(book_plain(&here, vec![1, 2]).expect("they are free"), 2);
    let held = there.lock("seat:2").acquire().await.expect("it is free");
    for result in [book(&here, &[1, 2]).await, book_plain(&here, vec![2, 1])] {
        let error = result.expect_err("one is held");
        assert!(error.is_busy(), "{error:?}");
        assert_eq!(error.key(), stage.name("seat:2"));
    }
    drop(there.lock("seat:1").wait(SLACK).acquire().await.expect("it was given back"));
    held.release().await.expect("it is held");
}

pub(crate) async fn an_empty_list_is_an_error(stage: &Stage) {
    let locks = stage.manager().await;
    let none: [&str; 0] = [];
    let by_hand = locks.lock_all(none).run(async { panic!("a body ran without a lock") }).await;
    let params = LockParams::of_all(Vec::new());
    let by_params = LockSupport::lock(&locks, &params).await.map(|_| 0);
    for result in [by_hand.map(|()| 0), by_params, book(&locks, &[]).await, book_plain(&locks, Vec::new())] {
        let error = result.expect_err("nothing to lock");
        assert!(matches!(error, LockError::Key { .. }), "{error:?}");
        assert!(error.to_string().contains("tryLock fail"), "{error}");
    }
    assert_eq!(stage.left(), [""; 0]);
}

pub(crate) async fn tokens_rise_for_each_name(stage: &Stage) {
    let managers = [stage.manager().await, stage.manager().await];
    let mut highest: BTreeMap<String, u64> = BTreeMap::new();
    for (round, keys) in [&["a", "b"][..], &["a"], &["b", "c"], &["c"], &["c", "b", "a"]]
        .into_iter()
        .cycle()
        .take(30)
        .enumerate()
    {
        let locks = &managers[round % 2];
        let request = match keys {
            [key] => locks.lock(*key),
            keys => locks.lock_all(keys.iter().copied()),
        };
        let guard = request.acquire().await.expect("they are free");
        for (name, token) in guard.tokens() {
            let before = highest.insert(name.to_string(), token).unwrap_or_default();
            assert!(token > before, "{name}: {token} after {before}");
        }
        guard.release().await.expect("they are held");
    }
    assert_eq!(highest.len(), 3);
}

pub(crate) async fn one_lost_is_all_lost(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for lost in ["a", "b", "c"] {
        let guard = here.lock_all(["a", "b", "c"]).expire(2 * SLACK).acquire().await.expect("they are free");
        let tokens = guard.tokens();
        let (name, _) =
            tokens.iter().find(|(name, _)| name.as_str() == stage.name(lost)).expect("it is held");
        assert!(stage.lose(name), "somebody held it");
        let held = guard.held();
        let both = async { tokio::join!(guard.lost(), held.lost()) };
        tokio::time::timeout(2 * SLACK + SLACK, both).await.expect("the loss of one is told");
        assert!(guard.is_lost() && held.is_lost());
        assert_eq!(guard.remaining(), Duration::ZERO);
        drop(guard);
        for key in ["a", "b", "c"] {
            let next = there.lock(key).wait(SLACK).acquire().await;
            next.expect("it was given back").release().await.expect("it is held");
        }
    }
}

pub(crate) async fn a_body_ends_with_the_first_that_is_lost(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let body = async {
        let tokens = lock_core::Held::current().expect("inside a hold").tokens();
        assert!(stage.lose(&tokens[1].0), "somebody held it");
        std::future::pending::<()>().await;
    };
    let start = Instant::now();
    let outcome = here.lock_all(["a", "b", "c"]).expire(2 * SLACK).run(body).await;
    assert!(matches!(outcome, Err(LockError::Lost { .. })), "{outcome:?}");
    assert!(start.elapsed() < 3 * SLACK, "{:?}", start.elapsed());
    for key in ["a", "b", "c"] {
        drop(there.lock(key).wait(SLACK).acquire().await.expect("it was given back"));
    }
}

pub(crate) async fn inner_calls_join_what_is_held_and_take_the_rest(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let token = |key: &str| {
        let held = lock_core::Held::of(stage.name(key)).expect("around");
        let tokens = held.tokens();
        tokens.iter().find(|(name, _)| name.as_str() == stage.name(key)).expect("it is one of them").1
    };
    let inner = async {
        assert!(!is_free(&there, "c").await, "the rest is taken");
        let innermost = async { (token("a"), token("c")) };
        here.lock("a").wait(Duration::ZERO).run(innermost).await.expect("one of several is joined")
    };
    let outer = async {
        let (a, b) = (token("a"), token("b"));
        let nested = here.lock_all(["b", "c", "a"]).wait(Duration::ZERO).run(inner).await.expect("it joins");
        assert_eq!((nested.0, token("a"), token("b")), (a, a, b), "one hold has one token");
        assert!(is_free(&there, "c").await, "what was taken inside is given back");
        assert!(!is_free(&there, "a").await && !is_free(&there, "b").await, "the rest is not");
    };
    here.lock_all(["a", "b"]).run(outer).await.expect("they are free");
    let inside_one = async { here.lock_all(["a", "d"]).wait(Duration::ZERO).run(async {}).await };
    here.lock("a").run(inside_one).await.expect("it is free").expect("it joins");
    assert!(is_free(&there, "a").await && is_free(&there, "b").await);
}

pub(crate) async fn several_read_locks_share(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let one = here.lock_all(["a", "b"]).read().acquire().await.expect("they are free");
    let two =
        there.lock_all(["b", "c"]).read().try_acquire().await.expect("an answer").expect("readers share");
    let busy = there.lock_all(["c", "a"]).try_acquire().await.expect("an answer");
    assert!(busy.is_none(), "a writer beside readers");
    one.release().await.expect("they are held");
    two.release().await.expect("they are held");
    assert!(there.lock_all(["c", "a", "b"]).write().try_acquire().await.expect("an answer").is_some());
    for refused in [here.lock_all(["a", "b"]).fair(), here.lock_all(["a", "b"]).red()] {
        let error = refused.acquire().await.expect_err("no kind for several");
        assert!(matches!(error, LockError::Params { .. }), "{error:?}");
    }
}

pub(crate) async fn params_name_several(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let params = LockParams::of_all(vec![LockKey::of(1), LockKey::of(2)]).prefix("seat").wait(Duration::ZERO);
    let guard = LockSupport::lock(&here, &params).await.expect("they are free");
    assert!(token_of(&guard, "seat:1") > 0 && token_of(&guard, "seat:2") > 0);
    assert!(LockSupport::lock(&there, &params).await.expect_err("they are held").is_busy());
    here.unlock(guard, &params).await.expect("they are held");
    let again = LockSupport::lock(&there, &params).await.expect("they are free");
    there.unlock(again, &params).await.expect("they are held");
}

async fn take_all(locks: LockManager) {
    let guard = locks.lock_all(["a", "b", "c"]).expire(SLACK).wait(PATIENCE).acquire().await.expect("free");
    guard.release().await.expect("they are held");
}

pub(crate) async fn a_call_dropped_at_any_poll_leaves_nothing(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for busy in ["a", "b", "c"] {
        for polls in 0..10 {
            let held = there.lock(busy).expire(PATIENCE).renew(false).acquire().await.expect("it was freed");
            let dropped = tokio::spawn(drop_after(polls, take_all(here.clone())));
            tokio::task::yield_now().await;
            held.release().await.expect("it is held");
            dropped.await.expect("no panic");
            // It would wait for the lease of what was left.
            tokio::time::timeout(PATIENCE / 2, take_all(there.clone())).await.expect("nobody is in its way");
        }
    }
}

pub(crate) async fn all_free_is_one_round_trip(stage: &Stage) {
    let locks = stage.manager().await;
    // On one server also where a cluster would keep them apart.
    for keys in [names_in_slot_of("a", 3), ["a", "b", "c"].map(str::to_owned).into()] {
        let take = || locks.lock_all(keys.iter().map(String::as_str)).expire(PATIENCE).renew(false).acquire();
        // The first one may have to bring its scripts along.
        take().await.expect("they are free").release().await.expect("they are held");
        for _ in 0..20 {
            let before = scripts_run(stage.server());
            let guard = take().await.expect("they are free");
            assert_eq!(scripts_run(stage.server()) - before, 1, "{keys:?}");
            guard.release().await.expect("they are held");
        }
    }
}

pub(crate) async fn a_server_that_stands_still_makes_no_wait_longer(stage: &Stage) {
    const WAIT: Duration = Duration::from_millis(1_500);
    let (here, there) = (stage.manager().await, stage.manager().await);
    let order = in_global_order(stage, vec!["a", "b", "c"]);
    let held = there.lock(order[2]).expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let length = || stage.record_length(order[2]).expect("one server keeps it");
    let nobody_waits = length();
    for still_before_its_end in [WAIT / 2, WAIT / 10] {
        // The place of the one before is given up behind the server's back; a place is longer than this.
        until_async(PATIENCE, "its place is given up", || length() < nobody_waits + 32).await;
        let several = here.lock_all(order.iter().copied()).expire(PATIENCE).wait(WAIT);
        let start = Instant::now();
        let waiter = arrive(stage, order[2], async move { several.acquire().await }).await;
        tokio::time::sleep((WAIT - still_before_its_end).saturating_sub(start.elapsed())).await;
        stage.server().pause();
        let error = waiter.await.expect("no panic").expect_err("it is held");
        let waited = start.elapsed();
        stage.server().resume();
        // What it held is given back, and nobody waits for that.
        assert!(waited < WAIT + WAIT / 2, "{waited:?}: {error:?}");
    }
    held.release().await.expect("it is held");
}

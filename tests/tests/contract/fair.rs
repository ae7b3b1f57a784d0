//! Strict order of arrival, over all processes: a manager stands for a process, as each has its own connection and channel.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lock_core::{
    LockError, LockKey, LockKind, LockManager, LockParams, LockRequest, LockSupport, distributed_lock,
};
use lock_tests::{Stage, arrive, drop_after};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough for some to arrive while it lasts.
const LEASE: Duration = Duration::from_secs(2);
/// A first attempt may take the request limit; the rest is for a busy machine.
const SLACK: Duration = Duration::from_millis(1_500);
/// What an unclaimed grant lasts at most, and how often its waiter asks.
const SHORT_LEASE: Duration = Duration::from_secs(3);
const REFRESH: Duration = Duration::from_secs(1);
/// A process may pass a lock among its own tasks for so long after a grant.
const PASS_WINDOW: Duration = Duration::from_millis(20);

/// Who was served, in this order.
type Served = Arc<Mutex<Vec<String>>>;

/// Waits with `request`, notes `who` and gives the lock back.
async fn served_as(who: String, request: LockRequest, served: Served) {
    let guard = request.wait(PATIENCE).acquire().await.unwrap_or_else(|error| panic!("{who}: {error}"));
    assert!(!guard.is_lost(), "{who}");
    served.lock().expect("no panic").push(who);
    guard.release().await.expect("it is held");
}

async fn all(waiters: Vec<JoinHandle<()>>) {
    for waiter in waiters {
        waiter.await.expect("no panic");
    }
}

fn in_order(served: &Served, expected: &[&str]) {
    assert_eq!(*served.lock().expect("no panic"), expected);
}

pub(crate) async fn tasks_of_several_processes_are_served_in_the_order_of_arrival(stage: &Stage) {
    let holder = stage.manager().await;
    let held = holder.lock("a").fair().expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let managers = [stage.manager().await, stage.manager().await, holder.clone()];
    let served = Served::default();
    let mut waiters = Vec::new();
    // Not in turn: whoever served each process's tasks together, or the processes in turn, would be seen.
    let turns = [0, 0, 1, 2, 1, 1, 0, 2, 2, 0, 1, 2];
    let names: Vec<String> = turns.iter().enumerate().map(|(place, at)| format!("{place} of {at}")).collect();
    for (who, at) in names.iter().zip(turns) {
        let waiter = served_as(who.clone(), managers[at].lock("a").fair(), Arc::clone(&served));
        waiters.push(arrive(stage, "a", waiter).await);
    }
    held.release().await.expect("it is held");
    all(waiters).await;
    in_order(&served, &names.iter().map(String::as_str).collect::<Vec<_>>());
}

#[distributed_lock(prefix = "order", key = "id", kind = "fair", wait = PATIENCE, locks = locks)]
async fn pays(locks: &LockManager, id: u64, served: Served) -> Result<(), LockError> {
    served.lock().expect("no panic").push(format!("attribute {id}"));
    Ok(())
}

pub(crate) async fn attribute_by_hand_and_params_stand_in_one_queue(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held =
        there.lock("order:42").fair().expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let served = Served::default();
    let mut waiters = Vec::new();
    for _ in 0..2 {
        let (locks, notes) = (here.clone(), Arc::clone(&served));
        let pays = async move { pays(&locks, 42, notes).await.expect("its turn comes") };
        waiters.push(arrive(stage, "order:42", pays).await);
        let request = there.lock("order:42").fair();
        let by_hand = served_as("by hand".to_owned(), request, Arc::clone(&served));
        waiters.push(arrive(stage, "order:42", by_hand).await);
        let (locks, notes) = (here.clone(), Arc::clone(&served));
        let by_params = async move {
            let params = LockParams::new(LockKey::of(("order", 42))).kind(LockKind::Fair).wait(PATIENCE);
            let guard = LockSupport::lock(&locks, &params).await.expect("its turn comes");
            notes.lock().expect("no panic").push("params".to_owned());
            locks.unlock(guard, &params).await.expect("it is held");
        };
        waiters.push(arrive(stage, "order:42", by_params).await);
    }
    held.release().await.expect("it is held");
    all(waiters).await;
    let round = ["attribute 42", "by hand", "params"];
    in_order(&served, &[round, round].concat());
}

pub(crate) async fn nobody_has_a_second_turn_before_all_had_the_first(stage: &Stage) {
    let holder = stage.manager().await;
    let held = holder.lock("a").fair().expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let managers = [stage.manager().await, stage.manager().await];
    let served = Served::default();
    let mut waiters = Vec::new();
    let names = ["0", "1", "2", "3", "4", "5"];
    for (number, who) in names.into_iter().enumerate() {
        let (locks, served) = (managers[number % 2].clone(), Arc::clone(&served));
        let twice = async move {
            for _ in 0..2 {
                served_as(who.to_owned(), locks.lock("a").fair(), Arc::clone(&served)).await;
            }
        };
        waiters.push(arrive(stage, "a", twice).await);
    }
    held.release().await.expect("it is held");
    all(waiters).await;
    let mut served = served.lock().expect("no panic");
    assert_eq!(served[..names.len()], names);
    // Who comes first to the second one depends on who is scheduled first.
    served[names.len()..].sort();
    assert_eq!(served[names.len()..], names);
}

pub(crate) async fn callers_of_the_holders_process_do_not_overtake(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = here.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let granted = Instant::now();
    let served = Served::default();
    let fair = served_as("there".to_owned(), there.lock("a").fair(), Arc::clone(&served));
    let mut waiters = vec![arrive(stage, "a", fair).await];
    for number in 0..4 {
        let local = served_as(format!("here {number}"), here.lock("a"), Arc::clone(&served));
        waiters.push(polled_once(local).await);
    }
    lock_tests::until_async(PATIENCE, "the time of local passes is over", || granted.elapsed() > PASS_WINDOW)
        .await;
    held.release().await.expect("it is held");
    all(waiters).await;
    in_order(&served, &["there", "here 0", "here 1", "here 2", "here 3"]);
}

pub(crate) async fn a_grant_beside_a_fair_waiter_is_not_passed_on(stage: &Stage) {
    let (here, there, third) = (stage.manager().await, stage.manager().await, stage.manager().await);
    let held = third.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let served = Served::default();
    let first = served_as("here 0".to_owned(), here.lock("a"), Arc::clone(&served));
    let first = arrive(stage, "a", first).await;
    let fair = served_as("there".to_owned(), there.lock("a").fair(), Arc::clone(&served));
    let fair = arrive(stage, "a", fair).await;
    // It could have the lock from the first one of its process, without a word to the server.
    let second = polled_once(served_as("here 1".to_owned(), here.lock("a"), Arc::clone(&served))).await;
    held.release().await.expect("it is held");
    all(vec![first, fair, second]).await;
    in_order(&served, &["here 0", "there", "here 1"]);
}

/// A task that has asked within its process; whether the server hears of it is not its business.
/// Both ask while a reentrant call of their process has the lock, which that process could pass on at once: the fair one
/// came first.
pub(crate) async fn a_fair_caller_is_not_passed_within_its_process(stage: &Stage) {
    let here = stage.manager().await;
    let held = here.lock("a").acquire().await.expect("it is free");
    let served = Served::default();
    let fair = polled_once(served_as("fair".to_owned(), here.lock("a").fair(), Arc::clone(&served))).await;
    let other = polled_once(served_as("other".to_owned(), here.lock("a"), Arc::clone(&served))).await;
    held.release().await.expect("it is held");
    all(vec![fair, other]).await;
    in_order(&served, &["fair", "other"]);
}

async fn polled_once(waiter: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let mut waiter = Box::pin(waiter);
    let poll = std::future::poll_fn(|context| std::task::Poll::Ready(waiter.as_mut().poll(context)));
    assert!(poll.await.is_pending(), "there was nothing to wait for");
    tokio::spawn(waiter)
}

pub(crate) async fn a_waiter_that_leaves_takes_its_entry_along(stage: &Stage) {
    let (here, there, third) = (stage.manager().await, stage.manager().await, stage.manager().await);
    for way in ["timed out", "dropped", "aborted"] {
        let held = there.lock("a").fair().expire(PATIENCE).renew(false).acquire().await.expect("it is free");
        // Somebody who stays, so that the record has the shape of one with a queue all along.
        let stays = served_as("stays".to_owned(), third.lock("a").fair(), Served::default());
        let stays = arrive(stage, "a", stays).await;
        let before = stage.record_length("a");
        let waiter = waits_until(way, here.clone());
        let waiter = arrive(stage, "a", waiter).await;
        if way == "aborted" {
            waiter.abort();
        }
        let _ = waiter.await;
        lock_tests::until_async(SLACK, way, || stage.record_length("a") == before).await;
        let released = Instant::now();
        held.release().await.expect("it is held");
        stays.await.expect("no panic");
        assert!(released.elapsed() < SLACK, "{way}: {:?}", released.elapsed());
    }
}

async fn waits_until(way: &str, locks: LockManager) {
    let wait = if way == "timed out" { LEASE / 8 } else { PATIENCE };
    let acquire = locks.lock("a").fair().wait(wait).acquire();
    match way {
        "dropped" => drop(tokio::time::timeout(LEASE / 8, acquire).await.expect_err("it is held")),
        _ => assert!(acquire.await.expect_err("it is held").is_busy()),
    }
}

pub(crate) async fn waiters_that_leave_do_not_change_the_order_of_the_rest(stage: &Stage) {
    let holder = stage.manager().await;
    let held = holder.lock("a").fair().expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let managers = [stage.manager().await, stage.manager().await];
    let (served, left) = (Served::default(), Served::default());
    let (mut stay, mut leave) = (Vec::new(), Vec::new());
    for number in 0..9 {
        let locks = managers[number % 2].lock("a").fair();
        if number % 3 == 0 {
            let waiter = served_as(number.to_string(), locks, Arc::clone(&left));
            leave.push(arrive(stage, "a", waiter).await);
        } else {
            let waiter = served_as(number.to_string(), locks, Arc::clone(&served));
            stay.push(arrive(stage, "a", waiter).await);
        }
    }
    for waiter in &leave {
        waiter.abort();
    }
    for waiter in leave {
        assert!(waiter.await.expect_err("it was aborted").is_cancelled());
    }
    held.release().await.expect("it is held");
    all(stay).await;
    in_order(&served, &["1", "2", "4", "5", "7", "8"]);
    in_order(&left, &[]);
}

pub(crate) async fn a_waiter_dropped_at_any_poll_leaves_the_order(stage: &Stage) {
    let (here, there, third) = (stage.manager().await, stage.manager().await, stage.manager().await);
    for polls in 0..8 {
        let held =
            there.lock("a").fair().expire(PATIENCE).renew(false).acquire().await.expect("it was freed");
        let served = Served::default();
        let first = served_as("first".to_owned(), third.lock("a").fair(), Arc::clone(&served));
        let first = arrive(stage, "a", first).await;
        let dropped = served_as("dropped".to_owned(), here.lock("a").fair(), Arc::clone(&served));
        let dropped = tokio::spawn(drop_after(polls, dropped));
        let last = served_as("last".to_owned(), here.lock("a").fair(), Arc::clone(&served));
        let last = polled_once(last).await;
        held.release().await.expect("it is held");
        tokio::time::timeout(PATIENCE / 2, all(vec![first, last])).await.expect("nobody is in their way");
        dropped.await.expect("no panic");
        let served = served.lock().expect("no panic");
        let place = |who| served.iter().position(|known| known == who);
        assert!(place("first") < place("last") && place("first").is_some(), "{polls}: {served:?}");
    }
}

pub(crate) async fn the_order_is_kept_when_the_holder_dies(stage: &Stage) {
    let holder = stage.manager().await;
    // Neither renewed nor released: as if its process were dead.
    let dies = holder.lock("a").fair().expire(LEASE).renew(false).acquire().await.expect("it is free");
    let died = Instant::now();
    let managers = [stage.manager().await, stage.manager().await, stage.manager().await];
    let served = Served::default();
    let mut waiters = Vec::new();
    let names = ["0", "1", "2", "3", "4", "5"];
    for (number, who) in names.iter().enumerate() {
        let waiter = served_as((*who).to_owned(), managers[number % 3].lock("a").fair(), Arc::clone(&served));
        waiters.push(arrive(stage, "a", waiter).await);
    }
    all(waiters).await;
    assert!(died.elapsed() < LEASE + SHORT_LEASE + REFRESH + SLACK, "{:?}", died.elapsed());
    assert!(dies.is_lost());
    in_order(&served, &names);
}

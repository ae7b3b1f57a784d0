//! Masters that stand still while somebody holds the lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, Held, LockError, LockManager};
use lock_tests::{Binary, Masters, Recorder, now_ns, until_async};
use tokio::task::JoinHandle;

use super::history::{History, contend};
use super::{PATIENCE, SLACK, on_each};

const LEASE: Duration = Duration::from_secs(1);

/// From one moment to a later one.
fn time(from_ns: u64, to_ns: u64) -> Duration {
    Duration::from_nanos(to_ns.saturating_sub(from_ns))
}

/// Holds until it is lost, and writes down until when it believed to hold.
async fn hold_on(held: Held, recorder: Recorder) {
    let hold = recorder.took("LOCK:a", "holder", held.token());
    loop {
        let now = now_ns();
        if held.is_lost() {
            return;
        }
        hold.valid_at(now);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// How the lock is held while the majority stands still; ends when it was lost.
type Holder = fn(LockManager, Recorder) -> JoinHandle<()>;

/// Two of three stand still for just one lease: when they go on, what they had granted is over by their clocks, and
/// they give it to the next one at once, whatever the holder believes.
async fn majority_stands_still(binary: &'static Binary, holder: Holder) {
    let masters = Masters::start(binary, 3);
    let (here, there) = (masters.manager().await, masters.manager().await);
    let history = History::new();
    let held = holder(here, history.recorder());
    masters.all_renew("a").await;
    let over = Arc::new(AtomicBool::new(false));
    let contender = contend(there, LEASE, history.recorder(), Arc::clone(&over));
    masters.server(0).pause();
    masters.server(1).pause();
    let frozen = now_ns();
    let told = async {
        let held = tokio::time::timeout(LEASE + SLACK, held).await;
        held.expect("it is told by the end of its lease").expect("no panic");
        now_ns()
    };
    let resumed = async {
        tokio::time::sleep(LEASE).await;
        masters.server(0).resume();
        masters.server(1).resume();
        now_ns()
    };
    let (told, resumed) = tokio::join!(told, resumed);
    until_async(PATIENCE, "somebody gets it", || history.first_of_contender().is_some()).await;
    let first = history.first_of_contender().expect("somebody got it");
    over.store(true, Ordering::SeqCst);
    contender.await.expect("no panic");
    let holds = history.right();
    let believed = holds.iter().find(|hold| hold.who == "holder").expect("it held").until_ns;
    let (told, nobody, of_it) = (time(frozen, told), time(believed, first), time(resumed, first));
    eprintln!(
        "on {}: told {told:?} after the majority stood still; nobody had it for {nobody:?}, {of_it:?} of it with all awake",
        binary.label()
    );
    assert!(time(frozen, believed) < LEASE, "believed in for {:?}", time(frozen, believed));
    assert!(of_it < SLACK, "nobody got it for {of_it:?} after all were awake");
    masters.are_empty().await;
}

#[test]
fn a_body_is_cancelled_within_its_lease_when_a_majority_stands_still() {
    on_each(async |binary| {
        majority_stands_still(binary, |locks, recorder| {
            tokio::spawn(async move {
                let body = async {
                    hold_on(Held::current().expect("inside"), recorder).await;
                    std::future::pending::<()>().await;
                };
                let outcome = locks.lock("a").red().expire(LEASE).run(body).await;
                assert!(
                    matches!(outcome, Err(LockError::Lost { body: BodyOutcome::Cancelled, .. })),
                    "{outcome:?}"
                );
            })
        })
        .await;
    });
}

#[test]
fn a_guard_is_lost_within_its_lease_when_a_majority_stands_still() {
    on_each(async |binary| {
        majority_stands_still(binary, |locks, recorder| {
            tokio::spawn(async move {
                let guard = locks.lock("a").red().expire(LEASE).acquire().await.expect("it is free");
                tokio::join!(hold_on(guard.held(), recorder), guard.lost());
                assert_eq!(guard.remaining(), Duration::ZERO);
                let outcome = guard.release().await;
                assert!(matches!(outcome, Err(LockError::Lost { .. })), "{outcome:?}");
            })
        })
        .await;
    });
}

/// The first of them too, whose engine's clock and alarms stand for all.
#[test]
fn a_hold_outlives_a_minority_that_stands_still() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let (here, there) = (masters.manager().await, masters.manager().await);
        for place in [0, 2] {
            let history = History::new();
            let guard = here.lock("a").red().expire(LEASE).acquire().await.expect("it is free");
            let hold = history.recorder().took("LOCK:a", "holder", guard.token());
            masters.all_renew("a").await;
            let over = Arc::new(AtomicBool::new(false));
            let contender = contend(there.clone(), LEASE, history.recorder(), Arc::clone(&over));
            masters.server(place).pause();
            let frozen = Instant::now();
            let (mut renewals, mut left) = (0, guard.remaining());
            while frozen.elapsed() < 3 * LEASE {
                let now = now_ns();
                assert!(!guard.is_lost(), "lost after {:?} without master {place}", frozen.elapsed());
                hold.valid_at(now);
                let before = std::mem::replace(&mut left, guard.remaining());
                renewals += usize::from(left > before);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert!(renewals >= 3, "renewed {renewals} times in three leases");
            guard.release().await.expect("a majority answers");
            let released = now_ns();
            until_async(PATIENCE, "the next one gets it", || history.first_of_contender().is_some()).await;
            over.store(true, Ordering::SeqCst);
            let busy = contender.await.expect("no panic");
            assert!(busy > 0, "nobody else wanted it");
            history.right();
            let waited = time(released, history.first_of_contender().expect("somebody got it"));
            assert!(waited < SLACK, "{waited:?} after the release, master {place} still frozen");
            eprintln!(
                "on {}: master {place} frozen: renewed {renewals} times, {busy} others denied, next after {waited:?}",
                binary.label()
            );
            masters.server(place).resume();
            masters.are_empty().await;
        }
    });
}

//! Many who want few locks, while the master changes: who held what when.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Deployment, Hold, Recorder, Scratch, Violation, check, now_ns, oldest_and_newest, read};

use super::ways::{WAYS, Way};
use crate::breakage::nobody_could_acquire;

const MANAGERS: usize = 3;
const TASKS: usize = 3;
const NAMES: [&str; 2] = ["a", "b"];
const LEASE: Duration = Duration::from_secs(3);
const WAIT: Duration = Duration::from_secs(20);
/// A silent master is down after a second, and a failover that gets stuck is tried anew after 4 s. What the old master granted or
/// queued last can be over only with its lease and a short one, of 3 s. The rest is for a busy machine.
const LIMIT: Duration = Duration::from_secs(1 + 4 + 3 + 3 + 3);
/// Who needs a replica gets nothing before the old master has become one: when a sentinel has tried that anew, too.
const LIMIT_WITH_REPLICA: Duration = Duration::from_secs(2 * 4).saturating_add(LIMIT);

/// How long the crowd runs before and after.
const CALM: Duration = Duration::from_secs(2);

/// Takes the locks in turn until told to stop. Each hold is over long before a renewal would be due.
async fn take(locks: LockManager, who: String, recorder: Recorder, over: Arc<AtomicBool>) {
    for name in NAMES.iter().cycle() {
        if over.load(Ordering::SeqCst) {
            return;
        }
        let guard = match locks.lock(*name).wait(WAIT).expire(LEASE).acquire().await {
            Ok(guard) => guard,
            Err(LockError::Unavailable { .. }) => continue,
            Err(error) => panic!("{who}: {error}"),
        };
        let hold = recorder.took(guard.name().as_str(), &who, guard.token());
        for _ in 0..3 {
            let now = now_ns();
            if guard.is_lost() {
                break;
            }
            hold.valid_at(now);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(guard);
    }
}

/// Runs the crowd while `happens`; what was recorded, and from when to when it happened.
async fn crowd(
    deployment: &Deployment,
    min_replicas: u32,
    history: &Path,
    way: &Way,
) -> (Vec<Hold>, u64, u64) {
    let recorder = Recorder::append(history).expect("a history can be written");
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = Vec::new();
    for manager in 0..MANAGERS {
        let locks = deployment.careful_manager(min_replicas).await;
        for task in 0..TASKS {
            let who = format!("{manager}.{task}");
            tasks.push(tokio::spawn(take(locks.clone(), who, recorder.clone(), Arc::clone(&over))));
        }
    }
    tokio::time::sleep(CALM).await;
    let begin = now_ns();
    let old = deployment.master();
    tokio::task::block_in_place(|| (way.happens)(deployment));
    let end = now_ns();
    tokio::task::block_in_place(|| {
        (way.heal)(old);
        // Who needs a replica has none before.
        if min_replicas > 0 {
            deployment.until_whole();
        }
    });
    tokio::time::sleep(2 * CALM).await;
    over.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("no panic");
    }
    (read(history).expect("a history"), begin, end)
}

/// The longest time around the failover in which nobody took a lock.
fn gap(holds: &[Hold], begin: u64) -> Duration {
    let mut taken: Vec<u64> = holds.iter().map(|hold| hold.from_ns).collect();
    taken.sort_unstable();
    let gaps = taken.windows(2).filter(|pair| pair[1] > begin).map(|pair| pair[1] - pair[0]);
    Duration::from_nanos(gaps.max().unwrap_or(u64::MAX))
}

fn played(min_replicas: u32, judge: impl Fn(&[Violation], u64, u64) + Sync) {
    oldest_and_newest(|binary| {
        for way in &WAYS {
            let folder = Scratch::new();
            let file = folder.path().join("history");
            Deployment::start(binary, 1).play(async |deployment: &Deployment| {
                let (holds, begin, end) = crowd(deployment, min_replicas, &file, way).await;
                let wrong = check(&holds);
                let before = holds.iter().filter(|hold| hold.from_ns < begin).count();
                let after = holds.iter().filter(|hold| hold.from_ns > end).count();
                eprintln!(
                    "{}, {}, min_replicas {min_replicas}: {before} holds before, {after} after; the sentinels took {:?}; \
                     {} overlaps",
                    binary.label(),
                    way.name,
                    Duration::from_nanos(end - begin),
                    wrong.len()
                );
                let what = format!("{}, min_replicas {min_replicas}", way.name);
                let limit = if min_replicas > 0 { LIMIT_WITH_REPLICA } else { LIMIT };
                let limit = limit + deployment.stood_still();
                nobody_could_acquire(binary, "sentinel", &what, gap(&holds, begin), limit);
                assert!(before > 0 && after > 0, "the crowd did not get its locks");
                judge(&wrong, begin, end);
            });
        }
    });
}

/// With the one replica that can become the master acknowledging each grant, none is ever given twice. (One replica has to
/// acknowledge: after the failover there is none until the old master has become one, so no lock is given until then.)
#[test]
fn acknowledged_holds_never_overlap_over_a_failover() {
    played(1, |wrong, _, _| {
        let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// Without acknowledgement a failover can lose a grant, and its holder does not know for the rest of its lease. Outside that
/// time nothing may be wrong.
#[test]
fn holds_overlap_within_one_lease_of_a_failover_at_most() {
    played(0, |wrong, begin, end| {
        let lease = u64::try_from(LEASE.as_nanos()).expect("small");
        for violation in wrong {
            let (Violation::Overlap(one, two) | Violation::Token(one, two)) = violation else {
                panic!("{violation}");
            };
            assert!(one.until_ns >= begin.saturating_sub(lease) && two.from_ns <= end + lease, "{violation}");
        }
    });
}

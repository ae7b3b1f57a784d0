//! Plain functions whose lock is lost while they run: a thread can't be cancelled, so they have to look.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, Held, LockError, LockManager, distributed_lock};
use lock_tests::Stage;

const LEASE: Duration = Duration::from_millis(500);
/// How late a signal may be on a busy machine.
const SLACK: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, PartialEq)]
enum OrderError {
    SoldOut,
    Lost(BodyOutcome),
    Other(String),
}

impl From<LockError> for OrderError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Lost { key, body, .. } if key.contains(":order:") => Self::Lost(body),
            other => Self::Other(other.to_string()),
        }
    }
}

/// What a body that watches its lock does.
struct Watch<'a> {
    stage: &'a Stage,
    /// Somebody else takes the lock away; otherwise its lease ends.
    taken_away: bool,
    /// For how long it was certainly held, since it began or, if it was taken away, since then.
    held_for: Mutex<Duration>,
    end: Result<u64, OrderError>,
}

impl Watch<'_> {
    fn run(&self, held: &Held) {
        held.check().expect("it begins with its lock");
        if self.taken_away {
            assert!(self.stage.lose(held.name()), "somebody held it");
        }
        let start = Instant::now();
        loop {
            // Read before the hold is asked.
            let now = start.elapsed();
            if held.check().is_err() {
                break;
            }
            *self.held_for.lock().expect("no panic") = now;
            assert!(now < LEASE + SLACK, "it does not see its loss");
            std::thread::sleep(LEASE / 500);
        }
        assert!(held.is_lost() && held.remaining() == Duration::ZERO);
        assert!(Held::current().expect("inside a hold").is_lost(), "the ambient one knows it too");
    }

    fn is_right(&self, function: &str) {
        let held_for = *self.held_for.lock().expect("no panic");
        assert!(held_for < LEASE, "{function}: it believed to hold for {held_for:?}");
        assert!(self.taken_away || held_for > LEASE / 4, "{function}: lost after {held_for:?} already");
    }
}

type Call = fn(&LockManager, u64, &Watch<'_>) -> Result<u64, OrderError>;

macro_rules! functions {
    ($locks:ident, $id:ident, $watch:ident, $held:ident; $($name:ident [$($arguments:tt)*])*) => {
        $(
            #[distributed_lock(
                prefix = "order", key = $id, wait = "0s", expire = LEASE, locks = $locks, guard = $held, $($arguments)*
            )]
            fn $name($locks: &LockManager, $id: u64, $watch: &Watch<'_>) -> Result<u64, OrderError> {
                $watch.run(&$held);
                match &$watch.end {
                    Ok(result) => Ok(*result),
                    Err(_) => Err(OrderError::SoldOut),
                }
            }
        )*
    };
}

functions! {
    locks, id, watch, held;
    renewed []
    unrenewed [renew = false]
    finishes [on_lost = "finish"]
    finishes_unrenewed [on_lost = "finish", renew = false]
    reads [kind = "read", renew = false]
    writes [kind = "write", renew = false]
}

const FUNCTIONS: [(&str, Call, bool); 6] = [
    ("renewed", renewed, false),
    ("unrenewed", unrenewed, false),
    ("finishes", finishes, true),
    ("finishes, unrenewed", finishes_unrenewed, true),
    ("reads", reads, false),
    ("writes", writes, false),
];

/// Each function on a thread of its own, with an order of its own.
async fn each(stage: &Stage, taken_away: bool) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    std::thread::scope(|scope| {
        for (place, (function, call, finishes)) in (0..).step_by(2).zip(FUNCTIONS) {
            // A lock that is renewed is not lost unless somebody takes it away.
            if !taken_away && !function.contains("unrenewed") && !["reads", "writes"].contains(&function) {
                continue;
            }
            for (id, end) in [(place, Ok(7)), (place + 1, Err(OrderError::SoldOut))] {
                let (here, there) = (&here, &there);
                scope.spawn(move || {
                    let expected = match &end {
                        Ok(_) if !finishes => Err(OrderError::Lost(BodyOutcome::Finished)),
                        Ok(result) => Ok(*result),
                        Err(_) => Err(OrderError::SoldOut),
                    };
                    let watch = Watch { stage, taken_away, held_for: Mutex::default(), end };
                    assert_eq!(call(here, id, &watch), expected, "{function}");
                    watch.is_right(function);
                    let next = there.lock(("order", id)).write().wait(PATIENCE / 4).acquire_blocking();
                    next.expect("nobody has it").release_blocking().expect("it is held");
                });
            }
        }
    });
}

pub(crate) async fn a_plain_body_sees_the_end_of_its_lease(stage: &Stage) {
    each(stage, false).await;
}

pub(crate) async fn a_plain_body_sees_that_its_lock_was_taken_away(stage: &Stage) {
    each(stage, true).await;
}

//! A function for each combination.

use std::fmt;

use lock_core::{LockError, LockManager, distributed_lock};

use crate::call::{Call, Ended, LEASE, Returned};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnBusy {
    Error,
    Skip,
    Path,
}

/// One combination.
pub(crate) struct Case {
    pub(crate) on_busy: OnBusy,
    /// The type that it returns, as it is written.
    pub(crate) returns: &'static str,
    pub(crate) on_lost: &'static str,
    /// `None`: no `when`.
    pub(crate) when: Option<bool>,
    renew: bool,
    pub(crate) is_async: bool,
    pub(crate) run: fn(&Call, Option<&LockManager>) -> Ended,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { on_busy, returns, on_lost, when, renew, is_async, run: _ } = self;
        let word = if *is_async { "async" } else { "plain" };
        write!(f, "{word} {on_busy:?} -> {returns}, on_lost {on_lost}, when {when:?}, renew {renew}")
    }
}

/// Peels off one dimension after the other; `$call` comes from outside, since names are hygienic.
macro_rules! functions {
    ($cases:ident, $call:ident) => {
        functions!(@lost $cases, $call, Error, Result<u64, LockError>, [on_busy = "error"], [on_busy = "error"]);
        functions!(@lost $cases, $call, Skip, Result<(), LockError>, [on_busy = "skip"], [on_busy = "skip"]);
        functions!(@lost $cases, $call, Skip, Result<Option<u64>, LockError>, [on_busy = "skip"], [on_busy = "skip"]);
        functions!(@lost $cases, $call, Skip, (), [on_busy = "skip"], [on_busy = "skip"]);
        functions!(@lost $cases, $call, Skip, Option<u64>, [on_busy = "skip"], [on_busy = "skip"]);
        functions!(@lost $cases, $call, Path, Result<u64, LockError>, [on_busy = instead], [on_busy = instead_plain]);
    };
    (@lost $($given:tt)*) => {
        functions!(@renew "cancel", $($given)*);
        functions!(@renew "finish", $($given)*);
    };
    (@renew $($given:tt)*) => {
        functions!(@when true, $($given)*);
        functions!(@when false, $($given)*);
    };
    (@when $renew:literal, $lost:literal, $cases:ident, $call:ident, $($given:tt)*) => {
        functions!(@case None, [], $renew, $lost, $cases, $call, $($given)*);
        functions!(@case Some(true), [, when = $call.amount > 100], $renew, $lost, $cases, $call, $($given)*);
        functions!(@case Some(false), [, when = "call.amount > 100_000"], $renew, $lost, $cases, $call, $($given)*);
    };
    (@case $when:expr, [$($condition:tt)*], $renew:literal, $lost:literal, $cases:ident, $call:ident, $word:ident, $returns:ty,
        [$($on_busy:tt)*], [$($on_busy_plain:tt)*]) => {{
        #[distributed_lock(name = "case", key = $call.id, wait = "0s", expire = LEASE, renew = $renew, on_lost = $lost,
            $($on_busy)* $($condition)*)]
        async fn awaited($call: &Call) -> $returns {
            $call.begin();
            tokio::task::yield_now().await;
            $call.end()
        }

        #[distributed_lock(name = "case", key = $call.id, wait = "0s", expire = LEASE, renew = $renew, on_lost = $lost,
            $($on_busy_plain)* $($condition)*)]
        fn plain($call: &Call) -> $returns {
            $call.begin();
            $call.end()
        }

        let case = |is_async, run| Case {
            on_busy: OnBusy::$word,
            returns: stringify!($returns),
            on_lost: $lost,
            when: $when,
            renew: $renew,
            is_async,
            run,
        };
        $cases.push(case(true, |call, locks| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                match locks {
                    Some(locks) => locks.scope(awaited(call)).await.ended(),
                    None => awaited(call).await.ended(),
                }
            })
        }));
        $cases.push(case(false, |call, locks| match locks {
            Some(locks) => locks.scope_sync(|| plain(call)).ended(),
            None => plain(call).ended(),
        }));
    }};
}

async fn instead(call: &Call) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    call.instead()
}

fn instead_plain(call: &Call) -> Result<u64, LockError> {
    call.instead()
}

/// Every combination.
pub(crate) fn product() -> Vec<Case> {
    let mut cases = Vec::new();
    functions!(cases, call);
    cases
}

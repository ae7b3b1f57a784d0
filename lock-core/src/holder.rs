//! Who holds a lock, as those who find it busy are told.

use std::fmt;
use std::num::NonZeroU64;
use std::thread::ThreadId;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Between the readable part of an owner's record and the time of its beginning, in ms since the epoch.
const SINCE: &str = " @";
/// In a record, in place of a function's name.
pub(crate) const BY_HAND: &str = "by hand";

/// Who holds a lock, as told by the server or known in this process. Its text is what [`LockError::Busy`] says of it:
/// `host/4711 pay for at most 2.5s (lease left 9.1s)`.
///
/// [`LockError::Busy`]: crate::LockError::Busy
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// `host/pid function`: the process, and the annotated function, or `by hand`. Between calls of one process that follow
    /// each other closely the server may still show the first one's function.
    pub record: String,
    /// Since when, by the wall clock of the holder's machine. Of a holder in this process that is when it got the lock; of
    /// another when its process asked for it, so that it has held it for at most that long.
    pub since: Option<SystemTime>,
    /// How long the holder's lease still ran when the server was last asked. A live holder renews it.
    pub lease_left: Duration,
    /// Whether it is a hold of this very process, perhaps of this very task.
    pub in_this_process: bool,
    /// From `since` until it was looked at, in µs: an error may be shown long after. A number, for the size of errors.
    held_for_us: Option<NonZeroU64>,
    relation: Relation,
}

/// What is known of how a holder in this process and the caller that found the lock busy belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// Nothing: they may just compete.
    Unknown,
    /// The holder took the lock by hand, in the very task, or on the very thread, that called.
    SameTask,
    /// The caller's task was spawned inside of the hold.
    Parent,
}

/// The task or thread in which something is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Task(tokio::task::Id),
    Thread(ThreadId),
}

impl Caller {
    pub(crate) fn here() -> Self {
        tokio::task::try_id().map_or_else(|| Self::Thread(std::thread::current().id()), Self::Task)
    }
}

impl Holder {
    /// A holder known from its record at the server.
    pub(crate) fn of(record: &str, lease_left: Duration) -> Self {
        let (readable, since) = match record.rsplit_once(SINCE) {
            Some((readable, ms)) => (readable, ms.parse().ok()),
            None => (record, None),
        };
        let since = since.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms)));
        Self {
            record: readable.to_owned(),
            since,
            lease_left,
            in_this_process: false,
            held_for_us: since.and_then(|since| since.elapsed().ok()).and_then(micros),
            relation: Relation::Unknown,
        }
    }

    /// A holder in this process, which has held the lock for so long.
    pub(crate) fn here(record: &str, held_for: Duration, lease_left: Duration) -> Self {
        Self {
            since: SystemTime::now().checked_sub(held_for),
            held_for_us: micros(held_for),
            in_this_process: true,
            ..Self::of(record, lease_left)
        }
    }

    /// It got the lock in the task of the one that found it busy: without a scope a call does not know of a guard.
    pub(crate) fn in_the_callers_task(mut self) -> Self {
        if self.record.ends_with(BY_HAND) {
            self.relation = Relation::SameTask;
        }
        self
    }

    /// The task that found it busy was spawned inside of this hold.
    pub(crate) fn is_the_callers_parent(&mut self) {
        self.relation = Relation::Parent;
    }

    /// The record of an owner that begins now.
    pub(crate) fn record_now(readable: &str) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        format!("{readable}{SINCE}{since}")
    }

    /// What an error adds about it.
    pub(crate) fn suffix(holder: Option<&Self>) -> String {
        let Some(holder) = holder else {
            return String::new();
        };
        let hint = match holder.relation {
            Relation::Unknown => "",
            Relation::SameTask => {
                ", in the task of this call: if the call belongs into that hold, run it inside `guard.scope(..)`"
            }
            Relation::Parent => {
                ", inside of which this task was spawned: a spawned task is outside of the holds of its parent, which must \
                 not wait for it"
            }
        };
        format!("; held by {holder}{hint}")
    }
}

fn micros(time: Duration) -> Option<NonZeroU64> {
    NonZeroU64::new(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1))
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.record)?;
        if self.in_this_process {
            f.write_str(" in this process")?;
        }
        if let Some(held_for) = self.held_for_us.map(|us| Duration::from_micros(us.get())) {
            write!(f, " for {}{held_for:.1?}", if self.in_this_process { "" } else { "at most " })?;
        }
        write!(f, " (lease left {:.1?})", self.lease_left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Duration = Duration::from_millis(1500);

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let holder = Holder::of(&Holder::record_now("host/1 pay @ home"), Duration::from_secs(2));
        assert_eq!(holder.record, "host/1 pay @ home");
        assert!(
            holder.since.is_some_and(|since| since.elapsed().is_ok_and(|age| age < Duration::from_secs(60)))
        );
    }

    #[test]
    fn a_strange_record_is_shown_as_it_is() {
        for record in ["somebody", "somebody @18446744073709551615"] {
            let holder = Holder::of(record, LEFT);
            assert_eq!(Holder::suffix(Some(&holder)), "; held by somebody (lease left 1.5s)");
        }
    }

    #[test]
    fn a_holder_elsewhere_has_held_it_no_longer_than_since_it_asked() {
        let asked = SystemTime::now() - Duration::from_secs(60);
        let ms = asked.duration_since(UNIX_EPOCH).unwrap().as_millis();
        let text = Holder::of(&format!("host/1 pay @{ms}"), LEFT).to_string();
        assert!(
            text.starts_with("host/1 pay for at most 60.") && text.ends_with("s (lease left 1.5s)"),
            "{text}"
        );
    }

    #[test]
    fn a_holder_here_is_said_to_have_held_it_since_it_got_it() {
        let record = format!("host/1 pay{SINCE}{}", 1_000);
        let holder = Holder::here(&record, Duration::from_millis(200), LEFT);
        assert_eq!(holder.to_string(), "host/1 pay in this process for 200.0ms (lease left 1.5s)");
        assert!(holder.since.unwrap().elapsed().unwrap() < Duration::from_secs(60));
    }

    #[test]
    fn nobody_is_accused_but_who_is_known_to_have_done_it() {
        let here = |record| Holder::here(record, Duration::ZERO, LEFT);
        let says = |holder: &Holder, words| Holder::suffix(Some(holder)).contains(words);
        let contending = here("host/1 pay").in_the_callers_task();
        assert!(
            Holder::suffix(Some(&contending)).ends_with("(lease left 1.5s)"),
            "two branches of a `join!`"
        );
        assert!(!says(&here("host/1 by hand"), "guard.scope"));
        assert!(says(&here("host/1 by hand").in_the_callers_task(), "guard.scope"));
        let mut parent = here("host/1 pay");
        assert!(!says(&parent, "spawned"));
        parent.is_the_callers_parent();
        assert!(says(&parent, "spawned"));
    }
}

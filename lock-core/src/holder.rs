//! Who holds a lock, as those who find it busy are told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Between the readable part of an owner's record and the time of its beginning, in ms since the epoch.
const SINCE: &str = " @";
/// In a record, in place of a function's name.
pub(crate) const BY_HAND: &str = "by hand";

/// Who holds a lock, as told by the server or known in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// `host/pid function`: the process, and the annotated function, or `by hand`. Between calls of one process that follow
    /// each other closely the server may still show the first one's function.
    pub record: String,
    /// Since when, by the wall clock of the holder's machine.
    pub since: Option<SystemTime>,
    /// How long the holder's lease still ran when the server was last asked. A live holder renews it.
    pub lease_left: Duration,
    /// Whether it is a hold of this very process, perhaps of this very task.
    pub in_this_process: bool,
}

impl Holder {
    /// A holder known from its record at the server.
    pub(crate) fn of(record: &str, lease_left: Duration) -> Self {
        let (readable, since) = match record.rsplit_once(SINCE) {
            Some((readable, ms)) => (readable, ms.parse().ok()),
            None => (record, None),
        };
        Self {
            record: readable.to_owned(),
            since: since.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))),
            lease_left,
            in_this_process: false,
        }
    }

    /// A holder in this process.
    pub(crate) fn here(record: &str, lease_left: Duration) -> Self {
        Self { in_this_process: true, ..Self::of(record, lease_left) }
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
        let age = holder.since.and_then(|since| since.elapsed().ok());
        let age = age.map(|age| format!(" for {age:.1?}")).unwrap_or_default();
        let place = if holder.in_this_process { " in this process" } else { "" };
        let hint = match (holder.in_this_process, holder.record.ends_with(BY_HAND)) {
            (true, true) => {
                ". If your own task holds it by hand, run the nested call inside `guard.scope(..)`"
            }
            (true, false) => ". A spawned task is outside the holds of its parent",
            (false, _) => "",
        };
        format!("; held{place} by {}{age} (lease left {:.1?}){hint}", holder.record, holder.lease_left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let holder = Holder::of("somebody", Duration::from_millis(1500));
        assert_eq!(Holder::suffix(Some(&holder)), "; held by somebody (lease left 1.5s)");
    }
}

//! What has to come of a call, said once for the whole product.

use crate::call::Ended;
use crate::product::{Case, OnBusy};
use crate::situation::{Seen, Situation};

pub(crate) fn expected(case: &Case, situation: Situation) -> Seen {
    if case.when == Some(false) {
        // The one exception: the body without a lock, whatever becomes of locks.
        return body(case, 0);
    }
    match situation {
        Situation::Free => body(case, 1),
        Situation::Busy => match case.on_busy {
            OnBusy::Error => Seen { ended: Ended::Error("busy"), ..nothing() },
            OnBusy::Skip => Seen { ended: skipped(case), ..nothing() },
            OnBusy::Path => Seen { ended: Ended::Value, fallbacks: 1, ..nothing() },
        },
        Situation::Unavailable => failed(case, "unavailable", nothing()),
        Situation::Refused => failed(case, "refused", nothing()),
        Situation::KeyError => failed(case, "key", nothing()),
        Situation::NoManager => failed(case, "no manager", nothing()),
        Situation::Lost if case.on_lost == "finish" => body(case, 1),
        Situation::Lost => {
            let (word, ends) = if case.is_async { ("lost, cancelled", 0) } else { ("lost, finished", 1) };
            failed(case, word, Seen { ends, ..body(case, 1) })
        }
    }
}

/// The body ran to its end, under as many grants.
fn body(case: &Case, grants: usize) -> Seen {
    let ended = if says_nothing(case) { Ended::Unit } else { Ended::Value };
    Seen { ended, grants, entries: 1, entries_with_a_hold: grants, ends: 1, ..nothing() }
}

/// A lock error that is no busy one: the caller's, where the type has a way to say it, and never a skip or a fallback.
fn failed(case: &Case, word: &'static str, seen: Seen) -> Seen {
    if case.returns.starts_with("Result") {
        Seen { ended: Ended::Error(word), ..seen }
    } else {
        Seen { ended: skipped(case), unreported: 1, ..seen }
    }
}

fn skipped(case: &Case) -> Ended {
    if says_nothing(case) { Ended::Unit } else { Ended::Skipped }
}

/// Whether a skip looks like a success.
fn says_nothing(case: &Case) -> bool {
    case.returns.contains("()")
}

fn nothing() -> Seen {
    Seen {
        ended: Ended::Unit,
        grants: 0,
        entries: 0,
        entries_with_a_hold: 0,
        ends: 0,
        fallbacks: 0,
        unreported: 0,
    }
}

//! Who stands in a lock's queue, as its record says (the server's protocol, "Stored").

use std::time::{Duration, SystemTime};

use lock_tests::{Server, Value};

/// How long a place of a waiter with this lease lives without a word of its waiter, by its queue's clock.
pub(super) fn heartbeat(lease: Duration) -> Duration {
    Duration::from_secs(3) + lease.min(Duration::from_secs(3)) / 2
}

/// The clock of servers, in ms.
pub(super) fn now_ms() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970").as_secs_f64() * 1000.0
}

/// Until when each waiter's place in the queue of the lock `name` lives if others are heard, in ms of the server's clock; none
/// where that is not known.
pub(crate) fn places(server: &Server, name: &str) -> Vec<f64> {
    // How far the queue's clock is behind the server's is in the name of one member.
    let behind = members(server, name, "1E").first().and_then(|(member, _)| member[2..].parse::<f64>().ok());
    // The deadline is a heartbeat's score, negative.
    members(server, name, "1B").into_iter().map(|(_, score)| behind.unwrap_or_default() - score).collect()
}

/// The number of each waiter in the queue of the lock `name`: the lowest is the first.
pub(crate) fn tickets(server: &Server, name: &str) -> Vec<f64> {
    members(server, name, "1Q").into_iter().map(|(_, score)| score).collect()
}

/// Whether every waiter for the lock `name` hears what is published at its `server`, which no node of a cluster knows.
pub(super) fn can_be_told(server: &Server, name: &str) -> bool {
    let waiters = members(server, name, "1Q");
    waiters.iter().filter_map(|(waiter, _)| waiter.split(';').nth(1)).all(|channel| {
        let listening = server.must(&["PUBSUB", "NUMSUB", channel]);
        listening.items().get(1).and_then(Value::integer).is_some_and(|count| count > 0)
    })
}

/// The members of this class, and their scores.
fn members(server: &Server, name: &str, class: &str) -> Vec<(String, f64)> {
    let record = server.command(&["ZRANGE", name, "0", "-1", "WITHSCORES"]);
    let members = record.items().chunks_exact(2);
    members
        .filter_map(|pair| match [&pair[0], &pair[1]].map(Value::text) {
            [Some(member), Some(score)] if member.starts_with(class) => {
                Some((member.to_owned(), score.parse().ok()?))
            }
            _ => None,
        })
        .collect()
}

//! Several locks at once (`keys`): seats that are booked together, or not at all.
//!
//! ```text
//! cargo run --example seats                                  # in memory
//! LOCK_URL=redis://127.0.0.1/ cargo run --example seats
//! ```
//!
//! Groups want overlapping seats, named in opposite orders. With one lock after the other they would wait for each other;
//! `keys` takes them in one order everywhere, all or none, and each seat has a fencing token of its own.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lock_core::{LockError, LockManager, distributed_lock};
use tokio::task::JoinSet;

/// A seat's row in a database: who has it, and the highest token that wrote it.
#[derive(Clone, Debug, Default)]
struct Seat {
    taken_by: Option<String>,
    token: u64,
}

/// Works without locks, as a database would: it refuses an old token, and knows nothing else.
#[derive(Default)]
struct Seats(Mutex<BTreeMap<u32, Seat>>);

impl Seats {
    fn is_free(&self, seat: u32) -> bool {
        let seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seats.get(&seat).is_none_or(|seat| seat.taken_by.is_none())
    }

    fn write(&self, seat: u32, group: &str, token: u64) {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = seats.entry(seat).or_default();
        assert!(row.token < token, "seat {seat}: token {token} is older than {}", row.token);
        assert_eq!(row.taken_by, None, "seat {seat} was booked twice");
        *row = Seat { taken_by: Some(group.to_owned()), token };
    }
}

/// Books all of `wanted`, or none if one of them is taken.
#[distributed_lock(
    prefix = "seat",
    keys = wanted.iter().map(|seat| (hall, seat)),
    wait = "10s",
    locks = locks,
    guard = held
)]
async fn book(
    locks: &LockManager,
    seats: &Seats,
    hall: &str,
    group: &str,
    wanted: &[u32],
) -> Result<bool, LockError> {
    if !wanted.iter().all(|seat| seats.is_free(*seat)) {
        return Ok(false);
    }
    tokio::time::sleep(Duration::from_millis(5)).await; // the payment, say
    for (name, token) in held.tokens() {
        // Each seat is written with the token of its own name: the tokens of two names say nothing about each other.
        let seat = wanted.iter().find(|seat| name.as_str().ends_with(&format!(":{seat}")));
        seats.write(*seat.expect("one of those that were asked for"), group, token);
    }
    Ok(true)
}

const GROUPS: [(&str, &[u32]); 6] = [
    ("the Browns", &[1, 2, 3]),
    ("the Smiths", &[4, 3, 2]),
    ("two friends", &[6, 5]),
    ("two others", &[5, 6]),
    ("class 4b", &[8, 7, 6, 5, 4]),
    ("a critic", &[8]),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("LOCK_URL").unwrap_or_else(|_| "memory:seats".to_owned());
    println!("{} groups book seats at once, the locks are at {url}", GROUPS.len());
    let seats = Arc::new(Seats::default());
    let mut groups = JoinSet::new();
    for (group, wanted) in GROUPS {
        // A manager each, as in processes of their own.
        let locks = LockManager::connect(&url).await?;
        let seats = Arc::clone(&seats);
        groups.spawn(async move { (group, wanted, book(&locks, &seats, "main", group, wanted).await) });
    }
    let mut booked = BTreeMap::new();
    while let Some(outcome) = groups.join_next().await {
        let (group, wanted, outcome) = outcome?;
        let got = outcome?;
        println!(
            "  {group:<12} {wanted:?}: {}",
            if got { "booked" } else { "one of them is taken, so none" }
        );
        for seat in wanted.iter().filter(|_| got) {
            let before = booked.insert(*seat, group);
            assert_eq!(before, None, "seat {seat} was sold twice");
        }
    }
    let rows = seats.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (seat, row) in &rows {
        println!("  seat {seat}: {:<12} token {}", row.taken_by.as_deref().unwrap_or("-"), row.token);
        assert_eq!(row.taken_by.as_deref(), booked.get(seat).copied(), "all of a group's seats, or none");
    }
    assert_eq!(rows.len(), booked.len());
    println!("{} seats, none sold twice, no group has only a part of its seats", rows.len());
    Ok(())
}

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

/// A seat's row in a database: who has it, and the highest token that has claimed it.
#[derive(Clone, Debug, Default)]
struct Seat {
    taken_by: Option<String>,
    token: u64,
}

/// Works without locks, as a database would: it refuses who has not the highest token, and knows nothing else.
#[derive(Default)]
struct Seats(Mutex<BTreeMap<u32, Seat>>);

impl Seats {
    /// Claims the seat and says whether it is free, in one step: whoever claimed it before can't write it any more. `None` if a
    /// later holder of its lock was here.
    fn claim(&self, seat: u32, token: u64) -> Option<bool> {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = seats.entry(seat).or_default();
        if row.token > token {
            return None;
        }
        row.token = token;
        Some(row.taken_by.is_none())
    }

    /// Writes all of these seats, or none: `false` if a later holder has claimed one.
    fn write(&self, claimed: &[(u32, u64)], group: &str) -> bool {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !claimed.iter().all(|(seat, token)| seats.get(seat).is_some_and(|row| row.token == *token)) {
            return false;
        }
        for (seat, token) in claimed {
            let before = seats.insert(*seat, Seat { taken_by: Some(group.to_owned()), token: *token });
            assert!(before.is_some_and(|row| row.taken_by.is_none()), "seat {seat} was booked twice");
        }
        true
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
    // Each seat is claimed and written with the token of its own lock: those of two locks say nothing about each other.
    let token_of = |seat: u32| held.token_of(("seat", hall, seat)).expect("it is one of the keys");
    let tokens: Vec<(u32, u64)> = wanted.iter().map(|seat| (*seat, token_of(*seat))).collect();
    if !tokens.iter().all(|(seat, token)| seats.claim(*seat, *token) == Some(true)) {
        return Ok(false);
    }
    tokio::time::sleep(Duration::from_millis(5)).await; // the payment, say
    Ok(seats.write(&tokens, group))
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
    let taken: BTreeMap<_, _> = rows.iter().filter(|(_, row)| row.taken_by.is_some()).collect();
    for (seat, row) in &taken {
        println!("  seat {seat}: {:<12} token {}", row.taken_by.as_deref().unwrap_or("-"), row.token);
        assert_eq!(row.taken_by.as_deref(), booked.get(*seat).copied(), "all of a group's seats, or none");
    }
    assert_eq!(taken.len(), booked.len());
    println!("{} seats, none sold twice, no group has only a part of its seats", taken.len());
    Ok(())
}

//! Many clients that split the votes.

use std::time::{Duration, Instant};

use lock_tests::{Binary, Masters, Recorder, Scratch, check, now_ns, read};

use super::{acquire, on_each};

#[test]
fn fifty_clients_that_split_the_votes_of_three_exclude_each_other_and_all_get_their_turn() {
    on_each(|binary| fifty_clients(binary, 3));
}

#[test]
fn fifty_clients_that_split_the_votes_of_five_exclude_each_other_and_all_get_their_turn() {
    on_each(|binary| fifty_clients(binary, 5));
}

async fn fifty_clients(binary: &'static Binary, count: usize) {
    let masters = Masters::start(binary, count);
    let folder = Scratch::new();
    let file = folder.path().join("history");
    let mut managers = Vec::new();
    for _ in 0..10 {
        managers.push(masters.manager().await);
    }
    let start = Instant::now();
    let clients = (0..50).map(|client: usize| {
        let locks = managers[client % 10].clone();
        let recorder = Recorder::append(&file).expect("a history can be written");
        tokio::spawn(async move {
            let guard =
                acquire(&locks, Duration::from_secs(100)).await.expect("everybody gets it in the end");
            let hold = recorder.took("LOCK:a", &client.to_string(), guard.token());
            for _ in 0..3 {
                tokio::task::yield_now().await;
                let now = now_ns();
                assert!(!guard.is_lost());
                hold.valid_at(now);
            }
            guard.release().await.expect("a majority answers");
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no panic");
    }
    let holds = read(&file).expect("a history can be read");
    assert_eq!(holds.len(), 50);
    assert_eq!(check(&holds), []);
    eprintln!("on {}: fifty clients of {count} masters in {:?}", binary.label(), start.elapsed());
    masters.are_empty().await;
}

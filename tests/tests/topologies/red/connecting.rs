//! Which masters a manager is content with.

use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Masters, leftovers, until_async};

use super::{PATIENCE, acquire, on_each};

#[test]
fn connecting_takes_a_majority_and_the_others_come_later() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        masters.server(2).kill();
        let locks = masters.manager().await;
        let guard = acquire(&locks, PATIENCE).await.expect("a majority is there");
        masters.server(2).restart();
        masters.server(2).known_as_red_master();
        until_async(PATIENCE, "the third has it too", || !leftovers(masters.server(2), "LOCK").is_empty())
            .await;
        guard.release().await.expect("all answer");
        masters.are_empty().await;
        masters.server(1).kill();
        masters.server(2).kill();
        let error = masters.builder().connect().await.expect_err("one of three is no majority");
        let text = error.to_string();
        assert!(matches!(error, LockError::Connect { .. }), "{text}");
        assert!(text.contains("1 of 3 red masters answered, and 2 are needed"), "{text}");
    });
}

#[test]
fn two_names_of_one_server_are_refused() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 2);
        let twice = masters.server(0).url().replace("127.0.0.1", "localhost");
        let urls = [masters.server(0).url(), masters.server(1).url(), twice];
        let error = LockManager::builder().red_masters(urls).connect().await.expect_err("two are one server");
        let text = error.to_string();
        assert!(matches!(error, LockError::Config { .. }), "{text}");
        assert!(text.contains("the same server as red master number"), "{text}");
    });
}

#[test]
fn red_stands_beside_a_server_of_its_own_and_they_know_nothing_of_each_other() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks =
            masters.builder().red_masters_keep_data().url("memory:").connect().await.expect("all answer");
        let red = acquire(&locks, PATIENCE).await.expect("it is free");
        let plain =
            locks.lock("a").try_acquire().await.expect("it answers").expect("red is on other servers");
        plain.release().await.expect("it answers");
        let report = locks.shutdown(Duration::ZERO).await;
        assert_eq!(report.still_held, [red.name().clone()], "once, though on three masters");
        assert!(red.is_lost());
    });
}

//! A sentinel that was cut off, and an old master that does not know that it is one.

use std::time::Duration;

use lock_tests::{Deployment, each_server, until};

use super::take;

const WAIT: Duration = Duration::from_secs(20);
/// Sentinels that notice a stall of the machine do nothing for 30 s.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn nobody_goes_back_to_the_old_master_by_the_word_of_a_stale_sentinel() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let locks = deployment.manager().await;
            take(&locks, "a").await;
            let old = deployment.master();
            let [one, two, stale] = deployment.sentinels() else { panic!("three sentinels") };
            // Both miss the failover; the two others are a majority.
            stale.kill();
            old.pause();
            until(PATIENCE, "the others have another master", || {
                [one, two].iter().all(|sentinel| sentinel.master_port() != Some(old.address().port()))
            });
            let new = deployment.master();
            take(&locks, "a").await;
            one.kill();
            two.kill();
            old.resume();
            stale.restart();
            assert_eq!(stale.master_port(), Some(old.address().port()), "it knows of the failover");
            assert_eq!(old.must(&["ROLE"]).items()[0].text(), Some("master"), "it knows of the failover");
            // A runtime of its own opens a connection of its own, and asks for the master's address.
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    runtime.expect("a runtime can be built").block_on(async {
                        let guard = locks.lock("b").wait(WAIT).acquire().await.expect("it is free");
                        assert_eq!(new.must(&["EXISTS", "LOCK:b"]).integer(), Some(1));
                        assert_eq!(old.must(&["EXISTS", "LOCK:b"]).integer(), Some(0), "it went back");
                        guard.release().await.expect("it is held");
                    });
                });
            });
            one.restart();
            two.restart();
            deployment.until_elsewhere(old.address().port());
        });
    });
}

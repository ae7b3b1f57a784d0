//! Finding the master.

use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager};
use lock_tests::{Deployment, each_server};

use super::take;

const WAIT: Duration = Duration::from_secs(10);

#[test]
fn locks_work_through_sentinels() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (here, there) = (deployment.manager().await, deployment.manager().await);
            let first = here.lock("a").acquire().await.expect("it is free");
            assert!(there.lock("a").try_acquire().await.expect("an answer").is_none());
            let waiting = there.clone();
            let waiter = tokio::spawn(async move { waiting.lock("a").wait(WAIT).acquire().await });
            let token = first.token();
            first.release().await.expect("it is held");
            let second = waiter.await.expect("no panic").expect("it was given back");
            assert!(second.token() > token);
        });
    });
}

#[test]
fn one_sentinel_that_answers_is_enough() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let sentinels = deployment.sentinels();
            sentinels[0].kill();
            let locks = deployment.manager().await;
            take(&locks, "a").await;
            sentinels[1].pause();
            let start = Instant::now();
            let more = deployment.manager().await;
            let took = start.elapsed();
            take(&more, "a").await;
            // The silent one is waited for once, since it could know better.
            assert!(took < Duration::from_secs(2), "{took:?}");
            sentinels[1].resume();
        });
    });
}

#[test]
fn who_finds_no_master_says_whom_it_asked() {
    each_server(|binary| {
        Deployment::start(binary, 0).play(async |deployment: &Deployment| {
            let locks = deployment.manager().await;
            let unknown = deployment.url().replace("mymaster", "other");
            let error = LockManager::connect(&unknown).await.expect_err("no sentinel knows it").to_string();
            assert!(error.contains("other") && error.contains("knows no master of this name"), "{error}");
            for sentinel in deployment.sentinels() {
                assert!(error.contains(&sentinel.address().to_string()), "{error}");
            }
            deployment.sentinels()[1].kill();
            deployment.sentinels()[2].kill();
            deployment.sentinels()[0].pause();
            let error = LockManager::connect(&deployment.url()).await.expect_err("no sentinel answers");
            assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
            let error = error.to_string();
            assert!(error.contains("no answer within") && error.contains("refused"), "{error}");
            // Who has found the master goes on without sentinels.
            take(&locks, "a").await;
            deployment.sentinels()[0].resume();
        });
    });
}

#[test]
fn logins_of_master_and_sentinels_are_told_apart() {
    each_server(|binary| {
        let deployment = Deployment::with_passwords(binary, "of-the-master", "of-sentinels");
        deployment.play(async |deployment: &Deployment| {
            let bare = deployment.url();
            let hosts = bare.trim_start_matches("redis-sentinel://");
            let right = format!("redis-sentinel://:of-the-master@{hosts}?sentinel_pass=of-sentinels");
            let locks = LockManager::connect(&right).await.expect("both logins are right");
            take(&locks, "a").await;
            let error = LockManager::connect(&bare).await.expect_err("the sentinels want a login");
            assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains("sentinel_pass"), "{error}");
            let without = format!("{bare}?sentinel_pass=of-sentinels");
            let error = LockManager::connect(&without).await.expect_err("the master wants a login");
            assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
            assert!(!error.to_string().contains("of-sentinels"), "{error}");
        });
    });
}

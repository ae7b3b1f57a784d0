use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::backend::memory::MemoryBackend;
use crate::manager::LockManager;
use crate::manager::connect::Opened;
use crate::{Held, LockError};

const PATIENCE: Duration = Duration::from_secs(20);

/// A manager of red locks on the memory backends of those names.
fn locks(names: &[&str]) -> LockManager {
    let opened = names.iter().map(|name| {
        let backend = MemoryBackend::named(name);
        let clock = backend.clock();
        Opened { backend: Arc::new(backend), clock }
    });
    LockManager::builder().red_backends(opened.collect()).connect_blocking().unwrap()
}

#[tokio::test]
async fn a_red_lock_is_alone_on_a_majority_and_leaves_nothing() {
    let names = ["red-alone-1", "red-alone-2", "red-alone-3"];
    let (here, there) = (locks(&names), locks(&names));
    let mut last = 0;
    for round in 0..20 {
        let (one, other) = if round % 2 == 0 { (&here, &there) } else { (&there, &here) };
        let guard = one.lock("a").red().wait(PATIENCE).acquire().await.unwrap();
        assert!(guard.token() > last, "round {round}");
        last = guard.token();
        let error = other.lock("a").red().wait(Duration::ZERO).acquire().await.unwrap_err();
        assert!(error.is_busy() && error.to_string().contains("of 3 granted it"), "{error}");
        guard.release().await.unwrap();
    }
    for name in names {
        let backend = MemoryBackend::named(name);
        while !backend.names().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn fifty_clients_that_split_the_votes_all_get_their_turn() {
    let names = ["red-split-1", "red-split-2", "red-split-3"];
    let managers: Vec<_> = (0..5).map(|_| locks(&names)).collect();
    let inside = Arc::new(AtomicUsize::new(0));
    let clients = (0..50).map(|n| {
        let (locks, inside) = (managers[n % 5].clone(), Arc::clone(&inside));
        tokio::spawn(async move {
            let guard = locks.lock("a").red().wait(Duration::from_secs(60)).acquire().await.unwrap();
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            tokio::task::yield_now().await;
            inside.fetch_sub(1, Ordering::SeqCst);
            guard.release().await.unwrap();
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

#[tokio::test]
async fn a_part_that_is_lost_is_got_back_while_a_majority_holds() {
    let names = ["red-repair-1", "red-repair-2", "red-repair-3"];
    let locks = locks(&names);
    // A part that is lost is noticed after a third of it: time enough for the one before to be counted on again.
    let expire = Duration::from_secs(2);
    let guard = locks.lock("a").red().expire(expire).acquire().await.unwrap();
    // One after the other: without repair the second would be the end of it.
    for name in names {
        let backend = MemoryBackend::named(name);
        let is_there = || backend.names().contains(&"LOCK:a".to_owned());
        while !is_there() {
            tokio::task::yield_now().await;
        }
        backend.lose(guard.name());
        assert!(!is_there());
        while !is_there() {
            assert!(!guard.is_lost());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    guard.release().await.unwrap();
}

#[tokio::test]
async fn a_lock_whose_parts_were_all_got_back_ends_with_its_longest_hold() {
    let names = ["red-longest-1", "red-longest-2", "red-longest-3"];
    let locks = locks(&names);
    let longest = Duration::from_secs(4);
    let since = Instant::now();
    let request = locks.lock("a").red().expire(Duration::from_secs(1)).max_hold(longest);
    let guard = request.acquire().await.unwrap();
    tokio::time::sleep(longest / 2).await;
    for name in names {
        let backend = MemoryBackend::named(name);
        let is_there = || backend.names().contains(&"LOCK:a".to_owned());
        backend.lose(guard.name());
        while !is_there() {
            assert!(!guard.is_lost(), "{:?} after it was taken", since.elapsed());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    guard.lost().await;
    assert!(since.elapsed() < longest + longest / 3, "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_majority_lost_is_the_lock_lost() {
    let names = ["red-lost-1", "red-lost-2", "red-lost-3"];
    let locks = locks(&names);
    let guard =
        locks.lock("a").red().expire(Duration::from_millis(200)).renew(false).acquire().await.unwrap();
    tokio::time::timeout(PATIENCE, guard.lost()).await.expect("told when its lease is over");
    assert!(guard.is_lost() && guard.remaining().is_zero());
    assert!(matches!(guard.release().await, Err(LockError::Lost { .. })));
}

#[tokio::test]
async fn red_joins_red_and_needs_masters() {
    let locks = locks(&["red-nest-1", "red-nest-2", "red-nest-3"]);
    let nested = locks.lock("a").red().run(async {
        let outer = Held::current().unwrap().token();
        let inner = locks.lock("a").red().wait(Duration::ZERO);
        inner.run(async { Held::current().unwrap().token() == outer }).await
    });
    assert!(nested.await.unwrap().unwrap());
    let other = locks.lock("a").acquire().await.unwrap_err();
    assert!(matches!(other, LockError::Params { .. }) && other.to_string().contains(".url("), "{other}");
    let plain = LockManager::connect("memory:").await.unwrap();
    let without = plain.lock("a").red().acquire().await.unwrap_err();
    assert!(without.to_string().contains("red_masters(["), "{without}");
    let long = locks.lock("a").red().expire(Duration::from_secs(31)).acquire().await.unwrap_err();
    assert!(matches!(long, LockError::Params { .. }) && long.to_string().contains("red_max_lease"), "{long}");
    let kept = locks.lock("a").red().hold_at_least(Duration::from_secs(31)).acquire().await.unwrap_err();
    assert!(matches!(kept, LockError::Params { .. }) && kept.to_string().contains("hold_at_least"), "{kept}");
    let guard = locks.lock("a").red().expire(Duration::from_secs(3)).acquire().await.unwrap();
    guard.held().extend(Duration::from_secs(20)).await.unwrap();
    assert!(guard.remaining() > Duration::from_secs(10));
    assert!(matches!(guard.held().extend(Duration::from_secs(31)).await, Err(LockError::Params { .. })));
}

#[cfg(feature = "redis")]
#[test]
fn an_even_number_of_masters_and_fewer_than_three_are_refused_with_the_reason() {
    let connect = |urls: &[&str]| {
        LockManager::builder().red_masters(urls.iter().copied()).connect_blocking().unwrap_err().to_string()
    };
    let few = connect(&["redis://127.0.0.1:1/", "redis://127.0.0.1:2/"]);
    assert!(few.contains("three masters or more") && few.contains(".url(..)"), "{few}");
    let even = connect(&["redis://h:1/", "redis://h:2/", "redis://h:3/", "redis://h:4/"]);
    assert!(even.contains("odd number") && even.contains("survives nothing more"), "{even}");
}

#[cfg(feature = "redis")]
#[test]
fn masters_that_fail_over_are_refused() {
    for url in ["redis-sentinel://h:1/mymaster", "redis-cluster://h:1"] {
        let builder = LockManager::builder().red_masters(["redis://h:1/", url, "redis://h:2/"]);
        let text = builder.connect_blocking().unwrap_err().to_string();
        assert!(text.contains("one server") && text.contains("redis://.."), "{text}");
    }
}

#[tokio::test]
async fn shutting_down_ends_all_masters_and_tells_of_each_name_once() {
    let locks = locks(&["red-end-1", "red-end-2", "red-end-3"]);
    let guard = locks.lock("a").red().acquire().await.unwrap();
    let report = locks.shutdown(Duration::ZERO).await;
    assert_eq!(report.still_held, [guard.name().clone()]);
    assert!(guard.is_lost());
    assert!(matches!(locks.lock("a").red().acquire().await, Err(LockError::ShutDown { .. })));
}

#[tokio::test]
async fn an_acquire_dropped_at_any_poll_leaves_nothing() {
    let names = ["red-drop-1", "red-drop-2", "red-drop-3"];
    let (here, there) = (locks(&names), locks(&names));
    for polls in 0..8 {
        let mut asking = Box::pin(here.lock("a").red().wait(PATIENCE).acquire());
        let mut taken = None;
        for _ in 0..polls {
            let poll =
                std::future::poll_fn(|context| std::task::Poll::Ready(asking.as_mut().poll(context))).await;
            if let std::task::Poll::Ready(guard) = poll {
                taken = Some(guard.unwrap());
                break;
            }
        }
        drop(asking);
        drop(taken);
        there.lock("a").red().wait(PATIENCE).acquire().await.unwrap().release().await.unwrap();
    }
    for name in names {
        let backend = MemoryBackend::named(name);
        while !backend.names().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

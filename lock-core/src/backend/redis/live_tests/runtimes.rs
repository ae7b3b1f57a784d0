//! Runtimes of users: gone, blocked, without I/O, several, none.

use std::time::{Duration, Instant};

use super::engine::{Engine, FORGET, Record, acquire, held, runtime};
use super::server::on_every_server;
use crate::backend::redis::{RedisBackend, RedisConfig};
use crate::backend::{Answer, Backend, Channel, HoldId, Request, Via};
use crate::clock::{BootClock, Clock};
use crate::name::LockName;

/// Lets the other tasks of the present runtime, the driver among them, run for a while.
async fn let_others_run(time: Duration) {
    let since = Instant::now();
    while since.elapsed() < time {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_runtime_that_ends_loses_what_is_in_flight_and_another_works() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        let first = runtime();
        first.block_on(async {
            let seq = engine.submit("LOCK:warm", &HoldId::new("a"), FORGET, Via::Caller);
            let_others_run(Duration::from_millis(50)).await;
            engine.record.answer(seq);
        });
        server.ask(&["CLIENT", "PAUSE", "5000", "WRITE"]);
        let seq = first.block_on(async {
            let seq = engine.submit("LOCK:x", &HoldId::new("a"), acquire(300), Via::Caller);
            let_others_run(Duration::from_millis(50)).await;
            seq
        });
        drop(first);
        assert!(engine.record.order().contains(&seq), "not answered at once");
        let answer = engine.record.answer(seq);
        assert!(matches!(answer, Answer::Lost(_)), "{answer:?}");
        server.ask(&["CLIENT", "UNPAUSE"]);
        for _ in 0..3 {
            works_in(&runtime(), &engine, "LOCK:y");
        }
        engine.record.assert_each_once([seq]);
    });
}

#[test]
fn requests_of_a_runtime_that_ended_before_they_left_go_by_the_engines_lane() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        let gone = runtime();
        let seq =
            gone.block_on(async { engine.submit("LOCK:x", &HoldId::new("a"), acquire(300), Via::Caller) });
        drop(gone);
        let answer = engine.record.answer(seq);
        assert!(held(&answer), "{answer:?}");
        engine.record.assert_each_once([seq]);
    });
}

#[test]
fn a_blocked_runtime_is_answered_by_the_tick_and_served_by_the_engine_meanwhile() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        let blocked = runtime();
        works_in(&blocked, &engine, "LOCK:warm");
        blocked.block_on(async {
            let asked = Instant::now();
            let seq = engine.submit("LOCK:x", &HoldId::new("a"), acquire(300), Via::Caller);
            let answer = engine.record.answer(seq);
            assert!(matches!(answer, Answer::Unsent(_)), "{answer:?}");
            assert!(asked.elapsed() < Duration::from_millis(1_500));
            std::thread::sleep(Duration::from_millis(600));
            let answer = engine.ask("LOCK:x", &HoldId::new("a"), acquire(300), Via::Caller);
            assert!(held(&answer), "{answer:?}");
        });
        works_in(&blocked, &engine, "LOCK:y");
    });
}

#[test]
fn a_runtime_without_io_is_served_by_the_engines_lane() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for _ in 0..2 {
            bare.block_on(async {
                let seq = engine.submit("LOCK:x", &HoldId::new("a"), FORGET, Via::Caller);
                let_others_run(Duration::from_millis(20)).await;
                let answer = engine.record.answer(seq);
                assert!(matches!(answer, Answer::Reply { .. }), "{answer:?}");
            });
        }
    });
}

#[test]
fn outside_any_runtime_the_engines_lane_serves() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        engine.must_work_again("LOCK:x", Via::Caller);
    });
}

#[test]
fn stopping_answers_everything_and_closes_all_connections() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        let runtime = runtime();
        works_in(&runtime, &engine, "LOCK:y");
        let handle = runtime.handle().clone();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let running = std::thread::spawn(move || runtime.block_on(ended));
        server.ask(&["CLIENT", "PAUSE", "5000", "WRITE"]);
        let inside = handle.enter();
        let seqs = [Via::Engine, Via::Caller]
            .map(|via| engine.submit("LOCK:x", &HoldId::new("a"), acquire(300), via));
        std::thread::sleep(Duration::from_millis(50));
        crate::backend::Backend::stop(&*engine.backend);
        for seq in seqs {
            assert!(engine.record.order().contains(&seq), "not answered by stop");
            assert!(matches!(engine.record.answer(seq), Answer::Lost(_)));
        }
        let record = std::sync::Arc::downgrade(&engine.record);
        server.ask(&["CLIENT", "UNPAUSE"]);
        let since = Instant::now();
        while record.strong_count() > 1 || clients(&server) > 1 {
            assert!(since.elapsed() < Duration::from_secs(5), "{} connections", clients(&server));
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(inside);
        drop(end);
        assert!(running.join().unwrap().is_err());
    });
}

/// How many connections the server has, the asking one included.
fn clients(server: &super::server::Server) -> usize {
    let list: String = redis::from_redis_value(server.ask(&["CLIENT", "LIST"])).unwrap();
    list.lines().count()
}

fn works_in(runtime: &tokio::runtime::Runtime, engine: &Engine, name: &str) {
    runtime.block_on(async {
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            let seq = engine.submit(name, &HoldId::new("a"), FORGET, Via::Caller);
            while !engine.record.order().contains(&seq) {
                tokio::task::yield_now().await;
            }
            let answer = engine.record.answer(seq);
            if matches!(answer, Answer::Reply { .. }) {
                return;
            }
            assert!(Instant::now() < until, "{answer:?}");
        }
    });
}

#[test]
fn the_engines_own_runtime_has_one_lane() {
    on_every_server(|server| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let backend = RedisBackend::new(RedisConfig::parse(&server.url()).unwrap());
        let record = std::sync::Arc::new(Record::default());
        runtime.block_on(async {
            let channel = Channel::new("LOCK:%test");
            backend.start(&channel, std::sync::Arc::clone(&record) as _).await.unwrap();
            let before = clients(&server);
            let request = Request {
                seq: 1,
                name: LockName::new("LOCK:x"),
                id: HoldId::new("a"),
                operation: FORGET,
                via: Via::Caller,
                submitted: BootClock.now(),
            };
            backend.submit(vec![request]);
            while record.order().is_empty() {
                tokio::task::yield_now().await;
            }
            assert!(matches!(record.answer(1), Answer::Reply { .. }));
            assert_eq!(clients(&server), before);
        });
        backend.stop();
    });
}

#[test]
fn a_panic_of_a_user_leaves_no_lane_behind() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        for _ in 0..3 {
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let runtime = runtime();
                works_in(&runtime, &engine, "LOCK:x");
                panic!("a user's");
            }));
            assert!(ended.is_err());
        }
        assert_eq!(engine.backend.hub.get().unwrap().user_lanes(), 0);
    });
}

#[test]
fn what_is_submitted_after_stop_is_unsent_and_opens_nothing() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        engine.backend.stop();
        let runtime = runtime();
        runtime.block_on(async {
            for via in [Via::Caller, Via::Engine] {
                let seq = engine.submit("LOCK:x", &HoldId::new("a"), FORGET, via);
                assert!(engine.record.order().contains(&seq), "not answered at once");
                assert!(matches!(engine.record.answer(seq), Answer::Unsent(_)));
            }
            let_others_run(Duration::from_millis(50)).await;
        });
        assert_eq!(engine.backend.hub.get().unwrap().user_lanes(), 0);
        assert_eq!(clients(&server), 1);
    });
}

#[test]
fn a_submit_beside_stop_is_answered_once() {
    on_every_server(|server| {
        for _ in 0..20 {
            let engine = Engine::start(&server.url());
            let seqs: Vec<u64> = std::thread::scope(|threads| {
                let submits = threads.spawn(|| {
                    let submit = |_| {
                        let runtime = runtime();
                        let _inside = runtime.enter();
                        engine.submit("LOCK:x", &HoldId::new("a"), FORGET, Via::Caller)
                    };
                    (0..20).map(submit).collect()
                });
                engine.backend.stop();
                submits.join().unwrap()
            });
            for seq in &seqs {
                engine.record.answer(*seq);
            }
            engine.record.assert_each_once(seqs);
            assert_eq!(engine.backend.hub.get().unwrap().user_lanes(), 0);
        }
    });
}

//! Connections that break, servers that stop, and nothing answered twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::engine::{Engine, FORGET, acquire, held, runtime};
use super::server::on_every_server;
use crate::backend::{Answer, Backend, FaultClass, HoldId, Reply, Via};

#[test]
fn what_is_in_flight_when_the_connection_is_cut_is_lost_once() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        engine.must_work_again("LOCK:warm", Via::Engine);
        server.ask(&["CLIENT", "PAUSE", "5000", "WRITE"]);
        let id = HoldId::new("a");
        let seq = engine.submit("LOCK:x", &id, acquire(5_000), Via::Engine);
        std::thread::sleep(Duration::from_millis(50));
        server.cut("normal");
        let answer = engine.record.answer(seq);
        assert!(matches!(&answer, Answer::Lost(fault) if fault.class == FaultClass::Transient), "{answer:?}");
        server.ask(&["CLIENT", "UNPAUSE"]);
        engine.must_work_again("LOCK:y", Via::Engine);
        engine.record.assert_each_once([seq]);
    });
}

#[test]
fn an_idle_connection_that_was_cut_is_replaced_unseen() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        for _ in 0..5 {
            server.cut("normal");
            std::thread::sleep(Duration::from_millis(60));
            let answer = engine.ask("LOCK:x", &HoldId::new("a"), FORGET, Via::Engine);
            assert!(matches!(answer, Answer::Reply { .. }), "{answer:?}");
        }
    });
}

#[test]
fn a_stopped_server_is_given_up_in_time_and_used_again() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        engine.must_work_again("LOCK:warm", Via::Engine);
        server.signal("-STOP");
        let asked = Instant::now();
        let id = HoldId::new("a");
        let first: Vec<_> =
            (0..10).map(|n| engine.submit(&format!("LOCK:{n}"), &id, acquire(500), Via::Engine)).collect();
        for seq in &first {
            let answer = engine.record.answer(*seq);
            assert!(matches!(answer, Answer::Lost(_) | Answer::Unsent(_)), "{answer:?}");
        }
        assert!(asked.elapsed() < Duration::from_millis(1_500), "{:?}", asked.elapsed());
        // A new connection is accepted by the kernel, and then nothing comes.
        let later = engine.ask("LOCK:z", &id, acquire(500), Via::Engine);
        assert!(matches!(later, Answer::Unsent(_)), "{later:?}");
        server.signal("-CONT");
        engine.must_work_again("LOCK:y", Via::Engine);
        engine.record.assert_each_once(first);
    });
}

#[test]
fn a_killed_server_is_unsent_until_it_is_back_with_another_generation() {
    on_every_server(|mut server| {
        let engine = Engine::start(&server.url());
        let id = HoldId::new("a");
        let Answer::Reply { generation: before, .. } = engine.ask("LOCK:x", &id, FORGET, Via::Engine) else {
            panic!("no reply")
        };
        server.kill();
        let asked = Instant::now();
        let answer = engine.ask("LOCK:x", &id, FORGET, Via::Engine);
        assert!(matches!(answer, Answer::Unsent(_) | Answer::Lost(_)), "{answer:?}");
        let answer = engine.ask("LOCK:x", &id, FORGET, Via::Engine);
        assert!(matches!(answer, Answer::Unsent(_)), "{answer:?}");
        assert!(asked.elapsed() < Duration::from_millis(1_500), "{:?}", asked.elapsed());
        server.restart();
        engine.must_work_again("LOCK:x", Via::Engine);
        let Answer::Reply { generation: after, .. } = engine.ask("LOCK:x", &id, FORGET, Via::Engine) else {
            panic!("no reply")
        };
        assert!(before.proves(&before) && after.proves(&after) && !before.proves(&after));
    });
}

#[test]
fn grants_arrive_with_their_generation_and_garbage_is_counted() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        engine.record.listens(&[true]);
        let Answer::Reply { generation, .. } = engine.ask("LOCK:x", &HoldId::new("a"), FORGET, Via::Engine)
        else {
            panic!("no reply")
        };
        let channel = engine.channel.as_str().to_owned();
        for garbage in ["probe", "x 1 2", "\u{fffd}"] {
            server.ask(&["PUBLISH", &channel, garbage]);
        }
        let hex = "0123456789abcdef0123456789abcdef";
        server.ask(&["PUBLISH", &channel, &format!("{hex} 7 3000 {}", generation.run_id())]);
        let grant = engine.record.grant();
        assert_eq!((grant.hex.as_str(), grant.fence, grant.left_ms), (hex, 7, 3000));
        assert!(grant.generation.proves(&generation));
        assert_eq!(engine.backend.garbage_messages(), 3);
    });
}

#[test]
fn a_subscription_that_is_cut_or_falls_silent_is_made_anew() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        server.cut("pubsub");
        engine.record.listens(&[true, false, true]);
        server.signal("-STOP");
        engine.record.listens(&[true, false, true, false]);
        server.signal("-CONT");
        engine.record.listens(&[true, false, true, false, true]);
        server.ask(&["PUBLISH", engine.channel.as_str(), "0123456789abcdef0123456789abcdef 7 3000 "]);
        engine.record.grant();
    });
}

#[test]
fn everything_is_answered_once_whatever_breaks() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        let over = AtomicBool::new(false);
        let runtimes = [runtime(), runtime()];
        let asked: Vec<u64> = std::thread::scope(|threads| {
            threads.spawn(|| {
                let mut random = Random(42);
                while !over.load(Ordering::Relaxed) {
                    match random.below(6) {
                        0 => drop(server.ask(&["SCRIPT", "FLUSH"])),
                        1 => {
                            server.signal("-STOP");
                            std::thread::sleep(Duration::from_millis(random.below(80)));
                            server.signal("-CONT");
                        }
                        2 => server.cut("pubsub"),
                        _ => server.cut("normal"),
                    }
                    std::thread::sleep(Duration::from_millis(random.below(25)));
                }
            });
            let workers: Vec<_> = runtimes
                .iter()
                .enumerate()
                .map(|(worker, runtime)| {
                    let engine = &engine;
                    threads.spawn(move || runtime.block_on(work(engine, worker as u64)))
                })
                .collect();
            let asked = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
            over.store(true, Ordering::Relaxed);
            asked
        });
        engine.record.assert_each_once(asked.iter().copied());
        engine.must_work_again("LOCK:after", Via::Engine);
        let count = |wanted: fn(&Answer) -> bool| {
            asked.iter().filter(|&&seq| wanted(&engine.record.answer(seq))).count()
        };
        let (held, lost) = (count(held), count(|answer| matches!(answer, Answer::Lost(_))));
        let unsent = count(|answer| matches!(answer, Answer::Unsent(_)));
        eprintln!("{} requests: {held} held, {lost} lost, {unsent} unsent", asked.len());
        assert!(held > 0 && lost > 0, "nothing was broken, or everything: {held} held, {lost} lost");
    });
}

/// Rounds of requests on a worker's own names; no error of the order can show but as a reply that does not fit.
async fn work(engine: &Engine, worker: u64) -> Vec<u64> {
    let mut random = Random(worker + 1);
    let mut asked = Vec::new();
    for round in 0..150 {
        let via = if random.below(4) == 0 { Via::Engine } else { Via::Caller };
        let mut requests = Vec::new();
        for name in 0..=random.below(8) {
            let (name, id) = (format!("LOCK:{worker}:{round}:{name}"), HoldId::new("worker"));
            requests.push(engine.request(&name, &id, acquire(1_000), via));
            requests.push(engine.request(&name, &id, FORGET, via));
        }
        let seqs: Vec<_> = requests.iter().map(|request| request.seq).collect();
        engine.backend.submit(requests);
        let record = Arc::clone(&engine.record);
        let waited = seqs.clone();
        let answers = tokio::task::spawn_blocking(move || {
            waited.into_iter().map(|seq| record.answer(seq)).collect::<Vec<_>>()
        });
        for pair in answers.await.unwrap().chunks(2) {
            let out_of_order = held(&pair[0])
                && matches!(pair[1], Answer::Reply { reply: Reply::Forgotten { was_owner: false }, .. });
            assert!(!out_of_order, "{pair:?}");
        }
        asked.extend(seqs);
    }
    asked
}

/// A generator with a seed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

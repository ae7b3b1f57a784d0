//! Connections that open well and are of no use.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::engine::{Engine, FORGET, acquire};
use super::server::on_every_server;
use crate::backend::{Answer, FaultClass, HoldId, Via};

/// Stands in front of a server, or later of another; closes every connection on which a script is called, once it is told
/// to.
struct Front {
    port: u16,
    server: Arc<AtomicU16>,
    opened: Arc<AtomicUsize>,
    closes: Arc<AtomicBool>,
}

impl Front {
    fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = Self {
            port: listener.local_addr().unwrap().port(),
            server: Arc::new(AtomicU16::new(port)),
            opened: Arc::default(),
            closes: Arc::default(),
        };
        let (opened, closes) = (Arc::clone(&front.opened), Arc::clone(&front.closes));
        let server = Arc::clone(&front.server);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                opened.fetch_add(1, Ordering::SeqCst);
                let (closes, port) = (Arc::clone(&closes), server.load(Ordering::SeqCst));
                std::thread::spawn(move || pass(client.unwrap(), port, &closes));
            }
        });
        front
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}

fn pass(mut client: TcpStream, port: u16, closes: &AtomicBool) {
    let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        let called = bytes[..read].windows(7).any(|word| word == b"EVALSHA");
        if (called && closes.load(Ordering::SeqCst)) || server.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn connections_that_break_at_every_call_are_not_opened_in_a_storm() {
    on_every_server(|server| {
        let front = Front::before(server.port);
        let engine = Engine::start(&front.url());
        engine.must_work_again("LOCK:warm", Via::Engine);
        front.closes.store(true, Ordering::SeqCst);
        let before = front.opened.load(Ordering::SeqCst);
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until {
            engine.ask("LOCK:x", &HoldId::new("a"), FORGET, Via::Engine);
        }
        let opened = front.opened.load(Ordering::SeqCst) - before;
        assert!((2..40).contains(&opened), "{opened} connections in 2 s");
        front.closes.store(false, Ordering::SeqCst);
        engine.must_work_again("LOCK:x", Via::Engine);
    });
}

#[test]
fn a_demoted_master_is_left_by_requests_and_subscription() {
    on_every_server(|old| {
        on_every_server(|new| {
            let front = Front::before(old.port);
            let engine = Engine::start(&front.url());
            engine.must_work_again("LOCK:warm", Via::Engine);
            engine.record.listens(&[true]);
            old.ask(&["REPLICAOF", "127.0.0.1", "1"]);
            let answer = engine.ask("LOCK:x", &HoldId::new("a"), acquire(500), Via::Engine);
            assert!(
                matches!(&answer, Answer::Failed(fault) if fault.class == FaultClass::Transient),
                "{answer:?}"
            );
            let answer = engine.ask("LOCK:x", &HoldId::new("a"), acquire(500), Via::Engine);
            assert!(matches!(answer, Answer::Unsent(_)), "{answer:?}");
            front.server.store(new.port, Ordering::SeqCst);
            engine.must_work_again("LOCK:x", Via::Engine);
            engine.record.listens(&[true, false, true]);
            let grant = "0123456789abcdef0123456789abcdef 7 3000 ";
            new.ask(&["PUBLISH", engine.channel.as_str(), grant]);
            engine.record.grant();
            old.ask(&["REPLICAOF", "NO", "ONE"]);
        });
    });
}

#[test]
fn a_demoted_master_that_is_promoted_again_works() {
    on_every_server(|server| {
        let engine = Engine::start(&server.url());
        server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
        engine.ask("LOCK:x", &HoldId::new("a"), acquire(500), Via::Engine);
        engine.record.listens(&[true, false]);
        server.ask(&["REPLICAOF", "NO", "ONE"]);
        engine.must_work_again("LOCK:x", Via::Engine);
        engine.record.listens(&[true, false, true]);
    });
}

#[test]
fn the_subscription_follows_the_requests_to_another_server() {
    on_every_server(|old| {
        on_every_server(|new| {
            let front = Front::before(old.port);
            let engine = Engine::start(&front.url());
            engine.record.listens(&[true]);
            front.server.store(new.port, Ordering::SeqCst);
            old.cut("normal");
            engine.must_work_again("LOCK:x", Via::Engine);
            engine.record.listens(&[true, false, true]);
        });
    });
}

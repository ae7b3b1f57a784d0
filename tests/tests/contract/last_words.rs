//! What a server, or what stands in its place, says before it closes a connection.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Server, each_server, servers_with_tls};

/// A peer that treats every connection in this way.
fn peer(treat: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it has one");
    std::thread::spawn(move || listener.incoming().for_each(|stream| treat(stream.expect("a connection"))));
    address
}

/// The words in which connecting failed.
#[track_caller]
fn told(url: &str) -> String {
    let error = LockManager::connect_blocking(url).expect_err("it does not work");
    assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
    let text = error.to_string();
    eprintln!("{text}");
    assert!(!text.contains("tryLock") && !text.contains("key ["), "no lock was asked for: {text}");
    assert!(!text.contains(char::is_control), "{text}");
    text
}

#[test]
fn a_full_server_says_so() {
    each_server(|binary| {
        for password in [None, Some("secret")] {
            let options = Server::of(binary);
            let server = password.map_or(options.clone(), |password| options.password(password)).start();
            let mut admin = server.connect().expect("it listens");
            admin.command(&["CONFIG", "SET", "maxclients", "1"]).expect("an answer");
            let text = told(&server.url());
            assert!(text.contains("max number of clients reached"), "{text}");
            admin.command(&["CONFIG", "SET", "maxclients", "100"]).expect("an answer");
            LockManager::connect_blocking(&server.url()).expect("there is room again");
        }
    });
}

#[test]
fn a_server_in_protected_mode_says_so() {
    const DENIED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is enabled and no password is \
                            set for the default user. In this mode connections are only accepted from the loopback interface. \
                            If you want to connect from external computers to Redis you may adopt one of the following \
                            solutions: 1) ..\r\n";
    // As the server does: at once, without reading what was sent, so that the client's next write finds the connection reset.
    let url = format!(
        "redis://:secret@{}/",
        peer(|mut stream| {
            let _ = stream.write_all(DENIED);
        })
    );
    for _ in 0..5 {
        let text = told(&url);
        assert!(text.contains("DENIED Redis is running in protected mode"), "{text}");
    }
}

#[test]
fn another_kind_of_server_is_shown() {
    let url = format!(
        "redis://{}/",
        peer(|mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        })
    );
    let text = told(&url);
    assert!(text.contains("400 Bad Request") && text.contains("no Redis"), "{text}");
}

#[test]
fn a_peer_that_closes_without_a_word_is_guessed_at() {
    let url = format!(
        "redis://{}/",
        peer(|mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.shutdown(Shutdown::Both);
        })
    );
    let text = told(&url);
    for hint in ["without a word", "rediss://", "proxy", "SUBSCRIBE"] {
        assert!(text.contains(hint), "{hint}: {text}");
    }
}

#[test]
fn nobody_there_is_not_guessed_at() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = free.local_addr().expect("it has one");
    drop(free);
    let text = told(&format!("redis://{address}/"));
    assert!(text.contains("refused") && !text.contains("rediss://"), "{text}");
}

#[test]
fn a_port_that_speaks_tls_is_told() {
    for binary in servers_with_tls() {
        let server = Server::of(binary).tls().start();
        let url = server.tls_url().replacen("rediss://", "redis://", 1);
        let text = told(&url);
        assert!(text.contains("rediss://"), "{text}");
    }
}

#[test]
fn a_wrong_password_is_about_no_key() {
    each_server(|binary| {
        let server = Server::of(binary).password("right").start();
        for url in [
            format!("redis://{}/", server.address()),
            format!("redis://:wrong@{}/", server.address()),
            format!("redis://nobody:right@{}/", server.address()),
        ] {
            let error = LockManager::connect_blocking(&url).expect_err("not the password");
            assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
            assert_eq!(error.key(), "");
            let text = error.to_string();
            assert!(
                text.starts_with("lock manager: refused by the lock server") && !text.contains("tryLock"),
                "{text}"
            );
            assert!(text.contains(&server.address().to_string()), "{text}");
        }
    });
}

#[test]
fn an_error_of_a_connection_that_works_is_not_explained_by_its_beginning() {
    each_server(|binary| {
        let server = Server::start(binary);
        let locks = LockManager::connect_blocking(&server.url()).expect("it connects");
        server.kill();
        let error =
            locks.lock("a").wait(Duration::from_millis(300)).acquire_blocking().expect_err("it is gone");
        let text = error.to_string();
        assert!(!text.contains("it said") && !text.contains("without a word"), "{text}");
    });
}

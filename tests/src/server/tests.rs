use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::{each_server, until};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn it_answers_and_is_gone_when_dropped() {
    each_server(|binary| {
        let server = Server::start(binary);
        assert_eq!(server.must(&["ECHO", "a\r\nb"]).text(), Some("a\r\nb"));
        assert!(server.command(&["NO-SUCH"]).is_error("ERR"));
        let (address, folder) = (server.address(), server.folder.path().to_owned());
        drop(server);
        assert!(Connection::tcp(address, SOON).is_err());
        assert!(!folder.exists());
    });
}

#[test]
fn it_is_gone_after_a_panic() {
    let mut address = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let server = Server::start(&crate::servers()[0]);
        address = Some(server.address());
        panic!("as a failing test does");
    }));
    assert!(outcome.is_err());
    assert!(Connection::tcp(address.expect("it was up"), SOON).is_err());
}

#[test]
fn its_log_is_told_when_it_does_not_come_up() {
    let outcome = catch_unwind(|| Server::of(&crate::servers()[0]).config("nonsense 1").start());
    let panic = outcome.expect_err("a server with a wrong configuration does not start");
    let message = panic.downcast_ref::<String>().expect("a formatted message");
    assert!(message.contains("did not come up") && message.contains("nonsense"), "{message}");
}

#[test]
fn it_asks_for_passwords_and_obeys_rules() {
    each_server(|binary| {
        let server = Server::of(binary).password("pw").user("app", "secret", "~LOCK:* +get").start();
        let mut stranger = Connection::tcp(server.address(), SOON).expect("it listens");
        assert!(stranger.command(&["GET", "LOCK:a"]).expect("an answer").is_error("NOAUTH"));
        assert!(stranger.command(&["AUTH", "app", "secret"]).expect("an answer").text().is_some());
        assert_eq!(stranger.command(&["GET", "LOCK:a"]).expect("an answer"), Value::Nil);
        assert!(stranger.command(&["SET", "LOCK:a", "1"]).expect("an answer").is_error("NOPERM"));
        assert_eq!(server.url(), format!("redis://app:secret@{}/", server.address()));
    });
}

#[test]
fn it_listens_on_a_unix_socket() {
    each_server(|binary| {
        let server = Server::of(binary).unix_socket().start();
        let socket = server.socket().expect("one was asked for");
        let mut connection = Connection::unix(socket, SOON).expect("it listens");
        assert_eq!(connection.command(&["PING"]).expect("an answer").text(), Some("PONG"));
    });
}

#[test]
fn a_paused_server_keeps_connections_but_does_not_answer() {
    each_server(|binary| {
        let server = Server::start(binary);
        let mut connection =
            Connection::tcp(server.address(), Duration::from_millis(100)).expect("it listens");
        server.pause();
        assert!(connection.command(&["PING"]).is_err());
        server.resume();
        until(SOON, "the server answers again", || server.is_ready());
    });
}

#[test]
fn a_killed_server_forgets_what_was_not_saved() {
    each_server(|binary| {
        let server = Server::start(binary);
        server.must(&["SET", "a", "1"]);
        server.must(&["SAVE"]);
        server.must(&["SET", "a", "2"]);
        server.restart();
        assert_eq!(server.must(&["GET", "a"]).text(), Some("1"));
        server.restart_empty();
        assert_eq!(server.must(&["GET", "a"]), Value::Nil);
    });
}

#[test]
fn it_can_be_loading_for_a_while() {
    each_server(|binary| {
        let server = Server::start(binary);
        server.must(&["SET", "a", "1"]);
        server.restart_loading(Duration::from_millis(700));
        assert!(!server.is_ready());
        until(SOON, "the server has loaded", || server.is_ready());
        assert_eq!(server.must(&["GET", "a"]).text(), Some("1"));
    });
}

#[test]
fn its_clock_can_be_stepped_and_goes_on_from_there() {
    each_server(|binary| {
        let server = Server::of(binary).steppable_clock().start();
        let shows = |ahead_ms: i64| {
            until(SOON, "it shows that", || server.shows_ahead_ms().abs_diff(ahead_ms) < 30_000);
        };
        server.must(&["SET", "a", "1", "PX", "600000"]);
        server.step_clock(300_000);
        shows(300_000);
        assert_eq!(server.must(&["GET", "a"]).text(), Some("1"));
        server.step_clock(660_000);
        shows(660_000);
        assert_eq!(server.must(&["GET", "a"]), Value::Nil, "it has expired by that clock");
        server.step_clock(-300_000);
        shows(-300_000);
        server.restart();
        shows(-300_000);
    });
}

#[test]
fn leftovers_are_all_keys_but_the_counter() {
    each_server(|binary| {
        let server = Server::start(binary);
        for key in ["LOCK:a", "LOCK:%fence", "LOCK:b:c", "other"] {
            server.must(&["SET", key, "1"]);
        }
        assert_eq!(crate::leftovers(&server, "LOCK"), ["LOCK:a", "LOCK:b:c"]);
    });
}

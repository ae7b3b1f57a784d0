//! Every way of connecting to a server, and what is said where it does not work.

use std::time::{Duration, Instant};

use lock_core::backend::redis::redis;
use lock_core::{LockError, LockManager};
use lock_tests::{Server, ServerOptions, Stage, arrive, each_server};

const PATIENCE: Duration = Duration::from_secs(20);

/// A lock is taken, waited for, handed over: scripts and pushed grants work.
async fn works(stage: &Stage, locks: &LockManager) {
    let held = locks.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let other = stage.manager().await;
    let waiter = async move { other.lock("a").wait(PATIENCE).acquire().await?.release().await };
    let waiter = arrive(stage, "a", waiter).await;
    let released = Instant::now();
    held.release().await.expect("it is held");
    waiter.await.expect("no panic").expect("it is handed over");
    assert!(released.elapsed() < Duration::from_secs(1), "told by the next refresh, not by a grant");
}

fn on_each(
    options: impl Fn(ServerOptions) -> ServerOptions + Sync,
    connect: impl AsyncFn(&Server) -> LockManager + Sync,
) {
    each_server(|binary| {
        Stage::of(options(Server::of(binary)).start()).play(async |stage: &Stage| {
            let locks = connect(stage.server()).await;
            works(stage, &locks).await;
        });
    });
}

async fn connect(url: &str) -> LockManager {
    LockManager::connect(url).await.expect("it connects")
}

#[test]
fn a_password_is_taken_from_the_url() {
    on_each(
        |options| options.password("p@ss:word/{1}"),
        async |server| {
            let authority = server.address();
            for url in [
                format!("redis://{authority}"),
                format!("redis://:wrong@{authority}"),
                format!("redis://who:p%40ss%3Aword%2F%7B1%7D@{authority}"),
            ] {
                let error = LockManager::connect(&url).await.expect_err("not the password");
                assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
                let text = error.to_string();
                assert!(text.contains("redis://user:password@host/"), "{text}");
                assert!(!text.contains("wrong@") && !text.contains("ss:word"), "{text}");
            }
            connect(&format!("redis://:p%40ss%3Aword%2F%7B1%7D@{authority}")).await
        },
    );
}

/// The rules of the README's ACL user.
fn rules() -> String {
    let readme = include_str!("../../../README.md");
    let line = readme.split("```text\nACL SETUSER locks ").nth(1).expect("the README has the line");
    let rules = line.split("```").next().expect("it ends").replace('\n', " ");
    rules.trim().strip_prefix("on >password ").expect("it begins so").to_owned()
}

#[test]
fn an_acl_user_needs_exactly_the_line_of_the_readme() {
    on_each(
        |options| options.user("locks", "password", &rules()),
        async |server| {
            assert!(server.url().contains("locks:password@"), "{}", server.url());
            connect(&server.url()).await
        },
    );
}

#[test]
fn an_acl_user_needs_select_for_another_database() {
    each_server(|binary| {
        let server = Server::of(binary).user("locks", "password", &rules()).start();
        Stage::of(server).play(async |stage: &Stage| {
            let url = format!("{}2", stage.server().url());
            let error = LockManager::connect(&url).await.expect_err("it may not select");
            assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains("+select"), "{error}");
            stage.server().must(&["ACL", "SETUSER", "locks", "+select"]);
            let locks = connect(&url).await;
            let guard = locks.lock("a").acquire().await.expect("it is free");
            guard.release().await.expect("it is held");
        });
    });
}

#[test]
fn a_unix_socket_is_a_server_too() {
    on_each(
        |options| options.unix_socket(),
        async |server| {
            let socket = server.socket().expect("it was asked for").display().to_string();
            connect(&format!("unix:{socket}")).await.lock("b").acquire().await.map(drop).expect("it is free");
            connect(&format!("unix://{socket}?db=0")).await
        },
    );
}

#[test]
fn an_existing_client_says_where_and_who() {
    on_each(
        |options| options.password("secret"),
        async |server| {
            let client = redis::Client::open(server.url()).expect("a good URL");
            let builder = LockManager::builder().client(client);
            assert!(!format!("{builder:?}").contains("secret"), "{builder:?}");
            builder.connect().await.expect("it connects")
        },
    );
}

#[test]
fn databases_are_apart() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let (zero, five) = (connect(stage.url()).await, connect(&format!("{}5", stage.url())).await);
            let _held = zero.lock("a").acquire().await.expect("it is free");
            assert!(five.lock("a").try_acquire().await.expect("an answer").is_some());
        });
    });
}

#[test]
fn a_plain_thread_connects_too() {
    each_server(|binary| {
        let stage = Stage::on(binary);
        let locks = stage.manager_blocking();
        stage.play(async |stage: &Stage| works(stage, &locks).await);
        drop(locks);
    });
}

#[tokio::test]
async fn a_wrong_url_says_what_to_write_and_never_the_password() {
    for (url, says) in [
        ("", "no scheme"),
        ("localhost", "no scheme"),
        ("localhost:6379", "no scheme"),
        ("127.0.0.1:6379", "no scheme"),
        ("//localhost", "no scheme"),
        ("http://localhost", "unknown scheme `http`"),
        ("memory/x", "no scheme"),
        ("memory@host", "memory: for no server"),
        ("redis:", ""),
        ("redis://", ""),
        ("redis:///0", ""),
        ("redis://:s3cret@", ""),
        ("redis://host:notaport", ""),
        ("redis://host:99999", ""),
        ("redis://host:-1", ""),
        ("redis://host/zero", "database"),
        ("redis://host/-1", "negative"),
        ("redis://us er:s3cret@ho st", ""),
        ("redis://u:s3cret@0.0.0.0/", "wildcard"),
        ("redis://u:s3/cret@host", ""),
        ("redis://u:%ff%fe@host", "UTF-8"),
        ("redis://[::1", ""),
        ("unix:", "not absolute"),
        ("unix:relative/path", "not absolute"),
        ("unix://relative/path", "not absolute"),
        ("redis-sentinel://u:s3cret@host", "does not name the master"),
        ("redis-sentinel://u:s3cret@/m", "names no sentinel"),
        ("redis-sentinel://u:s3cret@host/m?s3=1", "unknown option"),
        ("redis-cluster://u:s3cret@host/3", "no database but 0"),
        ("redis-cluster://u:s3cret@host,", "no host"),
        ("postgres://u:s3cret@host/db", "unknown scheme `postgres`"),
        ("\u{202e}redis://host", "no scheme"),
        (" redis://host", ""),
    ] {
        let since = Instant::now();
        let error = match LockManager::connect(url).await {
            Ok(_) => panic!("{url:?} is taken for a URL"),
            Err(error) => error,
        };
        assert!(matches!(error, LockError::Config { .. }), "{url:?}: {error:?}");
        let text = error.to_string();
        assert!(text.contains(says), "{url:?}: {text}");
        let written = ["redis://", "redis-cluster://"].iter().any(|scheme| text.contains(scheme));
        assert!(written, "{url:?} is not told what to write: {text}");
        assert!(!text.contains("s3"), "{url:?}: {text}");
        assert!(!text.contains(char::is_control) && !text.contains('\u{202e}'), "{url:?}: {text}");
        assert!(since.elapsed() < Duration::from_secs(1), "{url:?} was asked for");
    }
    let error = LockManager::connect("memory").await.expect_err("there is no colon");
    assert!(error.to_string().contains("write `memory:`"), "{error}");
    LockManager::connect("Memory:").await.expect("a scheme may be written in capitals");
    let error = LockManager::builder().connect().await.expect_err("nothing to connect to");
    let text = error.to_string();
    assert!(matches!(error, LockError::Config { .. }) && text.contains(".url("), "{text}");
}

#[test]
fn a_builder_shows_no_password() {
    let builder = LockManager::builder().url("redis://user:s3cret@host/");
    assert!(!format!("{builder:?}").contains("s3cret"), "{builder:?}");
}

#[test]
fn a_server_that_is_not_there_is_told_with_its_address() {
    each_server(|binary| {
        let server = Server::start(binary);
        let url = format!("redis://user:s3cret@{}/", server.address());
        server.kill();
        let error = LockManager::connect_blocking(&url).expect_err("nobody listens");
        assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&server.address().to_string()) && !text.contains("s3cret"), "{text}");
    });
}

//! Starting: where it works, and what is said where it does not.

use std::time::{Duration, Instant};

use super::engine::Engine;
use super::server::{on_every_server, on_every_server_with};
use crate::backend::Backend as _;
use crate::backend::redis::RedisConfig;
use crate::backend::redis::connection::Connection;
use crate::backend::{Answer, FaultClass, Generation, HoldId, Via};
use crate::error::LockError;

fn refused_start(config: RedisConfig) -> LockError {
    match Engine::try_start(config) {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

fn config(url: &str) -> RedisConfig {
    RedisConfig::parse(url).unwrap()
}

/// The ACL line of the module's documentation, as words.
fn documented_acl() -> Vec<String> {
    let text = include_str!("../mod.rs");
    let block = text.split("//! ```text").nth(1).and_then(|rest| rest.split("//! ```").next()).unwrap();
    block
        .lines()
        .flat_map(|line| line.trim_start_matches("//!").split_whitespace())
        .map(str::to_owned)
        .collect()
}

#[test]
fn unix_sockets_existing_clients_and_databases_work() {
    on_every_server(|server| {
        Engine::start(&server.unix_url()).must_work_again("LOCK:x", Via::Engine);
        Engine::start(&format!("{}5", server.url())).must_work_again("LOCK:x", Via::Engine);
        let client = redis::Client::open(server.url()).unwrap();
        let engine = Engine::try_start(RedisConfig::from_client(&client)).unwrap();
        engine.must_work_again("LOCK:x", Via::Engine);
        assert!(engine.backend.warnings().is_empty());
        server.cut("normal");
        engine.must_work_again("LOCK:x", Via::Engine);
        drop(engine);
        // Nothing of a start is left but the counter.
        for (database, keys) in [("0", 1), ("5", 1)] {
            let client = redis::Client::open(format!("{}{database}", server.url())).unwrap();
            let found: Vec<String> =
                redis::cmd("KEYS").arg("*").query(&mut client.get_connection().unwrap()).unwrap();
            assert_eq!(found.len(), keys, "{found:?}");
            assert_eq!(found[0], "LOCK:%fence");
        }
    });
}

#[test]
fn the_documented_acl_line_suffices_also_without_info_and_role() {
    on_every_server(|server| {
        for (user, without) in [("locks", &[][..]), ("blind", &["+info", "+role"][..])] {
            let words: Vec<_> = documented_acl()
                .into_iter()
                .filter(|word| !without.contains(&word.as_str()))
                .map(|word| if word == "locks" { user.to_owned() } else { word })
                .collect();
            server.ask(&words.iter().map(String::as_str).collect::<Vec<_>>());
            let engine = Engine::try_start(config(&server.url()).username(user).password("password"))
                .unwrap_or_else(|error| panic!("{user}: {error}"));
            engine.must_work_again("LOCK:x", Via::Engine);
            engine.record.listens(&[true]);
            assert_eq!(engine.backend.warnings().len(), without.len() / 2);
            if !without.is_empty() {
                let answer = engine.ask("LOCK:x", &HoldId::new("a"), super::engine::FORGET, Via::Engine);
                let Answer::Reply { generation, .. } = answer else { panic!("{answer:?}") };
                assert_eq!(generation, Generation::UNKNOWN);
            }
        }
    });
}

#[test]
fn every_command_of_the_acl_line_is_needed_and_named_when_it_is_missing() {
    on_every_server(|server| {
        let line = documented_acl();
        let optional = ["+info", "+role", "+ping", "+script|load"];
        for (number, missing) in line.iter().filter(|word| word.starts_with('+')).enumerate() {
            if optional.contains(&missing.as_str()) {
                continue;
            }
            let user = format!("user{number}");
            let words: Vec<_> = line
                .iter()
                .filter(|word| *word != missing)
                .map(|word| if word == "locks" { user.as_str() } else { word.as_str() })
                .collect();
            server.ask(&words);
            let error = refused_start(config(&server.url()).username(&user).password("password"));
            assert!(matches!(error, LockError::Refused { .. }), "{missing}: {error}");
            let text = error.to_string();
            assert!(!text.contains("password"), "{text}");
            eprintln!("without {missing}: {text}");
        }
        let strange = [
            "ACL",
            "SETUSER",
            "stranger",
            "on",
            ">password",
            "~other:*",
            "resetchannels",
            "&other:*",
            "+@all",
        ];
        server.ask(&strange);
        let error = refused_start(config(&server.url()).username("stranger").password("password"));
        assert!(matches!(error, LockError::Refused { .. }), "{error}");
    });
}

#[test]
fn a_wrong_or_missing_password_is_refused_and_the_right_one_works() {
    on_every_server_with(&["--requirepass", "right"], |server| {
        let authority = server.url().replace("redis://", "");
        for url in
            [format!("redis://:wrong@{authority}"), server.url(), format!("redis://who:right@{authority}")]
        {
            let error = refused_start(config(&url));
            assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
            assert!(!error.to_string().contains("wrong"), "{error}");
        }
        let error = refused_start(config(&server.url()).password("wrong"));
        assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
        Engine::start(&format!("redis://:right@{authority}")).must_work_again("LOCK:x", Via::Engine);
    });
}

#[test]
fn an_unreachable_server_is_unavailable_at_once_and_a_silent_one_soon() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", free.local_addr().unwrap());
    let since = Instant::now();
    let error = refused_start(config(&url));
    assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    drop(free);
    let since = Instant::now();
    let error = refused_start(config(&url));
    assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
    assert!(since.elapsed() < Duration::from_secs(1));
    let error = refused_start(config("unix:///nowhere/at/all"));
    assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
}

#[test]
fn a_cluster_node_is_a_wrong_configuration() {
    on_every_server_with(&["--cluster-enabled", "yes"], |server| {
        let error = refused_start(config(&server.url()));
        assert!(matches!(&error, LockError::Config { message } if message.contains("cluster")), "{error:?}");
    });
}

#[test]
fn a_replica_is_unavailable() {
    on_every_server_with(&["--replicaof", "127.0.0.1", "1"], |server| {
        let error = refused_start(config(&server.url()));
        assert!(
            matches!(&error, LockError::Connect { reason, .. } if reason.contains("master")),
            "{error:?}"
        );
    });
}

#[test]
fn eviction_of_held_locks_is_warned_about() {
    on_every_server_with(&["--maxmemory-policy", "volatile-lru"], |server| {
        let engine = Engine::start(&server.url());
        let warnings = engine.backend.warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("volatile-lru"), "{warnings:?}");
    });
}

#[test]
fn a_server_that_is_busy_with_a_script_is_not_taken_for_one_without_a_run_id() {
    on_every_server_with(&["--lua-time-limit", "50"], |server| {
        let client = redis::Client::open(server.url()).unwrap();
        let busy = std::thread::spawn(move || {
            let script = "local t = redis.call('TIME')[1] while redis.call('TIME')[1] - t < 2 do end";
            let mut connection = client.get_connection().unwrap();
            redis::cmd("EVAL").arg(script).arg(0).query::<()>(&mut connection)
        });
        std::thread::sleep(Duration::from_millis(400));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let config = config(&server.url());
        let opened = runtime.block_on(Connection::open(&config));
        let fault = opened.map(|(connection, _)| connection.generation).unwrap_err();
        assert_eq!(fault.class, FaultClass::Transient, "{fault:?}");
        busy.join().unwrap().unwrap();
        let (connection, time) = runtime.block_on(Connection::open(&config)).unwrap();
        assert!(connection.generation != Generation::UNKNOWN && time.is_some());
    });
}

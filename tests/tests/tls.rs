//! `rediss://` against real servers. Built with the feature `tls`.

use std::time::Duration;

use lock_core::backend::redis::redis::{Client, TlsCertificates};
use lock_core::{LockError, LockManager};
use lock_tests::{Server, Stage, arrive, servers_with_tls};

const PATIENCE: Duration = Duration::from_secs(20);

/// Signed the server's certificate.
const AUTHORITY: &[u8] = include_bytes!("../certificates/authority.pem");
/// Did not.
const STRANGER: &[u8] = include_bytes!("../certificates/stranger.pem");

/// Runs `test` on every server that speaks TLS, with the port of its TLS.
fn on_each(test: impl AsyncFn(&Stage, u16)) {
    for binary in servers_with_tls() {
        eprintln!("on {}", binary.label());
        let server = Server::of(binary).tls().start();
        let port = server.tls_port();
        Stage::of(server).play(async |stage: &Stage| test(stage, port).await);
    }
}

fn client(url: &str, root: &[u8]) -> Client {
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(root.to_vec()) };
    Client::build_with_tls(url, certificates).expect("a good URL")
}

#[test]
fn locks_work_over_tls_with_an_authority_of_ones_own() {
    on_each(async |stage, port| {
        for host in ["127.0.0.1", "localhost"] {
            let client = client(&format!("rediss://{host}:{port}/"), AUTHORITY);
            let locks = LockManager::builder().client(client).connect().await.expect("it is trusted");
            let plain = stage.manager().await;
            let held = plain.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
            assert!(locks.lock("a").try_acquire().await.expect("an answer").is_none(), "it is one server");
            let waiter = async move { locks.lock("a").wait(PATIENCE).acquire().await?.release().await };
            let waiter = arrive(stage, "a", waiter).await;
            held.release().await.expect("it is held");
            waiter.await.expect("no panic").expect("it is handed over");
        }
    });
}

async fn is_refused(connecting: impl Future<Output = Result<LockManager, LockError>>) {
    let error = connecting.await.expect_err("it is not trusted");
    let LockError::Connect { address, reason } = &error else { panic!("{error:?}") };
    assert!(address.contains("127.0.0.1"), "{address}");
    assert!(reason.contains("certificate"), "{reason}");
}

#[test]
fn who_is_not_trusted_is_not_spoken_to() {
    on_each(async |_, port| {
        let url = format!("rediss://127.0.0.1:{port}/");
        is_refused(LockManager::builder().client(client(&url, STRANGER)).connect()).await;
        // By its URL alone the system's authorities decide, and they do not know the server.
        is_refused(LockManager::connect(&url)).await;
    });
}

#[test]
fn a_server_without_tls_is_not_spoken_to_in_the_clear() {
    on_each(async |stage, _| {
        let url = stage.url().replace("redis://", "rediss://");
        for locks in
            [LockManager::builder().url(&*url), LockManager::builder().client(client(&url, AUTHORITY))]
        {
            let error = locks.connect().await.expect_err("it does not speak TLS");
            assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
            let text = error.to_string();
            assert!(text.contains("write redis://"), "{text}");
        }
    });
}

#[test]
fn a_server_that_wants_a_certificate_of_the_client_says_so() {
    for binary in servers_with_tls() {
        let server = Server::of(binary).tls().config("tls-auth-clients yes").start();
        let client = client(&server.tls_url(), AUTHORITY);
        let error = LockManager::builder().client(client).connect_blocking().expect_err("it has none");
        let text = error.to_string();
        assert!(text.contains("certificate of the client"), "{text}");
    }
}

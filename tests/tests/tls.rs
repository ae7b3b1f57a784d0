//! `rediss://` against real servers. Built with the feature `tls`.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use lock_core::backend::redis::redis::{Client, TlsCertificates};
use lock_core::{LockError, LockManager};
use lock_tests::{Binary, Server, Stage, arrive, servers};

const PATIENCE: Duration = Duration::from_secs(20);

/// Signed the server's certificate.
const AUTHORITY: &[u8] = include_bytes!("../certificates/authority.pem");
/// Did not.
const STRANGER: &[u8] = include_bytes!("../certificates/stranger.pem");

fn certificate(file: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("certificates");
    folder.join(file).display().to_string()
}

/// Whether the server was built with TLS: then it misses its certificate, and ends.
fn speaks_tls(binary: &Binary) -> bool {
    let said = Command::new(binary.path())
        .args(["--port", "0", "--tls-port", "1"])
        .stdin(Stdio::null())
        .output()
        .expect("the server's program runs");
    let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
    text.contains("No tls-cert-file")
}

/// Runs `test` on every server that speaks TLS, with the port of its TLS.
fn on_each(test: impl AsyncFn(&Stage, u16)) {
    let (able, unable): (Vec<_>, Vec<_>) = servers().iter().partition(|binary| speaks_tls(binary));
    for binary in unable {
        eprintln!("{} was built without TLS", binary.label());
    }
    assert!(
        !able.is_empty(),
        "none of the servers found was built with TLS: install one, or name it in LOCK_TEST_SERVERS"
    );
    for binary in able {
        eprintln!("on {}", binary.label());
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("it has one").port();
        drop(free);
        let server = Server::of(binary)
            .config(&format!("tls-port {port}"))
            .config(&format!("tls-cert-file {}", certificate("server.pem")))
            .config(&format!("tls-key-file {}", certificate("server.key")))
            .config(&format!("tls-ca-cert-file {}", certificate("authority.pem")))
            .config("tls-auth-clients no")
            .start();
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
        let error = LockManager::connect(&url).await.expect_err("it does not speak TLS");
        assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
    });
}

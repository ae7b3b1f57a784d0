//! `rediss://` against real servers. Built with the feature `tls`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lock_core::backend::redis::Tls;
use lock_core::backend::redis::redis::{Client, TlsCertificates};
use lock_core::{LockError, LockManager, ManagerBuilder};
use lock_tests::{
    Cluster, Deployment, Scratch, Server, ServerOptions, Stage, arrive, certificate, servers_with_tls,
};

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

fn trusting(url: impl Into<String>, authority: &[u8]) -> ManagerBuilder {
    LockManager::builder().url(url).tls(Tls::new().ca(authority))
}

async fn hands_over(stage: &Stage, locks: LockManager) {
    let plain = stage.manager().await;
    let held = plain.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    assert!(locks.lock("a").try_acquire().await.expect("an answer").is_none(), "it is one server");
    let waiter = async move { locks.lock("a").wait(PATIENCE).acquire().await?.release().await };
    let waiter = arrive(stage, "a", waiter).await;
    held.release().await.expect("it is held");
    waiter.await.expect("no panic").expect("it is handed over");
}

#[test]
fn locks_work_over_tls_with_an_authority_of_ones_own() {
    on_each(async |stage, port| {
        for host in ["127.0.0.1", "localhost"] {
            let url = format!("rediss://{host}:{port}/");
            let locks = trusting(&url, AUTHORITY).connect().await.expect("it is trusted");
            hands_over(stage, locks).await;
            let client = client(&url, AUTHORITY);
            let locks = LockManager::builder().client(client).connect().await.expect("it is trusted");
            hands_over(stage, locks).await;
        }
    });
}

#[test]
fn servers_that_speak_nothing_newer_than_tls_1_2_are_spoken_to() {
    for binary in servers_with_tls() {
        let server = Server::of(binary).tls().config("tls-protocols TLSv1.2").start();
        let url = server.tls_url();
        Stage::of(server).play(async |stage: &Stage| {
            let locks = trusting(&url, AUTHORITY).connect().await.expect("it is trusted");
            hands_over(stage, locks).await;
        });
    }
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
        is_refused(trusting(&url, STRANGER).connect()).await;
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

#[test]
fn certificates_that_are_of_no_use_are_told() {
    on_each(async |stage, port| {
        let url = format!("rediss://127.0.0.1:{port}/");
        let told = async |url: &str, tls: Tls, words: &[&str]| {
            let error = LockManager::builder().url(url).tls(tls).connect().await.expect_err("of no use");
            let text = error.to_string();
            assert!(words.iter().all(|word| text.contains(word)), "{text}");
        };
        told(&url, Tls::new().ca("nothing"), &["the CA", "no certificate"]).await;
        told(&url, Tls::new().client_cert(AUTHORITY, "nothing"), &["the client key", "private key"]).await;
        let mixed = (certificate("client.pem"), certificate("server.key"));
        told(&url, Tls::new().client_cert_files(mixed.0, mixed.1), &["client.pem", "server.key", "together"])
            .await;
        told(&url, Tls::new().ca_file("/nowhere/ca.pem"), &["/nowhere/ca.pem", "can't be read"]).await;
        told(stage.url(), Tls::new().ca(AUTHORITY), &["`tls`", "rediss://"]).await;
    });
}

/// A certificate to show, and the authorities to trust, as files that are replaced.
struct Files(Scratch);

impl Files {
    fn of(authority: &str, client: &str) -> Self {
        let files = Self(Scratch::new());
        files.replace(authority, client);
        files
    }

    fn replace(&self, authority: &str, client: &str) {
        for (name, file) in [
            ("ca.pem", format!("{authority}.pem")),
            ("client.pem", format!("{client}.pem")),
            ("client.key", format!("{client}.key")),
        ] {
            std::fs::copy(certificate(&file), self.0.path().join(name)).expect("it can be copied");
        }
    }

    fn tls(&self) -> Tls {
        let path = |name| self.0.path().join(name);
        Tls::new().ca_file(path("ca.pem")).client_cert_files(path("client.pem"), path("client.key"))
    }
}

#[test]
fn a_hold_and_its_queue_go_on_while_every_certificate_is_replaced() {
    const LEASE: Duration = Duration::from_secs(2);
    for binary in servers_with_tls() {
        let server = Server::of(binary).tls().config("tls-auth-clients yes").start();
        let url = server.tls_url();
        Stage::of(server).play(async |stage: &Stage| {
            let files = Files::of("authority", "client");
            let asked = Arc::new(AtomicUsize::new(0));
            let by_files = LockManager::builder().url(&url).tls(files.tls());
            let by_code = {
                let (tls, asked) = (files.tls(), Arc::clone(&asked));
                LockManager::builder().url(&url).tls_from(move || {
                    asked.fetch_add(1, Ordering::SeqCst);
                    let tls = tls.clone();
                    async { Ok(tls) }
                })
            };
            let here = by_files.connect().await.unwrap_or_else(|error| panic!("{error}"));
            let there = by_code.connect().await.unwrap_or_else(|error| panic!("{error}"));
            let guard = here.lock("a").expire(LEASE).acquire().await.expect("it is free");
            let waiter = async move { there.lock("a").wait(PATIENCE).acquire().await?.release().await };
            let waiter = arrive(stage, "a", waiter).await;

            let before = asked.load(Ordering::SeqCst);
            files.replace("next-authority", "next-client");
            let file = |name: &str| certificate(name).display().to_string();
            stage.server().must(&[
                "CONFIG",
                "SET",
                "tls-cert-file",
                &file("next-server.pem"),
                "tls-key-file",
                &file("next-server.key"),
                "tls-ca-cert-file",
                &file("next-authority.pem"),
            ]);
            stage.server().must(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
            stage.server().must(&["CLIENT", "KILL", "TYPE", "pubsub", "SKIPME", "yes"]);
            // Nothing but renewals, on connections with the new certificates, keeps it so long.
            tokio::time::timeout(2 * LEASE, guard.lost()).await.expect_err("it is renewed");
            assert!(!waiter.is_finished(), "the waiter keeps its place");
            guard.release().await.expect("it is held");
            waiter.await.expect("no panic").expect("it is handed over");
            assert!(asked.load(Ordering::SeqCst) > before, "the code was asked anew");
        });
    }
}

fn shown() -> Tls {
    Tls::new().ca(AUTHORITY).client_cert_files(certificate("client.pem"), certificate("client.key"))
}

async fn works(url: String) {
    let error = trusting(&url, AUTHORITY).connect().await.expect_err("it has to show a certificate");
    assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
    let locks = LockManager::builder().url(url).tls(shown()).connect().await;
    let locks = locks.unwrap_or_else(|error| panic!("{error}"));
    for name in ["a", "b", "c", "d"] {
        let guard = locks.lock(name).expire(PATIENCE).acquire().await.expect("it is free");
        let next = locks.lock(name).wait(PATIENCE).acquire();
        let (next, released) = tokio::join!(next, guard.release());
        released.expect("it is held");
        next.expect("it is handed over").release().await.expect("it is held");
    }
}

#[test]
fn a_master_behind_sentinels_and_all_that_leads_to_it_speak_tls() {
    for binary in servers_with_tls() {
        let deployment = Deployment::start_with(binary, 1, ServerOptions::tls_among_servers);
        deployment.play(async |deployment: &Deployment| {
            works(deployment.url()).await;
            deployment.fail_over();
            works(deployment.url()).await;
        });
    }
}

#[test]
fn all_nodes_of_a_cluster_speak_tls() {
    for binary in servers_with_tls() {
        let cluster = Cluster::start_with(binary, 3, 0, ServerOptions::tls_among_servers);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime can be built").block_on(works(cluster.url()));
        cluster.nothing_is_left();
    }
}

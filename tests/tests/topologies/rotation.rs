//! Passwords that are rotated while locks are held and waited for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lock_core::backend::redis::Credentials;
use lock_core::{LockError, LockManager, ManagerBuilder};
use lock_tests::{Cluster, Deployment, Server, ServerOptions, Topology, arrive_at, each_server, until_async};
use tokio::sync::watch;

use super::PATIENCE;

/// What servers ask of the user `locks` at first.
const FIRST: &str = "first-secret";
const SECOND: &str = "second-secret";
const LEASE: Duration = Duration::from_secs(2);
/// An answer serves other connections too for so long.
const ANSWER_SERVES: Duration = Duration::from_secs(2);

/// Where passwords are kept.
#[derive(Clone)]
struct Vault(Arc<Inside>);

struct Inside {
    password: Mutex<Result<&'static str, &'static str>>,
    asked: AtomicUsize,
}

impl Vault {
    fn new() -> Self {
        Self(Arc::new(Inside { password: Mutex::new(Ok(FIRST)), asked: AtomicUsize::new(0) }))
    }

    fn put(&self, password: &'static str) {
        *self.0.password.lock().expect("no panic inside") = Ok(password);
    }

    fn seal(&self, why: &'static str) {
        *self.0.password.lock().expect("no panic inside") = Err(why);
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    fn ask(&self) -> Result<Credentials, Box<dyn std::error::Error + Send + Sync>> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let password = *self.0.password.lock().expect("no panic inside");
        Ok(Credentials::new("locks", password?))
    }

    fn asked_by(&self, builder: ManagerBuilder) -> ManagerBuilder {
        let vault = self.clone();
        builder.credentials(move || {
            let vault = vault.clone();
            async move { vault.ask() }
        })
    }
}

/// With the user `locks`, beside the administrator of the tests.
fn with_user(options: ServerOptions) -> ServerOptions {
    options.config(&format!("user locks on >{FIRST} ~LOCK:* &LOCK:* +@all"))
}

/// From now on the second password is right, and no connection is left that knew the first.
fn rotate<'a>(servers: impl IntoIterator<Item = &'a Server>) {
    for server in servers {
        server.must(&["ACL", "SETUSER", "locks", "resetpass", &format!(">{SECOND}")]);
        server.must(&["CLIENT", "KILL", "USER", "locks"]);
    }
}

/// A hold and a place in its queue are there before and after a rotation, which nobody of them knew the second password before.
async fn hold_and_queue_go_on(
    topology: &dyn Topology,
    servers: &[Server],
    vault: &Vault,
    builder: impl Fn() -> ManagerBuilder,
) {
    let connect =
        async || vault.asked_by(builder()).connect().await.unwrap_or_else(|error| panic!("{error}"));
    let (here, there) = (connect().await, connect().await);
    let guard = here.lock("a").expire(LEASE).acquire().await.expect("it is free");
    let waiter = async move { there.lock("a").wait(PATIENCE).acquire().await?.release().await };
    let waiter = arrive_at(topology, "LOCK:a", waiter).await;

    vault.put(SECOND);
    rotate(servers);
    // Nothing but renewals, on connections that logged in anew, keeps it so long.
    tokio::time::timeout(2 * LEASE, guard.lost()).await.expect_err("it is renewed");
    assert!(!waiter.is_finished(), "the waiter keeps its place");
    guard.release().await.expect("it is held");
    waiter.await.expect("no panic").expect("it is handed over");
}

#[test]
fn on_one_server() {
    each_server(|binary| {
        let server = with_user(Server::of(binary)).start();
        let vault = Vault::new();
        super::play(async || {
            let builder = || LockManager::builder().url(server.url());
            hold_and_queue_go_on(&server, std::slice::from_ref(&server), &vault, builder).await;
        });
    });
}

#[test]
fn behind_sentinels_that_ask_for_a_login_of_their_own() {
    each_server(|binary| {
        let deployment = Deployment::patient_with(binary, 0, with_user);
        for sentinel in deployment.sentinels().iter().filter(|_| binary.is_at_least(7)) {
            let rules = ["ACL", "SETUSER", "watcher", "on", &format!(">{FIRST}"), "+@all", "&*"];
            assert_eq!(sentinel.command(&rules).text(), Some("OK"));
        }
        deployment.play(async |deployment: &Deployment| {
            let (vault, of_sentinels) = (Vault::new(), Arc::new(AtomicUsize::new(0)));
            let builder = || {
                let builder = LockManager::builder().url(deployment.url());
                if !binary.is_at_least(7) {
                    return builder;
                }
                let asked = Arc::clone(&of_sentinels);
                builder.sentinel_credentials(move || {
                    asked.fetch_add(1, Ordering::SeqCst);
                    async { Ok(Credentials::new("watcher", FIRST)) }
                })
            };
            hold_and_queue_go_on(deployment, deployment.servers(), &vault, builder).await;
            assert_eq!(of_sentinels.load(Ordering::SeqCst) > 0, binary.is_at_least(7));
        });
    });
}

#[test]
fn in_a_cluster() {
    each_server(|binary| {
        let cluster = Cluster::start_with(binary, 3, 0, with_user);
        super::cluster::play(&cluster, async |cluster| {
            let builder = || LockManager::builder().url(cluster.url());
            hold_and_queue_go_on(cluster, cluster.nodes(), &Vault::new(), builder).await;
        });
    });
}

#[test]
fn on_red_masters() {
    each_server(|binary| {
        let servers: Vec<Server> = (0..3).map(|_| with_user(Server::of(binary)).start()).collect();
        let vault = Vault::new();
        super::play(async || {
            let urls = servers.iter().map(Server::url);
            let builder = LockManager::builder().red_masters(urls).red_masters_keep_data();
            let locks = vault.asked_by(builder).connect().await.unwrap_or_else(|error| panic!("{error}"));
            let request = || locks.lock("a").kind(lock_core::LockKind::Red);
            let guard = request().expire(LEASE).acquire().await.expect("it is free");
            vault.put(SECOND);
            rotate(&servers);
            tokio::time::timeout(2 * LEASE, guard.lost()).await.expect_err("it is renewed");
            guard.release().await.expect("it is held");
            request()
                .wait(PATIENCE)
                .acquire()
                .await
                .expect("it is free")
                .release()
                .await
                .expect("it is held");
        });
    });
}

/// The server has the new password, and those who are asked do not yet know it.
#[test]
fn calls_wait_while_the_login_is_refused() {
    each_server(|binary| {
        let server = with_user(Server::of(binary)).start();
        let vault = Vault::new();
        super::play(async || {
            let builder = LockManager::builder().url(server.url());
            let locks = vault.asked_by(builder).connect().await.expect("the password is right");
            let guard = locks.lock("a").expire(10 * LEASE).acquire().await.expect("it is free");
            rotate([&server]);
            let (asked, waiting) = (vault.asked(), locks.clone());
            let waiting = tokio::spawn(async move { waiting.lock("b").wait(PATIENCE).acquire().await });
            // The answer that served the first connections, and another: both are refused.
            until_async(PATIENCE, "it is asked again", || vault.asked() >= asked + 2).await;
            assert!(!waiting.is_finished() && !guard.is_lost());
            vault.put(SECOND);
            let other = waiting.await.expect("no panic").expect("the login is right again");
            other.release().await.expect("it is held");
            guard.release().await.expect("it is held");
        });
    });
}

#[test]
fn what_is_said_in_the_place_of_a_login_is_told() {
    each_server(|binary| {
        let server = with_user(Server::of(binary)).start();
        let vault = Vault::new();
        super::play(async || {
            let connect = || vault.asked_by(LockManager::builder().url(server.url())).connect();
            vault.seal("the vault is sealed");
            let error = connect().await.expect_err("no login");
            let LockError::Connect { reason, .. } = &error else { panic!("{error:?}") };
            assert!(reason.contains("the credentials: the vault is sealed"), "{reason}");
            vault.put(SECOND);
            let error = connect().await.expect_err("the wrong one");
            assert!(matches!(error, LockError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains("`credentials`"), "{error}");
            vault.put(FIRST);
            drop(connect().await.expect("the right one"));

            // Two answers to one question.
            let url = server.url().replace("redis://", "redis://locks:secret@");
            let error =
                vault.asked_by(LockManager::builder().url(url)).connect().await.expect_err("which of them?");
            assert!(
                matches!(&error, LockError::Config { message } if message.contains("never be asked")),
                "{error:?}"
            );
        });
    });
}

/// Code that is asked for a login and does not return holds up nothing but the connection that it was asked for.
#[test]
fn who_is_asked_and_blocks_holds_up_no_renewal() {
    each_server(|binary| {
        let server = with_user(Server::of(binary)).start();
        let (blocks, until) = watch::channel(false);
        super::play(async || {
            let builder = LockManager::builder().url(server.url()).credentials(move || {
                let mut until = until.clone();
                async move {
                    // Not by awaiting: the thread stands still.
                    while *until.borrow_and_update() {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    Ok(Credentials::new("locks", FIRST))
                }
            });
            let locks = builder.connect().await.expect("the password is right");
            let guard = locks.lock("a").expire(LEASE).acquire().await.expect("it is free");
            // By now a new connection needs a new answer.
            tokio::time::sleep(ANSWER_SERVES + Duration::from_millis(100)).await;
            blocks.send_replace(true);
            let other = locks.clone();
            // A runtime of its own, and so a connection.
            let refused = tokio::task::spawn_blocking(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    other.lock("b").wait(Duration::from_millis(800)).acquire().await.map(drop)
                })
            });
            let error = refused.await.expect("no panic").expect_err("there is no connection");
            let LockError::Unavailable { reason, .. } = &error else { panic!("{error:?}") };
            assert!(reason.contains("the credentials: no answer"), "{reason}");
            tokio::time::timeout(2 * LEASE, guard.lost()).await.expect_err("it is renewed meanwhile");
            blocks.send_replace(false);
            guard.release().await.expect("it is held");
        });
    });
}

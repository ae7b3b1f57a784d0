//! TLS and the cryptography that an application chooses for its process. One test, since a process has one choice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lock_core::{LockError, LockManager};
use lock_tests::{Server, servers_with_tls};
use rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom, ring};

/// Counts how often it was asked.
#[derive(Debug)]
struct Counting(AtomicUsize);

static OF_APPLICATION: Counting = Counting(AtomicUsize::new(0));

impl SecureRandom for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.0.fetch_add(1, Ordering::Relaxed);
        ring::default_provider().secure_random.fill(bytes)
    }
}

/// By its URL alone the server is not trusted: the hands are shaken, and let go.
fn shake_hands(server: &Server) {
    let error = LockManager::connect_blocking(&server.tls_url()).expect_err("nobody vouches for it");
    assert!(
        matches!(&error, LockError::Connect { reason, .. } if reason.contains("certificate")),
        "{error:?}"
    );
}

#[test]
fn the_process_keeps_its_choice_of_a_crypto_provider() {
    let server = Server::of(servers_with_tls()[0]).tls().start();
    shake_hands(&server);
    assert!(CryptoProvider::get_default().is_none(), "connecting has installed one for the whole process");

    let own = CryptoProvider { secure_random: &OF_APPLICATION, ..ring::default_provider() };
    own.install_default().expect("the application is the first to install one");
    let installed = Arc::clone(CryptoProvider::get_default().expect("it was installed"));
    shake_hands(&server);
    let now = CryptoProvider::get_default().expect("it stays");
    assert!(Arc::ptr_eq(&installed, now), "it is the application's still");
    assert_ne!(OF_APPLICATION.0.load(Ordering::Relaxed), 0, "and connections use it");
}

//! Servers that speak TLS.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::found::{Binary, servers};

/// A file of `tests/certificates`.
#[must_use]
pub fn certificate(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates").join(file)
}

/// The servers of this machine that were built with TLS.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn servers_with_tls() -> Vec<&'static Binary> {
    let (able, unable): (Vec<_>, Vec<_>) = servers().iter().partition(|binary| speaks_tls(binary));
    for binary in unable {
        eprintln!("{} was built without TLS", binary.label());
    }
    assert!(
        !able.is_empty(),
        "none of the servers found was built with TLS: install one, or name it in LOCK_TEST_SERVERS"
    );
    able
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

/// The configuration of a server that speaks TLS on `port`, with the certificates of `tests/certificates`.
pub(crate) fn configuration(port: u16) -> Vec<String> {
    vec![
        format!("tls-port {port}"),
        format!("tls-cert-file {}", certificate("server.pem").display()),
        format!("tls-key-file {}", certificate("server.key").display()),
        format!("tls-ca-cert-file {}", certificate("authority.pem").display()),
        "tls-auth-clients no".to_owned(),
    ]
}

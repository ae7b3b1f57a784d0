//! One program per mistake, with what the compiler says about it.

use std::process::Command;

/// The compiler whose words the snapshots hold.
const COMPILER: &str = "rustc 1.95";

#[test]
fn every_mistake_has_its_message() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().expect("rustc answers");
    let version = String::from_utf8_lossy(&version.stdout);
    assert!(
        version.starts_with(&format!("{COMPILER}.")),
        "the snapshots hold the words of {COMPILER}, but this is {version}: run with 1.95 (`cargo +1.95 test`)"
    );
    trybuild::TestCases::new().compile_fail("rejected/*.rs");
}

//! A short soak over all topologies; `tests/soak` is the long one.

use std::process::Command;

use lock_tests::Seed;

#[test]
fn a_short_soak_finds_nothing_wrong() {
    let seed = Seed::from_environment().draw().to_string();
    let mut soak = Command::new(env!("CARGO_BIN_EXE_lock-soak"));
    soak.args(["--seconds", "80", "--episode", "12", "--seed", &seed]);
    let output = soak.output().expect("it was built with this test");
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", output.status);
    assert!(said.contains("faults of"), "it says what it did");
}

//! Builds the clock that `Server::step_clock` steps: a library that servers load, and thus no part of this package.

use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "clock/stepped.rs";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    let told = |name| std::env::var_os(name).expect("Cargo tells its build scripts");
    let library = PathBuf::from(told("OUT_DIR")).join("stepped_clock.so");
    let mut compiler = Command::new(told("RUSTC"));
    compiler.args(["--edition", "2024", "--crate-type", "cdylib", "-O", "-C", "panic=abort", "-o"]);
    let built = compiler.arg(&library).arg(SOURCE).status().expect("the compiler runs");
    assert!(built.success(), "{SOURCE}: {built}");
    println!("cargo::rustc-env=STEPPED_CLOCK={}", library.display());
}

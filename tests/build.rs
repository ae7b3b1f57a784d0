//! Builds the libraries that programs load before they start, and thus no part of this package: the clock that
//! `Server::step_clock` steps, and what forks `lock-forker`.

use std::path::PathBuf;
use std::process::Command;

/// Source, and how the path of what is built of it is told.
const LIBRARIES: [(&str, &str); 2] = [("clock/stepped.rs", "STEPPED_CLOCK"), ("fork/forking.rs", "FORKING")];

fn main() {
    let told = |name| std::env::var_os(name).expect("Cargo tells its build scripts");
    for (source, name) in LIBRARIES {
        println!("cargo::rerun-if-changed={source}");
        let library = PathBuf::from(told("OUT_DIR")).join(format!("{}.so", name.to_lowercase()));
        let mut compiler = Command::new(told("RUSTC"));
        compiler.args(["--edition", "2024", "--crate-type", "cdylib", "-O", "-C", "panic=abort", "-o"]);
        let built = compiler.arg(&library).arg(source).status().expect("the compiler runs");
        assert!(built.success(), "{source}: {built}");
        println!("cargo::rustc-env={name}={}", library.display());
    }
}

//! Every shape of function that the attribute takes, compiled under denied lints and run.

#![deny(warnings, missing_docs, unused, unused_qualifications, unused_results, unreachable_pub)]
#![deny(let_underscore_drop, single_use_lifetimes, elided_lifetimes_in_paths, trivial_casts, unit_bindings)]
#![deny(unsafe_op_in_unsafe_fn, rust_2018_idioms, future_incompatible, nonstandard_style)]

mod arguments;
mod beside;
mod bodies;
mod busy;
mod conditions;
mod derive;
mod drop_order;
mod futures;
mod generators;
mod generics;
mod inside_macros;
mod inventory;
mod keys;
mod kinds;
mod lints;
mod methods;
mod once;
mod patterns;
mod renamed;
mod returns;
mod send;
mod several;
mod shadowed;
mod sizes;
mod stacked;
mod web;

use std::future::Future;

use lock_core::LockManager;

/// Runs `body` with a manager of its own installed.
fn run<T>(body: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        LockManager::connect("memory:").await.expect("memory").install();
        body.await
    })
}

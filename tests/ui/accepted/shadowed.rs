//! Nothing that a module calls its own comes between the attribute and what it means.

#![allow(dead_code, non_camel_case_types, non_upper_case_globals, unused_macros, nonstandard_style)]

use ::lock_core::{LockError, distributed_lock};

mod core {}
mod std {}
mod tokio {}
mod lock_core {}
mod alloc {}

struct Option;
struct Result;
struct Box;
struct Pin;
struct Duration;
struct Send;
struct str;
struct bool;
trait Future {}
trait Into {}
fn drop() {}
fn Some() {}
fn None() {}
fn Ok() {}
fn Err() {}
macro_rules! module_path {
    () => {
        compile_error!("shadowed")
    };
}

const hold: u64 = 1;
const error: u64 = 2;
const prepared: u64 = 3;
const returned: u64 = 4;

type Answer = ::std::result::Result<u64, LockError>;

#[distributed_lock(prefix = "s", key = "{self::hold}:{id}", wait = "1s", expire = "1s", guard = held)]
async fn awaited(id: u64) -> Answer {
    let _ = held.token();
    Answer::Ok(id + hold + error + prepared + returned)
}

struct LockKeyGenerator;
struct Arg;

#[distributed_lock(
    prefix = "s", key = id, key_generator = |call| call.key_behind(id), when = id > 0, on_busy = other, max_hold = "1m"
)]
async fn every_argument(id: u64) -> Answer {
    Answer::Ok(id + hold)
}

async fn other(id: u64) -> Answer {
    Answer::Ok(id)
}

#[distributed_lock(name = "s")]
fn plain(id: u64) -> Answer {
    Answer::Ok(id + hold + error + prepared + returned)
}

#[distributed_lock(name = "s")]
fn boxed(id: u64) -> ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = Answer>>> {
    ::std::boxed::Box::pin(async move { Answer::Ok(id + hold) })
}

#[test]
fn shadowed_names_do_no_harm() {
    super::run(async {
        assert!(matches!(awaited(1).await, Answer::Ok(11)));
        assert!(matches!(plain(1), Answer::Ok(11)));
        assert!(matches!(every_argument(1).await, Answer::Ok(2)));
        assert!(matches!(boxed(1).await, Answer::Ok(2)));
    });
}

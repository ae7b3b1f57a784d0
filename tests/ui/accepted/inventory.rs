//! What the inventory says of functions of every shape; none of them is called.

#![allow(dead_code)]

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use lock_core::{AnnotatedFunction, GivenDuration, LockError, LockKind, distributed_lock};

const PREFIX: &str = "i";

struct Shop<const N: usize, T>(T);

#[distributed_lock(prefix = "i", key = "order_id", wait = "3s", expire = "30s")]
async fn literals(order_id: u64) -> Result<(), LockError> {
    let _ = order_id;
    Ok(())
}

#[distributed_lock(prefix = PREFIX, name = "b", key = (shop.0, id + 1), wait = Duration::from_secs(id), kind = "fair")]
fn expressions(shop: Shop<1, u64>, id: u64) -> Result<u64, LockError> {
    Ok(shop.0)
}

#[distributed_lock(name = "i-t", key = "user-{ id }:eu:{text.len()}x", kind = "red", expire = "1m")]
fn template(id: u64, text: &str) -> impl Future<Output = Result<(), LockError>> + use<'_> {
    let _ = (id, text);
    async { Ok(()) }
}

impl<const N: usize, T: Send + Sync> Shop<N, T> {
    #[distributed_lock(prefix = "i", name = "own", key = "N", delimiter = "/")]
    async fn generic<U: Send>(&self, with: U) -> Result<U, LockError> {
        Ok(with)
    }
}

trait Provided {
    #[distributed_lock(prefix = "i", keys = ids.iter(), kind = "read")]
    fn provided(&self, ids: &[u64]) -> Result<usize, LockError> {
        Ok(ids.len())
    }

    fn required(&self, from: u64, to: u64) -> Pin<Box<dyn Future<Output = Result<(), LockError>> + '_>>;
}

impl<T> Provided for Shop<3, T> {
    #[distributed_lock(prefix = "i-list", keys = [from, (from, to)])]
    fn required(&self, from: u64, to: u64) -> Pin<Box<dyn Future<Output = Result<(), LockError>> + '_>> {
        let _ = (from, to);
        Box::pin(async { Ok(()) })
    }
}

#[distributed_lock(name = "i-inner")]
#[distributed_lock(name = "i-outer", kind = "write")]
fn stacked() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(prefix = "i", key = id, key_generator = |call| call.key_behind("tenant"), on_busy = "skip")]
async fn generated(id: u64) {
    let _ = id;
}

#[cfg(any())]
#[distributed_lock(name = "i-absent")]
fn absent() -> Result<(), LockError> {
    Ok(())
}

macro_rules! made {
    ($name:ident($argument:ident) $body:block) => {
        #[distributed_lock(prefix = "i", name = "made", key = $argument)]
        fn $name($argument: u64) -> Result<u64, LockError> $body
    };
}

made!(by_macro(number) { Ok(number) });

fn here() -> impl Iterator<Item = &'static AnnotatedFunction> {
    lock_core::inventory().filter(|function| function.module_path() == module_path!())
}

#[test]
fn every_annotated_function_is_known_before_it_runs() {
    let known: Vec<_> = here().map(|of| (of.function(), of.template(), of.kind())).collect();
    assert_eq!(
        known,
        [
            ("literals", "i:{order_id}", LockKind::Reentrant),
            ("expressions", "{PREFIX}:b:{shop.0}:{id+1}", LockKind::Fair),
            ("template", "i-t:user-{id}:eu:{text.len()}x", LockKind::Red),
            ("generic", "i/own/{N}", LockKind::Reentrant),
            ("provided", "i:{ids.iter()..}", LockKind::Read),
            ("required", "i-list:{from} + i-list:{from}:{to}", LockKind::Multi),
            ("stacked", "i-inner", LockKind::Reentrant),
            ("stacked", "i-outer", LockKind::Write),
            ("generated", "i:{|call|call.key_behind(\"tenant\")}", LockKind::Reentrant),
            ("by_macro", "i:made:{number}", LockKind::Reentrant),
        ]
    );
}

#[test]
fn its_lease_its_wait_and_its_place_are_known() {
    let given: Vec<_> = here().map(|of| (of.wait(), of.expire())).take(3).collect();
    let (seconds, by_manager) = (Duration::from_secs, GivenDuration::ByManager);
    assert_eq!(
        given,
        [
            (GivenDuration::Literal(seconds(3)), GivenDuration::Literal(seconds(30))),
            (GivenDuration::Expression("Duration::from_secs(id)"), by_manager),
            (by_manager, GivenDuration::Literal(seconds(60))),
        ]
    );
    for function in here() {
        assert!(function.file().ends_with("accepted/inventory.rs"), "{}", function.file());
    }
    let source = include_str!("inventory.rs");
    let first = here().next().unwrap();
    let line = source.lines().nth(first.line() as usize - 1).unwrap();
    assert!(line.starts_with("#[distributed_lock(prefix = \"i\", key = \"order_id\""), "{line}");
    assert!(first.to_string().contains("::inventory::literals locks i:{order_id} ("), "{first}");
}

#[test]
fn functions_that_share_a_template_are_reported() {
    let shared = lock_core::inventory_shared();
    let here = shared.iter().filter(|group| group.iter().any(|of| of.module_path() == module_path!()));
    let names: Vec<Vec<_>> = here.map(|group| group.iter().map(|of| of.function()).collect()).collect();
    assert_eq!(names, [["literals", "provided"]]);
}

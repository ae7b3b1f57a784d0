//! The inventory of a program that forbids unsafe code, and what is said of it when a manager is installed.

#![forbid(unsafe_code)]

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use lock_core::{LockError, LockManager, distributed_lock};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

mod shop {
    use super::*;

    #[distributed_lock(prefix = "order", key = "order_id", expire = "30s")]
    pub(crate) async fn pay(order_id: u64) -> Result<u64, LockError> {
        Ok(order_id)
    }

    pub(crate) struct Orders<T>(pub(crate) T);

    impl<T> Orders<T> {
        #[distributed_lock(prefix = "order", key = id)]
        pub(crate) fn refund<U>(&self, id: u64, with: U) -> Result<U, LockError> {
            Ok(with)
        }
    }
}

#[distributed_lock(name = "nightly")]
async fn nightly() -> Result<(), LockError> {
    Ok(())
}

#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<String>>>);

impl Messages {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

impl Subscriber for Messages {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target().starts_with("lock_core")
    }

    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                if field.name() == "message" {
                    write!(self.0, "{value:?}").expect("text");
                }
            }
        }
        let mut text = Text(event.metadata().level().to_string() + " ");
        event.record(&mut text);
        self.0.lock().expect("no panic").push(text.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn installing_a_manager_names_the_functions_that_share_a_lock() {
    let messages = Messages::default();
    let locks = LockManager::connect("memory:").await.expect("memory");
    tracing::subscriber::with_default(messages.clone(), || locks.install());
    let shared: Vec<String> =
        messages.take().into_iter().filter(|message| message.contains("share a lock")).collect();
    let [message] = shared.as_slice() else { panic!("one group: {shared:?}") };
    assert!(
        message.starts_with("INFO 2 functions share a lock: inventory::shop::pay locks order:{order_id} ("),
        "{message}"
    );
    assert!(
        message.contains("inventory::shop::refund locks order:{id} (") && !message.contains("nightly"),
        "{message}"
    );

    assert_eq!(shop::pay(1).await.expect("free"), 1);
    assert_eq!(shop::Orders(()).refund(1, "x").expect("free"), "x");
    nightly().await.expect("free");
}

#[test]
fn every_function_of_the_program_is_listed_once() {
    let listed: Vec<_> =
        lock_core::inventory().map(|of| (of.module_path(), of.function(), of.template())).collect();
    assert_eq!(
        listed,
        [
            ("inventory", "nightly", "nightly"),
            ("inventory::shop", "pay", "order:{order_id}"),
            ("inventory::shop", "refund", "order:{id}"),
        ]
    );
}

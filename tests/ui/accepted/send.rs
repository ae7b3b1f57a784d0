//! The future is as `Send` as the body: making the key adds nothing to it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "send", key = "(id.get(), text.borrow().len())")]
async fn cell(id: Cell<u64>, text: RefCell<String>) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    drop(text);
    Ok(id.get())
}

#[distributed_lock(prefix = "send", key = "{*id}")]
async fn local(id: Rc<u64>) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    Ok(*id)
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn a_cell_in_the_key_keeps_the_future_send() {
    super::run(async {
        assert_eq!(is_send(cell(Cell::new(1), RefCell::default())).await.unwrap(), 1);
        assert_eq!(local(Rc::new(2)).await.unwrap(), 2);
    });
}

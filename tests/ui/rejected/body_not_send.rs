use std::rc::Rc;

use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "rc")]
async fn counts() -> Result<u64, LockError> {
    let count = Rc::new(1);
    std::future::ready(()).await;
    Ok(*count)
}

fn spawn(_: impl Send) {}

fn main() {
    spawn(counts());
}

#![deny(unused_must_use, deprecated, missing_docs)]
//! What was said of a function is still said of it.

use lock_core::{LockError, distributed_lock};

mod shop {
    use super::{LockError, distributed_lock};

    #[must_use = "it says what was sold"]
    #[distributed_lock(name = "sold")]
    pub(crate) fn sold() -> Result<u64, LockError> {
        Ok(1)
    }

    #[distributed_lock(name = "old")]
    #[deprecated = "sell somewhere else"]
    pub(crate) fn old() -> Result<u64, LockError> {
        Ok(1)
    }
}

#[distributed_lock(name = "undocumented")]
pub async fn undocumented() -> Result<(), LockError> {
    Ok(())
}

fn main() {
    shop::sold();
    drop(shop::old());
}

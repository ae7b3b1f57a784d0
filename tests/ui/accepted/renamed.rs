//! The crate under another name.

pub(super) mod vendor {
    pub(crate) use lock_core as locks;
}

use vendor::locks::{LockError, distributed_lock};

/// In the way of every path that would begin with the crate's own name.
#[allow(dead_code)]
mod lock_core {}

#[distributed_lock(name = "path", crate = crate::renamed::vendor::locks, guard = held)]
async fn by_path() -> Result<String, LockError> {
    Ok(held.name().to_string())
}

#[distributed_lock(name = "string", crate = "crate::renamed::vendor::locks")]
fn by_string() -> Result<u64, LockError> {
    Ok(1)
}

#[distributed_lock(name = "global", crate = ::lock_core)]
fn global() -> Result<u64, LockError> {
    Ok(2)
}

#[test]
fn the_crate_may_have_another_name() {
    super::run(async {
        assert_eq!(by_path().await.unwrap(), "LOCK:path");
        assert_eq!(by_string().unwrap() + global().unwrap(), 3);
    });
}

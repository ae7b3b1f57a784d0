//! Functions that a macro makes.

use lock_core::{LockError, distributed_lock};

macro_rules! with_block {
    ($name:ident, $argument:ident, $body:block) => {
        #[distributed_lock(prefix = "m", key = "{order}:{other}")]
        async fn $name($argument: u64, other: u64) -> Result<u64, LockError> {
            let _ = other;
            #[allow(clippy::let_and_return)]
            let result = $body;
            result
        }
    };
}

with_block!(block, order, { Ok(order + 1) });

macro_rules! whole_body {
    ($name:ident, $argument:ident, $key:expr, $prefix:literal, $wait:expr, $guard:ident, $body:block) => {
        #[distributed_lock(prefix = $prefix, key = $key, wait = $wait, guard = $guard)]
        async fn $name($argument: u64) -> Result<String, LockError> $body
    };
}

whole_body!(body, order, order + 1, "m", "3s", held, { Ok(held.name().to_string()) });

macro_rules! plain_body {
    ($name:ident, ($($argument:ident: $ty:ty),*), $body:block) => {
        #[distributed_lock(prefix = "m", key = ($($argument),*))]
        fn $name($($argument: $ty),*) -> Result<u64, LockError> $body
    };
}

plain_body!(plain, (a: u64, b: u64), { Ok(a + b) });

macro_rules! method {
    ($self:ident, $body:block) => {
        #[distributed_lock(prefix = "m", key = "self.0")]
        async fn method(&$self) -> Result<u64, LockError> $body
    };
}

struct Number(u64);

impl Number {
    method!(self, { Ok(self.0) });
}

#[test]
fn hygiene_holds_in_both_directions() {
    super::run(async {
        assert_eq!(block(1, 2).await.unwrap(), 2);
        assert_eq!(body(1).await.unwrap(), "LOCK:m:2");
        assert_eq!(plain(1, 2).unwrap(), 3);
        assert_eq!(Number(4).method().await.unwrap(), 4);
    });
}

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

/// Everything that a function has, handed through.
macro_rules! everything {
    (
        $(#[$attribute:meta])*
        $vis:vis async fn $name:ident<$($lifetime:lifetime)?>($($argument:pat_param => $ty:ty),* $(,)?) -> $returned:ty
        where key = $key:expr, prefix = $prefix:expr;
        $($body:tt)*
    ) => {
        $(#[$attribute])*
        #[distributed_lock(prefix = $prefix, key = $key, expire = ::std::time::Duration::from_secs(5))]
        $vis async fn $name<$($lifetime)?>($($argument: $ty),*) -> $returned {
            $($body)*
        }
    };
}

everything! {
    /// Documented.
    #[allow(clippy::unused_async)]
    pub(super) async fn through<'a>(id => u64, (text, _) => (&'a str, String)) -> Result<&'a str, LockError>
    where key = (id, text), prefix = concat!("m", "acro");
    let length = usize::try_from(id).unwrap();
    Ok(&text[..length])
}

/// A macro around the whole function, which knows nothing of it.
macro_rules! unchanged {
    ($($item:item)*) => { $($item)* };
}

unchanged! {
    #[distributed_lock(prefix = "m", key = "id")]
    fn item(id: u64) -> Result<u64, LockError> {
        // A macro in the body whose variables must not meet the attribute's.
        macro_rules! twice { ($number:expr) => {{ let id = $number; id * 2 }}; }
        Ok(twice!(id + 1))
    }
}

#[test]
fn hygiene_holds_in_both_directions() {
    super::run(async {
        assert_eq!(block(1, 2).await.unwrap(), 2);
        assert_eq!(body(1).await.unwrap(), "LOCK:m:2");
        assert_eq!(through(2, ("abc", String::new())).await.unwrap(), "ab");
        assert_eq!(item(1).unwrap(), 4);
        assert_eq!(plain(1, 2).unwrap(), 3);
        assert_eq!(Number(4).method().await.unwrap(), 4);
    });
}

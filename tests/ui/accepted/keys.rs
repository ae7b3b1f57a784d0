//! Every kind of key.

use lock_core::{LockError, distributed_lock};

struct User {
    id: u64,
    name: String,
    region: Option<&'static str>,
}

impl User {
    fn shard(&self) -> u64 {
        self.id % 10
    }
}

fn user() -> User {
    User { id: 42, name: "ann".to_owned(), region: None }
}

const SITE: u64 = 7;

#[allow(non_upper_case_globals)]
const limit: u64 = 9;

fn nowhere() -> usize {
    0
}

macro_rules! key_cases {
    ($($name:ident: $key:expr;)*) => {$(
        #[distributed_lock(prefix = "k", key = $key, guard = held)]
        async fn $name(user: User, sku: &str) -> Result<String, LockError> {
            drop(user.name);
            let _ = sku;
            Ok(held.name().to_string())
        }
    )*};
}

key_cases! {
    string: "user.id";
    string_call: "user.shard()";
    string_tuple: "(user.id, sku)";
    template: "{user.id}:{sku}";
    template_text: "user-{user.id}:eu:{ sku }x";
    constant: "{SITE}:{sku}";
    some: "(user.region, sku)";
    tuple_in_a_placeholder: "{(user.name, sku)}:{user.id}";
    function_by_name: "user.region.map_or_else(nowhere, str::len)";
    lower_case_constant: "self::limit";
}

#[distributed_lock(prefix = "k", key = user.id, guard = held)]
async fn bare(user: User, _sku: &str) -> Result<String, LockError> {
    Ok(held.name().to_string())
}

#[distributed_lock(prefix = "k", key = (user.name, (user.id, sku)), guard = held)]
async fn tuple(user: User, sku: &str) -> Result<String, LockError> {
    drop(user);
    let _ = sku;
    Ok(held.name().to_string())
}

#[distributed_lock(prefix = "k", key = if user.id > 40 { SITE } else { 0 }, guard = held)]
async fn branch(user: User) -> Result<String, LockError> {
    drop(user);
    Ok(held.name().to_string())
}

#[distributed_lock(prefix = "k", key = sku.split('-').next().map(|part| part.len() as u64), guard = held)]
async fn closure(sku: &str) -> Result<String, LockError> {
    let _ = sku;
    Ok(held.name().to_string())
}

#[distributed_lock(prefix = "k", key = sku[..1], guard = held)]
async fn unsized_value(sku: &str) -> Result<String, LockError> {
    let _ = sku;
    Ok(held.name().to_string())
}

#[distributed_lock(prefix = "k", key = user.region.map_or_else(nowhere, str::len), guard = held)]
fn bare_function_by_name(user: &User) -> Result<String, LockError> {
    assert!(user.region.is_none());
    Ok(held.name().to_string())
}

#[test]
fn keys_become_names() {
    super::run(async {
        assert_eq!(string(user(), "x").await.unwrap(), "LOCK:k:42");
        assert_eq!(string_call(user(), "x").await.unwrap(), "LOCK:k:2");
        assert_eq!(string_tuple(user(), "x").await.unwrap(), "LOCK:k:42:x");
        assert_eq!(template(user(), "x").await.unwrap(), "LOCK:k:42:x");
        assert_eq!(template_text(user(), "x").await.unwrap(), "LOCK:k:user-42:eu:xx");
        assert_eq!(constant(user(), "x").await.unwrap(), "LOCK:k:7:x");
        assert_eq!(some(user(), "x").await.unwrap(), "LOCK:k::x");
        assert_eq!(tuple_in_a_placeholder(user(), "x").await.unwrap(), "LOCK:k:ann:x:42");
        assert_eq!(function_by_name(user(), "x").await.unwrap(), "LOCK:k:0");
        assert_eq!(bare_function_by_name(&user()).unwrap(), "LOCK:k:0");
        assert_eq!(lower_case_constant(user(), "x").await.unwrap(), "LOCK:k:9");
        assert_eq!(bare(user(), "x").await.unwrap(), "LOCK:k:42");
        assert_eq!(tuple(user(), "x").await.unwrap(), "LOCK:k:ann:42:x");
        assert_eq!(branch(user()).await.unwrap(), "LOCK:k:7");
        assert_eq!(closure("abc-d").await.unwrap(), "LOCK:k:3");
        assert_eq!(unsized_value("abc").await.unwrap(), "LOCK:k:a");
    });
}

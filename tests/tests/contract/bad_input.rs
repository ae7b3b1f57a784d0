//! What is only known at run time: a clear error, nothing written, no body run.

use std::time::Duration;

use lock_core::{KeyError, LockError, LockManager, MAX_EXPIRE, MIN_EXPIRE, distributed_lock};
use lock_tests::Stage;

fn nothing_is_written(stage: &Stage) {
    assert_eq!(stage.left(), [""; 0]);
}

#[distributed_lock(prefix = "order", key = "id", expire = lease, locks = locks)]
async fn leased(locks: &LockManager, id: u64, lease: Duration) -> Result<(), LockError> {
    panic!("a body ran with a lease of {lease:?}")
}

#[distributed_lock(prefix = "order", key = "id", expire = lease, locks = locks)]
fn leased_plain(locks: &LockManager, id: u64, lease: Duration) -> Result<(), LockError> {
    panic!("a body ran with a lease of {lease:?}")
}

pub(crate) async fn a_lease_out_of_range_is_refused(stage: &Stage) {
    let locks = stage.manager().await;
    let step = Duration::from_millis(1);
    for lease in [Duration::ZERO, MIN_EXPIRE - step, MAX_EXPIRE + step, Duration::MAX] {
        for result in [leased(&locks, 42, lease).await, leased_plain(&locks, 42, lease)] {
            let error = result.expect_err("no lease");
            assert!(matches!(error, LockError::Params { .. }), "{error:?}");
            let text = error.to_string();
            let begin = format!("key [{}] tryLock fail: error message: ", stage.name("order:42"));
            for part in [&*begin, "expire", "10ms to 30d"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
        let builder = stage.builder().expire(lease);
        let error = builder.connect().await.expect_err("no lease for anybody");
        assert!(error.to_string().contains("10ms to 30d"), "{error}");
    }
    nothing_is_written(stage);
}

#[distributed_lock(key = "text", prefix = "order", locks = locks)]
async fn keyed(locks: &LockManager, text: &str) -> Result<(), LockError> {
    panic!("a body ran without a name for its lock: {} bytes", text.len())
}

#[distributed_lock(prefix = "order", key = "(a, b)", locks = locks)]
fn keyed_plain(locks: &LockManager, a: Option<&str>, b: Option<u64>) -> Result<(), LockError> {
    panic!("a body ran without a name for its lock: {a:?} {b:?}")
}

fn key_error(result: Result<(), LockError>, expected: &KeyError, says: &str) {
    let error = result.expect_err("no name for a lock");
    assert!(matches!(&error, LockError::Key { error, .. } if error == expected), "{error:?}");
    let text = error.to_string();
    assert!(error.key().contains("order"), "{text}");
    assert!(text.contains("tryLock fail: error message: ") && text.contains(says), "{text}");
    assert!(text.len() < 1_000, "an error ends in a log line");
}

pub(crate) async fn a_key_that_names_nothing_is_refused(stage: &Stage) {
    let locks = stage.manager().await;
    key_error(keyed(&locks, "").await, &KeyError::Empty, "empty");
    key_error(keyed_plain(&locks, None, None), &KeyError::AllNone, "None");
    let huge = "x".repeat(lock_core::MAX_PART_BYTES + 1);
    let too_long = KeyError::PartTooLong { part: 1, limit: lock_core::MAX_PART_BYTES };
    key_error(keyed(&locks, &huge).await, &too_long, "longer than 1048576 bytes");
    key_error(keyed_plain(&locks, Some(&huge), Some(1)), &too_long, "longer than 1048576 bytes");
    nothing_is_written(stage);
}

const BRACES: &str = "or{d}er";
const SPACE: &str = "order 1";
const PERCENT: &str = "order%41";
const LINES: &str = "order\r\nSET";
const INVISIBLE: &str = "order\u{200b}";
const EMPTY: &str = "";

macro_rules! with_fixed_text {
    ($($text:ident)*) => {
        mod prefixed { $(pub(super) mod $text {
            use lock_core::{LockError, LockManager, distributed_lock};
            #[distributed_lock(prefix = super::super::$text, key = "id", locks = locks)]
            pub(in super::super) async fn call(locks: &LockManager, id: u64) -> Result<(), LockError> {
                panic!("a body ran under a bad prefix, {id}")
            }
            #[distributed_lock(name = super::super::$text, locks = locks)]
            pub(in super::super) fn named(locks: &LockManager) -> Result<(), LockError> {
                panic!("a body ran under a bad name")
            }
        })* }
        async fn calls_with_bad_text(locks: &LockManager) -> Vec<(&'static str, Result<(), LockError>)> {
            vec![$(
                ($text, prefixed::$text::call(locks, 42).await),
                ($text, prefixed::$text::named(locks)),
            )*]
        }
    };
}

#[allow(non_snake_case, reason = "named after the constants")]
mod fixed {
    use super::*;
    with_fixed_text! { BRACES SPACE PERCENT LINES INVISIBLE EMPTY }

    pub(super) async fn calls(locks: &LockManager) -> Vec<(&'static str, Result<(), LockError>)> {
        calls_with_bad_text(locks).await
    }
}

pub(crate) async fn fixed_text_with_forbidden_characters_is_refused(stage: &Stage) {
    let locks = stage.manager().await;
    for (text, result) in fixed::calls(&locks).await {
        let error = result.expect_err("no text for a name");
        assert!(matches!(error, LockError::Key { .. }), "{text:?}: {error:?}");
        let said = error.to_string();
        assert!(said.contains("the prefix ") || said.contains("the name "), "{said}");
        assert!(!said.contains('\n') && !said.contains('\r'), "{said}");
    }
    for namespace in ["", "a b", "{a}", "a%b", "a\n"] {
        let builder = stage.builder().namespace(namespace);
        let error = builder.connect().await.expect_err("no namespace");
        assert!(matches!(error, LockError::Config { .. }), "{namespace:?}: {error:?}");
        assert!(error.to_string().contains("namespace"), "{error}");
    }
    nothing_is_written(stage);
}

#[distributed_lock(prefix = "order", key = "{text}:{id}", delimiter = ":", locks = locks, guard = held)]
async fn odd(locks: &LockManager, text: &str, id: u64, others: &LockManager) -> Result<String, LockError> {
    let busy = others.lock(("order", text, id)).try_acquire().await?;
    assert!(busy.is_none(), "by hand it is the same lock");
    if let Some(other) = text.chars().next() {
        assert!(others.lock(("order", other.to_string(), id, id)).try_acquire().await?.is_some());
    }
    Ok(held.name().to_string())
}

pub(crate) async fn odd_key_parts_are_encoded_and_lock(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut names = Vec::new();
    for (text, expected) in [
        ("{tag}", Some("order:%7Btag%7D:42")),
        ("a:b", Some("order:a%3Ab:42")),
        ("a%3Ab", Some("order:a%253Ab:42")),
        ("", Some("order:%:42")),
        ("é€漢", Some("order:é€漢:42")),
        ("a b\tc\r\nDEL *", None),
        ("\0\u{1b}[31m", None),
        ("\u{202e}\u{200b}\u{feff}", None),
        ("🔒", None),
        (":::", None),
        ("LOCK:%fence", None),
    ] {
        let name = odd(&here, text, 42, &there).await.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert!(expected.is_none_or(|expected| stage.name(expected) == name), "{text:?}: {name}");
        assert!(name.starts_with(&stage.name("order:")) && name.ends_with(":42"), "{text:?}: {name}");
        assert!(!name.contains(char::is_control) && !name.contains(char::is_whitespace), "{text:?}: {name}");
        names.push(name);
    }
    names.push(odd(&here, &"long ".repeat(10_000), 42, &there).await.expect("a long part is hashed"));
    assert!(names.iter().all(|name| name.len() <= lock_core::MAX_NAME_BYTES));
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all, "two texts met on one name");
}

#[distributed_lock(prefix = "order", key = "id", locks = locks)]
async fn on_foreign_data(locks: &LockManager, id: u64) -> Result<(), LockError> {
    panic!("a body ran over foreign data, {id}")
}

pub(crate) async fn an_annotated_function_leaves_foreign_data_alone(stage: &Stage) {
    let (locks, server) = (stage.manager().await, stage.server());
    server.must(&["SET", "LOCK:order:1", "theirs"]);
    server.must(&["HSET", "LOCK:order:2", "field", "theirs"]);
    server.must(&["ZADD", "LOCK:order:3", "1", "theirs"]);
    for id in 1..=3 {
        let key = format!("LOCK:order:{id}");
        let before = server.must(&["DUMP", &key]);
        let error = on_foreign_data(&locks, id).await.expect_err("the key is theirs");
        assert!(matches!(error, LockError::ForeignData { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("key [{key}] tryLock fail: error message: ")), "{text}");
        assert!(text.contains("use another prefix, name or namespace"), "{text}");
        assert_eq!(server.must(&["DUMP", &key]), before);
        server.must(&["DEL", &key]);
    }
}

//! Generics, lifetimes, `impl Trait`.

use std::fmt::Display;

use lock_core::{LockError, LockKeyPart, distributed_lock};

#[distributed_lock(prefix = "g", key = "id")]
async fn part<T: LockKeyPart + Send + Sync>(id: T) -> Result<T, LockError> {
    Ok(id)
}

#[distributed_lock(prefix = "g", key = "id")]
async fn impl_part(
    id: impl LockKeyPart + Send + Sync,
    text: impl Display + Send,
) -> Result<String, LockError> {
    drop(id);
    Ok(text.to_string())
}

#[distributed_lock(prefix = "g", key = "N")]
async fn constant<const N: usize>(values: [u8; N]) -> Result<usize, LockError> {
    Ok(values.len())
}

#[distributed_lock(prefix = "g", key = "{n}")]
#[allow(non_upper_case_globals)]
async fn lower_constant<const n: usize>() -> Result<usize, LockError> {
    Ok(n)
}

#[distributed_lock(prefix = "g", key = "b.len()")]
async fn lifetimes<'a>(a: &'a str, b: &str) -> Result<&'a str, LockError> {
    let _ = b;
    Ok(a)
}

#[distributed_lock(prefix = "g", key = "a")]
fn elided(a: &str) -> Result<&str, LockError> {
    Ok(a)
}

#[distributed_lock(name = "iterator")]
async fn iterator(values: Vec<u64>) -> Result<impl Iterator<Item = u64>, LockError> {
    Ok(values.into_iter().map(|value| value + 1))
}

#[distributed_lock(name = "bounded")]
async fn bounded<T, F>(value: T, change: F) -> Result<T, LockError>
where
    T: Send + Clone,
    F: FnOnce(T) -> T + Send,
{
    Ok(change(value))
}

#[test]
fn generic_functions_run() {
    super::run(async {
        assert_eq!(part(7_u64).await.unwrap(), 7);
        assert_eq!(impl_part("id", 3).await.unwrap(), "3");
        assert_eq!(constant([1, 2, 3]).await.unwrap(), 3);
        assert_eq!(lower_constant::<4>().await.unwrap(), 4);
        assert_eq!(lifetimes("a", "b").await.unwrap(), "a");
        assert_eq!(elided("a").unwrap(), "a");
        assert_eq!(iterator(vec![1]).await.unwrap().next(), Some(2));
        assert_eq!(bounded(1, |value| value + 1).await.unwrap(), 2);
    });
}

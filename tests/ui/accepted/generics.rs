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

#[distributed_lock(name = "hidden")]
async fn hidden(values: Vec<u64>) -> Result<impl AsRef<[u64]>, LockError> {
    Ok(values)
}

#[distributed_lock(name = "named")]
async fn named(values: Vec<u64>) -> Result<std::vec::IntoIter<u64>, LockError> {
    Ok(values.into_iter())
}

#[distributed_lock(name = "bounded")]
async fn bounded<T, F>(value: T, change: F) -> Result<T, LockError>
where
    T: Send + Clone,
    F: FnOnce(T) -> T + Send,
{
    Ok(change(value))
}

/// What is known only with the type.
trait Entity {
    const TABLE: &'static str;
    type Id: LockKeyPart + Clone + Send + Sync;
    fn id(&self) -> Self::Id;
}

struct User(u64);

impl Entity for User {
    const TABLE: &'static str = "users";
    type Id = u64;
    fn id(&self) -> u64 {
        self.0
    }
}

struct Store<'s, E: ?Sized, const SHARDS: u64> {
    entity: &'s E,
}

impl<'s, E, const SHARDS: u64> Store<'s, E, SHARDS>
where
    E: Entity + Sync + ?Sized,
    for<'a> &'a E::Id: Send,
{
    #[distributed_lock(prefix = E::TABLE, name = "row", key = (self.entity.id(), SHARDS), guard = held)]
    async fn save<'a, F>(&self, row: &'a str, change: F) -> Result<(&'a str, E::Id, String), LockError>
    where
        F: for<'r> FnOnce(&'r str) -> &'r str + Send,
        's: 'a,
    {
        tokio::task::yield_now().await;
        Ok((change(row), self.entity.id(), held.name().to_string()))
    }

    #[distributed_lock(prefix = E::TABLE, key = id)]
    fn find(&self, id: &E::Id, known: &dyn Display) -> Result<&'s E, LockError>
    where
        Self: Sized,
    {
        assert_eq!(known.to_string(), "known");
        Ok(self.entity)
    }
}

#[distributed_lock(prefix = "g", key = (numbers.len(), N))]
async fn array<T, const N: usize>(numbers: &mut [T; N]) -> Result<&mut T, LockError>
where
    T: Default + Send + 'static,
    [T; N]: Send,
{
    numbers[0] = T::default();
    Ok(&mut numbers[0])
}

#[distributed_lock(prefix = "g", key = key)]
fn nested_impl(
    key: impl LockKeyPart,
    make: impl Fn(u64) -> u64,
) -> Result<(impl Fn(u64) -> u64, Option<impl Display>), LockError> {
    drop(key);
    Ok((make, Some("x")))
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
        assert_eq!(hidden(vec![1]).await.unwrap().as_ref(), [1]);
        assert_eq!(named(vec![1]).await.unwrap().next(), Some(1));
        let store = Store::<_, 4> { entity: &User(7) };
        let saved = store.save("row ", str::trim_end).await.unwrap();
        assert_eq!(saved, ("row", 7, "LOCK:users:row:7:4".to_owned()));
        assert_eq!(store.find(&7, &"known").unwrap().0, 7);
        assert_eq!(*array(&mut [5, 6]).await.unwrap(), 0);
        let (twice, text) = nested_impl(1, |number| number * 2).unwrap();
        assert_eq!((twice(4), text.unwrap().to_string()), (8, "x".to_owned()));
        assert_eq!(bounded(1, |value| value + 1).await.unwrap(), 2);
    });
}
